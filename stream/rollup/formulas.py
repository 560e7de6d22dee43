"""Formulas: sums of windows into the values of metrics. The only place where anything is divided.

In:  a table of windows, the series.
Out: for each metric and window, label sets with value, numerator and denominator.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from stream import catalog
from stream.catalog import Metric
from stream.changes.durations import quantile
from stream.rollup.series import Ints, Labels, Series, shift_of, shifts_of

Number = int | float


class Value(NamedTuple):
    """A metric's value for one set of labels in one window."""

    labels: dict[str, str]
    value: Number | None
    numerator: Number | None
    denominator: Number | None
    n: Number | None
    end_ms: int | None  # where a figure ends before the moment it is read at
    shift_ms: int | None = None  # where a window ends that much earlier than those of the metric


@dataclass(slots=True)
class _Plan:
    """Label sets of a metric and, a term, the series of each."""

    groups: list[dict[str, str]] = field(default_factory=list)
    top: list[tuple[int, Ints]] = field(default_factory=list)
    bottom: list[tuple[int, Ints]] = field(default_factory=list)
    buckets: list[tuple[list[int], list[int]]] = field(default_factory=list)
    last: dict[str, tuple[Ints, Ints]] = field(default_factory=dict)
    spread: dict[str, tuple[Ints, list[list[int]]]] = field(default_factory=dict)


