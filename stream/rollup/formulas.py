"""Formulas: sums of windows into the values of metrics. The only place where anything is divided.

In:  a table of windows, the series, what is known of ads.
Out: for each metric and window, label sets with value, numerator and denominator.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream import catalog
from stream.catalog import Metric, counts_of
from stream.changes.durations import quantile
from stream.changes.panes import NOW, window_ms
from stream.rollup import leads
from stream.rollup.budget import NEVER
from stream.rollup.known import TOTALS_MS, Known
from stream.rollup.plan import Columns, Named, Plan, planned
from stream.rollup.series import Ints, Series
from stream.rollup.value import Value, added, changed, divided, made, scaled, unit
from stream.rollup.wanted import shift_of, shifts_of
from stream.windows.level import SHORTEST_FOR_TOTALS_MS


class _Sums(NamedTuple):
    """Both sides of each label set, whether it is told, and where it ends; −1: before its window began."""

    top: Ints
    bottom: Ints
    told: NDArray[np.bool_]
    ends: Ints


class Formulas:
    """Works out readings; remembers what it gave last, so that only what changed is given again."""

    def __init__(self, series: Series, known: Known | None = None) -> None:
        self._series, self._known = series, known or Known()
        self._plans: dict[tuple[str, str], Plan] = {}
        self._shared: dict[str, Plan] = {}
        self._former: dict[tuple[str, str], Plan] = {}  # those in whose place others come
        self._named: defaultdict[str, Named] = defaultdict(dict)
        self._entries: dict[str, frozenset[str]] = {}  # count → names of those that rest on it
        self._with_totals: dict[int, int] = {}  # series → the newest end of its totals

    def refresh(self) -> None:
        """Take notice of what is known, and of series made, moved and shown elsewhere since the last time."""
        series, known = self._series, self._known
        series.watch()
        if series.moved:
            series.moved = False
            for kept in (self._plans, self._shared, self._former, self._named):
                kept.clear()
            self._with_totals.clear()
            known.fresh = dict(known.totals)
        for cell, ms in known.fresh.items():
            for sid in series.targets(cell):
                self._with_totals[sid] = max(ms, self._with_totals.get(sid, 0))
        known.fresh = {}
        fresh, series.fresh = series.fresh, set()
        if fresh:
            concerned = set[str]().union(*map(self._using, fresh))
            for key in [key for key in self._plans if key[0] in concerned]:
                self._former[key] = self._plans.pop(key)
            for name in concerned:
                self._shared.pop(name, None)

    def values(self, metric: Metric, window: str, everything: bool) -> Iterator[Value]:
        """Give the values of a metric in a window that changed since they were last given, or all of them."""
        plan = self._plan(metric, window)
        if not plan.groups:
            return
        if metric.kind == "summary":
            yield from self._quantiles(metric, plan, window, everything)
        elif metric.kind in leads.KINDS or metric.began is not None:
            yield from leads.values(metric, plan, window, self._series.table, everything)
        else:
            yield from self._figures(metric, plan, window, everything)

    def _figures(self, metric: Metric, plan: Plan, window: str, everything: bool) -> Iterator[Value]:
        if metric.against is not None:
            yield from self._against(metric, catalog.BY_NAME[metric.against], plan, window, everything)
            return
        sums, groups = self._sums(metric, plan, window), plan.groups
        now_ms, ripe = self._series.table.now_ms, None
        columns: tuple[Columns, ...] = (sums.top, sums.bottom, sums.ends)
        if metric.maturity is not None:
            ripe = leads.maturities(plan, window, self._series.table, sums.bottom)
            columns = (*columns, ripe)
        some = changed(plan, sums.told, columns, everything)
        if not some:
            return
        tops, top_by = sums.top.tolist(), unit(metric.scale)
        if metric.kind != "ratio":
            for at in some:
                amount = tops[at] if top_by == 1 else tops[at] / top_by
                yield made((groups[at], amount, None, None, amount, None, None, None))
            return
        bottoms, bottom_by, ends = sums.bottom.tolist(), unit(metric.bottom_scale), sums.ends.tolist()
        for at in some:
            end_ms = ends[at] if ends[at] < now_ms else None
            value = divided(groups[at], tops[at], top_by, bottoms[at], bottom_by, end_ms)
            yield value if ripe is None else leads.ripened(value, float(ripe[at]))

    def _against(self, metric: Metric, other: Metric, plan: Plan, window: str, everything: bool) -> Iterator[Value]:
        """Divide the value of each label set by that of the same set of another entry."""
        mine, beside = self._sums(metric, plan, window), self._plan(other, window)
        theirs = self._sums(other, beside, window)
        place = {tuple(labels.items()): at for at, labels in enumerate(beside.groups)}
        at_other = np.array([place.get(tuple(labels.items()), -1) for labels in plan.groups], np.int64)
        their_top, their_bottom, their_ends = (
            np.append(column, -1)[at_other] for column in (theirs.top, theirs.bottom, theirs.ends)
        )
        told = mine.told & np.append(theirs.told, np.False_)[at_other]
        now_ms = self._series.table.now_ms
        units = [unit(scale) for each in (metric, other) for scale in (each.scale, each.bottom_scale)]
        for at in changed(plan, told, (mine.top, mine.bottom, their_top, their_bottom, their_ends), everything):
            one = divided(plan.groups[at], int(mine.top[at]), units[0], int(mine.bottom[at]), units[1], None)
            by = divided(plan.groups[at], int(their_top[at]), units[2], int(their_bottom[at]), units[3], None)
            value = one.value / by.value if one.value is not None and by.value else None
            end_ms = int(their_ends[at])
            yield Value(one.labels, value, one.value, by.value, one.n, end_ms if end_ms < now_ms else None)

    def _sums(self, metric: Metric, plan: Plan, window: str) -> _Sums:
        """Add up both sides of each label set, up to where it ends."""
        if metric.waits_for_target:
            return self._of_targets(plan, window, metric)
        if metric.ends != "now":
            return self._of_ends(plan, window, metric)
        table, size = self._series.table, len(plan.groups)
        key = window, metric.shift_ms
        of = table.total(key).__getitem__
        top, told = added(plan.top, table, of, size), self._told(plan, window)
        if metric.before:
            of = partial(self._until, key, table.span(key)[0])
        try:
            return _Sums(top, added(plan.bottom, table, of, size), told, plan.now)
        except _ForgottenError:
            return _Sums(top, top, np.zeros(size, np.bool_), plan.now)

    def _of_targets(self, plan: Plan, window: str, metric: Metric) -> _Sums:
        """Add up ratios whose label sets each wait for a time of their own."""
        table, size = self._series.table, len(plan.groups)
        shifts = np.array([shift_of(metric, labels) for labels in plan.groups], np.int64)
        top, bottom = np.zeros(size, np.int64), np.zeros(size, np.int64)
        for shift_ms in np.unique(shifts).tolist():
            here = np.flatnonzero(shifts == shift_ms)
            of = table.total((window, shift_ms)).__getitem__
            for terms, out in ((plan.top, top), (plan.bottom, bottom)):
                out[here] = added([term.only(here, size) for term in terms], table, of, len(here))
        return _Sums(top, bottom, self._told(plan, window), plan.now)

    def _of_ends(self, plan: Plan, window: str, metric: Metric) -> _Sums:
        """Add up figures that end where they are known, all label sets of one end together."""
        table, key, size = self._series.table, (window, metric.shift_ms), len(plan.groups)
        ends = self._ends(metric, plan, window)
        told = self._told(plan, window) & (ends >= 0)
        top, bottom = np.zeros(size, np.int64), np.zeros(size, np.int64)
        for end_ms in np.unique(ends[told]).tolist():
            here = np.flatnonzero(told & (ends == end_ms))
            of: Callable[[Ints], Ints]
            if table.edge_ms(key, end_ms) == table.edge_ms(key, table.now_ms):
                of = table.total(key).__getitem__
            else:
                of = partial(self._until, key, end_ms)
            for terms, out in ((plan.top, top), (plan.bottom, bottom)):
                try:
                    out[here] = added([term.only(here, size) for term in terms], table, of, len(here))
                except _ForgottenError:
                    told[here] = False
        return _Sums(top, bottom, told, ends)

    def _until(self, key: tuple[str, int], end_ms: int, sids: Ints) -> Ints:
        sums = self._series.table.between(key, sids, end_ms)
        if sums is None:
            raise _ForgottenError
        return sums

    def _ends(self, metric: Metric, plan: Plan, window: str) -> Ints:
        """Give the moment at which the figure of each label set ends; −1 where it ended before its window began."""
        known, now_ms, groups = self._known, self._series.table.now_ms, plan.groups
        start_ms = now_ms - window_ms(window)
        if metric.ends != "both_known":
            end_of = known.spend_ms if metric.ends == "spend" else known.cost_ms
            found = [end_of(group["site"], group["currency"], now_ms, start_ms) for group in groups]
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

    def _told(self, plan: Plan, window: str) -> NDArray[np.bool_]:
        """Tell which label sets a window can show: below a day none of a series with totals, which lack there."""
        if self._with_totals and window != NOW and window_ms(window) < SHORTEST_FOR_TOTALS_MS:
            oldest_ms = self._series.table.now_ms - TOTALS_MS
            lack = np.zeros(self._series.table.series + 1, np.int64)
            lack[[sid for sid, ms in self._with_totals.items() if ms > oldest_ms]] = 1
            lacking = np.zeros(len(plan.groups), np.int64)
            for term in (*plan.top, *plan.bottom):
                term._replace(sign=1).added(lacking, lack.__getitem__)
            told: NDArray[np.bool_] = lacking == 0
            return told
        return plan.every

    def _quantiles(self, metric: Metric, plan: Plan, window: str, everything: bool) -> Iterator[Value]:
        sums = self._series.table.total((window, metric.shift_ms))
        total = added(plan.bottom, self._series.table, sums.__getitem__, len(plan.groups))
        # by bucket: other durations may have the same sum and number, but not the same quantiles
        counts = [sums[sids].tolist() for _, sids in plan.buckets]
        last, counted = plan.last, plan.counts
        plan.last, plan.counts = (total,), counts
        for at, named in enumerate(plan.quantiles):
            if last and not everything and last[0][at] == total[at] and counted[at] == counts[at]:
                continue
            buckets, here = plan.buckets[at][0], counts[at]
            n = sum(here)
            seconds = scaled(int(total[at]), 1e-3)
            for q, labels in zip(catalog.QUANTILES, named, strict=True):
                yield Value(labels, quantile(buckets, here, q), seconds, n, n, None)

    def _plan(self, metric: Metric, window: str) -> Plan:
        plan = self._plans.get((metric.name, window))
        if plan is None or (
            plan.more_from_ms < NEVER and self._series.start_ms((window, shifts_of(metric)[0])) >= plan.more_from_ms
        ):
            plan = self._plans[metric.name, window] = self._planned(metric, window)
            former = self._former.pop((metric.name, window), None)
            if former is not None:
                plan.go_on(former)
        return plan

    def _using(self, count: str) -> frozenset[str]:
        """Name the entries that rest on a count."""
        found = self._entries.get(count)
        if found is None:
            found = frozenset(metric.name for metric in catalog.METRICS if count in counts_of(metric))
            self._entries[count] = found
        return found

    def _planned(self, metric: Metric, window: str) -> Plan:
        """Make a plan; where all windows show series under their own labels they share what is found."""
        if any(map(self._series.watches, counts_of(metric))):
            return planned(metric, window, self._series, self._named[metric.name])
        shared = self._shared.get(metric.name)
        if shared is None:
            shared = self._shared[metric.name] = planned(metric, window, self._series, self._named[metric.name])
        return replace(shared, known=None, last=(), counts=[], seen={})


class _ForgottenError(Exception):
    """A figure ended so long ago that its window is no longer remembered whole."""
