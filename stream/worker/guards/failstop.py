"""Fail-stop: a worker that cannot keep its promise ends at once.

In:  what happened and where.
Out: one log line and exit code 70; a supervisor starts a fresh process, which goes on from the last commit.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable
from typing import NoReturn

from stream.errors import EXIT_FAIL_STOP, LeadpulseError

log = logging.getLogger("leadpulse.worker")


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
        log.critical("fail-stop in %s: %s", where, text, exc_info=None if expected else why)  # type: ignore[arg-type]
        logging.shutdown()
        sys.stderr.flush()
    finally:
        os._exit(code)


def leave_within(limit_s: float) -> None:
    """End the process with code 0 after a time, in case a client library hangs while it closes its connections.

    Only to be called when nothing more will be written: then nothing can be lost any more.
    """

    def leave() -> None:
        log.warning("connections did not close within %.0f s: leaving", limit_s)
        logging.shutdown()
        os._exit(0)

    timer = threading.Timer(limit_s, leave)
    timer.daemon = True
    timer.start()
