"""Telling: two small groups, of which one tells the shards of leads whom it knows, and they tell each other and order.

In:  email events.
Out: `mails` keeps whom a message went to and tells the lead's home; `leads` notes it, passes it on to the home of the
     lead's name read backwards, orders the message to be claimed, and hears that it was.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Any, Final

import msgspec

from stream.changes.accumulator import Accumulator
from stream.contract.records import CLAIM, KIND_HEADER, UNIT, Record
from stream.engine.groups import Group, by_name
from stream.identity.messages import encode
from stream.stages.stage import EVERY, Batch, HandOver, Refused, Result, Shared, Stage
from stream.state.keys import Stored
from stream.state.rows import Rows
from stream.state.table import Table

#: Test-only tables.
SENT: Final = Stored("sent", "shard", b"e", "builtins.list")
MET: Final = Stored("met", "shard", b"k", "builtins.dict")

_pack, _unpack = msgspec.msgpack.encode, msgspec.msgpack.decode


class _Told(Stage):
    """Gathers messages for shards of leads."""

    def __init__(self, shared: Shared) -> None:
        self.shard, self.namer = shared.shard, shared.namer
        self._touches: dict[int, list[msgspec.Raw]] = {}

    def _tell(self, lead: str, *message: Any) -> None:
        assert self.namer is not None
        self._touches.setdefault(self.namer.home(lead), []).append(encode([*message[:1], lead, *message[1:]]))

    def touches(self) -> Mapping[int, Sequence[msgspec.Raw]]:
        told, self._touches = self._touches, {}
        return told


class Mails(_Told):
    """Remembers whom messages went to; if leads are followed it tells them, also of what they claim."""

    def __init__(self, shared: Shared) -> None:
        super().__init__(shared)
        self.rows = Rows(SENT, shared.memory_ms)
        self.orders: list[str] = []
        self._waiting: list[tuple[str, Any, int]] = []

    @property
    def tables(self) -> Sequence[Table]:
        return (self.rows,)

    @property
    def known(self) -> Container[str]:
        return self.rows.encoded

    def take(self, batch: Batch) -> None:
        self._waiting += list(zip(batch.keys, batch.events, batch.times.tolist(), strict=True))

    def receive(self, records: Sequence[Record]) -> None:
        for _, _, key, value, headers in records:
            assert tuple(headers) == ((KIND_HEADER, CLAIM),)
            assert value is not None
            site_and_message = value.decode()
            assert key == site_and_message.partition(UNIT)[2].encode()
            self.orders.append(site_and_message)
            row = self.rows.encoded.get(site_and_message)
            if row is None:
                continue  # orders to every shard reach some that have never heard of it
            time_ms, lead, _ = _unpack(row)
            self.rows.put(site_and_message, _pack([time_ms, lead, True]))
            self._tell(lead, "claimed", site_and_message)

    def fold(self, accumulator: Accumulator) -> Sequence[Refused]:
        waiting, self._waiting = self._waiting, []
        for key, event, time_ms in waiting:
            if key not in self.rows.encoded:
                self.rows.put(key, _pack([time_ms, event.data.lead_id, False]))
                if self.namer is not None:
                    self._tell(event.data.lead_id, "met", key)
        return ()


class Leads(_Told):
    """Notes who met what; counts a click when time goes on after something was claimed."""

    known = None

    def __init__(self, shared: Shared) -> None:
        super().__init__(shared)
        self.rows = Rows(MET, shared.memory_ms)
        self.clock_ms = 0
        self._grid = shared.grid
        self._claimed: list[str] = []
        self._orders: list[HandOver] = []
        self._heard: list[Any] = []
        self._changed: set[str] = set()

    @property
    def tables(self) -> Sequence[Table]:
        return (self.rows,)

    def take(self, batch: Batch) -> None:
        """Note events of the group's own kind, whose campaign stands for the lead."""
        self._heard += [["own", event.data.campaign_id, event.id] for event in batch.events]

    def hear(self, group: str, shard: int, messages: Sequence[msgspec.Raw]) -> None:
        self._heard += [_unpack(bytes(message)) for message in messages]

    def fold(self, accumulator: Accumulator) -> Sequence[Refused]:
        heard, self._heard = self._heard, []
        while heard:
            what, lead, key = heard.pop(0)
            assert self.namer is not None
            assert what == "own" or self.namer.home(lead) == self.shard, "it came to the right one"
            time_ms, row = _unpack(self.rows.encoded.get(lead, _pack([1 << 60, {}])))
            row[what] = sorted({*row.get(what, ()), key})
            self.rows.put(lead, _pack([time_ms, row]))
            self._changed.add(lead)
            if what == "claimed":
                self._claimed.append(lead)
            if what == "met":
                other = lead[::-1]
                if self.namer.home(other) == self.shard:
                    heard.append(["also", other, key])
                else:
                    self._tell(other, "also", key)
                order = ((KIND_HEADER, CLAIM),)
                place = EVERY if lead == "lead-all" else None
                message = key.partition(UNIT)[2].encode()
                self._orders.append(HandOver("mails", message, key.encode(), place, order))
        return ()

    def advance(self, now_ms: int, accumulator: Accumulator) -> None:
        for lead in self._claimed:
            accumulator.add(("email_clicks", "s1", lead, "unknown", "unknown"), self._grid.pane(now_ms - 1))
        self._claimed.clear()
        self.clock_ms = now_ms

    def hand_over(self) -> Sequence[HandOver]:
        orders, self._orders = self._orders, []
        return orders

    def results(self) -> Sequence[Result]:
        changed, self._changed = self._changed, set()
        return [Result("leads", lead, self.rows.encoded[lead]) for lead in sorted(changed)]

    def notes(self) -> dict[str, dict[str, list[str]]]:
        return {lead: _unpack(row)[1] for lead, row in self.rows.encoded.items()}


def groups(*kinds: Any) -> Mapping[str, Group]:
    """Give both groups; that of leads reads these kinds."""
    return by_name(
        [
            Group("mails", ("email",), lambda shared, options: Mails(shared)),
            Group("leads", kinds, lambda shared, options: Leads(shared), optional=True, told_by=("mails", "leads")),
        ]
    )


GROUPS: Final = groups()


def expected(sent: Mapping[str, str]) -> dict[str, dict[str, list[str]]]:
    """Give what all shards of leads note in the end; `sent` is message → lead."""
    out: dict[str, dict[str, list[str]]] = {}
    for message, lead in sorted(sent.items()):
        key = f"s1{UNIT}{message}"
        for what, name in (("met", lead), ("also", lead[::-1]), ("claimed", lead)):
            out.setdefault(name, {}).setdefault(what, []).append(key)
    return out
