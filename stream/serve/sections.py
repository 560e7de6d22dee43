"""Sections: the figures of leads and of money on the live page, a row each.

In:  figures; the site and window that a page shows; kinds of events that have no topic.
Out: for each section its rows in words; what a row lacks is said, so that nobody takes it for a nought.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from stream.catalog import AREAS, METRICS, Metric
from stream.catalog.sources import lacking
from stream.catalog.words import Now
from stream.serve import words
from stream.serve.cards import counts, parts, title, window_for
from stream.serve.figures import Figure, Key

#: Areas that have a section; their figures are those that stand first on their dashboards.
SECTIONS: Final = ("leads", "money")


def entries(metrics: Iterable[Metric] = METRICS) -> dict[str, list[Metric]]:
    """List the entries of each section."""
    return {
        area: [metric for metric in metrics if metric.area == area and Now() in metric.look.places] for area in SECTIONS
    }


def sections(
    figures: Mapping[Key, Figure], site: str, window: str, missing: frozenset[str], along: bool | None
) -> list[dict[str, Any]]:
    """Give the sections; none where nobody follows leads, and then `along` is None.

    It says whether shards of leads have taken in all that they were told.
    """
    return [
        {
            "name": area,
            "title": AREAS[area].title,
            "note": "" if along else "Not complete: leads are behind what is known of people.",
            "rows": [_row(metric, figures, site, window, missing) for metric in of],
        }
        for area, of in entries().items()
        if along is not None
    ]


def _row(
    metric: Metric, figures: Mapping[Key, Figure], site: str, window: str, missing: frozenset[str]
) -> dict[str, Any]:
    shown_in = window_for(metric, window)
    figure = figures.get(Key(site, shown_in, metric.name))
    absent = lacking(metric, missing)
    value, measure = (figure.value, figure.measure) if figure and not absent else (None, "")
    return {
        "metric": metric.name,
        "title": title(metric),
        "help": metric.help,
        "window": shown_in,
        "shown": words.value(value, metric.unit, measure),
        "state": "missing" if absent else "empty" if value is None else "",
        "said": f"source missing: {', '.join(absent)}" if absent else _said(metric, figure),
    }


def _said(metric: Metric, figure: Figure | None) -> str:
    """Say what a figure was divided from, what it consists of and how much of it is final."""
    if figure is None:
        return "no data"
    told = [
        counts(metric, figure),
        ", ".join(f"{part['name']} {part['shown']}" for part in parts(metric, figure)),
        f"{words.percent(figure.maturity)} of it final" if figure.maturity is not None else "",
    ]
    return "; ".join(filter(None, told))
