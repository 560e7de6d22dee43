"""Formulas: sums of windows into the values of metrics. The only place where anything is divided.

In:  a table of windows, the series, what is known of ads.
Out: for each metric and window, label sets with value, numerator and denominator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream import catalog
from stream.catalog import Metric
from stream.changes.durations import quantile
from stream.changes.panes import window_ms
from stream.rollup.budget import CURRENCY, NEVER, Labels
from stream.rollup.known import TOTALS_MS, Known
from stream.rollup.series import Ints, Series, shift_of, shifts_of
from stream.state.labels import FOLDED
from stream.windows.level import SHORTEST_FOR_TOTALS_MS

Number = int | float
Columns = Ints | NDArray[np.bool_]  # beside the label sets of a plan


class Value(NamedTuple):
    """A metric's value for one set of labels in one window."""

    labels: dict[str, str]
    value: Number | None
    numerator: Number | None
    denominator: Number | None
    n: Number | None
    end_ms: int | None  # where a figure ends before the moment it is read at


class _Term(NamedTuple):
    """One count of a sum: the series of each label set, or where several add up in one, `at` beside each its set."""

    sign: int
    sids: Ints  # −1: there is none, and it counts 0
    at: Ints | None

    def added(self, out: Ints, of: Callable[[Ints], Ints]) -> None:
        """Add the sums of the series to those of the label sets."""
        if self.at is None:
            out += self.sign * of(self.sids)
        else:
            np.add.at(out, self.at, self.sign * of(self.sids))

    def only(self, groups: Ints, size: int) -> _Term:
        """Leave the series of some label sets, which are numbered anew."""
        if self.at is None:
            return self._replace(sids=self.sids[groups])
        place = np.full(size, -1, np.int64)
        place[groups] = np.arange(len(groups))
        mine = place[self.at] >= 0
        return self._replace(sids=self.sids[mine], at=place[self.at[mine]])


@dataclass(slots=True)
class _Plan:
    """Label sets of a metric in a window and, a term, the series of each; what was given last."""

    more_from_ms: int  # a window that begins so late shows more label sets under their own names
    groups: list[dict[str, str]] = field(default_factory=list)
    top: list[_Term] = field(default_factory=list)
    bottom: list[_Term] = field(default_factory=list)
    buckets: list[tuple[list[int], list[int]]] = field(default_factory=list)
    known: tuple[int, Ints] | None = None  # version of what is known, where both sides of each label set end by it
    last: tuple[Columns, ...] = ()
    counts: list[list[int]] = field(default_factory=list)


