"""Export: what a page shows, as CSV.

In:  tables of plain values, as the page gets them.
Out: text with a header line. A text that a spreadsheet would take for a formula begins with an apostrophe.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")

FIGURES: Final = (
    "section", "metric", "title", "window", "value", "unit", "measure", "state", "said", "detail",
)  # fmt: skip
PARTS: Final = ("metric", "by", "name", "window", "value", "n", "d", "state", "missing")
ALERTS: Final = (
    "alert", "site", "of", "state", "severity", "since_ms", "at_ms", "metric", "window", "missing", "held", "text",
)  # fmt: skip
RECORDS: Final = ("kind", "accepted", "counted", "duplicate", "filtered", "dead_lettered")


def text(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Write rows of some columns.

    >>> text(("a", "b"), [{"a": "=1+1", "b": 2.5}])
    b"a,b\\r\\n'=1+1,2.5\\r\\n"
    """
    out = io.StringIO()
    write = csv.writer(out)
    write.writerow(columns)
    for row in rows:
        write.writerow([_cell(row.get(column)) for column in columns])
    return out.getvalue().encode()


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value


def figures(table: Mapping[str, Any]) -> bytes:
    """Write all figures, a row each."""
    rows = ({**row, "section": section["title"]} for section in table["sections"] for row in section["rows"])
    return text(FIGURES, rows)


def figure(table: Mapping[str, Any]) -> bytes:
    """Write one figure and its parts."""
    whole = {**table, "name": table["title"], "by": "", "n": table["numerator"], "d": table["denominator"]}
    parts = ({**row, **{key: of[key] for key in ("metric", "by", "window")}} for of in table["parts"]
             for row in of["rows"])  # fmt: skip
    return text(PARTS, [whole, *parts])


def alerts(table: Mapping[str, Any]) -> bytes:
    """Write what stands and what stood."""
    return text(ALERTS, [*table["firing"], *table["over"]])


def trust(table: Mapping[str, Any]) -> bytes:
    """Write the account by kinds of events."""
    return text(RECORDS, table["kinds"])
