"""Limits: plain comparisons that people asked for, beside the statistical ones.

In:  settings, figures now.
Out: judgements, one for each limit.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from stream.catalog import METRICS
from stream.judge.docket import Case, Group, Series
from stream.judge.history import Figure, Pairs
from stream.judge.judgement import Judgement
from stream.judge.plan import FOLDED, LIMIT, Judged, by_name
from stream.judge.rules import Ruled
from stream.judge.settings import EVERY, Limit, Settings


def limits(settings: Settings, figures: Mapping[Figure, int], now: Pairs) -> list[Ruled]:
    """Hold figures against the limits of settings."""
    return [ruled for at, limit in enumerate(settings.limits) if (ruled := _limit(limit, figures, now)) is not None]


def _limit(limit: Limit, figures: Mapping[Figure, int], now: Pairs) -> Ruled | None:
    rows, series, cases = [], [], []
    bounds = (("below", limit.below), ("above", limit.above))
    bound = " ".join(f"{side} {value:g}" for side, value in bounds if value is not None)
    bound += f" on {limit.least:g}" if limit.least else ""
    for metric in METRICS:
        if metric.series != limit.metric:
            continue
        known = by_name().get(metric.name)
        by = tuple(label for label in metric.labels if label in metric.judged_by) if known else metric.labels[1:]
        entry = Judged(metric, "share", by, (limit.window,), limit.severity, LIMIT, frozenset())
        for figure, row in figures.items():
            labels = dict(figure.labels)
            site = labels.pop("site", "")
            fits = figure.metric == metric.name and figure.window == limit.window and tuple(labels) == by
            mine = limit.sites == EVERY or site in limit.sites
            asked = all(labels.get(label) == value for label, value in limit.labels)
            if fits and mine and asked and FOLDED not in labels.values():
                rows.append(row)
                series.append(Series(entry, site, tuple(labels.values())))
                named = (("metric", limit.metric), ("window", limit.window), ("limit", bound), *labels.items())
                cases.append(Case(site, LIMIT, ",".join(n for n, _ in named), ",".join(v for _, v in named)))
    if not rows:
        return None
    places = np.arange(len(rows))
    return Ruled(Group("limit", "", series, cases=cases), limit.window, places, cases, _judged(limit, rows, now))


def _judged(limit: Limit, rows: list[int], now: Pairs) -> Judgement:
    figure, over = now.successes[rows], now.trials[rows]
    count = np.isnan(over)
    value = np.where(count, figure, figure / over)
    much = np.where(count, figure, over)
    low, high = (np.nan if bound is None else bound for bound in (limit.below, limit.above))
    holds = ((value < low) | (value > high)) & (much >= limit.least)
    line = np.where(value > high, high, np.where(np.isnan(low), high, low))
    nothing = np.full(value.shape, np.nan)
    return Judgement(
        figure, over, nothing, line, holds, holds, ~np.isnan(value), np.zeros(value.shape, np.bool_),
        np.full(value.shape, float(limit.least)), much, nothing,
    )  # fmt: skip
