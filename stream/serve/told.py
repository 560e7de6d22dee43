"""Told: alerts as the page shows them: what stands and what stood, in words.

In:  the records of `leadpulse.alerts` of six weeks, settings of sites, a site.
Out: tables of plain values, the newest first; what the calendar marks now.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from stream.contract.alert import AlertRecord
from stream.judge.marks import Marks
from stream.judge.settings import Settings
from stream.judge.told import moment_ms
from stream.serve import words
from stream.serve.figures import ALL_SITES
from stream.serve.views import AlertsView

#: Spells that ended and are listed: more is in the topic.
MOST: Final = 200
#: In the strip above the figures.
_BRIEF: Final = 4
_ORDER: Final = ("page", "ticket", "info")
_HELD: Final = {
    "": "",
    "page": "not told: a page of the site stands, or its source is silent",
    "quiet": "not told before the quiet hours are over",
    "many_sites": "not told: many sites have pages at once",
}

Table = dict[str, Any]


def alerts_of(view: AlertsView | None, site: str) -> list[AlertRecord]:
    """Give the records of a site; those of many sites are of each."""
    records = () if view is None else view.records
    return [one for one in records if site in (ALL_SITES, one.site) or not one.site]


def table(record: AlertRecord) -> Table:
    """Put one alert in words and numbers."""
    labels = [value for value in record.value.split(",") if value]
    of = ", ".join(filter(None, [record.site, *labels]))
    return {
        "alert": record.alert,
        "title": record.alert.replace("_", " ").capitalize(),
        "of": of,
        "site": record.site,
        "metric": record.metric,
        "window": record.window,
        "state": record.state,
        "severity": record.severity,
        "since_ms": moment_ms(record.since),
        "at_ms": moment_ms(record.at),
        "lasted": words.span(max(0, moment_ms(record.at) - moment_ms(record.since)) / 1_000),
        "held": _HELD.get(record.held, record.held),
        "text": record.text,
        "missing": record.missing,
        "parts": [
            {"by": part.by.replace("_", " "), "value": part.value, "missing": part.missing, "share": part.share}
            for part in record.parts
        ],
        "runbook": f"/runbook#{record.alert.replace('_', '-')}",
    }


def listed(view: AlertsView | None, site: str) -> Table:
    """Give what stands, what stood, and what the calendar marks."""
    records = alerts_of(view, site)
    standing = [table(one) for one in records if one.state == "firing"]
    over = [table(one) for one in records if one.state != "firing"]
    return {
        "known": view is not None,
        "firing": sorted(standing, key=_first),
        "over": sorted(over, key=lambda one: (-one["at_ms"], one["alert"]))[:MOST],
        "calendar": [] if view is None else list(_calendar(view.settings, site, view.now_ms, view.sites)),
    }


def brief(view: AlertsView | None, site: str) -> Table:
    """Give what fires now for the strip above the figures: how many, and the first ones; info is no alarm."""
    firing = [table(one) for one in alerts_of(view, site) if one.state == "firing" and one.severity != "info"]
    firing.sort(key=_first)
    keys = ("title", "of", "site", "metric", "window", "severity", "since_ms", "text", "held")
    return {
        "pages": sum(one["severity"] == "page" and not one["held"] for one in firing),
        "count": len(firing),
        "first": [{key: one[key] for key in keys} for one in firing[:_BRIEF]],
    }


def _first(one: Table) -> tuple[bool, int, int, str]:
    return bool(one["held"]), _ORDER.index(one["severity"]), -one["since_ms"], one["alert"]


def _calendar(settings: Settings, site: str, now_ms: int, sites: Iterable[str]) -> Iterable[Table]:
    """Name the entries of the calendar that hold now: what they mark is neither judged nor an example."""
    if not settings.calendar or not now_ms:
        return
    marks = Marks(settings, now_ms)
    for each in sorted(sites) if site == ALL_SITES else [site]:
        metrics = sorted({metric for entry in settings.calendar for metric in entry.metrics}) or [""]
        names = {name: None for metric in ["", *metrics] for name in marks.names(each, metric, now_ms, now_ms + 1)}
        for name in names:
            yield {"site": each, "name": name}
