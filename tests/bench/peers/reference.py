"""Reference: the answer to the job, folded in plain Python from the records as they are stored, without any engine.

In:  the values of records, in order of arrival.
Out: answers: by minute and channel, and of all visitors; and in what another answer deviates.

Three of them, since engines are right in three ways: in order of arrival (as the job is defined); in order of the events' times (an engine
that sorts: sessions and first submits by time, equal times in order of arrival); and so after repeated events were left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, NamedTuple

import orjson

from tests.bench.peers.job import GAP_MS

Order = Literal["arrival", "time", "unique"]
COUNTS: Final = ("page views", "sessions", "submits", "leads")
MINUTE_MS: Final = 60_000


class Told(NamedTuple):
    """What the job needs of an event."""

    visitor: str
    time_ms: int
    channel: str
    submits: bool
    id: str


class People(NamedTuple):
    """All visitors in five numbers; times are sums of milliseconds since 1970."""

    visitors: int
    leads: int
    pages: int
    first_ms: int
    last_ms: int


@dataclass(slots=True)
class Answer:
    """What the job comes to: `minute|channel` → page views, sessions, submits, leads; minutes since 1970."""

    cells: dict[str, list[int]] = field(default_factory=dict)
    people: People | None = None

    @property
    def totals(self) -> list[int]:
        """Add the cells up."""
        return [sum(column) for column in zip(*self.cells.values(), strict=True)] or [0] * len(COUNTS)


def told(values: Iterable[bytes]) -> Iterator[Told]:
    """Read values of records.

    >>> value = b'{"id":"a","type":"form","time":"1970-01-01T00:01:02.003Z","data":{"visitor_id":"v","campaign":{"medium":"qr"}}}'
    >>> next(told([value]))
    Told(visitor='v', time_ms=62003, channel='qr', submits=True, id='a')
    """
    minutes: dict[str, int] = {}
    names: dict[str, str] = {}  # one string for each name: a million tuples hold it
    for value in values:
        event = orjson.loads(value)
        data, stamp = event["data"], event["time"]
        minute = stamp[:16]
        if minute not in minutes:
            minutes[minute] = int(datetime.fromisoformat(minute + ":00+00:00").timestamp()) * 1000
        time_ms = minutes[minute] + int(stamp[17:19]) * 1000 + int(stamp[20:23])
        visitor, channel = data["visitor_id"], data["campaign"]["medium"]
        yield Told(
            names.setdefault(visitor, visitor),
            time_ms,
            names.setdefault(channel, channel),
            event["type"] == "form",
            event["id"],
        )


def answer(events: Iterable[Told], order: Order = "arrival") -> Answer:
    """Do the job.

    >>> early, late = Told("v", 0, "qr", True, "a"), Told("v", 1_800_001, "qr", False, "b")
    >>> answer([early, late]).cells
    {'0|qr': [0, 1, 1, 1], '30|qr': [1, 1, 0, 0]}
    >>> answer([late, early, early]).totals, answer([late, early, early], "time").totals, answer([late, early, early], "unique").totals
    ([1, 1, 2, 1], [1, 2, 2, 1], [1, 2, 1, 1])
    """
    if order == "unique":
        first: dict[str, Told] = {}
        for event in events:
            first.setdefault(event.id, event)
        events = first.values()
    if order != "arrival":
        events = sorted(events, key=lambda event: event.time_ms)
    cells: dict[str, list[int]] = {}
    seen: dict[str, list[int]] = {}  # visitor → first seen, last seen, pages, is a lead
    for event in events:
        time_ms = event.time_ms
        cell = cells.setdefault(f"{time_ms // MINUTE_MS}|{event.channel}", [0] * len(COUNTS))
        known = seen.get(event.visitor)
        if known is None:
            known = seen[event.visitor] = [time_ms, time_ms, 0, 0]
            cell[1] += 1
        else:
            cell[1] += time_ms - known[1] > GAP_MS
            known[0], known[1] = min(known[0], time_ms), max(known[1], time_ms)
        if event.submits:
            cell[2] += 1
            cell[3] += not known[3]
            known[3] = 1
        else:
            cell[0] += 1
            known[2] += 1
    rows = seen.values()
    sums = (sum(row[place] for row in rows) for place in (3, 2, 0, 1))
    return Answer(cells, People(len(seen), *sums))


def deviation(given: Answer, expected: Answer) -> str:
    """Say in what an answer deviates; nothing where it does not.

    >>> right = Answer({"0|qr": [1, 1, 0, 0], "1|qr": [2, 0, 0, 0]}, People(1, 0, 3, 5, 9))
    >>> deviation(right, right)
    ''
    >>> deviation(Answer({"0|qr": [1, 1, 0, 0], "1|qr": [1, 0, 0, 0]}, People(1, 0, 3, 5, 8)), right)
    '1 of 2 cells: page views 2 for 3; of visitors last_ms'
    >>> deviation(Answer(), right)
    '2 of 2 cells: page views 0 for 3, sessions 0 for 1'
    """
    keys = given.cells.keys() | expected.cells.keys()
    none = [0] * len(COUNTS)
    wrong = [key for key in keys if given.cells.get(key, none) != expected.cells.get(key, none)]
    parts = []
    if wrong:
        pairs = zip(COUNTS, given.totals, expected.totals, strict=True)
        totals = ", ".join(f"{name} {got:,} for {want:,}" for name, got, want in pairs if got != want)
        parts.append(
            f"{len(wrong):,} of {len(expected.cells):,} cells" + (f": {totals}" if totals else ", totals equal")
        )
    if given.people is not None and expected.people is not None and given.people != expected.people:
        named = zip(People._fields, given.people, expected.people, strict=True)
        parts.append("of visitors " + ", ".join(name for name, got, want in named if got != want))
    return "; ".join(parts)
