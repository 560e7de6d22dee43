"""Files: records of a source in a file, and what they are mapped to, for a replay, a check or a try.

In:  lines of a file; the mapper of a source.
Out: records as a topic would have held them; envelopes, one a line; what became of every item.

`.json` is one record, `.csv` has a header and a record a row, whatever else is a record a line. A row of CSV is a JSON
object to a source that does not read CSV itself: so rows of a table in a warehouse can stand for its records.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

import orjson

from stream.contract.records import Record
from stream.contract.rejects import Reason
from stream.sources.mapper import Mapper, Outcome, Refused
from stream.sources.source import Source

_BATCH = 1_000
_TABLES = ("csv", "tsv")


@dataclass(slots=True)
class Tried:
    """What became of all items of files; `first` is reason and path → the number of the first record."""

    records: int = 0
    items: int = 0
    mapped: int = 0
    redacted: int = 0
    events: Counter[str] = field(default_factory=Counter)
    unmapped: Counter[str] = field(default_factory=Counter)
    ignored: Counter[str] = field(default_factory=Counter)
    refused: Counter[tuple[Reason, str]] = field(default_factory=Counter)
    first: dict[tuple[Reason, str], int] = field(default_factory=dict)

    def take(self, out: Outcome, records: list[Record]) -> None:
        """Add what became of a batch."""
        self.records += len(records)
        self.items += out.items
        self.mapped += out.mapped
        self.redacted += out.redacted
        self.events.update(event.kind for event in out.events)
        self.unmapped.update(out.unmapped)
        self.ignored.update(out.ignored)
        for refused in out.refused:
            self._refuse(refused, records[refused.place][0])

    def _refuse(self, refused: Refused, number: int) -> None:
        what = refused.reason, refused.path
        self.refused[what] += 1
        self.first.setdefault(what, number)


def values_of(source: Source, name: str, lines: Iterable[bytes]) -> Iterator[bytes]:
    """Give the values of the records in a file; `name` tells its form."""
    plain = name.lower().removesuffix(".gz")
    if plain.endswith(".json"):
        yield b"".join(lines)
        return
    if plain.endswith(".csv") and source.shape.format not in _TABLES:
        texts = (line.decode("utf-8-sig", "replace") for line in lines)
        for row in csv.DictReader(texts):
            yield orjson.dumps({key: value or None for key, value in row.items() if key})
        return
    for number, line in enumerate(lines):
        value = line.rstrip(b"\r\n")
        if value and not (number == 0 and plain.endswith(".csv")):
            yield value


def records_of(values: Iterable[bytes], arrival_ms: int, first: int = 1) -> Iterator[Record]:
    """Give records with their numbers as offsets; all of them arrived when the file was written."""
    return ((number, arrival_ms, None, value, ()) for number, value in enumerate(values, first))


def envelopes(mapper: Mapper, records: Iterable[Record], tried: Tried, topic: str = "") -> Iterator[bytes]:
    """Map records, batch by batch; the account of all items is added to `tried`."""
    left = iter(records)
    while batch := list(islice(left, _BATCH)):
        out = mapper.map(batch, topic)
        tried.take(out, batch)
        yield from (event.value for event in out.events)
