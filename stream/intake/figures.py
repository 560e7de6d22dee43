"""Figures: what became of the items of each source, as totals since a shard began.

In:  outcomes of mappers.
Out: names and numbers for the account of the shard, as the rollup adds them up.

Names begin with `source/`: `items/NAME/OUTCOME`, `unmapped/NAME/EVENT`, `redacted/NAME`, `events/NAME/KIND`. Of each
source so many names of unmapped items are kept, those that came first; the rest adds up in `(other)`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

from stream.sources.mapper import Outcome
from stream.state.labels import FOLDED

NAMES_MOST: Final = 200
#: The outcomes of an item, as labels say them.
OUTCOMES: Final = ("mapped", "unmapped", "ignored", "dead_lettered")


class SourceFigures:
    """Counts items of all sources of a shard."""

    def __init__(self, outcomes: Mapping[str, int] | None = None) -> None:
        """Go on from what was stored."""
        self.outcomes: dict[str, int] = dict(outcomes or {})
        self._names: Counter[str] = Counter(
            name.split("/", 3)[2] for name in self.outcomes if name.startswith("source/unmapped/")
        )

    def take(self, source: str, out: Outcome) -> None:
        """Add what became of a batch."""
        ended = out.mapped, out.unmapped.total(), out.ignored.total(), len(out.refused)
        for outcome, n in zip(OUTCOMES, ended, strict=True):
            self._add(f"source/items/{source}/{outcome}", n)
        for event, n in out.unmapped.items():
            self._add(self._named(source, event), n)
        self._add(f"source/redacted/{source}", out.redacted)
        for kind, n in Counter(event.kind for event in out.events).items():
            self._add(f"source/events/{source}/{kind}", n)

    def _named(self, source: str, event: str) -> str:
        name = f"source/unmapped/{source}/{event}"
        if name not in self.outcomes:
            if self._names[source] >= NAMES_MOST:
                return f"source/unmapped/{source}/{FOLDED}"
            self._names[source] += 1
        return name

    def _add(self, name: str, n: int) -> None:
        if n:
            self.outcomes[name] = self.outcomes.get(name, 0) + n
