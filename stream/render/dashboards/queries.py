"""Queries: PromQL for the panels, from entries of the catalog.

In:  a metric, labels to keep, a window variable.
Out: expressions. Each takes a series as it is whichever worker shows it, so that a move neither doubles nor loses.

Only what may be added up is added up: counts, and the parts of ratios before they are divided. Sites may be added,
since people are counted by site.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from stream.catalog import BY_NAME, NOW_WINDOW, Metric
from stream.errors import CatalogError
from stream.render.alerts.promql import one
from stream.serve.prometheus import PREFIX

SITES: Final = 'site=~"$site"'
#: Kinds of entries whose values do not add up.
HIGHEST: Final = frozenset({"survival", "oldest", "spread", "last", "largest"})


def entry(name: str) -> Metric:
    """Give an entry of the catalog by its name; one that is not there is named."""
    try:
        return BY_NAME[name]
    except KeyError:
        raise CatalogError(f"A dashboard shows {name}, which is not in the catalog.", where="stream/render/dashboards",
                           do="Correct the name there, or add the metric to stream/catalog.") from None  # fmt: skip


def series(metric: Metric, window: str, part: str = "", match: Mapping[str, str] | None = None, ago: str = "") -> str:
    """Give a metric, or a part of it, in a window; `ago` shifts it back.

    >>> series(entry("visitors"), "$window").removeprefix(one("").removesuffix("()"))
    '(leadpulse_visitors{site=~"$site",window="$window"})'
    """
    matchers = [SITES] if "site" in metric.labels else []
    matchers += [f'{label}="{value}"' for label, value in {**dict(metric.constant), **(match or {})}.items()]
    matchers += [f'window="{window}"'] if metric.windows else []
    inside = f"{{{','.join(matchers)}}}" if matchers else ""
    return one(f"{PREFIX}{metric.series}{part}{inside}{f' offset {ago}' if ago else ''}")


def added(metric: Metric, window: str, keep: tuple[str, ...], part: str = "", ago: str = "") -> str:
    """Add a count or a part of a ratio up over all labels but those to keep."""
    by = f" by ({', '.join(keep)})" if keep else ""
    return f"sum{by} ({series(metric, window, part, ago=ago)})"


def value(metric: Metric, window: str, keep: tuple[str, ...], ago: str = "") -> str:
    """Give the value of an entry by the labels to keep; nothing where there is nothing to divide by.

    What cannot be added up, such as a median or an age, is the highest of several; a summary gives its median.
    """
    if metric.kind == "summary":
        return quantile(metric, window, "0.5", {}, keep, ago)
    if metric.kind in ("count", "amount"):
        return added(metric, window, keep, ago=ago)
    if metric.kind in HIGHEST:
        return highest(metric, window, keep, ago=ago)
    top, bottom = (added(metric, window, keep, part, ago) for part in ("_numerator", "_denominator"))
    return f"{top} / ({bottom} > 0)"


def highest(metric: Metric, window: str, keep: tuple[str, ...], part: str = "", ago: str = "") -> str:
    """Give the highest value over all labels but those to keep."""
    by = f" by ({', '.join(keep)})" if keep else ""
    return f"max{by} ({series(metric, window, part, ago=ago)})"


def mature(metric: Metric, window: str, keep: tuple[str, ...]) -> str:
    """Give how much of a cohort's figure is final, of several the least."""
    by = f" by ({', '.join(keep)})" if keep else ""
    return f"min{by} ({series(metric, window, '_maturity')})"


def before(window: str) -> str:
    """Say how long ago a figure is compared with: one window, and a week where it is one of now."""
    return "7d" if window == NOW_WINDOW else window


def observations(metric: Metric, window: str, keep: tuple[str, ...], ago: str = "") -> str:
    """Give n: how many observations a ratio rests on."""
    return added(metric, window, keep, "_denominator", ago)


def quantile(
    metric: Metric, window: str, q: str, match: Mapping[str, str], keep: tuple[str, ...], ago: str = ""
) -> str:
    """Give a quantile; of several sites the highest, since quantiles do not add up."""
    by = f" by ({', '.join(keep)})" if keep else ""
    return f"max{by} ({series(metric, window, match={**match, 'quantile': q}, ago=ago)})"


def measured(metric: Metric, window: str, match: Mapping[str, str], keep: tuple[str, ...], ago: str = "") -> str:
    """Give n of a summary: how many durations were measured."""
    by = f" by ({', '.join(keep)})" if keep else ""
    return f"sum{by} ({series(metric, window, '_count', match, ago)})"


def judged(gauge: str, metric: Metric, window: str, label: str) -> str:
    """Give what the judge says of an entry by site and one more label, whose values it calls `value`."""
    by = "" if label == "site" else label
    keep = "site" if label == "site" else "site, value"
    return f'max by ({keep}) ({gauge}{{metric="{metric.series}",by="{by}",{SITES},window="{window}"}})'


def change(now: str, before: str) -> str:
    """Give the change against the former period as a share of it."""
    return f"({now}) / ({before} > 0) - 1"


def rate(selector: str, keep: tuple[str, ...]) -> str:
    """Give the increase a second of a counter; of the joined series, so that a move of its owner does not break it.

    The step of the subquery is said: left to Prometheus it is a minute, and a short interval holds one point or none.
    """
    return f"sum by ({', '.join(keep)}) (rate({one(selector)}[$__rate_interval:15s]))"
