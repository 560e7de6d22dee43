"""Pace: fast motion: which moment the simulator has come to, and what it plays.

In:  when playing began; what a person chose.
Out: simulated time for a moment of the wall clock; the traffic's options.

The simulator plays its last hours at 120 times the pace of the clock: 1 s = 2 min. Its times end at now: when it has
caught up, after three minutes for six hours, it goes on at the pace of the clock. An hour before that is there from
the start, so that windows of an hour are whole at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from stream.demo.traffic import Options
from stream.demo.visits import Outage
from stream.demo.world import ONE_FORM

SPEED: Final = 120
#: Records a second of fast motion: an hour's window must expect a good number of leads before a dead form can be told.
RATE: Final = 400.0
HOUR_MS: Final = 3_600_000
LEAD_IN_MS: Final = HOUR_MS
#: People whom a site has had before, at that rate.
REGULARS: Final = 6_000
NOTE: Final = "1 s = 2 min"


def traffic_of(
    *, seed: int, sites: int, rate: float, start_ms: int, length_ms: int | None = None, blanks: bool = True,
    outage: Outage | None = None,
) -> Options:  # fmt: skip
    """Give what the simulator plays, at so many records a second of fast motion over all sites."""
    return Options(
        seed=seed,
        sites=sites,
        start_ms=start_ms,
        length_ms=length_ms,
        rate=rate / SPEED,
        leads=True,
        rhythm=False,  # a demo at night shall be as lively as one by day
        blanks=blanks,
        company=ONE_FORM,
        outage=outage,
        regulars=max(1, round(REGULARS * rate / RATE / sites)),
    )


@dataclass(slots=True)
class Pace:
    """From `from_ms` on at SPEED times the clock's pace, as soon as it is started and until it is now.

    It stands still while it is held: a worker on a busy machine is waited for.
    """

    from_ms: int
    at_ms: int = 0  # what has been played until then
    seen_ms: int | None = None  # the wall clock, when it was asked last; None before the start

    def start(self, now_ms: int) -> None:
        """Begin to play."""
        self.at_ms, self.seen_ms = self.from_ms, now_ms

    def go_on(self, now_ms: int, *, held: bool = False) -> int:
        """Give the simulated time at a moment of the wall clock.

        >>> pace = Pace(from_ms=0)
        >>> pace.start(21_600_000)
        >>> pace.go_on(21_601_000), pace.go_on(21_602_000, held=True), pace.go_on(21_900_000)
        (120000, 120000, 21900000)
        """
        if self.seen_ms is None:
            return self.from_ms
        if not held:
            self.at_ms = min(now_ms, self.at_ms + SPEED * max(0, now_ms - self.seen_ms))
        self.seen_ms = now_ms
        return self.at_ms

    @property
    def has_begun(self) -> bool:
        """Say whether it has been started."""
        return self.seen_ms is not None

    @property
    def played_s(self) -> float:
        """Give the seconds of fast motion that have been played; those that it was held do not count."""
        return (self.at_ms - self.from_ms) / 1_000 / SPEED if self.has_begun else 0.0

    def after(self, seconds: float) -> int:
        """Give the simulated time so many seconds after the start."""
        return self.from_ms + round(SPEED * 1_000 * seconds)
