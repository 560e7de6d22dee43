"""One broker for a whole run: the first test that needs it starts it, every process of the run uses it.

In:  a kind of broker, or the best there is; the folder of the run (LEADPULSE_TEST_RUN), made by `begin`.
Out: a Broker that `end` stops; prefixes for topics that nobody else in the run has.

A process of its own holds the broker, because a process of tests may end long before the others do. It stops the
broker when it is told to, and when the run that it serves is gone.
"""

from __future__ import annotations

import fcntl
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.integration.brokers import ROOT, Broker, NoBroker, choose_broker

RUN = "LEADPULSE_TEST_RUN"
START_LIMIT_S, END_LIMIT_S = 700, 20  # Maven may have to fetch the jars

_numbers = itertools.count(1)


def begin() -> None:
    """Make the folder of a run, for this process and all that it starts."""
    os.environ[RUN] = tempfile.mkdtemp(prefix="leadpulse-run-")
    os.environ[f"{RUN}_BY"] = str(os.getpid())


def end() -> None:
    """Stop the brokers of the run and remove its folder."""
    folder = Path(os.environ.pop(RUN))
    for holder in folder.glob("*.pid"):
        try:
            os.kill(int(holder.read_text()), signal.SIGTERM)
        except ProcessLookupError:  # it was killed, and could not remove this
            holder.unlink()
    until = time.monotonic() + END_LIMIT_S
    while list(folder.glob("*.pid")) and time.monotonic() < until:  # each holder removes its own at last
        time.sleep(0.05)
    shutil.rmtree(folder, ignore_errors=True)


def fresh_prefix(letter: str) -> str:
    """Give a topic prefix that no other test has, in this process of tests or another."""
    return f"{letter}{os.getpid():x}-{next(_numbers)}."


def shared_broker(kind: str | None = None) -> Broker:
    """Give the run's broker of a kind, the best if none is named; raise NoBroker as `choose_broker` does."""
    folder, name = Path(os.environ[RUN]), kind or "best"
    told = folder / f"{name}.json"
    with open(folder / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not told.exists():
            _start(folder, name)
    found = json.loads(told.read_text())
    if "lack" in found:
        raise NoBroker(found["lack"])
    return Broker(**found)


def _start(folder: Path, name: str) -> None:
    """Start a holder and wait until it tells of its broker, or why there is none."""
    with open(folder / f"{name}.log", "wb") as log:
        holder = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.shared", str(folder), name, os.environ[f"{RUN}_BY"]],
            cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    until = time.monotonic() + START_LIMIT_S
    while not (folder / f"{name}.json").exists():
        if (holder.poll() is not None and not (folder / f"{name}.json").exists()) or time.monotonic() > until:
            raise NoBroker(f"the holder of the broker ended: {(folder / f'{name}.log').read_text()[-2_000:]}")
        time.sleep(0.1)


def _hold(folder: Path, name: str, run: int) -> None:
    """Run a broker until a signal comes, or the process of the run is no more."""
    ended = threading.Event()
    for sig in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sig, lambda *_: ended.set())
    own = folder / f"{name}.pid"
    own.write_text(str(os.getpid()))
    try:
        with choose_broker(None if name == "best" else name) as broker:
            _tell(
                folder / f"{name}.json", kind=broker.kind, bootstrap=broker.bootstrap, transactions=broker.transactions
            )
            while not ended.wait(0.5) and _alive(run):
                pass
    except NoBroker as lack:
        _tell(folder / f"{name}.json", lack=str(lack))
    finally:
        own.unlink(missing_ok=True)
        if not _alive(run):  # else it removes its folder itself
            shutil.rmtree(folder, ignore_errors=True)


def _tell(path: Path, **what: object) -> None:
    whole = path.with_suffix(".part")
    whole.write_text(json.dumps(what))
    whole.rename(path)  # nobody reads half of it


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    _hold(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
