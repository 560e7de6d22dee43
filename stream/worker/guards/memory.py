"""Memory: gives back to the system what the C library keeps of freed memory.

In:  that much was freed just now.
Out: nothing; where the library is another than glibc, nothing happens.

Large values and dead letters of all sizes come and go side by side, and leave holes that fit nothing else: a worker
that held 400 MB would have three times as much from the system.
"""

from __future__ import annotations

import ctypes
import time
from typing import Any, Final

EVERY_S: Final = 1.0

_given_at = 0.0


def give_back() -> None:
    """Give free memory back, once a second at most: it takes some milliseconds."""
    global _given_at
    now = time.monotonic()
    if _trim is not None and now - _given_at >= EVERY_S:
        _given_at = now
        _trim(0)


def _found() -> Any:
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError):
        return None


_trim: Final = _found()
