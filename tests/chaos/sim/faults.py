"""Faults: what happens to the processes of a simulation, and at which of their requests.

In:  a seed's random numbers.
Out: a plan. Faults sit at requests and not at moments, so that over many seeds each step has each of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Final

ENDS_S: Final = 1.5  # after it nothing is done to anybody any more
_REQUESTS: Final = 48
#: A commit that takes so long ends its process, and so does a request; in earnest both are five times as long and more.
COMMIT_LIMIT_S: Final = 3.0
REQUEST_S: Final = 2.0
LONGER_S: Final = 3.6  # than either
_MOMENTS: Final = ("outage", "crash", "freeze", "compact", "compact", "hang")


@dataclass(frozen=True)
class Fault:
    """What happens to one request; `before` and `after` its effect: crash or fail."""

    before: str = ""
    after: str = ""
    freeze_s: float = 0.0
    delay_s: float = 0.002

    def kinds(self) -> Iterator[str]:
        """Name what it is."""
        if self.before or self.after:
            yield f"{self.before} before a request" if self.before else f"{self.after} after a request"
        elif self.freeze_s:
            yield "freeze at a request"
        else:
            yield "answer late" if self.delay_s < LONGER_S else "answer too late"


@dataclass
class Plan:
    """The faults of one run."""

    at: dict[int, Fault] = field(default_factory=dict)  # by the number of the request, over all processes
    moments: list[tuple[float, str]] = field(default_factory=list)  # rebalance, outage, crash, freeze, compact
    skews: dict[str, int] = field(default_factory=dict)
    down_until: float = 0.0
    requests: int = 0
    over: bool = False
    happened: Counter[str] = field(default_factory=Counter)  # what did, and how often

    def next(self, process: str) -> Fault | None:
        """Give what happens to the next request."""
        self.requests += 1
        fault = None if self.over else self.at.get(self.requests)
        if fault is not None:
            self.happened.update(fault.kinds())
        return fault

    def skew_ms(self, process: str) -> int:
        """Give how far a process's clock is ahead."""
        return self.skews.get(process[:1], 0)


def planned(rng: Random) -> Plan:
    """Plan a few faults of chance."""
    plan = Plan()
    for _ in range(rng.randrange(1, 6)):
        plan.at[rng.randrange(_REQUESTS)] = _fault(rng)
    dense = rng.random() < 0.3  # from the first moment on, while shards still write their first records
    for _ in range(rng.randrange(3, 9) if dense else rng.randrange(0, 4)):
        what = rng.choice(("rebalance",) * (6 if dense else 2) + _MOMENTS)
        plan.moments.append((rng.uniform(0.02 if dense else 0.2, ENDS_S - 0.3), what))
    plan.moments.sort()
    if rng.random() < 0.3:
        plan.happened["a clock hours off"] = 1
        plan.skews = {name: rng.choice((-12, -1, 1, 12)) * 3_600_000 for name in "012" if rng.random() < 0.5}
    return plan


def _fault(rng: Random) -> Fault:
    what = rng.choice(("crash", "crash", "crash", "fail", "freeze", "delay"))
    if what == "freeze":
        return Fault(freeze_s=rng.uniform(0.3, 2.5))
    if what == "delay":
        return Fault(delay_s=rng.choice((0.3, 0.3, 1.5, 1.5, 1.5, LONGER_S)))
    return Fault(before=what) if rng.random() < 0.5 else Fault(after=what)
