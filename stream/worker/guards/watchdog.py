"""Watchdog: ends a worker that stands still.

In:  how long the shards have not committed.
Out: nothing; or the stacks of all threads in the log, and exit code 70.

It runs in a thread of its own, because the likeliest standstill is an event loop that never comes back. A running
shard commits every few seconds, idle or not, so a long time without a commit is a standstill, whatever the reason.
The end is certain before anything is said: a log that nobody reads may be what the worker stands at.
"""

from __future__ import annotations

import faulthandler
import logging
import tempfile
import threading
from collections.abc import Callable
from typing import Final

from stream.errors import EXIT_FAIL_STOP
from stream.worker.guards.failstop import die, end_within

log = logging.getLogger("leadpulse.watchdog")

LAST_WORDS_S: Final = 3.0


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
                end_within(LAST_WORDS_S, EXIT_FAIL_STOP)
                log.critical("the stacks of all threads:\n%s", stacks())
                die("watchdog", f"no shard could commit or read for {stalled_s:.0f} s (limit {self._limit_s:.0f} s)")


def stacks() -> str:
    """Give what every thread is doing."""
    with tempfile.TemporaryFile("w+", errors="replace") as file:
        faulthandler.dump_traceback(file, all_threads=True)
        file.seek(0)
        return file.read()
