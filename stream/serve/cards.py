"""Cards: one figure of the overview with everything said about it.

In:  a metric of the catalog, its figure, and the verdict on it.
Out: a table of plain values for the page: title, value, counts, parts, state, in words and in numbers.
"""

from __future__ import annotations

from typing import Any, Final

from stream.catalog import NOW_WINDOW, Metric
from stream.serve import words
from stream.serve.figures import Figure
from stream.serve.verdict import Verdict
from stream.settings.values import duration_ms

Card = dict[str, Any]

STATES: Final = {
    "ok": "OK",
    "drop": "Drop",
    "rise": "Rise",
    "too_little": "Not enough data",
    "young": "No baseline yet",
    "marked": "Not judged",
    "waiting": "Not judged",
    "empty": "No data",
    "unknown": "Not known",
    "missing": "No source",
}


def window_for(metric: Metric, window: str) -> str:
    """Choose the window of a metric that is shown: the one asked for, else its next longer one, else its longest.

    What stands has one alone.

    >>> from stream.catalog import BY_NAME
    >>> [window_for(BY_NAME["cost_per_lead"], window) for window in ("5m", "24h", "90d")]
    ['24h', '24h', '90d']
    >>> window_for(BY_NAME["open_leads"], "5m")
    'now'
    """
    if NOW_WINDOW in metric.windows:
        return NOW_WINDOW
    longer = [each for each in metric.windows if duration_ms(each) >= duration_ms(window)]
    return longer[0] if longer else metric.windows[-1]


def card(metric: Metric, window: str, asked: str, figure: Figure | None, verdict: Verdict,
         known: bool = True) -> Card:  # fmt: skip
    """Put a card together; `known` is false where this worker has no figures at all."""
    state, detail = state_of_figure(metric, window, figure, verdict) if known else ("unknown", "")
    measure = figure.measure if figure else ""
    return {
        "metric": metric.name,
        "title": title(metric),
        "help": metric.help,
        "formula": metric.formula,
        "unit": metric.unit,
        "measure": measure,
        "window": window,
        "other_window": window != asked,
        "value": figure.value if figure else None,
        "shown": words.value(figure.value if figure else None, metric.unit, measure),
        "numerator": figure.numerator if figure else None,
        "denominator": figure.denominator if figure else None,
        "counts": counts(metric, figure),
        "parts": parts(metric, figure),
        "state": state,
        "state_text": STATES.get(state, ""),
        "detail": detail,
        "usual": verdict.usual,
        "limit": verdict.limit,
        "n": verdict.n,
        "needed": verdict.needed,
    }


def title(metric: Metric) -> str:
    """Name a metric to people: the panel's title, else its name in plain words."""
    plain = metric.name.removesuffix("_ratio").removesuffix("_seconds").replace("_", " ").capitalize()
    return metric.panel or plain


def counts(metric: Metric, figure: Figure | None) -> str:
    """Say what a figure was divided from."""
    if figure is None or figure.denominator is None:
        return ""
    n = words.number(figure.numerator or 0)
    if metric.unit == "currency":
        n = words.money(figure.numerator or 0, figure.measure)
    text = metric.look.told.format(n=n, d=words.number(figure.denominator))
    return f"{text}, 90 % within {words.span(figure.high)}" if figure.high is not None else text


def parts(metric: Metric, figure: Figure | None) -> list[dict[str, str]]:
    """List the parts of a figure, largest first; one part alone would say the same again."""
    if figure is None or (len(figure.parts) < 2 and metric.kind != "count"):
        return []
    size = "denominator" if metric.unit == "ratio" else "numerator"
    largest = sorted(figure.parts, key=lambda part: -float(getattr(part, size)))[:4]
    is_currency = metric.look.split == "currency"
    return [
        {
            "name": part.name if is_currency else part.name.replace("_", " "),
            "shown": words.value(part.value, metric.unit, part.name).removesuffix(
                f" {part.name}" if is_currency else ""
            ),
        }
        for part in largest
    ]


def _whole(usual: float | None, metric: Metric) -> float | None:
    """Round the mean of counts: nobody came in part."""
    return round(usual) if usual is not None and metric.kind == "count" else usual


def state_of_figure(metric: Metric, window: str, figure: Figure | None, verdict: Verdict) -> tuple[str, str]:
    """Give the state of a card and the words beside it; those of another window than the card's name it."""
    if figure is None or (figure.value is None and not figure.denominator):
        return "empty", f"nothing in the last {window}"
    if verdict.state == "none":
        return "", ""
    usual = limit = ""
    if verdict.usual is not None:
        usual = f"usual {words.value(_whole(verdict.usual, metric), metric.unit, figure.measure)}"
    if verdict.limit is not None:
        limit = f"limit {words.value(_whole(verdict.limit, metric), metric.unit, figure.measure)}"
    told = [", ".join(filter(None, (usual, limit))), verdict.says]
    if verdict.state == "young":
        told = ["two former weeks at this hour are needed"]
    elif verdict.state == "too_little" and verdict.needed is not None:
        told = [f"{words.number(verdict.n or 0)} of {words.number(verdict.needed)} needed", usual]
    detail = "; ".join(filter(None, told))
    return verdict.state, f"{detail} ({verdict.window})" if detail and verdict.window else detail
