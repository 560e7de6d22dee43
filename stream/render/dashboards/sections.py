"""Sections: the rows of a dashboard, made of the entries that have their place there.

In:  entries of the catalog, with their places; the windows that a dashboard offers.
Out: rows of panels. An entry without a place stands in a table of the last row, so that none is ever absent.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from stream.catalog import AREAS, METRICS, STEP_TARGETS_S, Metric
from stream.catalog.areas import Section, sections_of
from stream.catalog.words import Chart, Column, EachStep, Now
from stream.errors import CatalogError
from stream.render.dashboards.panels import Panel, breakdown, durations, figure, over_time, share_over_time
from stream.serve.cards import title

#: Variables that choose a window: name → windows, and the one chosen at first.
Windows = dict[str, tuple[tuple[str, ...], str]]
Row = tuple[str, list[Panel]]

NOW: Final = "Now"
REST: Final = "More figures"


def window_of(metric: Metric, on: Windows) -> str:
    """Name the first variable of a dashboard whose windows a metric has; what has one window is read in that.

    >>> from stream.catalog import ADS, BY_NAME, MONEY
    >>> on = {"window": (ADS, "24h"), "money_window": (MONEY, "7d")}
    >>> window_of(BY_NAME["visitors"], on), window_of(BY_NAME["cost_per_lead"], on)
    ('$window', '$money_window')
    """
    if len(metric.windows) == 1:
        return metric.windows[0]
    for name, (windows, _) in on.items():
        if set(windows) <= set(metric.windows):
            return f"${name}"
    raise CatalogError(
        f"No window of a dashboard fits {metric.name}: it has {', '.join(metric.windows)}.",
        where="stream/render/dashboards/boards.py",
        do="Give the dashboard a variable with them.",
    )


def own_rows(dashboard: str, on: Windows, metrics: Iterable[Metric] = METRICS) -> Iterable[Row]:
    """Give the rows of a dashboard of areas: the figures of now, its sections, a row a step, and what is left."""
    found = entries(dashboard, metrics)
    now = [figure(metric, window_of(metric, on)) for metric in found if Now() in metric.look.places]
    sections = {section.name: section_panels(section, found, on) for section in sections_of(dashboard)}
    yield NOW, [*now, *sections.pop(NOW, [])]
    yield from sections.items()
    yield from _steps(found, on)
    yield from rest(dashboard, on, metrics)


def rest(dashboard: str, on: Windows, metrics: Iterable[Metric] = METRICS) -> Iterable[Row]:
    """Give the row of the entries that have no place of their own: a table for those of the same labels and windows."""
    alike: dict[tuple[tuple[str, ...], str], list[Metric]] = {}
    charts = []
    for metric in entries(dashboard, metrics):
        if metric.look.places:
            continue
        keep, window = tuple(label for label in metric.labels if label != "site") or ("site",), window_of(metric, on)
        if metric.kind == "summary":
            charts.append(durations(metric, window, keep, title(metric)))
        else:
            alike.setdefault((keep, window), []).append(metric)
    tables = [
        breakdown(some, window, keep, f"By {', '.join(keep)}".replace("_", " "))
        for (keep, window), some in alike.items()
    ]
    if charts or tables:
        yield REST, charts + tables


def entries(dashboard: str, metrics: Iterable[Metric] = METRICS) -> list[Metric]:
    """List the entries of a dashboard's areas: main ones first, ratios before what they are made of."""
    found = [metric for metric in metrics if AREAS[metric.area].dashboard == dashboard]
    return sorted(found, key=lambda metric: (metric.tier != "main", metric.unit != "ratio"))


def section_panels(section: Section, found: list[Metric], on: Windows) -> list[Panel]:
    """Give the panels of a section: charts, then tables."""
    placed = [(metric, place) for metric in found for place in metric.look.places]
    charts = [
        chart(metric, on, place.by, place.title)
        for metric, place in placed
        if isinstance(place, Chart) and place.section == section.name
    ]
    tables: list[Panel] = []
    for table in section.tables:
        by_window: dict[str, list[Metric]] = {}
        for metric in found:
            if Column(section.name, table.name) in metric.look.places:
                by_window.setdefault(window_of(metric, on), []).append(metric)
        tables += [breakdown(some, window, table.by, table.name, table.width) for window, some in by_window.items()]
    return charts + tables


def chart(metric: Metric, on: Windows, by: str = "site", name: str = "") -> Panel:
    """Chart an entry by a label, whatever its kind."""
    window = window_of(metric, on)
    if metric.kind == "summary":
        return durations(metric, window, (by,), name or title(metric), dict(metric.look.focus))
    return over_time(metric, window, by, name)


def _steps(found: list[Metric], on: Windows) -> Iterable[Row]:
    """Give a row for each step of the funnel, that of the overview first."""
    each = [metric for metric in found if EachStep() in metric.look.places]
    each.sort(key=lambda metric: metric.kind != "summary")
    focus = next((metric.look.focus for metric in each if metric.look.focus), ())
    shown = tuple(value for _, value in focus)
    for start, end in sorted(STEP_TARGETS_S, key=lambda step: step != shown) if each else ():
        match, name = {"from": start, "to": end}, f"{start} → {end}".replace("_", " ")
        yield name.capitalize(), [_step(metric, window_of(metric, on), match, name) for metric in each]


def _step(metric: Metric, window: str, match: dict[str, str], name: str) -> Panel:
    if metric.kind == "summary":
        return durations(metric, window, ("site",), f"Time: {name}", match)
    return share_over_time(metric, window, match, f"Share that took the step: {name}")
