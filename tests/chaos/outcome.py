"""Outcome: what a scenario says of itself, and what there is to know of one before it runs.

In:  nothing; these are the types of the fault suite.
Out: a scenario is passed, failed, or was not run; what cannot run on a machine says why, and never counts as passed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from tests.chaos.ground import Ground

Verdict = Literal["passed", "failed", "not run"]


class NotHere(Exception):
    """This machine cannot run a scenario; the text says what it lacks."""


@dataclass(frozen=True)
class Outcome:
    """What one run of a scenario came to."""

    faults: list[str] = field(default_factory=list)  # what is not as it must be
    injected: int = 0
    rto_s: float | None = None  # from the end of the faults until all was right again
    rto_limit_s: float | None = None

    def wrong(self) -> Iterator[str]:
        """Give what is wrong, the time included."""
        yield from self.faults
        if self.rto_s is not None and self.rto_limit_s is not None and self.rto_s > self.rto_limit_s:
            yield f"right again after {self.rto_s:.0f} s, and not within {self.rto_limit_s:.0f} s"


@dataclass(frozen=True)
class Scenario:
    """One row of the table: what is done, when it passes, and what runs it.

    `run` takes the ground and whether the long form is wanted; in place of it `nodes` names tests of pytest, and
    `injected` how many faults they inject. What goes `aside` takes only the time that the others leave.
    """

    id: str
    what: str
    passes: str
    run: Callable[[Ground, bool], Outcome] | None = None
    nodes: tuple[str, ...] = ()
    injected: int = 0
    why_not: str = ""  # nothing runs it: why
    aside: bool = False


@dataclass(frozen=True)
class Row:
    """What the report says of a scenario."""

    id: str
    verdict: Verdict
    injected: int = 0
    rto_s: float | None = None
    why: str = ""
    seconds: float = 0.0

    def told(self) -> dict[str, Any]:
        """Give the row as it is written."""
        return {
            "id": self.id, "verdict": self.verdict, "injected": self.injected, "rto_s": self.rto_s, "why": self.why,
        }  # fmt: skip
