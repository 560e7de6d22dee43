"""Mapped: what became of the items of topics of others, as totals by source.

In:  numbers of the account whose names begin with `source/`.
Out: (metric, labels, value). Of each source the names of unmapped items that came most, the others in `(other)`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from stream.state.labels import FOLDED

NAMES_SHOWN: Final = 50


class Mapped:
    """Adds up what all shards tell of sources."""

    def __init__(self) -> None:
        self._items: Counter[tuple[str, str]] = Counter()
        self._events: Counter[tuple[str, str]] = Counter()
        self._redacted: Counter[str] = Counter()
        self._unmapped: dict[str, Counter[str]] = {}

    def take(self, what: str, rest: str, n: int) -> None:
        """Take one number; `rest` is what its name says behind `source/` and `what`."""
        source, _, name = rest.partition("/")
        match what:
            case "items":
                self._items[source, name] += n
            case "events":
                self._events[source, name] += n
            case "redacted":
                self._redacted[source] += n
            case "unmapped":
                self._unmapped.setdefault(source, Counter())[name] += n

    def totals(self) -> Iterator[tuple[str, dict[str, str], int]]:
        """Give every total."""
        for (source, outcome), n in sorted(self._items.items()):
            yield "source_items_total", {"source": source, "outcome": outcome}, n
        for (source, kind), n in sorted(self._events.items()):
            yield "source_events_total", {"source": source, "kind": kind}, n
        for source, n in sorted(self._redacted.items()):
            yield "source_redacted_total", {"source": source}, n
        for source, names in sorted(self._unmapped.items()):
            for name, n in sorted(_largest(names).items()):
                yield "source_unmapped_total", {"source": source, "event": name}, n


def _largest(names: Counter[str]) -> Counter[str]:
    """Keep the names with the most items, and add up the others.

    >>> _largest(Counter({f"n{i}": i for i in range(1, 53)}))["(other)"]
    3
    """
    own = Counter({name: n for name, n in names.items() if name != FOLDED})
    shown = Counter(dict(sorted(own.items(), key=lambda item: (-item[1], item[0]))[:NAMES_SHOWN]))
    if rest := names.total() - shown.total():
        shown[FOLDED] = rest
    return shown
