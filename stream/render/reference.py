"""Reference: the page that says what each metric is, rendered from the catalog.

In:  the catalog's entries.
Out: Markdown, the same for the same catalog.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from stream.catalog import AREAS, METRICS, TOTALS, Metric, version

SHOWN_AS = {
    "count": "gauge",
    "amount": "gauge",
    "ratio": "gauge, with `_numerator` and `_denominator`",
    "summary": "summary: `quantile`, `_sum`, `_count`",
    "survival": "gauge",
    "oldest": "gauge",
    "spread": "gauge",
    "last": "gauge",
    "largest": "gauge",
    "total": "counter",
    "gauge": "gauge",
}

HEAD = """\
# Metrics

Rendered from `stream/catalog` by `leadpulse render`; do not edit. Catalog version `{version}`.

- In Prometheus every name begins with `leadpulse_`; on the topic `leadpulse.metrics` and in
  `leadpulse replay` it does not.
- Every metric of a window has a label `window`. A window of length W covers `[T - W, T)`, where T is the
  reading's `window_end`.
- A ratio is given with its numerator and denominator. Where the denominator is 0 the ratio is `null` on the
  topic and left out of Prometheus. Never average ratios: add up numerators and denominators.
- Adding a count up over all its labels but `window` gives a true figure. People are not additive over channels
  (one person can come by two), so people by channel are a metric of their own.
- A label value that is not given is `unknown`. Values beyond the label budget add up in `(other)`: true for
  counts; for metrics marked *people* an upper bound.
- *Person*: a visitor of a site. *Key event*: a submit of a form of type contact, newsletter, demo, trial,
  quote, download, webinar or checkout on the site; or a chatbot's lead_captured, appointment_set or
  order_completed. *Session*: ends with a pause of more than 30 minutes.
"""


def reference() -> str:
    """Write the page."""
    parts = [HEAD.format(version=version())]
    for name, area in AREAS.items():
        entries = [metric for metric in METRICS if metric.area == name]
        parts.append(f"## {area.title}\n\n{_table(entries)}")
    parts.append(
        "## Since the beginning\n\nThe account of all records and the state of the sources; no windows.\n\n"
        + _table(TOTALS, windows=False)
    )
    return "\n".join(parts)


def _table(entries: Iterable[Metric], windows: bool = True) -> str:
    names = [
        "metric",
        "what it says",
        "formula",
        "labels",
        *(["windows"] if windows else []),
        "unit",
        "shown as",
    ]
    rows = [_row(metric, windows) for metric in entries]
    return _line(names) + _line(["---"] * len(names)) + "".join(_line(row) for row in rows)


def _row(metric: Metric, windows: bool) -> list[str]:
    shown = metric.series + "".join(f'{{{label}="{value}"}}' for label, value in metric.constant)
    name = f"**{shown}**" if metric.tier == "main" else shown
    unit = "" if metric.unit == "1" else metric.unit
    notes = [metric.help, "*People.*" if metric.people else "", metric.notes]
    return [
        name,
        " ".join(filter(None, notes)),
        _formula(metric),
        ", ".join(metric.labels),
        *([", ".join(metric.windows)] if windows else []),
        unit,
        SHOWN_AS[metric.kind] + (", with `_maturity`" if metric.maturity is not None else ""),
    ]


def _formula(metric: Metric) -> str:
    """Give the formula, unless it only says again what the metric is."""
    said = metric.help.rstrip(".").casefold()
    return "" if metric.formula.casefold() == said else f"`{metric.formula}`"


def _line(cells: Sequence[str]) -> str:
    """Write a row; a bar inside a cell would end it.

    >>> _line(["a|b", "c"])
    '| a\\\\|b | c |\\n'
    """
    return "| " + " | ".join(cell.replace("|", r"\|").replace("\n", " ") for cell in cells) + " |\n"
