"""Fold: email events into rows of messages, and the difference that makes.

In:  email events with their times, grouped by site and message id.
Out: changed rows, changes of cells. All that a copy counts for is one cell, in the pane of its sending, and its clicks.

Mostly a message has one recipient, and an event belongs to the one part there is: what the copy counted for is taken
back, the events are taken, and what it counts for now is given. Where there are more, the same is done for every copy
that the events touch, before and after they join or part.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final

import msgspec

from stream.changes import cells
from stream.changes.accumulator import Accumulator, CellIds
from stream.changes.cells import Cell
from stream.changes.panes import DAY_MS
from stream.contract.records import UNIT, Record
from stream.identity.ids import Id
from stream.identity.orders import Erase
from stream.stages.emails.copy import Copy, Labels, bounce_type, fate, follow, joined, labels, sent_ms, take
from stream.stages.emails.message import MOST_INSIDE, Message, groups, ids, pair, recipient
from stream.stages.emails.native import mails_core
from stream.stages.emails.telling import MailTelling
from stream.stages.stage import Batch, Natively, NativeSide, Refused, Shared, Stage, refuse, without_visits
from stream.state.holders import holders
from stream.state.keys import MESSAGE_PARTS, MESSAGES
from stream.state.rows import Rows
from stream.state.table import Table

#: A copy without an event for so long is over; what comes then begins another.
MEMORY_MS: Final = 35 * DAY_MS

_in_order = itemgetter(0, 1)
_MOST_SAFE: Final = 16_384
#: A part of which nothing is heard yet: that it is there decides which copies are joined.
_UNHEARD: Final = Copy(0, 0)

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Message).decode
_decode_copy = msgspec.msgpack.Decoder(Copy).decode

#: (time, source and id, data)
Told = tuple[int, str, Any]


class Emails(Stage):
    """The messages of one shard."""

    def __init__(self, shared: Shared, native: Any = None) -> None:
        """Take `native`, the module of the compiled core, which folds common messages; None: all is done here."""
        self.messages = Rows(MESSAGES, MEMORY_MS)
        self.parts = Rows(MESSAGE_PARTS, MEMORY_MS)
        self._grid, self._admit = shared.grid, shared.admit
        self._safe: dict[tuple[str, Labels], tuple[Cell, Cell]] = {}
        self._ids: CellIds | None = None  # those that the numbers below are of
        self._numbers: dict[tuple[str, Labels, str | None, int], int] = {}
        self._waiting: defaultdict[str, list[Told]] = defaultdict(list)
        self._noted: Counter[str] = Counter()
        self._refused: list[Refused] = []
        self.telling = None if shared.namer is None else MailTelling(shared.namer)
        self._kept: Natively | None = None
        self.core: Any = None
        if native is not None:
            self.core = mails_core(native, shared.grid, MEMORY_MS, _MOST_SAFE, shared.namer)

    @property
    def tables(self) -> Sequence[Table]:
        """Messages, and parts of those that went to many; who took their consent back."""
        if self.telling is None:
            return self.messages, self.parts
        return self.messages, self.parts, self.telling.marks

    @property
    def known(self) -> Container[str]:
        """Site and message id of every message with a row here."""
        return self.messages.encoded

    def take(self, batch: Batch) -> None:
        """Gather events by message."""
        if self.telling is not None:
            if flags := self.telling.consent.refused(batch.events):
                batch, refused = refuse(batch, flags, "no_consent")
                self._refused += refused
        waiting, names, times = (
            self._waiting,
            [one.source + UNIT + one.id for one in batch.events],
            batch.times.tolist(),
        )
        if self.telling is not None:
            self.telling.take(batch, names, times)
        for key, event, name, time_ms in zip(batch.keys, batch.events, names, times, strict=True):
            waiting[key].append((time_ms, name, event.data))

    def natively(self) -> NativeSide | None:
        """Say that there is a native way, if there is a core."""
        return None if self.core is None else without_visits()

    @property
    def looks_closer(self) -> bool:
        """Somebody took their consent back: each event may be theirs."""
        return self.telling is not None and self.telling.consent.is_asked

    def take_natively(self, core: Natively) -> None:
        """Keep what went the native way for the fold."""
        self._kept = core

    def fold(self, accumulator: Accumulator) -> Sequence[Refused]:
        """Fold what was taken, message by message."""
        waiting, self._waiting = self._waiting, defaultdict(list)
        kept, self._kept = self._kept, None
        if kept is not None:
            left = kept.fold_mails(self.core, waiting, self, accumulator)
            if self.telling is not None:
                self.telling.take_over(left)
        self.fold_messages(waiting, accumulator)
        if self.telling is not None:
            self.telling.end()
            if self.core is not None and self.telling.is_asked_to_forget:
                self.core.forget()
            for order in self.telling.erasures():
                self._erase(self.telling, order)
        refused, self._refused = self._refused, []
        return refused

    def noted(self) -> Mapping[str, int]:
        """Count the events whose two names of a recipient could not be joined: their message had too many pairs."""
        noted, self._noted = self._noted, Counter()
        if self.telling is not None:
            noted += self.telling.teller.noted()
        return noted

    def receive(self, records: Sequence[Record]) -> None:
        """Take what the shards of leads ask for."""
        if self.telling is not None:
            self.telling.receive(records)

    def touches(self) -> Mapping[int, Sequence[msgspec.Raw]]:
        """Give what the shards of leads must be told of people."""
        return {} if self.telling is None else self.telling.teller.take()

    def fold_messages(self, messages: Mapping[str, list[Told]], accumulator: Accumulator) -> None:
        """Fold (time, name, data) grouped by site and message id."""
        if self.core is not None and self.telling is None:
            messages = self.core.fold(messages, self, accumulator)
        self._fold_messages(messages, accumulator)

    def _fold_messages(self, messages: Mapping[str, list[Told]], accumulator: Accumulator) -> None:
        encoded, dirty, telling = self.messages.encoded, self.messages.dirty, self.telling
        for key, events in messages.items():
            if len(events) > 1:
                events.sort(key=_in_order)
                if events[-1][0] - events[0][0] > MEMORY_MS and (again := _again(events)):
                    self._fold_messages({key: events[:again]}, accumulator)
                    events = events[again:]
            raw = encoded.get(key)
            message = Message(0) if raw is None else _decode(raw)
            if message.last and events[0][0] - message.last > MEMORY_MS:
                message = Message(0, apart=message.apart)  # which ids were one is over, too
            if not self._one(accumulator, key, message, events):
                _Several(self, accumulator, key, message).fold(events)
            message.last = max(message.last, events[-1][0])
            encoded[key] = _encode(message)
            dirty.add(key)
            if telling is not None:
                telling.settle(key)

    def _one(self, accumulator: Accumulator, key: str, message: Message, events: list[Told]) -> bool:
        """Fold events of the only recipient of a message; False where there is another, or a second name."""
        if message.apart or message.pairs or len(message.parts) > 1:
            return False
        first = events[0][2]
        if len(events) > 1:
            lead, hashed = first.lead_id, first.email_hash
            for _, _, data in events:
                if data.email_hash != hashed or data.lead_id != lead:
                    return False
        who, other = recipient(first)
        copy = message.parts.get(who)
        if other is not None or (copy is None and message.parts):
            return False
        site, contribute, telling = key[: key.index(UNIT)], self.contribute, self.telling
        if copy is None:
            copy = Copy(0, events[0][0])
        else:
            contribute(accumulator, site, copy, -1)
            if telling is not None:
                telling.count(copy, -1)
        for time_ms, name, data in events:
            if copy.last and time_ms - copy.last > MEMORY_MS:
                contribute(accumulator, site, copy, 1)
                if telling is not None:
                    telling.count(copy, 1)
                copy = Copy(0, time_ms)
            take(copy, time_ms, name, data)
            if telling is not None:
                follow(copy, time_ms, data, telling.ids(name))
        contribute(accumulator, site, copy, 1)
        if telling is not None:
            telling.count(copy, 1)
        message.parts = {who: copy}
        return True

    def _erase(self, telling: MailTelling, order: Erase) -> None:
        """Forget the copies of some ids; what they counted for stays."""
        encoded, start, ids = self.messages.encoded, order.site + UNIT, set(order.ids)
        hashes = [id.hash for id in ids]
        found: defaultdict[str, set[int]] = defaultdict(set)
        for key in holders(encoded, start, hashes):
            found[key] |= {
                who for who, part in _decode(encoded[key]).parts.items()
                if part.told is not None and not ids.isdisjoint(part.told.to)
            }  # fmt: skip
        for name in holders(self.parts.encoded, start, hashes):
            key, _, who = name.rpartition(UNIT)
            found[key].add(int(who, 16))
        for key, whose in found.items():
            if key in encoded:
                _Several(self, Accumulator(), key, _decode(encoded[key])).erase(whose)
                telling.settle(key)

    def miss(self) -> None:
        """Note that two names of a recipient could not be joined."""
        self._noted["email/unjoined"] += 1

    def contribute(self, accumulator: Accumulator, site: str, copy: Copy, sign: int) -> None:
        """Count a copy, or take it back."""
        what = fate(copy)
        if not what:
            return
        said = labels(copy)
        pane = self._grid.pane(sent_ms(copy))
        kind = bounce_type(copy) if what & cells.BOUNCED else None
        if accumulator.ids is not self._ids or len(self._numbers) > _MOST_SAFE:
            self._ids, self._numbers = accumulator.ids, {}
        named = site, said, kind, what
        number = self._numbers.get(named)
        if number is None:
            number = self._numbers[named] = accumulator.ids[(*self._named(site, said)[0], kind, what)]
        (accumulator.up if sign > 0 else accumulator.down)(number + pane)
        if copy.clicks:
            accumulator.counts[accumulator.ids[self._named(site, said)[1]] + pane] += sign * len(copy.clicks)

    def number_of(self, ids: CellIds, site: str, said: Labels, kind: str | None, what: int) -> int:
        """Give the number of the cell of a copy by its labels as they were told, bounce type and fate."""
        return ids[(*self._named(site, said)[0], kind, what)]

    def clicks_of(self, ids: CellIds, site: str, said: Labels) -> tuple[int, bool]:
        """Give the number of the cell of the clicks of a copy, and whether its labels are remembered."""
        return ids[self._named(site, said)[1]], (site, said) in self._safe

    def name(self, recipients: list[tuple[str, str, int, str]]) -> list[list[Id]]:
        """Give the ids of the recipients of mails that the core took, and tell their names: see `Teller.alone`."""
        assert self.telling is not None, "recipients have names where people are followed"
        return self.telling.name(recipients)

    def send(self, messages: list[tuple[int, bytes, bytes]]) -> None:
        """Tell shards of leads what the core found: the home of an id, its hash, a message to it."""
        assert self.telling is not None, "nobody is told of anything where nobody is followed"
        self.telling.teller.send_encoded(messages)

    def _named(self, site: str, said: Labels) -> tuple[Cell, Cell]:
        """Give the labels of a copy as they may be shown; they are made safe when they first come."""
        named = site, said
        safe = self._safe.get(named)
        if safe is None:
            safe = self._labels(site, said)
            if len(self._safe) < _MOST_SAFE:
                self._safe[named] = safe
        return safe

    def _labels(self, site: str, said: Labels) -> tuple[Cell, Cell]:
        """Make labels safe: the beginning of the cell of a copy, and the cell of its clicks."""
        admit = self._admit
        campaign, purpose, variant, domain = said
        safe = (admit("site", site), admit("campaign", campaign), admit("purpose", purpose), admit("variant", variant))
        return ("email", *safe, admit("domain", domain)), ("email_clicks", *safe)


def _again(events: list[Told]) -> int:
    """Give the place of the last event that another message of the same id begins with; 0 without one."""
    for at in range(len(events) - 1, 0, -1):
        if events[at][0] - events[at - 1][0] > MEMORY_MS:
            return at
    return 0


class _Several:
    """The fold of a message with several recipients, or with one that goes by two names."""

    def __init__(self, stage: Emails, accumulator: Accumulator, key: str, message: Message) -> None:
        self._stage, self._accumulator, self._key, self._message = stage, accumulator, key, message
        self._site = key[: key.index(UNIT)]
        self._parts: dict[int, Copy] = message.parts

    def fold(self, events: list[Told]) -> None:
        """Take back what the copies in question counted for, take the events, and give what they count for now."""
        message, was_apart = self._message, self._message.apart
        named = [recipient(data) for _, _, data in events]
        asked = {who for names in named for who in names if who is not None}
        before = groups(message, asked if was_apart else asked | ids(message))
        touched = asked.union(*before)
        if was_apart:
            self._parts = self._stored(touched)
        for group in before:
            self._contribute(group, -1)
        for who, other in named:
            if other is not None and not pair(message, who, other):
                self._stage.miss()
        message.parts = {**self._parts, **{who: _UNHEARD for who, _ in named if who not in self._parts}}
        message.apart = was_apart or len(message.parts) > MOST_INSIDE
        after = groups(message, touched)
        copy_of = {who: group for group in after for who in group}
        for (time_ms, name, data), (who, _) in zip(events, named, strict=True):
            self._take(copy_of[who], who, time_ms, name, data)
        for group in after:
            self._contribute(group, 1)
        self._store(after, touched)

    def erase(self, whose: set[int]) -> None:
        """Forget whole copies, by the recipient of one part of each; what they counted for stays."""
        stage, message = self._stage, self._message
        copies = groups(message, whose)
        parts = set[int]().union(*copies)
        if message.apart:
            self._parts = self._stored(parts)
        for copy in copies:
            self._tell(copy, -1)
        message.pairs = [both for both in message.pairs if parts.isdisjoint(both)]
        message.parts = {who: part for who, part in message.parts.items() if who not in parts}
        for one in parts:
            stage.parts.drop(self._name(one))
        if message.parts or message.apart:
            stage.messages.put(self._key, _encode(message))
        else:
            stage.messages.drop(self._key)

    def _take(self, group: set[int], who: int, time_ms: int, name: str, data: Any) -> None:
        """Add an event to its part; a copy that is over counts for what it was, and another one begins."""
        parts = self._parts
        held = [parts[one] for one in group if one in parts]
        if held and time_ms - max(part.last for part in held) > MEMORY_MS:
            self._contribute(group, 1)
            for one in group:
                parts.pop(one, None)
        part = parts.setdefault(who, Copy(0, time_ms))
        take(part, time_ms, name, data)
        if self._stage.telling is not None:
            follow(part, time_ms, data, self._stage.telling.ids(name))

    def _contribute(self, group: set[int], sign: int) -> None:
        held = [self._parts[one] for one in sorted(group) if one in self._parts]
        if held:
            self._stage.contribute(self._accumulator, self._site, joined(held), sign)
            self._tell(group, sign)

    def _tell(self, group: set[int], sign: int) -> None:
        held = [self._parts[one] for one in sorted(group) if one in self._parts]
        if held and self._stage.telling is not None:
            self._stage.telling.count(joined(held), sign)

    def _stored(self, wanted: set[int]) -> dict[int, Copy]:
        encoded = self._stage.parts.encoded
        found = {one: encoded.get(self._name(one)) for one in wanted}
        heard = {one: _decode_copy(raw) for one, raw in found.items() if raw is not None}
        return {one: part for one, part in heard.items() if part.last}

    def _store(self, groups: list[set[int]], touched: set[int]) -> None:
        message, rows = self._message, self._stage.parts
        message.parts = {} if message.apart else self._parts
        if not message.apart:
            return
        for group in groups:  # a part must not be forgotten while its copy is remembered
            held = [self._parts[one] for one in group if one in self._parts]
            for part in held:
                part.last = max(other.last for other in held)
        for one in touched:
            name = self._name(one)
            if one in self._parts or name in rows.encoded:  # what is over is left to be swept
                rows.put(name, _encode(self._parts.get(one, _UNHEARD)))

    def _name(self, one: int) -> str:
        return f"{self._key}{UNIT}{one:016x}"
