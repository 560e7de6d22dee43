"""Figures: the main metrics of each site and window, with finer labels added up.

In:  a snapshot of readings.
Out: one figure for each site, window and metric of tier main; all sites together where there are several.

Only what may be added up is added up: counts, and numerators and denominators of ratios before they are divided.
Money is never added across currencies: the figure is that of the currency with the most spend, the others are
parts. A median of several sites cannot be had from theirs, so there the mean stands in its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final, NamedTuple

from stream.catalog import BY_NAME, METRICS, Metric
from stream.contract.readings import Reading

ALL_SITES: Final = ""
#: Labels whose values are looked at side by side: what is added up over them says nothing.
_SIDE_BY_SIDE: Final = frozenset(
    {"from", "to", "model", "threshold", "framework", "provider", "entity", "type", "segment", "class"}
)
_ADDED_KINDS: Final = ("count", "amount", "ratio", "summary")
CURRENCY: Final = "currency"


class Key(NamedTuple):
    """What a figure is of."""

    site: str
    window: str
    metric: str


class Part(NamedTuple):
    """A figure's share of one label value."""

    name: str
    value: float | None
    numerator: float
    denominator: float


@dataclass(slots=True)
class Figure:
    """A value, what it was divided from, and its parts; a count is its own numerator."""

    value: float | None = None
    numerator: float | None = None
    denominator: float | None = None
    measure: str = ""  # currency; or mean, median
    high: float | None = None  # the 90 % quantile of a summary
    parts: tuple[Part, ...] = ()
    maturity: float | None = None  # of a cohort: how much of the figure is final


@dataclass(slots=True)
class _Sum:
    numerator: float = 0
    denominator: float = 0
    parts: dict[str, list[float]] = field(default_factory=dict)
    money: dict[str, list[float]] = field(default_factory=dict)  # by currency
    quantiles: dict[str, float | None] = field(default_factory=dict)
    maturity: float | None = None


def overview(metrics: Iterable[Metric] = METRICS) -> list[Metric]:
    """List the metrics of tier main in the order of the page; new ones of the catalog come last."""
    main = [metric for metric in metrics if metric.tier == "main"]
    return sorted(main, key=lambda metric: metric.look.rank or len(main) + 1)


def adds_up(metric: Metric) -> bool:
    """Say whether the readings of a site add up to one figure.

    Not where one person may come by several values, nor of what is looked at side by side; a focus picks one of these.

    >>> [adds_up(BY_NAME[name]) for name in ("leads", "channel_visitors", "attributed_leads", "funnel_step_seconds")]
    [True, False, False, True]
    """
    more = [label for label in metric.labels if label != "site"]
    if not more or metric.look.focus:
        return True
    return metric.kind in ("count", "amount", "ratio") and not metric.people and _SIDE_BY_SIDE.isdisjoint(more)


@cache
def _entries() -> dict[str, tuple[Metric, ...]]:
    found: dict[str, list[Metric]] = {}
    for metric in METRICS:
        found.setdefault(metric.series, []).append(metric)
    return {series: tuple(some) for series, some in found.items()}


def entry_of(reading: Reading) -> Metric | None:
    """Give the entry of the catalog that a reading is of; None for totals, and for what the catalog has not."""
    some = _entries().get(reading.metric, ())
    if len(some) == 1:
        return some[0]
    labels = reading.labels
    return next((one for one in some if all(labels.get(label) == value for label, value in one.constant)), None)


def figures(readings: Iterable[Reading], metrics: Iterable[Metric] | None = None) -> dict[Key, Figure]:
    """Work out the figures of some metrics, or of the main ones; those that do not add up have none.

    10,000 readings take about 3 ms, most of it for passing over the others; of all metrics 15 ms.
    """
    some = [metric for metric in (overview() if metrics is None else metrics) if adds_up(metric)]
    wanted, names = {metric.series for metric in some}, {metric.name for metric in some}
    sums: dict[Key, _Sum] = {}
    for reading in readings:
        if reading.metric in wanted and reading.window is not None:
            metric = entry_of(reading)
            if metric is not None and metric.name in names:
                _add(sums, reading, metric)
    _add_all_sites(sums)
    return {key: _figure(BY_NAME[key.metric], of) for key, of in sums.items()}


