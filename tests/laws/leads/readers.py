"""Readers: those who read events of visitors and mails, as small as they can be, and what they tell of people.

In:  events; orders of leads.
Out: messages for shards of leads; cells of what they count where it is read.

Each keeps rows of events and publishes the difference of a pure function of the row, formed anew at each change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from stream.changes.accumulator import Accumulator
from stream.changes.cells import Cell
from stream.changes.panes import MINUTE_MS
from stream.identity import orders
from stream.identity.facts import (
    Booked,
    Cancelled,
    Counted,
    Evidence,
    Fact,
    Mailed,
    PlatformForm,
    Submitted,
    Visit,
)
from stream.identity.ids import VISITOR, Id, Namer, is_junk, links
from stream.identity.messages import Drop, Link, Name, Put, Seen
from stream.identity.outgoing import Outgoing
from tests.laws.leads.worlds import Event

GAP_MS = 30 * MINUTE_MS
SITE = "s1"
KEY_FORMS = frozenset(("contact", "newsletter", "demo", "trial", "quote", "download", "webinar", "checkout"))
KEY_TALKS = ("lead_captured", "appointment_set")
PANE_MS = 5_000

Published = set[tuple[Id, Fact]]


@dataclass
class Row:
    """What is known of a visitor or of a message."""

    events: list[Event] = field(default_factory=list)
    claims: list[tuple[int, str, Id]] = field(default_factory=list)


def sessions(events: Iterable[Event]) -> list[list[Event]]:
    """Split a visitor's events where more than half an hour lies between two."""
    out: list[list[Event]] = []
    for event in sorted(events, key=lambda e: (e["time"], e["id"])):
        if out and event["time"] - out[-1][-1]["time"] <= GAP_MS:
            out[-1].append(event)
        else:
            out.append([event])
    return out


def is_key(event: Event) -> bool:
    """Tell whether an event makes a lead."""
    return (event.get("action") == "submit" and event.get("form_type") in KEY_FORMS) or event.get("action") in KEY_TALKS


def owner(session: list[Event], seen: list[tuple[int, str, Id]], visitor: Id) -> Id:
    """Give whose a session is: the last id seen until half an hour after it, else the first one seen later."""
    until_ms = session[-1]["time"] + GAP_MS
    who = max((one for one in seen if one[0] <= until_ms), default=None) or min(seen, default=None)
    return who[2] if who else visitor


