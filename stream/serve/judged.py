"""Judged: verdicts and alerts as gauges; rules, dashboards and pages of others read nothing else of the judge.

In:  the records of `leadpulse.alerts` that every worker knows; on the rollup's owner the verdicts of the last look.
Out: families of series.

A series of an alert stands at 0 before it ever fires and for a day after, so that its end is seen at once and a query
of it finds something. At most four series a figure and window.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from stream.changes.panes import DAY_MS
from stream.contract.alert import State
from stream.judge.alerts import known
from stream.judge.plan import MANY_SITES, by_name
from stream.judge.settings import EVERY
from stream.judge.told import moment_ms
from stream.judge.verdicts import Verdicts
from stream.serve.prometheus import Family, Labels, Number, Sample, series_text
from stream.serve.views import AlertsView, JudgedFigure

STATE: Final = "leadpulse_judged_state"
USUAL: Final = "leadpulse_judged_usual"
LIMIT: Final = "leadpulse_judged_limit"
NEEDED: Final = "leadpulse_judged_needed"
FIRING: Final = "leadpulse_alert_firing"
TEXT: Final = "leadpulse_alert_text"
CALENDAR: Final = "leadpulse_calendar_entries"

#: Number of a state; a figure that no window of is judged shows none.
STATES: Final[dict[State, int]] = {
    "ok": 0, "drop": 1, "rise": 1, "too_little": 2, "young": 3, "marked": 4, "waiting": 5,
}  # fmt: skip
_HELP: Final = {
    STATE: "0 as usual, 1 drop or rise, 2 too little to tell, 3 young, 4 marked by the calendar, 5 waiting.",
    USUAL: "What is usual for a figure at this hour.",
    LIMIT: "Value beyond which a figure is not as usual.",
    NEEDED: "Trials, or expected count, at which a half could be told.",
    FIRING: "1 while an alert fires, 0 for a day after; held: why nobody is told.",
    TEXT: "1 while an alert fires; text says what and why.",
    CALENDAR: "Entries of the calendar that are of a site.",
}


def figures_of(verdicts: Verdicts) -> tuple[JudgedFigure, ...]:
    """Give every figure that a look judged, with its verdict."""
    figures = []
    judged = verdicts.keys()
    for (name, site, value), window in judged:
        entry = by_name()[name]
        by = ",".join(label for label in entry.metric.labels if label in entry.by)
        verdict = verdicts.of(name, site, value, window)
        figures.append(JudgedFigure(entry.metric.series, site, by, ",".join(value), window, verdict))
    return tuple(figures)


def families(alerts: AlertsView | None, judged: Iterable[JudgedFigure]) -> list[Family]:
    """Give all families; without alerts only those of verdicts."""
    of_alerts = [] if alerts is None else [_firing(alerts), _texts(alerts), _calendar(alerts)]
    return [family for family in (*of_alerts, *_verdicts(judged)) if family.samples]


def _verdicts(figures: Iterable[JudgedFigure]) -> list[Family]:
    found = {name: Family(name, "gauge", _HELP[name]) for name in (STATE, USUAL, LIMIT, NEEDED)}
    for one in figures:
        verdict = one.verdict
        limit = None if verdict.usual is None else verdict.limit  # of what is not known there is none
        labels = (
            ("metric", one.metric), ("site", one.site), ("by", one.by), ("value", one.value), ("window", one.window),
        )  # fmt: skip
        values = {
            STATE: STATES.get(verdict.state), USUAL: verdict.usual, LIMIT: limit, NEEDED: verdict.needed,
        }  # fmt: skip
        for name, value in values.items():
            if value is not None:
                found[name].samples.append(_sample(name, labels, value))
    return list(found.values())


def _firing(view: AlertsView) -> Family:
    """Show each alert of each site, and each label set that fires or did within a day."""
    shown: dict[Labels, int] = {}
    for alert in known().values():
        for site in ("",) if alert.name == MANY_SITES else _sites(view):
            severity = alert.told(view.settings, site)
            if severity != "off":
                shown[_labels(alert.name, site, "", "", severity, "")] = 0
    for record in view.records:
        told = _labels(record.alert, record.site, record.by, record.value, record.severity, "")
        if record.state == "firing":
            # whoever was told hears at once that it is held back now
            shown.setdefault(told, 0)
            shown[(*told[:-1], ("held", record.held))] = 1
        elif view.now_ms - moment_ms(record.at) < DAY_MS:
            shown.setdefault(told, 0)
    family = Family(FIRING, "gauge", _HELP[FIRING])
    family.samples = [_sample(FIRING, labels, value) for labels, value in shown.items()]
    return family


def _texts(view: AlertsView) -> Family:
    family = Family(TEXT, "gauge", _HELP[TEXT])
    for record in view.records:
        if record.state == "firing":
            labels = (
                ("alert", record.alert), ("site", record.site), ("by", record.by), ("value", record.value),
                ("text", record.text),
            )  # fmt: skip
            family.samples.append(_sample(TEXT, labels, 1))
    return family


def _calendar(view: AlertsView) -> Family:
    family = Family(CALENDAR, "gauge", _HELP[CALENDAR])
    for site in _sites(view):
        count = sum(entry.sites == EVERY or site in entry.sites for entry in view.settings.calendar)
        family.samples.append(_sample(CALENDAR, (("site", site),), count))
    return family


def _sites(view: AlertsView) -> list[str]:
    """List the sites that are known: those with figures, and those of alerts."""
    return sorted({*view.sites, *(record.site for record in view.records)} - {""})


def _labels(alert: str, site: str, by: str, value: str, severity: str, held: str) -> Labels:
    return (
        ("alert", alert), ("site", site), ("by", by), ("value", value), ("severity", severity), ("held", held),
    )  # fmt: skip


def _sample(name: str, labels: Labels, value: Number) -> Sample:
    return Sample(series_text(name, labels), name, labels, value)
