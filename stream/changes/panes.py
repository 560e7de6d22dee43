"""Panes and windows: fixed slices of time, and the lengths that are read from them.

In:  an event's time in milliseconds, or the name of a window such as `24h`.
Out: the pane it belongs to; the panes that a window covers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

SECOND_MS: Final = 1_000
MINUTE_MS: Final = 60_000
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 86_400_000

#: (age from which on, length of panes): how finely the past is kept. Windows that reach further back than an age
#: are read from panes of its length or longer (`levels` has the windows), so nothing is lost where older
#: changes are gathered by those panes. Each length is a multiple of the one before. Windows of 90 days may end
#: 35 days ago, and are read from panes of 6 h.
COARSER: Final = (
    (HOUR_MS, MINUTE_MS),
    (8 * HOUR_MS, 15 * MINUTE_MS),
    (11 * DAY_MS, 6 * HOUR_MS),
    (126 * DAY_MS, DAY_MS),
)

#: The window of what stands: amounts in no pane, which hold until they are taken back. It has no beginning.
NOW: Final = "now"

_UNITS: Final = {"ms": 1, "s": SECOND_MS, "m": MINUTE_MS, "h": HOUR_MS, "d": DAY_MS, "w": 7 * DAY_MS}
_WINDOW: Final = re.compile(r"([1-9][0-9]{0,8})(ms|s|m|h|d|w)")


def window_ms(name: str) -> int:
    """Give the length of a window in milliseconds.

    >>> window_ms("5m"), window_ms("30d")
    (300000, 2592000000)

    Raises ValueError where `name` is not a positive whole number followed by ms, s, m, h, d or w.
    """
    match = _WINDOW.fullmatch(name)
    if match is None:
        raise ValueError(f"not a window: {name!r} (write a whole number and a unit, as in 90s, 5m, 24h, 30d)")
    return int(match[1]) * _UNITS[match[2]]


@dataclass(frozen=True, slots=True)
class Grid:
    """The finest panes: `pane_ms` long, one of them beginning at `origin_ms`.

    >>> Grid().pane(10_000), Grid().pane(9_999)        # the left edge is inside
    (2, 1)
    """

    pane_ms: int = 5_000
    origin_ms: int = 0

    def pane(self, time_ms: int) -> int:
        """Give the number of the pane that holds a moment."""
        return (time_ms - self.origin_ms) // self.pane_ms

    def start_ms(self, pane: int) -> int:
        """Give the left edge of a pane."""
        return pane * self.pane_ms + self.origin_ms


def end_pane(now_ms: int, pane_ms: int, origin_ms: int = 0) -> int:
    """Number of the first pane that a window read at `now` leaves out: now, rounded up to an edge.

    >>> end_pane(300, 100), end_pane(301, 100)
    (3, 4)
    """
    return -((origin_ms - now_ms) // pane_ms)