class Formulas:
    """Works out readings; remembers what it gave last, so that only what changed is given again."""

    def __init__(self, series: Series, known: Known | None = None) -> None:
        self._series, self._known = series, known or Known()
        self._plans: dict[tuple[str, str], _Plan] = {}
        self._shared: dict[str, _Plan] = {}
        self._with_totals: dict[int, int] = {}  # series → the newest end of its totals

    def refresh(self) -> None:
        """Take notice of what is known, and of series made, moved and shown elsewhere since the last time."""
        series, known = self._series, self._known
        series.watch()
        if series.moved:
            series.moved = False
            self._plans.clear()
            self._shared.clear()
            self._with_totals.clear()
            known.fresh = dict(known.totals)
        for cell, ms in known.fresh.items():
            for sid in series.targets(cell):
                self._with_totals[sid] = max(ms, self._with_totals.get(sid, 0))
        known.fresh = {}
        fresh, series.fresh = series.fresh, set()
        if fresh:
            for key in [key for key in self._plans if _uses(catalog.BY_NAME[key[0]], fresh)]:
                del self._plans[key]
                self._shared.pop(key[0], None)

    def values(self, metric: Metric, window: str, everything: bool) -> Iterator[Value]:
        """Give the values of a metric in a window that changed since they were last given, or all of them."""
        plan = self._plans.get((metric.name, window))
        if plan is None or (
            plan.more_from_ms < NEVER
            and self._series.table.span((window, shifts_of(metric)[0]))[0] >= plan.more_from_ms
        ):
            plan = self._plans[metric.name, window] = self._planned(metric, window)
        if not plan.groups:
            return
        if metric.kind == "summary":
            yield from self._quantiles(metric, plan, window, everything)
        elif metric.waits_for_target:
            yield from self._waiting(metric, plan, window, everything)
        elif metric.ends == "now":
            yield from self._figures(metric, plan, window, everything)
        else:
            yield from self._ended(metric, plan, window, everything)

    def _figures(self, metric: Metric, plan: _Plan, window: str, everything: bool) -> Iterator[Value]:
        sums, size = self._series.table.total((window, metric.shift_ms)), len(plan.groups)
        top, bottom = (_added(terms, sums.__getitem__, size) for terms in (plan.top, plan.bottom))
        changed = _changed(plan, (top, bottom, self._told(plan, window)), everything)
        tops, bottoms, groups = top.tolist(), bottom.tolist(), plan.groups
        if metric.kind == "ratio":
            for at in changed:
                yield _divided(metric, groups[at], tops[at], bottoms[at], None)
        else:
            scale = metric.scale
            for at in changed:
                value = tops[at] if scale == 1.0 else scaled(tops[at], scale)
                yield Value(groups[at], value, None, None, value, None)

    def _waiting(self, metric: Metric, plan: _Plan, window: str, everything: bool) -> Iterator[Value]:
        """Give ratios whose label sets each wait for a time of their own."""
        size = len(plan.groups)
        shifts = np.array([shift_of(metric, labels) for labels in plan.groups], np.int64)
        top, bottom = np.zeros(size, np.int64), np.zeros(size, np.int64)
        for shift_ms in np.unique(shifts).tolist():
            here = np.flatnonzero(shifts == shift_ms)
            sums = self._series.table.total((window, shift_ms))
            for terms, out in ((plan.top, top), (plan.bottom, bottom)):
                out[here] = _added([term.only(here, size) for term in terms], sums.__getitem__, len(here))
        for at in _changed(plan, (top, bottom, self._told(plan, window)), everything):
            yield _divided(metric, plan.groups[at], int(top[at]), int(bottom[at]), None)

    def _ended(self, metric: Metric, plan: _Plan, window: str, everything: bool) -> Iterator[Value]:
        """Give figures that end where they are known, all label sets of one end together."""
        table, key, size = self._series.table, (window, metric.shift_ms), len(plan.groups)
        now_ms = table.now_ms
        ends = self._ends(metric, plan, window)
        told = self._told(plan, window) & (ends >= 0)
        top, bottom = np.zeros(size, np.int64), np.zeros(size, np.int64)
        for end_ms in np.unique(ends[told]).tolist():
            here = np.flatnonzero(told & (ends == end_ms))
            of: Callable[[Ints], Ints]
            if table.edge_ms(key, end_ms) == table.edge_ms(key, now_ms):
                of = table.total(key).__getitem__
            else:
                of = partial(self._until, key, end_ms)
            for terms, out in ((plan.top, top), (plan.bottom, bottom)):
                try:
                    out[here] = _added([term.only(here, size) for term in terms], of, len(here))
                except _ForgottenError:
                    told[here] = False
        changed = _changed(plan, (top, bottom, told, ends), everything)
        for at in changed:
            end_ms = int(ends[at])
            yield _divided(metric, plan.groups[at], int(top[at]), int(bottom[at]), end_ms if end_ms < now_ms else None)

    def _until(self, key: tuple[str, int], end_ms: int, sids: Ints) -> Ints:
        sums = self._series.table.between(key, sids, end_ms)
        if sums is None:
            raise _ForgottenError
        return sums

    def _ends(self, metric: Metric, plan: _Plan, window: str) -> Ints:
        """Give the moment at which the figure of each label set ends; −1 where it ended before its window began."""
        known, now_ms, groups = self._known, self._series.table.now_ms, plan.groups
        start_ms = now_ms - window_ms(window)
        if metric.ends == "spend":
            found = [known.spend_ms(group["site"], group["currency"], now_ms, start_ms) for group in groups]
            return np.array([-1 if ms is None else ms for ms in found], np.int64)
        if plan.known is None or plan.known[0] != known.version:
            told = [known.campaign_ms(metric, group) for group in groups]
            plan.known = known.version, np.array([-1 if ms is None else ms for ms in told], np.int64)
        ends = np.minimum(plan.known[1], now_ms)
        several = np.flatnonzero(ends < 0)
        ends[ends <= start_ms] = -1
        for at in several.tolist():
            ms = known.several_ms(metric, groups[at], now_ms, start_ms)
            ends[at] = -1 if ms is None else ms
        return ends

    def _told(self, plan: _Plan, window: str) -> NDArray[np.bool_]:
        """Tell which label sets a window can show: below a day none of a series with totals, which lack there."""
        told = np.ones(len(plan.groups), np.bool_)
        oldest_ms = self._series.table.now_ms - TOTALS_MS
        if self._with_totals and window_ms(window) < SHORTEST_FOR_TOTALS_MS:
            lack = np.zeros(self._series.table.series + 1, np.int64)
            lack[[sid for sid, ms in self._with_totals.items() if ms > oldest_ms]] = 1
            lacking = np.zeros(len(plan.groups), np.int64)
            for term in (*plan.top, *plan.bottom):
                term._replace(sign=1).added(lacking, lack.__getitem__)
            told &= lacking == 0
        return told

    def _quantiles(self, metric: Metric, plan: _Plan, window: str, everything: bool) -> Iterator[Value]:
        sums = self._series.table.total((window, metric.shift_ms))
        total = _added(plan.bottom, sums.__getitem__, len(plan.groups))
        # by bucket: other durations may have the same sum and number, but not the same quantiles
        counts = [sums[sids].tolist() for _, sids in plan.buckets]
        last, counted = plan.last, plan.counts
        plan.last, plan.counts = (total,), counts
        for at, labels in enumerate(plan.groups):
            if last and not everything and last[0][at] == total[at] and counted[at] == counts[at]:
                continue
            buckets, here = plan.buckets[at][0], counts[at]
            n = sum(here)
            seconds = scaled(int(total[at]), 1e-3)
            for q in catalog.QUANTILES:
                yield Value({**labels, "quantile": f"{q:g}"}, quantile(buckets, here, q), seconds, n, n, None)

    def _planned(self, metric: Metric, window: str) -> _Plan:
        """Make a plan; where all windows show series under their own labels they share what is found."""
        if self._series.watched:
            return self._plan(metric, window)
        shared = self._shared.get(metric.name)
        if shared is None:
            shared = self._shared[metric.name] = self._plan(metric, window)
        return replace(shared, known=None, last=(), counts=[])

    def _plan(self, metric: Metric, window: str) -> _Plan:
        """Find the label sets of a metric as a window shows them, and the series of its terms."""
        constant = dict(metric.constant)
        here = (window, metric.shift_ms)
        looked = {count: self._series.shown(count, here) for _, count in metric.numerator + metric.denominator}
        shown = {count: series for count, (series, _) in looked.items()}
        names = tuple(label for label in metric.labels if label not in constant)
        plan = _Plan(more_from_ms=min([NEVER, *(following for _, following in looked.values())]))
        found: dict[Labels, None] = {}
        for count, series in shown.items():
            labels = catalog.COUNTS[count].labels
            if metric.kind == "summary" and labels[-1] == "bucket":
                found.update(dict.fromkeys(key[:-1] for key in series))
            elif labels == names:
                found.update(dict.fromkeys(series))
        groups = list(found)
        if metric.kind == "ratio" and CURRENCY in names:  # money of several currencies is added up, and divides nothing
            groups = [key for key in groups if key[names.index(CURRENCY)] != FOLDED]
        plan.groups = [
            {**{name: str(value) for name, value in zip(names, key, strict=True)}, **constant} for key in groups
        ]
        for terms, out in ((metric.numerator, plan.top), (metric.denominator, plan.bottom)):
            for sign, count in terms:
                at = [names.index(label) for label in catalog.COUNTS[count].labels if label != "bucket"]
                if metric.kind == "summary" and out is plan.top:
                    by_group: dict[Labels, list[tuple[int, int]]] = {}
                    for key, sids in shown[count].items():
                        by_group.setdefault(key[:-1], []).extend((int(key[-1]), sid) for sid in sids)
                    for group in groups:
                        pairs = sorted(by_group.get(group, []))
                        plan.buckets.append(([b for b, _ in pairs], [s for _, s in pairs]))
                else:
                    of = shown[count].get
                    if at == list(range(len(names))):
                        out.append(_term(sign, [of(group, ()) for group in groups]))
                    else:
                        out.append(_term(sign, [of(tuple([group[i] for i in at]), ()) for group in groups]))
        return plan


