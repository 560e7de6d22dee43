"""All figures: every entry of the catalog as a row, in the sections of the catalog, and funnels step by step.

In:  the shelf of a publication, verdicts, kinds of events that have no topic, whether anybody follows leads.
Out: sections with rows in words; none is absent: what cannot be told says why.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from stream.catalog import AREAS, METRICS, Metric
from stream.catalog.sources import lacking
from stream.catalog.words import OfStep
from stream.serve import words
from stream.serve.cards import STATES, counts, state_of_figure, title, window_for
from stream.serve.figures import ALL_SITES, Figure
from stream.serve.shelf import Set, Shelf
from stream.serve.verdict import Judged, verdict_of, verdict_of_part

#: Areas that are there only where leads are followed.
OF_LEADS: Final = ("leads", "money")
#: Sets of labels that a row names; the opened figure has them all.
_NAMED: Final = 4
_BESIDE: Final[tuple[OfStep, ...]] = ("waiting", "time", "in_time")

Row = dict[str, Any]
Way = tuple[str, str]


class Seen:
    """What all rows are made from."""

    def __init__(
        self, shelf: Shelf, site: str, window: str, judged: Judged, missing: frozenset[str], *, leads: bool
    ) -> None:
        self.shelf, self.site, self.window, self.judged, self.missing = shelf, site, window, judged, missing
        self.leads = leads


def all_figures(seen: Seen) -> list[Row]:
    """Give the sections in the order of the catalog."""
    out = []
    for area, of in AREAS.items():
        entries = [metric for metric in METRICS if metric.area == area]
        section: Row = {"name": area, "title": of.title, "note": "", "rows": [], "funnels": []}
        if area in OF_LEADS and not seen.leads:
            section["note"] = "Nobody follows leads here: the topics crm and leads are missing."
        section["rows"] = [row(seen, metric) for metric in entries]
        section["funnels"] = funnels(seen, area)
        out.append(section)
    return out


def row(seen: Seen, metric: Metric) -> Row:
    """Give the row of one entry."""
    window = window_for(metric, seen.window)
    absent = lacking(metric, seen.missing)
    figure = None if absent else seen.shelf.figure(metric, seen.site, window)
    verdict = verdict_of(metric, seen.site, window, figure, seen.judged)
    state, detail = state_of_figure(metric, window, figure, verdict)
    named = [] if absent else _named(metric, seen, window)
    if absent:
        state, detail = "missing", f"source missing: {', '.join(absent)}"
    elif figure is None and named:  # told apart by labels: no figure of the whole
        state, detail = (state if state in ("drop", "rise") else "apart"), ""
    return {
        "metric": metric.name,
        "title": title(metric),
        "help": metric.help,
        "unit": metric.unit,
        "window": window,
        "value": figure.value if figure else None,
        "measure": figure.measure if figure else "",
        "shown": words.value(figure.value, metric.unit, figure.measure) if figure else "–",
        "said": "; ".join(filter(None, (counts(metric, figure), ", ".join(named)))),
        "state": state,
        "state_text": STATES.get(state, ""),
        "detail": detail,
    }


def _named(metric: Metric, seen: Seen, window: str) -> list[str]:
    if set(metric.labels) <= {"site"}:
        return []
    sets = seen.shelf.sets(metric, seen.site, window)
    some = [f"{name_of(one)} {shown_of(metric, one.figure)}" for one in sets[:_NAMED]]
    return [*some, f"{len(sets) - _NAMED} more"] if len(sets) > _NAMED else some


def name_of(one: Set) -> str:
    """Name a set of labels by its values; of a step, from where to where."""
    labels = dict(one.labels)
    step = f"{labels.pop('from')} → {labels.pop('to')}" if {"from", "to"} <= labels.keys() else ""
    return " · ".join(filter(None, [step, *labels.values()])).replace("_", " ")


def shown_of(metric: Metric, figure: Figure) -> str:
    """Write the figure of one set of labels."""
    return words.value(figure.value, metric.unit, figure.measure)


# -- funnels


def funnels(seen: Seen, area: str) -> list[Row]:
    """Give the funnels of an area: who took each step, who still may, and how long it takes."""
    entries: dict[OfStep, Metric] = {
        metric.look.step: metric for metric in METRICS if metric.area == area and metric.look.step is not None
    }
    share = entries.get("share")
    if share is None:
        return []
    sets: dict[OfStep, list[Set]] = {step: _sets(seen, metric) for step, metric in entries.items()}
    if seen.site == ALL_SITES and len({dict(one.labels).get("site") for one in sets["share"]}) > 1:
        return []  # people of several sites take the steps of each: choose one
    of = {step: {_way(one): one.figure for one in some} for step, some in sets.items()}
    window = window_for(share, seen.window)
    out = []
    for chain in _ways(of["share"]):
        steps = [_step(seen, entries, of, way, window) for way in chain]
        ends = [chain[0][0], *(to for _, to in chain)]
        out.append({"title": " → ".join(ends).replace("_", " "), "window": window, "steps": steps})
    return out


def _step(
    seen: Seen, entries: Mapping[OfStep, Metric], of: Mapping[OfStep, dict[Way, Figure]], way: Way, window: str
) -> Row:
    figure = of["share"][way]
    none: dict[Way, Figure] = {}
    waits, took, soon = (of.get(one, none).get(way) for one in _BESIDE)
    judged = entries.get("in_time", entries["share"])
    verdict = verdict_of_part(judged, seen.site, window, {"from": way[0], "to": way[1]}, seen.judged)
    return {
        "from": way[0].replace("_", " "),
        "to": way[1].replace("_", " "),
        "began": figure.denominator or 0,
        "reached": figure.numerator or 0,
        "shown": words.value(figure.value, "ratio"),
        "waiting": None if waits is None else waits.value,
        "median": words.value(took.value, "seconds") if took and took.value is not None else "",
        "high": words.value(took.high, "seconds") if took and took.high is not None else "",
        "in_time": words.value(soon.value, "ratio") if soon and soon.value is not None else "",
        "state": verdict.state if verdict.state in ("drop", "rise") else "",
    }


def _sets(seen: Seen, metric: Metric) -> list[Set]:
    return seen.shelf.sets(metric, seen.site, window_for(metric, seen.window))


def _way(one: Set) -> Way:
    labels = dict(one.labels)
    return labels["from"], labels["to"]


def _ways(steps: Iterable[Way]) -> list[list[Way]]:
    """Put steps together that follow each other; a step belongs to one way.

    >>> _ways([("view", "start"), ("view", "lead"), ("start", "submit")])
    [[('view', 'start'), ('start', 'submit')], [('view', 'lead')]]
    """
    left = list(steps)
    ends = {to for _, to in left}
    out = []
    for first in [step for step in left if step[0] not in ends] + left:
        if first not in left:
            continue
        chain = [first]
        left.remove(first)
        while (further := next((step for step in left if step[0] == chain[-1][1]), None)) is not None:
            chain.append(further)
            left.remove(further)
        out.append(chain)
    return sorted(out, key=lambda chain: -len(chain))