def sites(figures: Mapping[Key, Figure]) -> list[str]:
    """Name the sites, without the sum of all."""
    return sorted({key.site for key in figures if key.site != ALL_SITES})


def _add(sums: dict[Key, _Sum], reading: Reading, metric: Metric) -> None:
    labels = reading.labels
    if any(labels.get(label) != value for label, value in metric.look.focus):
        return
    key = Key(labels.get("site", "unknown"), str(reading.window), metric.name)
    of = sums.get(key)
    if of is None:
        of = sums[key] = _Sum()
    if "quantile" in labels:
        of.quantiles[labels["quantile"]] = reading.value
        of.numerator, of.denominator = reading.numerator or 0, reading.denominator or 0
        return
    if metric.kind not in _ADDED_KINDS:  # it has one label set, and is what it says
        of.quantiles["value"] = reading.value
        return
    is_count = metric.kind in ("count", "amount")
    numerator = (reading.value if is_count else reading.numerator) or 0
    denominator = 0 if is_count else reading.denominator or 0
    of.numerator += numerator
    of.denominator += denominator
    if reading.maturity is not None:
        of.maturity = reading.maturity if of.maturity is None else min(of.maturity, reading.maturity)
    for label, parts in ((metric.look.split, of.parts), (CURRENCY if CURRENCY in metric.labels else None, of.money)):
        if label:
            part = parts.setdefault(labels.get(label, "unknown"), [0, 0])
            part[0] += numerator
            part[1] += denominator


def _add_all_sites(sums: dict[Key, _Sum]) -> None:
    """Add the sites up, once there are two; people are counted by site, so that no person counts twice."""
    if len({key.site for key in sums}) < 2:
        return
    for key, of in list(sums.items()):
        whole = sums.setdefault(Key(ALL_SITES, key.window, key.metric), _Sum())
        whole.numerator += of.numerator
        whole.denominator += of.denominator
        if of.maturity is not None:
            whole.maturity = of.maturity if whole.maturity is None else min(whole.maturity, of.maturity)
        for parts, mine in ((whole.parts, of.parts), (whole.money, of.money)):
            for name, (numerator, denominator) in mine.items():
                part = parts.setdefault(name, [0, 0])
                part[0] += numerator
                part[1] += denominator


def _figure(metric: Metric, of: _Sum) -> Figure:
    parts = tuple(Part(name, _divided(metric, *both), *both) for name, both in sorted(of.parts.items()))
    if metric.kind not in _ADDED_KINDS:
        return Figure(of.quantiles.get("value"))
    if metric.kind == "summary":
        if of.quantiles:
            return Figure(of.quantiles.get("0.5"), of.numerator, of.denominator, "median", of.quantiles.get("0.9"))
        return Figure(_divided(metric, of.numerator, of.denominator), of.numerator, of.denominator, "mean")
    is_count = metric.kind in ("count", "amount")
    if of.money:  # of several currencies the one with the most stands for the site
        currency, (top, bottom) = max(of.money.items(), key=lambda item: item[1][0])
        value = _divided(metric, top, bottom)
        return Figure(value, top, None if is_count else bottom, currency, parts=parts, maturity=of.maturity)
    if is_count:
        return Figure(of.numerator, of.numerator, None, parts=parts)
    value = _divided(metric, of.numerator, of.denominator)
    return Figure(value, of.numerator, of.denominator, parts=parts, maturity=of.maturity)


def _divided(metric: Metric, numerator: float, denominator: float) -> float | None:
    if metric.kind in ("count", "amount"):
        return numerator
    return numerator / denominator if denominator else None