class _ForgottenError(Exception):
    """A figure ended so long ago that its window is no longer remembered whole."""


def _term(sign: int, sids: list[Sequence[int]]) -> _Term:
    """Make a term of the series of each label set."""
    if all(len(some) <= 1 for some in sids):
        return _Term(sign, np.array([some[0] if some else -1 for some in sids], np.int64), None)
    sizes = [len(some) for some in sids]
    flat = np.fromiter(chain.from_iterable(sids), np.int64, sum(sizes))
    return _Term(sign, flat, np.repeat(np.arange(len(sids)), sizes))


def _changed(plan: _Plan, now: tuple[Columns, ...], everything: bool) -> list[int]:
    """Give the label sets that are told and changed since the last time, or all that are told; remember them."""
    last, plan.last = plan.last, now
    told = now[2].astype(np.bool_)
    if last and not everything:
        told &= np.logical_or.reduce([was != one for was, one in zip(last, now, strict=True)])
    changed: list[int] = np.flatnonzero(told).tolist()
    return changed


def scaled(amount: int, scale: float) -> float:
    """Give an amount of thousandths or millionths in whole units, as close as a float can be."""
    return amount / round(1 / scale)


def _divided(metric: Metric, labels: dict[str, str], top: int, bottom: int, end_ms: int | None) -> Value:
    numerator: Number = top if metric.scale == 1.0 else scaled(top, metric.scale)
    denominator: Number = bottom if metric.bottom_scale == 1.0 else scaled(bottom, metric.bottom_scale)
    value = None if denominator == 0 else numerator / denominator
    return Value(labels, value, numerator, denominator, denominator, end_ms)


def _added(terms: list[_Term], of: Callable[[Ints], Ints], size: int) -> Ints:
    out = np.zeros(size, np.int64)
    for term in terms:
        term.added(out, of)
    return out


def _uses(metric: Metric, counts: set[str]) -> bool:
    return any(count in counts for _, count in metric.numerator + metric.denominator)
