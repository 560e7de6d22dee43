"""Ledger: marks and totals, and what of them lies inside a window.

In:  marks, by the unit that they were worked out for; totals of periods.
Out: sums over windows, label sets, and until when money is known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from stream.reference import adverts
from stream.reference.events import DAY_MS, Labels, Mark, Series

#: Totals in memory: those that end later than this before the moment of reading.
_TOTALS_MEMORY_MS: Final = 125 * DAY_MS

Unit = tuple[str, ...]


class Window(NamedTuple):
    """A window by its edges: [start, end) in milliseconds."""

    name: str
    start_ms: int
    end_ms: int

    @property
    def length_ms(self) -> int:
        return self.end_ms - self.start_ms

    def shifted(self, by_ms: int) -> Window:
        """Give the same window `by_ms` earlier."""
        return Window(self.name, self.start_ms - by_ms, self.end_ms - by_ms)


class Ledger:
    """All that is counted so far."""

    def __init__(self) -> None:
        self._counts: dict[Series, dict[Unit, list[tuple[int, int]]]] = defaultdict(dict)
        self._by_metric: dict[str, set[Series]] = defaultdict(set)
        self._marks: dict[Unit, list[Mark]] = {}
        self._reports: dict[adverts.Key, list[dict[Series, adverts.Total]]] = defaultdict(list)
        self._standing: dict[adverts.Key, list[dict[Series, adverts.Total]]] = {}
        self._keys: dict[Series, set[adverts.Key]] = defaultdict(set)  # series → keys of totals that tell of it
        self._loose = 0  # marks that belong to no unit: each is a unit of its own

    # -- entering

    def enter(self, mark: Mark) -> None:
        """Enter a mark for good."""
        self._loose += 1
        self._counts[mark.series][(str(self._loose),)] = [(mark.at_ms, mark.n)]
        self._by_metric[mark.series[0]].add(mark.series)

    def replace(self, unit: Unit, marks: Iterable[Mark]) -> None:
        """Enter all marks of a unit in place of those that it had."""
        for mark in self._marks.pop(unit, ()):
            self._counts[mark.series].pop(unit, None)
        kept = self._marks[unit] = list(marks)
        for mark in kept:
            self._counts[mark.series].setdefault(unit, []).append((mark.at_ms, mark.n))
            self._by_metric[mark.series[0]].add(mark.series)

    def report(self, key: adverts.Key, report: dict[Series, adverts.Total]) -> None:
        """Enter a report of totals; it may replace others of its key."""
        self._reports[key].append(report)
        self._standing.pop(key, None)
        for which in report:
            self._keys[which].add(key)
            self._by_metric[which[0]].add(which)

    # -- reading

    @property
    def names(self) -> set[str]:
        """Name everything that was ever counted."""
        return set(self._by_metric)

    def labels(self, name: str) -> list[Labels]:
        """Give the label sets of a count."""
        return sorted(labels for _, labels in self._by_metric[name])

    def series_of(self, name: str) -> list[Series]:
        """Give the series of a count."""
        return sorted(self._by_metric[name])

    def inside(self, which: Series, span: Window) -> Iterator[int]:
        """Give the marks of a series inside a window."""
        for marks in self._counts[which].values():
            for at_ms, n in marks:
                if span.start_ms <= at_ms < span.end_ms:
                    yield n

    def count(self, which: Series, span: Window) -> int:
        """Add up the marks of a series inside a window; totals of a period only enter windows from 24 h."""
        whole = sum(self.inside(which, span))
        if span.length_ms >= DAY_MS:
            for key in self._keys.get(which, ()):
                whole += adverts.within(self._reports_of(key), which, span.start_ms, span.end_ms)
        return whole

    def moments(self, which: Series) -> list[int]:
        """Give when something of a series happened."""
        return [at_ms for marks in self._counts[which].values() for at_ms, _ in marks]

    def totals(self, which: Series) -> Iterator[adverts.Total]:
        """Give all totals that were ever told of a series."""
        for key in self._keys.get(which, ()):
            yield from (report[which] for report in self._reports[key] if which in report)

    def shows(self, which: Series, span: Window) -> bool:
        """Tell whether a window can show a series: one below 24 h shows none that totals tell of."""
        newest_ms = max((row.end_ms for row in self.totals(which)), default=None)
        return span.length_ms >= DAY_MS or newest_ms is None or newest_ms <= span.end_ms - _TOTALS_MEMORY_MS

    def _reports_of(self, key: adverts.Key) -> list[dict[Series, adverts.Total]]:
        """Give the totals of a key that stand."""
        known = self._standing.get(key)
        if known is None:
            known = self._standing[key] = adverts.standing(self._reports[key])
        return known
