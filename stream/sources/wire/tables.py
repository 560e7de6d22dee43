"""Tables: a row of separated values as a record.

In:  one line of TSV or CSV, and the names of its columns.
Out: a dict of the columns that are read; an empty value is None.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Collection, Sequence
from operator import itemgetter
from typing import Any

from stream.sources.faults import Fault

Decode = Callable[[bytes], Any]


def tsv(columns: Sequence[str], reads: Collection[str] | None = None) -> Decode:
    """Make the reader of tab-separated rows; of wide ones only the columns that are read become a record.

    >>> tsv(("a", "b", "c"), {"a", "c"})(b"1\\t\\t3")
    {'a': '1', 'c': '3'}
    """
    names = [name for name in columns if reads is None or name in reads]
    places = [columns.index(name) for name in names]
    least = max(places, default=0) + 1
    chosen = itemgetter(*places) if len(places) > 1 else lambda row: (row[places[0]],)

    def decode(value: bytes) -> Any:
        row = _text(value).rstrip("\r\n").split("\t")
        if len(row) < least:
            raise Fault("wrong_type", "columns")
        return {name: each or None for name, each in zip(names, chosen(row), strict=True)}

    return decode


def comma(columns: Sequence[str]) -> Decode:
    """Make the reader of comma-separated rows, with quotes where a value holds a comma.

    >>> comma(("a", "b"))(b'1,"x, y"')
    {'a': '1', 'b': 'x, y'}
    """

    def decode(value: bytes) -> Any:
        try:
            row = next(csv.reader([_text(value)]), [])
        except csv.Error:
            raise Fault("wrong_type", "columns") from None
        if len(row) != len(columns):
            raise Fault("wrong_type", "columns")
        return {name: each or None for name, each in zip(columns, row, strict=True)}

    return decode


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise Fault("not_json") from None
