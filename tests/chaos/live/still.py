"""A worker that stands still when it is told to: `python -m tests.chaos.live.still worker`, then SIGVTALRM."""

from __future__ import annotations

import signal
import sys
import time
from types import FrameType

from stream.__main__ import main


def stand_still(number: int, frame: FrameType | None) -> None:
    """Never come back: signals are served in the main thread, where the event loop runs."""
    while True:
        time.sleep(1)


if __name__ == "__main__":
    # Faust takes the signals for itself that are meant for users
    signal.signal(signal.SIGVTALRM, stand_still)
    sys.exit(main())
