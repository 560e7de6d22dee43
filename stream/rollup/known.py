"""Known: until when ad figures are known, as the marks of shards say it.

In:  marks of deltas: `known/…`, `single/…` with site, platform, campaign and action, `cost/…` with site and currency,
     `total/…` with a cell.
Out: the moment at which a figure of two sides ends; the series that have totals.

What comes in single impressions, clicks and conversions is known as it happens; single spend until the newest one; a
total until the end of what it covers. A side that was never seen counts as known: it is 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from stream.catalog import COUNTS, Metric
from stream.changes.cells import ACTIONS, CELLS, Cell
from stream.changes.panes import DAY_MS
from stream.contract.records import UNIT
from stream.state.labels import FOLDED

#: As long as a total can be restated it speaks of its series.
TOTALS_MS: Final = 125 * DAY_MS
ALWAYS_MS: Final = 1 << 62

_SPEND: Final = "spend"

Campaign = tuple[str, str]  # platform, campaign


class Known:
    """The highest of all marks, by site and campaign."""

    def __init__(self) -> None:
        #: Changes with every mark that is news.
        self.version = 0
        #: The highest of each mark, by its name; and those that the log has not got yet.
        self.marks: dict[str, int] = {}
        self.changed: set[str] = set()
        self._until: dict[str, dict[Campaign, dict[str, int]]] = {}
        #: Site, currency → the newest spend by platform, as it was at a version.
        self._spent: dict[tuple[str, str], list[int]] = {}
        self._spent_version = -1
        self._costs: dict[tuple[str, str], int] = {}  # site, currency → the newest end of a cost's period
        #: Cell → the newest end of its totals.
        self.totals: dict[Cell, int] = {}
        self.fresh: dict[Cell, int] = {}  # of these, what is news

    def take(self, marks: Mapping[str, int]) -> None:
        """Take marks; of each the highest stands. What is no mark of ours is passed over."""
        for name, ms in marks.items():
            if ms > self.marks.get(name, -1) and self._tell(name, ms):
                self.marks[name] = ms
                self.changed.add(name)

    def load(self, name: str, ms: int) -> None:
        """Take a mark of the log."""
        if self._tell(name, ms):
            self.marks[name] = ms

    def _tell(self, name: str, ms: int) -> bool:
        what, _, rest = name.partition("/")
        words = rest.split(UNIT)
        if what == "total":
            return self._total(words, ms)
        if what == "cost":
            return self._cost(words, ms)
        if what not in ("known", "single") or len(words) < 4:
            return False
        site, platform, campaign, action = words[0], words[1], words[2], UNIT.join(words[3:])
        ends = self._until.setdefault(site, {}).setdefault((platform, campaign), {})
        end_ms = ALWAYS_MS if what == "single" else ms
        if end_ms > ends.get(action, -1):
            ends[action] = end_ms
            self.version += 1
        return True

    def _cost(self, words: list[str], ms: int) -> bool:
        if len(words) != 2:
            return False
        named = words[0], words[1]
        if ms > self._costs.get(named, -1):
            self._costs[named] = ms
            self.version += 1
        return True

    def _total(self, words: list[str], ms: int) -> bool:
        kind = CELLS.get(words[0])
        cell: Cell = tuple(words)
        if kind is None or len(words) != len(kind.labels) + 1:
            return False
        if ms > self.totals.get(cell, 0):
            self.totals[cell] = self.fresh[cell] = ms
            self.version += 1
        return True

    def campaign_ms(self, metric: Metric, labels: Mapping[str, str]) -> int | None:
        """Give where both sides of a ratio of a platform's campaign are known; None: it is of several campaigns."""
        wanted = labels["platform"], labels["campaign"]
        if FOLDED in (*wanted, labels["site"]):
            return None
        return _both(self._until.get(labels["site"], {}).get(wanted, {}), _actions(metric, labels))

    def several_ms(self, metric: Metric, labels: Mapping[str, str], now_ms: int, start_ms: int) -> int | None:
        """Give the earliest moment inside (start, now] at which both sides are known of one of several campaigns.

        They are added up, and end together; None where none of them is known so far.
        """
        actions, wanted = _actions(metric, labels), (labels["platform"], labels["campaign"])
        every = [_both(ends, actions) for named, ends in self._of(labels["site"]) if _covers(wanted, named)]
        return _inside(every or [ALWAYS_MS], now_ms, start_ms)

    def spend_ms(self, site: str, currency: str, now_ms: int, start_ms: int) -> int | None:
        """Give the earliest newest spend in a currency of the platforms that told of it inside (start, now]."""
        if self._spent_version != self.version:
            self._spent, self._spent_version = {}, self.version
        found = self._spent.get((site, currency))
        if found is None:
            newest: dict[str, int] = {}
            action = f"{_SPEND}{UNIT}{currency}"
            for (platform, _), ends in self._of(site):
                ms = ends.get(action)
                if ms is not None:
                    newest[platform] = max(ms, newest.get(platform, 0))
            found = self._spent[site, currency] = list(newest.values())
        return _inside(found, now_ms, start_ms)

    def cost_ms(self, site: str, currency: str, now_ms: int, start_ms: int) -> int | None:
        """Give the earlier of the newest cost in a currency and of the spend of the platforms that told of any.

        None where no cost reaches into (start, now]. Of several sites the earliest counts.
        """
        costs = [ms for (name, money), ms in self._costs.items() if money == currency and site in (FOLDED, name)]
        cost_ms = _inside(costs, now_ms, start_ms)
        if cost_ms is None:
            return None
        return min(cost_ms, self.spend_ms(site, currency, now_ms, start_ms) or cost_ms)

    def _of(self, site: str) -> Iterator[tuple[Campaign, dict[str, int]]]:
        for name, campaigns in self._until.items():
            if site in (FOLDED, name):
                yield from campaigns.items()


def _actions(metric: Metric, labels: Mapping[str, str]) -> set[str]:
    """Name the actions that both sides of a metric are made of."""
    kinds = {kind for _, name in (*metric.numerator, *metric.denominator) for kind in COUNTS[name].cells}
    told = {ACTIONS[kind] for kind in kinds if kind in ACTIONS}
    return {f"{_SPEND}{UNIT}{labels['currency']}" if action == _SPEND else action for action in told}


def _both(ends: Mapping[str, int], actions: set[str]) -> int:
    return min((ends.get(action, ALWAYS_MS) for action in actions), default=ALWAYS_MS)


def _inside(ends: list[int], now_ms: int, start_ms: int) -> int | None:
    return min((end for end in (min(end, now_ms) for end in ends) if end > start_ms), default=None)


def _covers(wanted: Campaign, named: Campaign) -> bool:
    return all(want in (FOLDED, name) for want, name in zip(wanted, named, strict=True))
