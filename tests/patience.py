"""Patience: until when a test waits for what must come.

In:  how long it takes at most on a machine that has nothing else to do.
Out: a moment of `time.monotonic`. A run shares its cores with other processes; what comes late is no fault, what never
     comes is one all the same. LEADPULSE_TEST_PATIENCE=1 takes the times as they are written.
"""

from __future__ import annotations

import os
import time
from typing import Final

TIMES: Final = float(os.environ.get("LEADPULSE_TEST_PATIENCE") or 3)


def until(limit_s: float) -> float:
    """Give the moment at which to give up."""
    return time.monotonic() + TIMES * limit_s
