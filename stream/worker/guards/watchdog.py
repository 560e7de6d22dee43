"""Watchdog: ends a worker that stands still.

In:  how long the shards have not committed.
Out: nothing; or the stacks of all threads on standard error, and exit code 70.

It runs in a thread of its own, because the likeliest standstill is an event loop that never comes back. A running
shard commits each second even when it is idle, so a long time without a commit is a standstill, whatever the reason.
"""

from __future__ import annotations

import faulthandler
import logging
import sys
import threading
from collections.abc import Callable

from stream.worker.guards.failstop import die

log = logging.getLogger("leadpulse.watchdog")


class Watchdog:
    """Look every few seconds."""

    def __init__(self, stalled_s: Callable[[], float], limit_s: float, *, every_s: float = 2.0) -> None:
        self._stalled_s, self._limit_s, self._every_s = stalled_s, limit_s, every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """Watch no longer, because the worker stops in order."""
        self._stop.set()

    def _watch(self) -> None:
        while not self._stop.wait(self._every_s):
            stalled_s = self._stalled_s()
            if stalled_s > self._limit_s and not self._stop.is_set():
                faulthandler.dump_traceback(sys.stderr, all_threads=True)
                die("watchdog", f"a shard has not committed for {stalled_s:.0f} s (limit {self._limit_s:.0f} s)")
