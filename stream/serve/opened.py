"""Opened: one figure with all that is known of it: what it consists of, whether that is as usual, and what to do.

In:  the shelf of a publication, verdicts, alerts; an entry, a site, a window.
Out: a table of plain values for the page: the figure, its formula, its windows, its parts each with a verdict, the
     alerts that are of it, with what a drop comes from and when it began.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from stream.catalog import BY_NAME, NOW_WINDOW, Metric
from stream.contract.alert import AlertRecord
from stream.judge.plan import PARTS, by_name
from stream.judge.why import by_part
from stream.serve import words
from stream.serve.all_figures import Seen, name_of, shown_of
from stream.serve.cards import STATES, card, counts, state_of_figure, title, window_for
from stream.serve.figures import ALL_SITES, Figure
from stream.serve.shelf import Set
from stream.serve.verdict import Verdict, verdict_of, verdict_of_part
from stream.settings.values import duration_ms

#: Rows of one table of parts.
MOST: Final = 50
#: Labels in words.
_LABELS: Final = {"page_group": "page", "capture_method": "way of capture", "from": "step", "value": "segment"}


def opened(seen: Seen, metric: Metric, alerts: list[dict[str, Any]]) -> dict[str, Any]:
    """Give all of one figure; `alerts` are those that are of it, in words."""
    window = window_for(metric, seen.window)
    figure = seen.shelf.figure(metric, seen.site, window)
    verdict = verdict_of(metric, seen.site, window, figure, seen.judged)
    out = card(metric, window, seen.window, figure, verdict)
    formula = metric.formula.replace("_", " ")
    top, _, bottom = formula.partition(" / ")
    sets = [] if set(metric.labels) <= {"site"} else seen.shelf.sets(metric, seen.site, window)
    if figure is None and sets:
        out |= {"state": "apart", "state_text": "", "detail": "told apart by labels: nothing of it adds up"}
    out |= {
        "above": _side(metric, figure.numerator if figure else None, top, figure),
        "below": _side(metric, figure.denominator if figure else None, bottom, figure),
        "formula": formula,
        "notes": metric.notes,
        "weeks": _weeks(seen, metric, window),
        "windows": [_window(seen, metric, name) for name in metric.windows],
        "parts": list(_tables(seen, metric, window, figure)),
        "alerts": alerts,
        "runbook": runbook_of(metric),
    }
    return out


def _side(metric: Metric, value: float | None, formula: str, figure: Figure | None) -> dict[str, str] | None:
    """Give one side of a ratio: its number, and what it is of."""
    if not metric.denominator or not formula:
        return None
    money = metric.unit == "currency" and figure is not None and value is not None
    shown = words.money(value or 0, figure.measure) if money and figure else ""
    return {"shown": shown or ("–" if value is None else words.number(value)), "of": formula}


def _window(seen: Seen, metric: Metric, window: str) -> dict[str, Any]:
    figure = seen.shelf.figure(metric, seen.site, window)
    verdict = verdict_of(metric, seen.site, window, figure, seen.judged)
    state, detail = state_of_figure(metric, window, figure, verdict)
    return {
        "window": window,
        "shown": words.value(figure.value, metric.unit, figure.measure) if figure else "–",
        "counts": counts(metric, figure),
        "state": state,
        "state_text": STATES.get(state, ""),
        "detail": detail,
    }


def _weeks(seen: Seen, metric: Metric, window: str) -> int | None:
    """Say how many former weeks the judge knew of the figure in the judged window that is nearest."""
    ones = [one for one in seen.judged.get(metric.series, ()) if one.site == seen.site]
    if not ones or window == NOW_WINDOW:
        return None
    apart = min(ones, key=lambda one: abs(duration_ms(one.window) - duration_ms(window)))
    return apart.verdict.weeks


# -- parts


def _tables(seen: Seen, metric: Metric, window: str, figure: Figure | None) -> Iterator[dict[str, Any]]:
    """Give a table of parts for each label that the catalog has the figure by, those that the judge looks at first."""
    own = [label for label in metric.labels if label not in ("site", "currency", "cost")]
    if seen.site == ALL_SITES or (own and figure is None):
        # of all sites by site, or what does not add up: each set of labels by itself
        sets = seen.shelf.sets(metric, seen.site, window)
        if sets:
            yield _table(seen, metric, window, " and ".join(_words(label) for label in _labels(sets)), sets)
        return
    done = set()
    for label, entry, overlaps in by_part(metric.name):
        found = _by(seen, entry, label, window, figure)
        if found:
            done.add(label)
            yield found | {"overlap": overlaps}
    for label in own:
        if label not in done and label not in PARTS and label not in ("from", "to"):
            found = _by(seen, metric, label, window, figure)
            if found:
                yield found


def _by(seen: Seen, entry: Metric, label: str, window: str, figure: Figure | None) -> dict[str, Any] | None:
    shown_in = window_for(entry, window)
    sets = seen.shelf.by(
        entry, seen.site, shown_in, label, figure.measure if figure and figure.measure.isupper() else ""
    )
    if not sets or (len(sets) == 1 and sets[0].labels[0][1] == "unknown"):
        return None
    return _table(seen, entry, shown_in, _words(label), sets)


def _table(seen: Seen, entry: Metric, window: str, by: str, sets: list[Set]) -> dict[str, Any]:
    rows = []
    for one in sets[:MOST]:
        labels = dict(one.labels)
        site = labels.pop("site", seen.site)
        verdict = verdict_of_part(entry, site, window, labels, seen.judged)
        rows.append(_part(entry, one, verdict, window))
    return {
        "by": by,
        "metric": entry.name,
        "title": title(entry),
        "window": window,
        "rows": rows,
        "more": max(0, len(sets) - MOST),
        "overlap": False,
    }


def _part(entry: Metric, one: Set, verdict: Verdict, window: str) -> dict[str, Any]:
    figure = one.figure
    state, detail = state_of_figure(entry, window, figure, verdict)
    missing = None
    if verdict.usual is not None and figure.denominator and entry.unit == "ratio":
        missing = round(verdict.usual * figure.denominator - (figure.numerator or 0), 1)
    elif verdict.usual is not None and figure.denominator is None:
        missing = round(verdict.usual - (figure.numerator or 0), 1)
    return {
        "name": name_of(one),
        "value": figure.value,
        "shown": shown_of(entry, figure),
        "counts": counts(entry, figure) if entry.look.told == "{n} of {d}" else _plain(figure),
        "n": figure.numerator,
        "d": figure.denominator,
        "state": state,
        "state_text": STATES.get(state, ""),
        "detail": detail,
        "missing": missing if state in ("drop", "rise") else None,
    }


def _plain(figure: Figure) -> str:
    if figure.denominator is None:
        return ""
    return f"{words.number(figure.numerator or 0)} of {words.number(figure.denominator)}"


def _labels(sets: list[Set]) -> list[str]:
    return [label for label, _ in sets[0].labels if label != "to"]


def _words(label: str) -> str:
    return _LABELS.get(label, label.replace("_", " "))


# -- the runbook


def runbook_of(metric: Metric) -> str:
    """Give the section of the runbook that is of a figure's alert; nothing where none judges it."""
    entry = by_name().get(metric.name)
    return "" if entry is None else f"/runbook#{entry.alert.replace('_', '-')}"


def concerns(record: AlertRecord, metric: Metric) -> bool:
    """Say whether an alert is of a figure: of the entry itself, or of its parts by a label."""
    if record.metric == metric.series:
        return True
    return any(entry.series == record.metric for _, entry, _ in by_part(metric.name))


def entry_named(name: str) -> Metric | None:
    """Find an entry by its name, as a link has it; None for what the catalog has not, and for totals."""
    found = BY_NAME.get(name)
    return found if found is not None and found.windows else None
