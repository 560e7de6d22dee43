"""Clock: the broker's clock, as its stamps tell it; nothing that is counted rests on a worker's own.

In:  the time that the broker stamped on a record, and when that record was sent and acknowledged.
Out: the broker's time now; how far this machine's clock is from it, and the line that says so.

Between two stamps time goes on by the machine's steady clock, which nobody sets. A broker that stamps nothing (the
embedded one of the demo) says so with its first answer; the machine's clock stands for it then.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, NamedTuple

#: A clock that differs by less says nothing: leap seconds, a slow answer, two brokers.
APART_MS: Final = 5_000


class Sent(NamedTuple):
    """When a record was sent, by the machine's clock and by its steady one, in seconds."""

    wall_s: float
    steady_s: float


class BrokerClock:
    """What one worker knows of the broker's clock. Any thread may ask."""

    def __init__(
        self, wall: Callable[[], float] = lambda: time.time(), steady: Callable[[], float] = lambda: time.monotonic()
    ) -> None:
        self._wall, self._steady = wall, steady
        self._anchor: tuple[float, int] | None = None  # steady clock, and the stamp that was known then
        self._unstamped = False
        #: How far the machine's clock is ahead of the broker's; None while no stamp came.
        self.skew_ms: int | None = None
        self._said = False

    def sent(self) -> Sent:
        """Note the moment before a record is sent."""
        return Sent(self._wall(), self._steady())

    def stamped(self, sent: Sent, stamp_ms: int) -> None:
        """Learn what the broker stamped on a record that was sent then and is acknowledged now.

        The stamp lies between both moments: of all differences that go with it, the one nearest to none is taken.
        """
        self._anchor, self._unstamped = (self._steady(), stamp_ms), False
        least, most = int(sent.wall_s * 1_000) - stamp_ms, int(self._wall() * 1_000) - stamp_ms
        least, most = min(least, most), max(least, most)
        self.skew_ms = max(least, min(most, 0))

    def unstamped(self) -> None:
        """Learn that the broker stamps nothing."""
        self._unstamped = self._anchor is None

    def now_ms(self) -> int:
        """Give the broker's time, 0 while nothing is known of it."""
        if self._anchor is not None:
            at, stamp_ms = self._anchor
            return stamp_ms + max(0, int((self._steady() - at) * 1_000))
        return int(self._wall() * 1_000) if self._unstamped else 0

    def news(self) -> str | None:
        """Say once that the machine's clock went wrong, and once that it is right again; None while nothing changed."""
        skew_ms = self.skew_ms
        if skew_ms is None or (abs(skew_ms) > APART_MS) is self._said:
            return None
        self._said = not self._said
        if not self._said:
            return "this machine's clock agrees with the broker's again"
        way = "ahead of" if skew_ms > 0 else "behind"
        return (
            f"this machine's clock is {abs(skew_ms) / 1_000:.0f} s {way} the broker's. Figures do not depend on it; "
            "certificates, tokens and the times in logs do: check the time service (NTP) of this machine"
        )
