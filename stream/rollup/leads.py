"""Leads: the figures that those who wait are part of: medians, maturity, ages; and spreads and last values.

In:  a plan, a table of windows.
Out: values.

Nothing keeps a timer a lead. Who waits stands in the pane in which that began, and now says how long ago that is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stream.catalog import Metric
from stream.catalog.words import AGE, AGES, HORIZON_LEAST, HORIZON_MS, HORIZON_QUANTILE, HORIZON_WINDOW, OLDER
from stream.changes.durations import quantile
from stream.changes.panes import MINUTE_MS, NOW, window_ms
from stream.rollup.plan import Plan
from stream.rollup.series import Buckets, Ints, Windows
from stream.rollup.survival import buckets_of, median_s, seconds_of
from stream.rollup.value import Value, added, changed, in_units, scaled, total_of

Floats = NDArray[np.float64]

#: What stands for no maturity in a column.
_NONE: Final = -1.0


def values(metric: Metric, plan: Plan, window: str, table: Windows, everything: bool) -> Iterator[Value]:
    """Give the values of an entry of one of these kinds that changed since they were last given, or all of them."""
    kind = "ages" if metric.kind == "count" else metric.kind
    return KINDS[kind](metric, plan, window, table, everything)


# maturity ---------------------------------------------------------------------------------------------------


def ripened(value: Value, ripe: float) -> Value:
    """Give a value its maturity; the column has a number for none."""
    return value._replace(maturity=None if ripe == _NONE else float(ripe))


def maturities(plan: Plan, window: str, table: Windows, cohorts: Ints) -> Floats:
    """Give for each label set 1 − (those who still wait and are younger than its horizon) / its cohort.

    None where there is no cohort.
    """
    waits, size = plan.beside["waits"], len(plan.groups)
    horizons = _horizons_ms(plan, table)[plan.took_of]
    lengths = np.minimum(horizons, window_ms(window))
    young = np.zeros(size, np.int64)
    np.add.at(young, waits.sets, table.recent(waits.sids, lengths[waits.sets]))
    ripe = 1 - young / np.maximum(cohorts, 1)
    return np.where(cohorts > 0, np.clip(ripe, 0.0, 1.0), _NONE)


def _horizons_ms(plan: Plan, table: Windows) -> Ints:
    """Give the time in which nine tenths of those arrive who do; 30 days where too few did so far."""
    sums = table.total((HORIZON_WINDOW, 0))
    counts = [sums[sids].tolist() for _, sids in plan.took]
    known = plan.seen.get("horizons")
    if isinstance(known, tuple) and known[0] == counts:
        horizons: Ints = known[1]
        return horizons
    found = [_horizon_ms(buckets, some) for (buckets, _), some in zip(plan.took, counts, strict=True)]
    horizons = np.array(found, np.int64)
    plan.seen["horizons"] = counts, horizons
    return horizons


def _horizon_ms(buckets: list[int], counts: list[int]) -> int:
    seconds = quantile(buckets, counts, HORIZON_QUANTILE) if sum(counts) >= HORIZON_LEAST else None
    return HORIZON_MS if seconds is None else max(1, round(seconds * 1_000))


# medians ----------------------------------------------------------------------------------------------------


def _medians(metric: Metric, plan: Plan, window: str, table: Windows, everything: bool) -> Iterator[Value]:
    """Give the median time until a cohort arrives, with those who gave up or wait; none where less than half do."""
    key, size = (window, metric.shift_ms), len(plan.groups)
    sums = table.total(key)
    (waits,) = plan.bottom
    at, ages_ms, waiting = table.by_age(key, waits.sids)
    sets = waits.sets[at]
    order = np.argsort(sets, kind="stable")
    edges = np.searchsorted(sets[order], np.arange(size + 1)).tolist()
    known = plan.seen.setdefault("medians", {})
    assert isinstance(known, dict)
    cohorts, medians = np.zeros(size, np.int64), np.full(size, np.nan)
    for group in range(size):
        mine = order[edges[group] : edges[group + 1]]
        done, gave_up = (_counted(buckets[group], sums) for buckets in (plan.buckets, plan.left))
        left = np.concatenate((gave_up[0], buckets_of(ages_ms[mine]))), np.concatenate((gave_up[1], waiting[mine]))
        told = b"|".join(part.tobytes() for part in (*done, *left))
        before = known.get(group)
        if before is None or before[0] != told:
            before = known[group] = told, median_s(seconds_of(done[0]), done[1], seconds_of(left[0]), left[1])
        cohorts[group] = done[1].sum() + gave_up[1].sum() + waiting[mine].sum()
        medians[group] = np.nan if before[1] is None else before[1]
    ripe = maturities(plan, window, table, cohorts) if metric.maturity is not None else np.full(size, _NONE)
    there = ~np.isnan(medians)
    for group in changed(plan, there, (np.nan_to_num(medians), cohorts, ripe), everything):
        n = int(cohorts[group])
        yield ripened(Value(plan.groups[group], float(medians[group]), None, None, n, None), float(ripe[group]))


def _counted(buckets: Buckets, sums: Ints) -> tuple[Ints, Ints]:
    """Give the buckets that hold anything, and what."""
    names, counts = np.array(buckets[0], np.int64), sums[np.array(buckets[1], np.int64)]
    some = counts != 0
    return names[some], counts[some]


# those who stand ----------------------------------------------------------------------------------------------


def _ages(metric: Metric, plan: Plan, window: str, table: Windows, everything: bool) -> Iterator[Value]:
    """Tell what stands by how long it has: differences of windows; what no window holds is older."""
    size = len(plan.groups)
    upto = [np.zeros(size, np.int64), *(total_of(plan.beside["began"], table, (age, 0), size) for age in AGES)]
    upto.append(added(plan.top, table, table.total((NOW, 0)).__getitem__, size))
    bands = [later - earlier for earlier, later in pairwise(upto)]
    names = (*AGES, OLDER)
    for at in changed(plan, np.ones(size, np.bool_), tuple(bands), everything):
        labels = plan.groups[at]
        for name, band in zip(names, bands, strict=True):
            amount = in_units(int(band[at]), metric.scale)
            here = {label: name if label == AGE else labels[label] for label in metric.labels}
            yield Value(here, amount, None, None, amount, None)


def _oldest(metric: Metric, plan: Plan, window: str, table: Windows, everything: bool) -> Iterator[Value]:
    """Tell how long the oldest has stood of those that do, to the pane; at least, where no pane remembers it."""
    size, began = len(plan.groups), plan.beside["began"]
    standing = added(plan.top, table, table.total((NOW, 0)).__getitem__, size)
    begins = table.oldest_ms(began.sids)
    held = begins >= 0
    oldest = np.full(size, table.now_ms, np.int64)
    np.minimum.at(oldest, began.sets[held], begins[held])
    remembered_ms = table.remembered_ms()
    kept = np.zeros(size, np.int64)
    np.add.at(kept, began.sets, table.recent(began.sids, np.full(len(began.sids), table.now_ms - remembered_ms)))
    oldest[standing > kept] = remembered_ms
    ages_ms = (table.now_ms // MINUTE_MS - oldest // MINUTE_MS) * MINUTE_MS
    for at in changed(plan, standing > 0, (ages_ms, standing), everything):
        yield Value(plan.groups[at], scaled(int(ages_ms[at]), 1e-3), None, None, int(standing[at]), None)


# spreads and last values --------------------------------------------------------------------------------------


def _spreads(metric: Metric, plan: Plan, window: str, table: Windows, everything: bool) -> Iterator[Value]:
    """Give the largest less the smallest share of a label set within its site, over the values of a label."""
    size, key = len(plan.groups), (window, metric.shift_ms)
    places: dict[str, int] = {}
    site_of = np.array([places.setdefault(labels["site"], len(places)) for labels in plan.groups], np.int64)
    low, high = np.full(size, np.inf), np.full(size, -np.inf)
    most = np.zeros(size, np.int64)
    for term in plan.shares.values():
        amounts = total_of(term, table, key, size)
        wholes = np.zeros(len(places), np.int64)
        np.add.at(wholes, site_of, amounts)
        whole = wholes[site_of]
        share = amounts / np.where(whole > 0, whole, 1)
        low = np.where(whole > 0, np.minimum(low, share), low)
        high = np.where(whole > 0, np.maximum(high, share), high)
        most = np.maximum(most, whole)
    told = most > 0
    spread = np.where(told, high - low, 0.0)
    for at in changed(plan, told, (spread, most), everything):
        yield Value(plan.groups[at], float(spread[at]), None, None, in_units(int(most[at]), metric.scale), None)


def _last(metric: Metric, plan: Plan, window: str, table: Windows, everything: bool) -> Iterator[Value]:
    """Give the last value of each measurement, as of the moment at which it was observed."""
    size = len(plan.groups)
    amounts = added(plan.top, table, table.total((NOW, 0)).__getitem__, size)
    observed, restated = (total_of(plan.beside[name], table, (NOW, 0), size) for name in ("observed", "restated"))
    for at in changed(plan, observed > 0, (amounts, observed, restated), everything):
        yield Value(
            plan.groups[at], in_units(int(amounts[at]), metric.scale), None, None, 1, int(observed[at]),
            restated=bool(restated[at]),
        )  # fmt: skip


_Kind = Callable[[Metric, Plan, str, Windows, bool], Iterator[Value]]
#: Kinds of entries that are worked out here; counts that have a beginning are told by age.
KINDS: Final[dict[str, _Kind]] = {
    "ages": _ages,
    "oldest": _oldest,
    "survival": _medians,
    "spread": _spreads,
    "last": _last,
}
