"""Clock: the bins of ten minutes that life is drawn in.

In:  weeks, days and hours.  Out: bins; the first judged week begins on a Monday at 0 h UTC.
"""

from __future__ import annotations

from typing import Final

HOUR: Final = 6
DAY: Final = 24 * HOUR
WEEK: Final = 7 * DAY
BIN_MS: Final = 600_000
#: Weeks that are only history, and weeks that are judged.
BEFORE: Final = 7
JUDGED: Final = 4
FIRST: Final = BEFORE * WEEK
END: Final = (BEFORE + JUDGED) * WEEK
#: Monday 2 March 2026, 0 h UTC, is the first judged bin.
BEGIN_MS: Final = 1_772_409_600_000 - FIRST * BIN_MS


def at(week: int, day: int, hour: float) -> int:
    """Give the bin of a moment: week 0 is the first that is judged, day 0 a Monday.

    >>> at(0, 0, 0) == FIRST, at(0, 1, 8) - FIRST
    (True, 192)
    """
    return FIRST + week * WEEK + day * DAY + round(hour * HOUR)
