"""Made past: six weeks of believable figures by the hour and two days by ten minutes, without a log.

In:  a moment, sites.
Out: what a worker reads the past from; a drop that fires, in the words of the judge.
"""

from __future__ import annotations

from stream.changes.panes import HOUR_MS
from stream.contract.alert import AlertRecord, Part
from stream.judge.history import KEPT, SLOTS, History
from stream.judge.readings import Names, figures_of
from stream.judge.told import iso
from stream.serve.figures import overview
from stream.serve.points import SLOTS as TENS
from stream.serve.points import TEN_MS, by_hours, points
from stream.serve.views import PastView
from tests.fabric import readings

MAIN = frozenset(metric.name for metric in overview())


def past(now_ms: int, sites: tuple[str, ...], hours: int = SLOTS, tens: int = TENS) -> PastView:
    """Give the past of the main figures."""
    view = PastView(History(), History(TENS), History())
    names = Names()
    for hour in range(now_ms // HOUR_MS - hours + 1, now_ms // HOUR_MS + 1):
        some = readings(hour * HOUR_MS, sites, names=MAIN)
        seen = figures_of([one for one in some if one.window in KEPT], names)
        rows = [view.hours.row(figure) for figure in seen]
        view.hours.put(hour, rows, [one.successes for one in seen.values()], [one.trials for one in seen.values()])
        _put(view.shown, hour, by_hours(points(some)))
    for ten in range(now_ms // TEN_MS - tens + 1, now_ms // TEN_MS + 1):
        _put(view.tens, ten, points(readings(ten * TEN_MS, sites, names=MAIN)))
    return view


def _put(history: History, slot: int, found: dict) -> None:  # type: ignore[type-arg]
    rows = [history.row(name) for name in found]
    history.put(slot, rows, [pair[0] for pair in found.values()], [pair[1] for pair in found.values()])


def drop(
    now_ms: int, site: str = "shop", *, state: str = "firing", ago_min: int = 20, **changed: object
) -> AlertRecord:
    """Give an alert: a form is dead, and brings no leads."""
    fields = {
        "alert": "visit_to_lead_drop", "site": site, "by": "", "value": "", "state": state, "severity": "page",
        "since": iso(now_ms - ago_min * 60_000), "at": iso(now_ms - 60_000), "metric": "visit_to_lead_ratio",
        "window": "1h", "figure": 0.0256, "numerator": 11, "denominator": 429, "usual": 0.061, "limit": 0.055, "n": 429,
        "needed": 690, "missing": 15.2, "moved": "numerator",
        "parts": [Part("form", "demo", 13.1, 0.86), Part("channel", "paid_search", 4.0, 0.26)],
        "text": f"Fewer visitors become leads than usual. visit_to_lead_ratio of {site} over 1h: 2.6 % (11 of 429);"
        " usual 6.1 %, limit 5.5 %. Missing: form demo 13, channel paid_search 4 (these overlap).",
        "runbook": "http://localhost:9464/runbook#visit-to-lead-drop", "seq": 71, "catalog_version": "x",
    }  # fmt: skip
    return AlertRecord(**{**fields, **changed})  # type: ignore[arg-type]
