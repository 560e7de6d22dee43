"""Supervisor: keeps worker processes running, as systemd or Kubernetes would.

In:  a command and its environment.
Out: a process that is started again with back-off when it ends, and the exit codes that were seen.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests import patience

FIRST_WAIT_S = 0.3
LONGEST_WAIT_S = 5.0
STEADY_S = 10.0  # a process that lived so long starts the back-off anew


class Worker:
    """One process that comes back."""

    def __init__(
        self,
        command: Sequence[str],
        env: Mapping[str, Any],
        folder: Path,
        name: str,
        *,
        restart: bool = True,
    ) -> None:
        self.command, self.name, self.restart = list(command), name, restart
        self.env = {**os.environ, **{key: str(value) for key, value in env.items()}}
        self.out, self.err = folder / f"{name}.out", folder / f"{name}.err"
        self.exits: list[int] = []
        self.starts = 0
        self._wait_s = FIRST_WAIT_S
        self._stopping = threading.Event()
        self.process = self._spawn()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _spawn(self) -> subprocess.Popen[bytes]:
        self.starts += 1
        self._since = time.monotonic()
        with open(self.out, "ab") as out, open(self.err, "ab") as err:
            return subprocess.Popen(self.command, env=self.env, stdout=out, stderr=err, start_new_session=True)

    def _watch(self) -> None:
        while True:
            self.exits.append(self.process.wait())
            if self._stopping.is_set() or not self.restart:
                return
            self._wait_s = (
                FIRST_WAIT_S if time.monotonic() - self._since > STEADY_S else min(self._wait_s * 2, LONGEST_WAIT_S)
            )
            if self._stopping.wait(self._wait_s):
                return
            self.process = self._spawn()

    def kill(self, sig: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to the process as it is now; it comes back when it ends."""
        self.process.send_signal(sig)

    def stop(self, limit_s: float = 25.0) -> int:
        """End it in order; give its exit code, -9 if it had to be killed."""
        self._stopping.set()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self._thread.join(limit_s)
        if self._thread.is_alive():
            self.process.kill()
            self._thread.join(5)
        return self.exits[-1]

    def log(self) -> str:
        """Give everything that it wrote to standard error."""
        return self.err.read_text(errors="replace") if self.err.exists() else ""

    def lines(self) -> list[str]:
        """Give everything that it wrote to standard output."""
        return self.out.read_text(errors="replace").splitlines() if self.out.exists() else []


def python(script: Path | str) -> list[str]:
    """Give the command that runs a script with this Python."""
    return [sys.executable, str(script)]


def exit_of(worker: Worker, limit_s: float = 40) -> tuple[int, str]:
    """Wait until a worker that must refuse has ended; give its exit code and its log."""
    until = patience.until(limit_s)
    while not worker.exits and time.monotonic() < until:
        time.sleep(0.2)
    assert worker.exits, f"still running:\n{worker.log()[-1500:]}"
    return worker.exits[0], worker.log()
