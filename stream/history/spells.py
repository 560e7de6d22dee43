"""Spells: what `leadpulse.alerts` says: the newest record of each spell of six weeks.

In:  records of the topic, in any state of compaction; what a look tells.
Out: all that is known; the rows that bring the topic up to date; for the judge what fires there and is unknown to it.

A key is the JSON array [site, alert, by, value, since]: one spell of one alert.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
import orjson

from stream.changes.panes import DAY_MS
from stream.contract.alert import AlertRecord
from stream.judge.docket import Case
from stream.judge.spells import Spell
from stream.judge.state import Condition, State
from stream.judge.told import iso, moment_ms

#: Spells that ended, and began before this, are forgotten.
KEPT_MS: Final = 42 * DAY_MS

_read: Final = msgspec.json.Decoder(AlertRecord).decode
Row = tuple[bytes, bytes | None]


def key_of(record: AlertRecord) -> bytes:
    """Name the spell of a record, as the topic does.

    >>> key_of(AlertRecord(alert="bounce_rise", site="shop", by="channel", value="email", state="firing", at="",
    ...                    severity="ticket", since="2026-11-28T08:10:00Z", metric=""))
    b'["shop","bounce_rise","channel","email","2026-11-28T08:10:00Z"]'
    """
    return orjson.dumps(record.key)


class Spells:
    """The newest record of each spell."""

    def __init__(self) -> None:
        self.records: dict[bytes, AlertRecord] = {}
        self.unreadable = 0
        self._again = False

    def load(self, key: bytes, value: bytes | None) -> bool:
        """Take one record, in the order of the topic; say whether anything is different now."""
        if value is None:
            return self.records.pop(key, None) is not None
        try:
            record = _read(value)
            moment_ms(record.since), moment_ms(record.at)
        except (msgspec.DecodeError, ValueError):  # of another release, or written by something else
            self.unreadable += 1
            return self.records.pop(key, None) is not None
        before, self.records[key] = self.records.get(key), record
        return before != record

    def tell_again(self) -> None:
        """Take the topic as empty: the next rows are of all that is known."""
        self._again = True

    def firing(self) -> list[AlertRecord]:
        """Give what fires."""
        return [record for record in self.records.values() if record.state == "firing"]

    def rows(self, told: Iterable[AlertRecord], stands: Iterable[AlertRecord], now_ms: int) -> Iterator[Row]:
        """Give what to write after a look at which some alerts stand, with tombstones for what is forgotten."""
        fresh: dict[bytes, AlertRecord] = {}
        if self._again:
            fresh |= self.records
            self._again = False
        fresh |= {key_of(record): record for record in told}
        self.records |= fresh
        standing = set(map(key_of, stands))
        for key, record in self.records.items():
            if record.state == "firing" and key not in standing:  # a newer spell of the same alert stands
                fresh[key] = msgspec.structs.replace(record, state="resolved", at=iso(now_ms), held="")
        self.records |= fresh
        for key, record in fresh.items():
            yield key, msgspec.json.encode(record)
        old = [
            key for key, record in self.records.items()
            if record.state == "resolved" and moment_ms(record.since) < now_ms - KEPT_MS
        ]  # fmt: skip
        for key in old:
            del self.records[key]
            yield key, None


def go_on(state: State, firing: Iterable[AlertRecord]) -> int:
    """Let the judge go on with what fires on the topic and is not in its state; say how many spells that are.

    A state that was lost, or one of another generation, would else leave them firing for good, and tell each anew.
    """
    count = 0
    for record in sorted(firing, key=lambda record: record.since):
        case = Case(record.site, record.alert, record.by, record.value)
        before = state.told.get(case)
        if before is not None and before.since >= record.since:
            continue
        count += 1
        state.told[case] = record
        if record.window is not None:
            since_ms, at_ms = moment_ms(record.since), moment_ms(record.at)
            state.spells.setdefault(Condition(*case, record.window), Spell(since_ms, True, at_ms, at_ms))
    return count
