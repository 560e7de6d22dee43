"""Queries: PromQL for the panels, from entries of the catalog.

In:  a metric, labels to keep, a window variable.
Out: expressions. Each takes a series as it is whichever worker shows it, so that a move neither doubles nor loses.

Only what may be added up is added up: counts, and the parts of ratios before they are divided. Sites may be added,
since people are counted by site.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from stream.catalog import BY_NAME, Metric
from stream.errors import CatalogError
from stream.render.alerts.promql import one
from stream.serve.prometheus import PREFIX

SITES: Final = 'site=~"$site"'


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
    matchers += [f'{label}="{value}"' for label, value in (match or {}).items()]
    matchers += [f'window="{window}"'] if metric.windows else []
    inside = f"{{{','.join(matchers)}}}" if matchers else ""
    return one(f"{PREFIX}{metric.name}{part}{inside}{f' offset {ago}' if ago else ''}")


def added(metric: Metric, window: str, keep: tuple[str, ...], part: str = "", ago: str = "") -> str:
    """Add a count or a part of a ratio up over all labels but those to keep."""
    by = f" by ({', '.join(keep)})" if keep else ""
    return f"sum{by} ({series(metric, window, part, ago=ago)})"


def value(metric: Metric, window: str, keep: tuple[str, ...], ago: str = "") -> str:
    """Give the value of a count or ratio by the labels to keep; nothing where there is nothing to divide by."""
    if metric.kind in ("count", "amount"):
        return added(metric, window, keep, ago=ago)
    top, bottom = (added(metric, window, keep, part, ago) for part in ("_numerator", "_denominator"))
    return f"{top} / ({bottom} > 0)"


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


def change(now: str, before: str) -> str:
    """Give the change against the former period as a share of it."""
    return f"({now}) / ({before} > 0) - 1"


def rate(selector: str, keep: tuple[str, ...]) -> str:
    """Give the increase a second of a counter; of the joined series, so that a move of its owner does not break it."""
    return f"sum by ({', '.join(keep)}) (rate({one(selector)}[$__rate_interval:]))"