class Reader:
    """One shard of visitors or of mails."""

    def __init__(self, group: str, namer: Namer, accumulator: Accumulator) -> None:
        self.group, self.namer, self.accumulator = group, namer, accumulator
        self.rows: dict[str, Row] = {}
        self.known: set[str] = set()
        self.outgoing = Outgoing()
        self._linked: set[tuple[Id, Id]] = set()
        self._named: dict[Id, tuple[int, str]] = {}

    # events and orders ------------------------------------------------------------------------------------

    def read(self, event: Event) -> None:
        """Take an event, once."""
        if event["id"] in self.known:
            return
        self.known.add(event["id"])
        ids = self.ids(event)
        for id, text in ids:
            self._name(id, text, event["time"], event["id"])
        named = [id for id, _ in ids]
        if event.get("platform"):
            if named:
                fact = PlatformForm(event["id"], event["time"], event["channel"], "", counted=True)
                self._send(Put(named[0], named[0], fact))
                self._count(fact, 1)
                self._link(named)
            return
        key = event["message"] if self.group == "emails" else event["visitor"]
        row = self.rows.setdefault(key, Row())
        self._change(key, row, lambda: row.events.append(event))
        self._link(named)
        if self.group == "visitors":
            self._see(key, named)

    def obey(self, value: bytes, *, is_claim: bool) -> None:
        """Take an order of leads."""
        if is_claim:
            order = orders.claim(value)
            row = self.rows.setdefault(order.visitor, Row())
            claim = order.time_ms, order.event, order.id
            if claim not in row.claims:
                self._change(order.visitor, row, lambda: row.claims.append(claim))
            self._see(order.visitor, [order.id])
            return
        erase = orders.erase(value)
        if erase.consent is None:
            self._erase(erase)

    # what is told -----------------------------------------------------------------------------------------

    def ids(self, event: Event) -> list[tuple[Id, str]]:
        """List the strong ids of an event, smallest first, with their texts."""
        texts = event.get("email"), event.get("lead"), event.get("user")
        return [
            (self.namer.id(type, SITE, text), text)
            for type, text in enumerate(texts)
            if text is not None and not self.namer.ignored(type, text)
        ]

    def published(self, key: str, row: Row) -> Published:
        """Give what is known of a visitor or message, and whose it is."""
        return self._said(key, row) if self.group == "emails" else self._done(key, row)

    def _done(self, visitor: str, row: Row) -> Published:
        seen = self._seen(row)
        keys = [event for event in row.events if is_key(event)]
        if (not seen and not keys) or is_junk(visitor):
            return set()
        id, out = self.namer.id(VISITOR, SITE, visitor), set[tuple[Id, Fact]]()
        first_key = min(((e["time"], e["id"]) for e in keys), default=None)
        for session in sessions(row.events):
            who = owner(session, seen, id)
            for fact in _facts_of(visitor, session, first_key):
                out.add((who, fact))
        return out

    def _said(self, message: str, row: Row) -> Published:
        named = [id for event in row.events for id, _ in self.ids(event)]
        first: dict[str, tuple[int, bool]] = {}
        for event in row.events:
            what = event["action"]
            if what == "sent" or (what in ("opened", "clicked") and event.get("machine")):
                continue
            told = event["time"], what == "delivered" and not event["nurtures"]
            first[what] = min(first.get(what, told), told)
        facts = [
            Mailed(message, what, time_ms, what == "delivered" and not plain)
            for what, (time_ms, plain) in first.items()
        ]
        return {(min(named), fact) for fact in facts} if named else set()

    def _seen(self, row: Row) -> list[tuple[int, str, Id]]:
        return [
            *row.claims,
            *((event["time"], event["id"], ids[0][0]) for event in row.events if (ids := self.ids(event))),
        ]

    def _change(self, key: str, row: Row, change: Callable[[], None]) -> None:
        before = self.published(key, row)
        change()
        after = self.published(key, row)
        for who, fact in sorted(after - before, key=repr):
            self._put(who, fact, key)
        for who, fact in sorted(before - after, key=repr):
            self._send(Drop(who, who, fact))
            if isinstance(fact, Counted):
                self._count(fact, -1)

    def _put(self, who: Id, fact: Fact, key: str) -> None:
        if who.type == VISITOR:
            self._name(who, key, 0, "")
        self._send(Put(who, who, fact))
        if isinstance(fact, Counted):
            self._count(fact, 1)

    def _count(self, fact: Counted | PlatformForm, amount: int) -> None:
        for cell in counted_as(fact):
            self.accumulator.add(cell, fact.time_ms // PANE_MS, amount)

    def _name(self, id: Id, text: str, time_ms: int, event: str) -> None:
        if self._named.get(id, (time_ms + 1, "")) > (time_ms, event):
            self._named[id] = time_ms, event
            self._send(Name(id, id, SITE, text, time_ms, event))

    def _link(self, ids: list[Id]) -> None:
        for a, b in links(ids):
            if (a, b) not in self._linked:  # only to save messages; twice would change nothing
                self._linked.add((a, b))
                self._send(Link(a, b))

    def _see(self, visitor: str, ids: list[Id]) -> None:
        id = self.namer.id(VISITOR, SITE, visitor)
        for strong in ids:
            if (strong, id) not in self._linked and not is_junk(visitor):
                self._linked.add((strong, id))
                self._send(Seen(strong, id, visitor))

    def _send(self, message: Any) -> None:
        if isinstance(message, Put):
            self.outgoing.put(message.id, message.fact)
        elif isinstance(message, Name):
            self.outgoing.name(message)
        else:
            self.outgoing.send(message)

    # who is forgotten -------------------------------------------------------------------------------------

    def _erase(self, order: orders.Erase) -> None:
        """Forget what is of these ids. The drops are for what is still on its way; what was counted stays counted."""
        ids, texts = set(order.ids), {(id.type, name) for id, name in zip(order.ids, order.names, strict=True)}
        self._linked = {pair for pair in self._linked if not ids & set(pair)}
        self._named = {id: first for id, first in self._named.items() if id not in ids}
        for key in [order.visitor] if order.visitor else list(self.rows):
            row = self.rows.get(key)
            if row is not None:
                self._erase_row(key, row, ids, texts)

    def _erase_row(self, key: str, row: Row, ids: set[Id], texts: set[tuple[int, str]]) -> None:
        before = self.published(key, row)
        gone = {(who, fact) for who, fact in before if who in ids}
        for who, fact in sorted(gone, key=repr):
            self._send(Drop(who, who, fact))
        if self.group == "visitors":
            seen, visitor = self._seen(row), self.namer.id(VISITOR, SITE, key)
            whole = visitor in ids
            mine = {e["id"] for s in sessions(row.events) if whole or owner(s, seen, visitor) in ids for e in s}
            row.events = [event for event in row.events if event["id"] not in mine]
            row.claims = [claim for claim in row.claims if not whole and claim[2] not in ids]
        fields = "email", "lead", "user"
        row.events = [
            {k: v for k, v in e.items() if k not in fields or (fields.index(k), v) not in texts} for e in row.events
        ]
        if not row.events or (self.group == "emails" and gone):
            row.events, row.claims = [], []
            del self.rows[key]
        after, left = self.published(key, row), before - gone
        for who, fact in sorted(after - left, key=repr):  # another's key event is the visitor's first one now
            self._put(who, fact, key)
        for who, fact in sorted(left - after, key=repr):
            self._send(Drop(who, who, fact))


def counted_as(fact: Counted | PlatformForm) -> tuple[Cell, Cell]:
    """Give the cells that a key event is counted in where it is read."""
    paid = "paid" if fact.channel.startswith("paid") else None
    deed = "lead_deed", SITE, fact.action or "unknown", fact.offer_stage or "unknown", fact.event or None
    if isinstance(fact, Counted):
        return ("lead", SITE, fact.method, fact.channel, "on_site", paid), deed
    return ("lead", SITE, "ad_platform", fact.channel, None, "paid"), deed


def _facts_of(visitor: str, session: list[Event], first_key: tuple[int, str] | None) -> list[Fact]:
    """Give what one session says."""
    out: list[Fact] = []
    touched = next((e for e in session if e["channel"] != "direct"), None)
    channel, campaign = (touched["channel"], touched["campaign"]) if touched else ("direct", "")
    start_ms = session[0]["time"]
    pricing_ms = start_ms if any(e.get("group") == "pricing" for e in session) else 0
    out.append(Visit(visitor, start_ms, channel, campaign, pricing_ms=pricing_ms))
    forms: dict[tuple[str, str], int] = {}
    for event in session:
        time_ms, action = event["time"], event.get("action")
        if action == "submit":
            kind = event["form_type"], event["stage"]
            forms[kind] = min(forms.get(kind, time_ms), time_ms)
        elif action == "appointment_set":
            out.append(Booked(visitor, time_ms, event["appointment"]))
        elif action == "appointment_cancelled":
            out.append(Cancelled(visitor, time_ms, event["appointment"]))
    out += [Submitted(visitor, time_ms, form_type, stage) for (form_type, stage), time_ms in forms.items()]
    first = min((e for e in session if is_key(e)), key=lambda e: (e["time"], e["id"]), default=None)
    if first is not None:
        method = "form" if first["action"] == "submit" else "chatbot"
        said = visitor, first["time"], first["id"], method, channel, campaign
        out.append(Evidence(*said))
        if (first["time"], first["id"]) == first_key:
            out.append(Counted(*said))
    return out
