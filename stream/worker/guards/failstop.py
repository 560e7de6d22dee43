"""Fail-stop: a worker that cannot keep its promise ends at once, and one that is told to stop ends with 0.

In:  what happened and where; that the worker was told to stop.
Out: one log line and exit code 70, after which a supervisor starts a fresh process that goes on from the last commit;
or exit code 0, whatever happens from then on. One that stops in order to begin again ends with 70, too.

What fails while a worker stops loses nothing: whatever is not committed is read again by the next owner.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable
from typing import NoReturn

from stream import logs
from stream.errors import EXIT_FAIL_STOP, LeadpulseError

log = logging.getLogger("leadpulse.worker")

#: A worker that was told to stop is gone after so long, whatever hangs: a broker that is away, a client's clean-up.
STOP_S = 17.0

_told_to_stop = threading.Event()
_in_order = 0  # the code of whoever stops in order


#: What puts an error of the broker in words; set once at the start, when it is known how the broker is reached.
_words: Callable[[BaseException], LeadpulseError | None] = lambda error: None  # noqa: E731


def speak(words: Callable[[BaseException], LeadpulseError | None]) -> None:
    """Have errors put in words; one for which there are none is a bug, and is shown with its trace."""
    global _words
    _words = words


def die(where: str, why: BaseException | str, *, code: int = EXIT_FAIL_STOP) -> NoReturn:
    """End the process without any clean-up: what is not committed must not look as if it were."""
    if isinstance(why, BaseException):
        why = _words(why) or why
    expected = isinstance(why, (str, LeadpulseError))
    text = str(why) if expected else f"{type(why).__name__}: {why}"
    try:
        if _told_to_stop.is_set():
            code = _in_order
            log.info("stopping, so this is no fault: %s: %s", where, text.partition("\n")[0])
        else:
            log.critical("fail-stop in %s: %s", where, text, exc_info=None if expected else why)  # type: ignore[arg-type]
    finally:
        leave(code)


def leave(code: int | None = None) -> NoReturn:
    """End the process at once, without a code as one that stops in order; the log gets a moment to be read."""
    try:
        logs.flush()
    finally:
        os._exit(_in_order if code is None else code)


def begin_again() -> None:
    """Stop in order, with the code after which a supervisor starts a fresh process."""
    global _in_order
    _in_order = EXIT_FAIL_STOP
    os.kill(os.getpid(), signal.SIGTERM)


def told_to_stop(limit_s: float = STOP_S) -> None:
    """Take no error for a fault from now on, and end after a time at the latest."""
    if not _told_to_stop.is_set():
        _told_to_stop.set()
        _leave_in(limit_s, "told to stop %.0f s ago: leaving; what is not committed is read again")


def is_told_to_stop() -> bool:
    """Say whether this process was told to stop."""
    return _told_to_stop.is_set()


def leave_within(limit_s: float) -> None:
    """End the process after a time, in case a client library hangs while it closes its connections.

    Only to be called when nothing more will be written: then nothing can be lost any more.
    """
    _leave_in(limit_s, "connections did not close within %.0f s: leaving")


def end_within(limit_s: float, code: int) -> None:
    """End the process with a code after a time, whatever keeps its last words from being said."""
    timer = threading.Timer(limit_s, os._exit, (code,))
    timer.daemon = True
    timer.start()


def _leave_in(limit_s: float, words: str) -> None:
    def ending() -> None:
        log.warning(words, limit_s)
        leave()

    timer = threading.Timer(limit_s, ending)
    timer.daemon = True
    timer.start()
