"""API: what a page asks for beside the stream: charts, all figures, one of them, alerts, trust; as JSON, or as CSV.

In:  a scene (what is known at one instant), the name of a table, a query.
Out: plain values, which the page draws and a script reads; or the same as CSV.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from stream.catalog import Metric
from stream.judge.marks import Marks
from stream.serve import export, told
from stream.serve.all_figures import Seen, all_figures
from stream.serve.cards import window_for
from stream.serve.figures import ALL_SITES, Key, overview
from stream.serve.opened import concerns, entry_named, opened
from stream.serve.page_model import Publication, View, missing, settled, zone_of
from stream.serve.past import FIRST_SPAN, SPANS, Drawn, Lines, Points
from stream.serve.shelf import Shelf
from stream.serve.trust import details
from stream.serve.views import AlertsView, LetterView

Table = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Scene:
    """All that is known at one instant."""

    shown: Publication
    shelf: Callable[[], Shelf]  # made when somebody asks
    lines: Lines | None  # None: nothing keeps the past here
    recent: Callable[[Key], Points]
    alerts: AlertsView | None
    letters: tuple[LetterView, ...] | None
    now_ms: int


def _charts(scene: Scene, view: View, query: Mapping[str, str]) -> Table | None:
    """Draw the main figures, or the one that is asked for."""
    span = query.get("span", FIRST_SPAN)
    if span not in SPANS:
        span = FIRST_SPAN
    metrics = overview()
    if name := query.get("metric"):
        metric = entry_named(name)
        if metric is None:
            return None
        metrics = [metric]
    drawn = {metric.name: _chart(scene, view, metric, span) for metric in metrics}
    return _head(scene, view) | {"span": span, "spans": list(SPANS), "charts": drawn}


def _chart(scene: Scene, view: View, metric: Metric, span: str) -> Table:
    window = window_for(metric, view.window)
    key = Key(view.site, window, metric.name)
    figure = scene.shown.figures.get(key) or scene.shown.beside.get(key)
    if figure is None:
        figure = scene.shelf().figure(metric, view.site, window)
    if figure is None:
        return {"start": 0, "after": [], "values": []}
    recent = scene.recent(key)
    if scene.lines is None:
        at_ms, values = recent
        start = at_ms[0] // 1_000 if at_ms else 0
        return {"start": start, "after": [at // 1_000 - start for at in at_ms], "values": values}
    zone, marks = zone_of(scene.alerts, view.site), None
    if scene.alerts is not None and scene.alerts.settings.calendar and view.site != ALL_SITES:
        marks = Marks(scene.alerts.settings, scene.shown.as_of_ms).spans(view.site, metric.series)
    drawn = Drawn(metric, view.site, window, figure.measure, zone, marks)
    return scene.lines.chart(drawn, span, scene.shown.as_of_ms, recent)


def _seen(scene: Scene, view: View) -> Seen:
    shown = scene.shown
    return Seen(
        scene.shelf(), view.site, view.window, shown.judged, missing(shown), leads=shown.along is not None
    )  # fmt: skip


def _figures(scene: Scene, view: View, _query: Mapping[str, str]) -> Table:
    return _head(scene, view) | {"sections": all_figures(_seen(scene, view))}


def _figure(scene: Scene, view: View, query: Mapping[str, str]) -> Table | None:
    metric = entry_named(query.get("metric", ""))
    if metric is None:
        return None
    mine = [told.table(one) for one in told.alerts_of(scene.alerts, view.site) if concerns(one, metric)]
    mine.sort(key=lambda one: (one["state"] != "firing", -one["at_ms"]))
    return _head(scene, view) | opened(_seen(scene, view), metric, mine[:_ALERTS])


def _alerts(scene: Scene, view: View, _query: Mapping[str, str]) -> Table:
    return _head(scene, view) | told.listed(scene.alerts, view.site)


def _trust(scene: Scene, view: View, _query: Mapping[str, str]) -> Table:
    totals = [reading for reading in scene.shown.readings if reading.window is None]
    letters = None
    if scene.letters is not None:
        letters = [
            {
                "topic": one.topic, "partition": one.partition, "offset": one.offset, "at_ms": one.at_ms,
                "kind": one.kind, "site": one.site, "reason": one.reason, "path": one.path,
            }
            for one in scene.letters
        ]  # fmt: skip
    return _head(scene, view) | details(totals) | {"letters": letters}


def _head(scene: Scene, view: View) -> Table:
    return {
        "site": view.site,
        "as_of_ms": scene.shown.as_of_ms or None,
        "zone": zone_of(scene.alerts, view.site),
        "of_window": view.window,
    }


#: Alerts that an opened figure lists.
_ALERTS: Final = 20
_Make = Callable[[Scene, View, Mapping[str, str]], Table | None]
TABLES: Final[dict[str, _Make]] = {
    "charts": _charts,
    "figures": _figures,
    "figure": _figure,
    "alerts": _alerts,
    "trust": _trust,
}
_CSV: Final[dict[str, Callable[[Mapping[str, Any]], bytes]]] = {
    "figures": export.figures,
    "figure": export.figure,
    "alerts": export.alerts,
    "trust": export.trust,
}


def table(name: str, scene: Scene, query: Mapping[str, str]) -> Table | None:
    """Give a table; None for one that there is not."""
    view = settled(scene.shown, View(query.get("site", ""), query.get("window", "")))
    return TABLES[name](scene, view, query)


def as_csv(name: str, found: Table) -> bytes | None:
    """Write a table as CSV; None for one that is no list."""
    write = _CSV.get(name)
    return None if write is None else write(found)


def file_name(name: str, query: Mapping[str, str]) -> str:
    """Name the file that a browser keeps a table in: by plain letters only, whatever a link says.

    >>> file_name("figure", {"metric": "visitors"}), file_name("figures", {})
    ('leadpulse-visitors', 'leadpulse-figures')
    """
    metric = entry_named(query.get("metric", ""))
    return f"leadpulse-{name if metric is None else metric.name}"
