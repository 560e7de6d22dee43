"""Emails: one row a message to one recipient, and what became of it.

In:  email events with their times, grouped by message.
Out: changed rows, changes of cells. All that a message counts for is one cell, in the pane of its sending.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Sequence
from operator import itemgetter
from typing import Any, Final

import msgspec

from stream.changes import cells
from stream.changes.accumulator import Accumulator
from stream.changes.cells import Cell
from stream.contract.records import UNIT
from stream.stages.stage import Batch, Refused, Shared, Stage
from stream.state.keys import MESSAGES
from stream.state.rows import Rows
from stream.state.table import Table

_by_time = itemgetter(0)
_NOTHING: Final = (None, None, None, None)
_MOST_SAFE: Final = 16_384

#: (time, event id): of two marks of the same kind the later one is kept.
Mark = tuple[int, str]
#: (time, event id, campaign, purpose, variant, domain), None where the event does not say.
Said = tuple[int, str, str | None, str | None, str | None, str | None]
#: (campaign, purpose, variant, domain).
Labels = tuple[str | None, str | None, str | None, str | None]


class Message(msgspec.Struct, array_like=True, gc=False):
    """The facts of a message; 0 and None stand for never. Append new fields at the end."""

    last: int
    first: int
    sent: int = 0
    seen: int = 0  # bits of model.cells: what was reported, before any rule
    clicks: int = 0
    delivered: Mark | None = None
    bounced: tuple[int, str, str] | None = None
    unsubscribed: Mark | None = None
    resubscribed: Mark | None = None
    #: The earliest events that say campaign, purpose, variant or domain; mostly one says it all.
    said: list[Said] = []


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Message).decode

_BITS = {
    "dropped": cells.DROPPED,
    "opened": cells.OPENED,
    "clicked": cells.CLICKED | cells.OPENED,
    "replied": cells.REPLIED,
    "spam_complaint": cells.COMPLAINED,
}
_ENGAGED = (
    cells.OPENED | cells.CLICKED | cells.REPLIED | cells.COMPLAINED | cells.MACHINE_OPENED | cells.MACHINE_CLICKED
)


def fate(message: Message) -> int:
    """Say what became of a message, as bits: each of bounced and dropped only where nothing speaks against it.

    A bounce is taken back by a later delivery and by any sign that the message arrived.
    """
    seen = message.seen
    out = cells.SENT | (seen & ~cells.DROPPED)
    left, back = message.unsubscribed, message.resubscribed
    if left is not None and (back is None or left > back):
        out |= cells.UNSUBSCRIBED
    if seen & _ENGAGED or left is not None:
        return out | cells.DELIVERED
    bounce, delivered = message.bounced, message.delivered
    if bounce is not None and (delivered is None or bounce[:2] >= delivered):
        return out | cells.BOUNCED
    if delivered is not None:
        return out | cells.DELIVERED
    return out | (seen & cells.DROPPED)


class Emails(Stage):
    """The messages of one shard."""

    def __init__(self, shared: Shared) -> None:
        self.rows = Rows(MESSAGES, shared.memory_ms)
        self._grid, self._admit, self._memory_ms = shared.grid, shared.admit, shared.memory_ms
        self._safe: dict[tuple[str, Labels], tuple[Cell, Cell]] = {}
        self._waiting: defaultdict[str, list[tuple[int, Any]]] = defaultdict(list)

    @property
    def tables(self) -> Sequence[Table]:
        """Messages."""
        return (self.rows,)

    @property
    def known(self) -> Container[str]:
        """Site and message of every message with a row here."""
        return self.rows.encoded

    def take(self, batch: Batch) -> None:
        """Gather events by message."""
        waiting = self._waiting
        for key, event, time_ms in zip(batch.keys, batch.events, batch.times.tolist(), strict=True):
            waiting[key].append((time_ms, event))

    def fold(self, accumulator: Accumulator) -> Sequence[Refused]:
        """Fold what was taken, message by message."""
        encoded, dirty, memory_ms = self.rows.encoded, self.rows.dirty, self._memory_ms
        contribute = self._contribute
        messages, self._waiting = self._waiting, defaultdict(list)
        for key, events in messages.items():
            site = key[: key.index(UNIT)]
            raw = encoded.get(key)
            message = None if raw is None else _decode(raw)
            if len(events) > 1:
                events.sort(key=_by_time)
            # when a row is dropped depends on commits, so what it still says does not: a message that was not
            # heard of for longer than the memory is a new one, whether its row is still there or not
            if message is not None:
                if events[0][0] - message.last > memory_ms:
                    message = None
                else:
                    contribute(accumulator, site, message, -1)
            if message is None:
                message = Message(0, events[0][0])
            for time_ms, event in events:
                if message.last and time_ms - message.last > memory_ms:
                    contribute(accumulator, site, message, 1)
                    message = Message(0, time_ms)
                _take(message, time_ms, event.id, event.data)
            contribute(accumulator, site, message, 1)
            encoded[key] = _encode(message)
            dirty.add(key)
        return ()

    def _contribute(self, accumulator: Accumulator, site: str, message: Message, sign: int) -> None:
        """Count a message, or take it back."""
        said, what = _labels(message), fate(message)
        named = site, said
        labels = self._safe.get(named)
        if labels is None:
            labels = self._labels(site, said)
            if len(self._safe) < _MOST_SAFE:
                self._safe[named] = labels
        sent, of = labels
        pane = self._grid.pane(message.sent or message.first)
        kind = message.bounced[2] if what & cells.BOUNCED and message.bounced is not None else None
        ids = accumulator.ids
        (accumulator.up if sign > 0 else accumulator.down)(ids[(*sent, kind, what)] + pane)
        if message.clicks:
            accumulator.counts[ids[of] + pane] += sign * message.clicks

    def _labels(self, site: str, said: Labels) -> tuple[Cell, Cell]:
        """Make labels safe: the beginning of the cell of a message, and the cell of its clicks."""
        admit = self._admit
        campaign, purpose, variant, domain = said
        safe = (admit("site", site), admit("campaign", campaign), admit("purpose", purpose), admit("variant", variant))
        return ("email", *safe, admit("domain", domain)), ("email_clicks", *safe)


def _take(message: Message, time_ms: int, event_id: str, data: Any) -> None:
    """Add an event to its message; every change is a minimum, a maximum, a sum or a union."""
    if time_ms < message.first:
        message.first = time_ms
    if time_ms > message.last:
        message.last = time_ms
    action = data.action
    if action == "sent":
        message.sent = min(message.sent, time_ms) if message.sent else time_ms
    elif action == "delivered":
        message.delivered = _later(message.delivered, (time_ms, event_id))
    elif data.machine and action in ("opened", "clicked"):
        message.seen |= cells.MACHINE_OPENED if action == "opened" else cells.MACHINE_CLICKED
    elif action in _BITS:
        message.seen |= _BITS[action]
        message.clicks += action == "clicked"
    elif action == "bounced":
        bounce = (time_ms, event_id, data.bounce_type)
        if message.bounced is None or bounce > message.bounced:
            message.bounced = bounce
    elif action == "unsubscribed":
        message.unsubscribed = _later(message.unsubscribed, (time_ms, event_id))
    elif action == "resubscribed":
        message.resubscribed = _later(message.resubscribed, (time_ms, event_id))
    known = message.said
    if len(known) == 1 and (known[0][0], known[0][1]) < (time_ms, event_id):
        _, _, campaign, purpose, variant, domain = known[0]
        if not (
            (campaign is None and data.campaign_id is not None)
            or (purpose is None and data.email_purpose is not None)
            or (variant is None and data.variant is not None)
            or (domain is None and data.recipient_domain is not None)
        ):
            return  # mostly the first event says all that the later ones repeat
    said = (time_ms, event_id, data.campaign_id, data.email_purpose, data.variant, data.recipient_domain)
    if said[2:] != _NOTHING:
        _hear(message, said)


def _hear(message: Message, said: Said) -> None:
    """Keep an event's labels where it is the earliest to say one of them."""
    known = message.said
    if not known:
        message.said = [said]
        return
    wanted = {2, 3, 4, 5}
    kept: list[Said] = []
    for one in sorted([*known, said], key=lambda s: s[:2]):
        says = {i for i in wanted if one[i] is not None}
        if says:
            kept.append(one)
            wanted -= says
    message.said = kept


def _labels(message: Message) -> Labels:
    said = message.said
    if len(said) == 1:
        return said[0][2:]
    found: list[str | None] = [None, None, None, None]
    for one in said:
        for i, value in enumerate(one[2:]):
            if found[i] is None:
                found[i] = value
    return found[0], found[1], found[2], found[3]


def _later(a: Mark | None, b: Mark) -> Mark:
    return b if a is None or b > a else a
