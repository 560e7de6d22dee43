"""Ladder: what a crm calls its stages, as the rules call them.

In:  events of a crm; the names of the stages, in order.
Out: the events with `from` and `to` as the rules write them; which events name a stage that is none.

Words are read without regard to case and outer white space, as in every list of the contract. Where an event moves to
a stage that is none nobody can say where the lead stands: it is refused. A stage before it that is none only
decorates, and is dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from stream.contract.rules import Fault

#: What many call the stage that sales accepted, where the ladder has only one of the two.
_ALIKE: Final = {"sal": "sql", "sql": "sal"}

_NONE: Final[Fault] = ("out_of_range", "data.to")


class Ladder:
    """The stages that an event may name."""

    def __init__(self, stages: Iterable[str]) -> None:
        self.stages = tuple(stages)
        self._named = {_plain(stage): stage for stage in self.stages}
        for other, one in _ALIKE.items():
            if one in self._named:
                self._named.setdefault(other, self._named[one])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ladder) and other.stages == self.stages

    def __hash__(self) -> int:
        return hash(self.stages)

    def stage(self, said: str | None) -> str | None:
        """Give the stage that is meant; None where there is none of that name.

        >>> ladder = Ladder(["lead", "sql", "A_APPROVED"])
        >>> ladder.stage(" SQL "), ladder.stage("sal"), ladder.stage("a_approved"), ladder.stage("won")
        ('sql', 'sql', 'A_APPROVED', None)
        """
        return None if said is None else self._named.get(_plain(said))

    def settle(self, events: Sequence[Any]) -> tuple[dict[int, Fault], dict[int, list[str]]]:
        """Write the stages of events as the rules do; give faults and ignored fields, by the places of the events."""
        faults: dict[int, Fault] = {}
        ignored: dict[int, list[str]] = {}
        for place, event in enumerate(events):
            data = event.data
            if data.to is not None:
                said, data.to = data.to, self.stage(data.to)
                if data.to is None and data.action == "stage_changed":
                    data.to, faults[place] = said, _NONE
                elif data.to is None:
                    ignored.setdefault(place, []).append("to")
            if data.from_ is not None:
                data.from_ = self.stage(data.from_)
                if data.from_ is None:
                    ignored.setdefault(place, []).append("from")
        return faults, ignored


def _plain(said: str) -> str:
    return said.strip().lower()