class Formulas:
    """Works out readings; remembers what it gave last, so that only what changed is given again."""

    def __init__(self, series: Series) -> None:
        self._series = series
        self._plans: dict[str, _Plan] = {}

    def refresh(self) -> None:
        """Take notice of series made since the last time."""
        fresh, self._series.fresh = self._series.fresh, set()
        if fresh:
            for name in [n for n in self._plans if _uses(catalog.BY_NAME[n], fresh)]:
                del self._plans[name]

    def values(self, metric: Metric, window: str, everything: bool) -> Iterator[Value]:
        """Give the values of a metric in a window that changed since they were last given, or all of them."""
        plan = self._plans.get(metric.name)
        if plan is None:
            plan = self._plans[metric.name] = self._plan(metric)
        if not plan.groups:
            return
        if metric.kind == "summary":
            yield from self._quantiles(metric, plan, window, everything)
        elif metric.ends_at_spend:
            return
        elif metric.waits_for_target:
            for shift_ms in shifts_of(metric):
                yield from self._shifted(metric, plan, window, shift_ms, everything)
        else:
            yield from self._figures(metric, plan, window, everything)

    def until(self, metric: Metric, window: str, ends: dict[str, int]) -> Iterator[Value]:
        """Give values that end at an earlier moment, by site and currency: `ends` has site + "\\x1f" + currency."""
        plan = self._plans.get(metric.name)
        if plan is None:
            plan = self._plans[metric.name] = self._plan(metric)
        table = self._series.table
        for at, labels in enumerate(plan.groups):
            end_ms = ends.get(f"{labels['site']}\x1f{labels['currency']}")
            if end_ms is None:
                continue
            end_ms = min(end_ms, table.now_ms)
            sums = []
            for terms in (plan.top, plan.bottom):
                parts = [
                    (sign, table.between((window, metric.shift_ms), int(sids[at]), end_ms) if sids[at] >= 0 else 0)
                    for sign, sids in terms
                ]
                known = [sign * part for sign, part in parts if part is not None]
                sums.append(sum(known) if len(known) == len(parts) else None)
            top, bottom = sums
            if top is not None and bottom is not None:
                yield _divided(metric, labels, top, bottom, end_ms)

    def _figures(self, metric: Metric, plan: _Plan, window: str, everything: bool) -> Iterator[Value]:
        sums = self._series.table.total((window, metric.shift_ms))
        top = _added(plan.top, sums, len(plan.groups))
        bottom = _added(plan.bottom, sums, len(plan.groups))
        last = plan.last.get(window)
        plan.last[window] = top, bottom
        if everything or last is None or len(last[0]) != len(top):
            changed = range(len(top))
        else:
            changed = np.flatnonzero((last[0] != top) | (last[1] != bottom)).tolist()  # type: ignore[assignment]
        tops, bottoms, groups = top.tolist(), bottom.tolist(), plan.groups
        if metric.kind == "ratio":
            for at in changed:
                yield _divided(metric, groups[at], tops[at], bottoms[at], None)
        else:
            scale = metric.scale
            for at in changed:
                value = tops[at] if scale == 1.0 else scaled(tops[at], scale)
                yield Value(groups[at], value, None, None, value, None)

    def _shifted(self, metric: Metric, plan: _Plan, window: str, shift_ms: int, everything: bool) -> Iterator[Value]:
        """Give the values of those label sets whose windows end by some time earlier."""
        sums = self._series.table.total((window, shift_ms))
        top, bottom = _added(plan.top, sums, len(plan.groups)), _added(plan.bottom, sums, len(plan.groups))
        last = plan.last.get(f"{window}-{shift_ms}")
        plan.last[f"{window}-{shift_ms}"] = top, bottom
        whole = everything or last is None or len(last[0]) != len(top)
        tops, bottoms = top.tolist(), bottom.tolist()
        for at, labels in enumerate(plan.groups):
            if shift_of(metric, labels) != shift_ms:
                continue
            if whole or last is None or last[0][at] != top[at] or last[1][at] != bottom[at]:
                value = _divided(metric, labels, tops[at], bottoms[at], None)
                yield value._replace(shift_ms=shift_ms)

    def _quantiles(self, metric: Metric, plan: _Plan, window: str, everything: bool) -> Iterator[Value]:
        sums = self._series.table.total((window, metric.shift_ms))
        total = _added(plan.bottom, sums, len(plan.groups))
        # by bucket: other durations may have the same sum and number, but not the same quantiles
        counts = [sums[sids].tolist() for _, sids in plan.buckets]
        last = plan.spread.get(window)
        plan.spread[window] = total, counts
        for at, labels in enumerate(plan.groups):
            if last is not None and not everything and last[0][at] == total[at] and last[1][at] == counts[at]:
                continue
            buckets, here = plan.buckets[at][0], counts[at]
            n = sum(here)
            seconds = scaled(int(total[at]), 1e-3)
            for q in catalog.QUANTILES:
                yield Value({**labels, "quantile": f"{q:g}"}, quantile(buckets, here, q), seconds, n, n, None)

    def _plan(self, metric: Metric) -> _Plan:
        """Find the label sets of a metric and the series of its terms; −1 where a term has none (it counts 0)."""
        sids, constant = self._series.sids, dict(metric.constant)
        names = tuple(label for label in metric.labels if label not in constant)
        plan = _Plan()
        found: dict[Labels, None] = {}
        for _, count in metric.numerator + metric.denominator:
            labels = catalog.COUNTS[count].labels
            if metric.kind == "summary" and labels[-1] == "bucket":
                found.update(dict.fromkeys(key[:-1] for key in sids[count]))
            elif labels == names:
                found.update(dict.fromkeys(sids[count]))
        groups = list(found)
        plan.groups = [
            {**{name: str(value) for name, value in zip(names, key, strict=True)}, **constant} for key in groups
        ]
        for terms, out in ((metric.numerator, plan.top), (metric.denominator, plan.bottom)):
            for sign, count in terms:
                at = [names.index(label) for label in catalog.COUNTS[count].labels if label != "bucket"]
                if metric.kind == "summary" and out is plan.top:
                    by_group: dict[Labels, list[tuple[int, int]]] = {}
                    for key, sid in sids[count].items():
                        by_group.setdefault(key[:-1], []).append((int(key[-1]), sid))
                    for group in groups:
                        pairs = sorted(by_group.get(group, []))
                        plan.buckets.append(([b for b, _ in pairs], [s for _, s in pairs]))
                else:
                    found_sids = [sids[count].get(tuple(key[i] for i in at), -1) for key in groups]
                    out.append((sign, np.array(found_sids, np.int64)))
        return plan


def scaled(amount: int, scale: float) -> float:
    """Give an amount of thousandths or millionths in whole units, as close as a float can be."""
    return amount / round(1 / scale)


def _divided(metric: Metric, labels: dict[str, str], top: int, bottom: int, end_ms: int | None) -> Value:
    numerator: Number = top if metric.scale == 1.0 else scaled(top, metric.scale)
    value = None if bottom == 0 else metric.factor * numerator / bottom
    return Value(labels, value, numerator, bottom, bottom, end_ms)


def _added(terms: list[tuple[int, Ints]], sums: Ints, size: int) -> Ints:
    out = np.zeros(size, np.int64)
    for sign, sids in terms:
        out += sign * sums[sids]
    return out


def _uses(metric: Metric, counts: set[str]) -> bool:
    return any(count in counts for _, count in metric.numerator + metric.denominator)
