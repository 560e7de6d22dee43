"""State: what the judge remembers from look to look: history, what fires, what was told, which sources were silent.

In:  nothing.  Out: one type; all of it but history is small, and is stored with each look.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from stream.contract.alert import AlertRecord
from stream.judge.docket import Case
from stream.judge.history import History
from stream.judge.spells import Spell


class Condition(msgspec.Struct, array_like=True, frozen=True):
    """The name of what can hold: an alert of a series, in one window."""

    site: str
    alert: str
    by: str
    value: str
    window: str

    @property
    def case(self) -> Case:
        """Give the alert."""
        return Case(self.site, self.alert, self.by, self.value)


class Remembered(msgspec.Struct, array_like=True):
    """What is stored of the state beside history."""

    looks: list[int]
    spells: list[tuple[Condition, Spell]]
    told: list[AlertRecord]
    silent: list[tuple[str, str, int]]
    seen: list[tuple[str, str, int]]


@dataclass(slots=True)
class State:
    """Everything that the judge goes on from."""

    history: History = field(default_factory=History)
    looks: list[int] = field(default_factory=list)  # the last two
    spells: dict[Condition, Spell] = field(default_factory=dict)
    told: dict[Case, AlertRecord] = field(default_factory=dict)  # what fires, as it was last told
    silent: dict[tuple[str, str], int] = field(default_factory=dict)  # site, kind → when it was last surely silent
    seen: dict[tuple[str, str], int] = field(default_factory=dict)  # site, metric → when it was last there

    def remembered(self) -> Remembered:
        """Give what is stored beside history."""
        return Remembered(
            list(self.looks),
            list(self.spells.items()),
            list(self.told.values()),
            [(site, kind, at) for (site, kind), at in self.silent.items()],
            [(site, metric, at) for (site, metric), at in self.seen.items()],
        )

    @classmethod
    def of(cls, history: History, stored: Remembered) -> State:
        """Go on from what was stored."""
        told: Mapping[Case, AlertRecord] = {Case(r.site, r.alert, r.by, r.value): r for r in stored.told}
        return cls(
            history, list(stored.looks), dict(stored.spells), dict(told),
            {(site, kind): at for site, kind, at in stored.silent},
            {(site, metric): at for site, metric, at in stored.seen},
        )  # fmt: skip
