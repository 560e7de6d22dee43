"""Visits of leads: whose each session of a device is, and what was done in it.

In:  all counted events of one visitor, and the crm records that name the visitor.
Out: what they tell, each with the id that it is told of.

A session belongs to the last id that was seen with the visitor until half an hour after it, else to the first one seen
later, else to the visitor alone. Nobody remembers a visitor for longer than 35 days without an event.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from stream.reference.chats import APPOINTMENTS, deals
from stream.reference.events import MEMORY_MS, Event, in_order, spells
from stream.reference.leads.known import Appointment, Company, Counted, Evidence, Form, Visit, Way
from stream.reference.leads.names import Id, strong_ids
from stream.reference.leads.rules import FRAMEWORKS, Rules
from stream.reference.people import SESSION_GAP_MS, Session, is_key, known_before, look_back, sessions_of


class Seen(NamedTuple):
    """An id that was seen with a visitor; they sort by time, event and id."""

    at_ms: int
    name: str
    id: Id


class Told(NamedTuple):
    """One thing that is known, of whom, and in which list of theirs it stands; `visitor` where a device did it."""

    whose: Id
    where: str
    what: Any
    visitor: str = ""


class Visitor:
    """One visitor of a site, with the ids that were seen with them."""

    def __init__(self, name: str, events: Iterable[Event], claims: Iterable[tuple[Event, Id]], rules: Rules) -> None:
        self.name = name
        self._events = in_order(events)
        self._claims = [Seen(event.at_ms, event.name, id_) for event, id_ in claims]
        self._rules = rules

    def told(self, look_back_ms: int) -> Iterator[Told]:
        """Tell all that is known of a visitor who is known, and nothing of others."""
        sessions, alone = sessions_of(self._events)
        look_back(sessions, look_back_ms)
        keys = [event for event in self._events if is_key(event)]
        for first_ms, last_ms in self._lives():
            seen = [one for one in self._seen() if first_ms <= one.at_ms <= last_ms]
            known_ms = min(
                [*(one.at_ms for one in seen), *(key.at_ms for key in keys if first_ms <= key.at_ms <= last_ms)],
                default=None,
            )
            if known_ms is None:
                continue
            here = [one for one in sessions if first_ms <= one.start_ms <= last_ms]
            remembered = [one for one in here if one.start_ms >= known_ms - MEMORY_MS]
            for session in remembered:
                whose = self._owner(seen, session.start_ms, session.end_ms)
                yield from (Told(whose, where, what, self.name) for where, what in self._of(session, keys))
            loose = [event for event in alone if first_ms <= event.at_ms <= last_ms]
            yield from self._appointments(seen, remembered, loose)

    def _lives(self) -> Iterator[tuple[int, int]]:
        """Part the time of a visitor where nobody remembers them any more."""
        claimed = [Event(one.at_ms, one.name, "crm", {}) for one in self._claims]
        for life in spells(in_order([*self._events, *claimed]), MEMORY_MS):
            yield life[0].at_ms, life[-1].at_ms

    def _seen(self) -> list[Seen]:
        ids = ((event, strong_ids(event.data, self._rules)) for event in self._events)
        return sorted([*self._claims, *(Seen(event.at_ms, event.name, some[0]) for event, some in ids if some)])

    def _owner(self, seen: Sequence[Seen], start_ms: int, end_ms: int) -> Id:
        before = [one for one in seen if one.at_ms <= end_ms + SESSION_GAP_MS]
        later = [one for one in seen[:1] if one.at_ms - start_ms <= MEMORY_MS]
        return before[-1].id if before else later[0].id if later else Id("v", self.name)

    def _of(self, session: Session, keys: list[Event]) -> Iterator[tuple[str, Any]]:
        way = Way(session.channel, session.source.campaign, session.campaign_id)
        pages = frozenset(view.data["page"].get("group") or "" for view in session.views)
        yield "visits", Visit(session.start_ms, self.name, way, pages)
        if session.keys:
            yield "evidence", _evidence(session.keys[0], way, session.country)
        for key in session.keys:
            if not known_before(key, keys):
                yield "counted", Counted(key.at_ms, key.name)
        submits = [event for event in session.presences if event.kind == "form" and event.action == "submit"]
        first: dict[tuple[str, str, str], Form] = {}
        for submit in submits:
            form = form_of(submit)
            first.setdefault(form[1:], form)
            told = company_of(submit)
            if told is not None:
                yield "companies", told
        yield from (("forms", form) for form in first.values())

    def _appointments(self, seen: list[Seen], sessions: list[Session], loose: list[Event]) -> Iterator[Told]:
        """Find appointments that were made, or called off, by chat: each at its first such event."""
        when = {id(event): (session.start_ms, session.end_ms) for session in sessions for event in session.events}
        when |= {id(event): (event.at_ms, event.at_ms) for event in loose}
        chats = [event for event in self._events if event.kind == "chatbot" and id(event) in when]
        for appointment in deals(chats, "appointment_id", APPOINTMENTS):
            for action, where in (("appointment_set", "booked"), ("appointment_cancelled", "cancelled")):
                event = next((one for one in appointment if one.action == action), None)
                if event is not None:
                    what = Appointment(event.at_ms, event.data["appointment_id"])
                    yield Told(self._owner(seen, *when[id(event)]), where, what, self.name)


def _evidence(key: Event, way: Way, country: str) -> Evidence:
    """Describe a key event as what shows a lead; a chat offers nothing."""
    data = key.data
    form = data if key.kind == "form" else {}
    return Evidence(
        key.at_ms,
        key.name,
        "form" if key.kind == "form" else "chatbot",
        way,
        form.get("form_type") or key.action,
        form.get("offer_stage") or "",
        form.get("offer_id") or "",
        form.get("offer_type") or "",
        form.get("event_id") or "",
        country,
        (data.get("geo") or {}).get("region") or "",
        data.get("product") or "",
    )


def form_of(submit: Event) -> Form:
    """Describe a submitted form."""
    data = submit.data
    about = (data.get(name) or "" for name in ("form_type", "offer_stage", "event_id"))
    return Form(submit.at_ms, *about)


def company_of(submit: Event) -> Company | None:
    """Read what a form told of a company and of how ready the lead is; None where it told nothing."""
    company, ready = submit.data.get("company") or {}, submit.data.get("qualification") or {}
    framework = ready.get("framework") or ""
    known = frozenset(ready.get("known") or ()) & FRAMEWORKS.get(framework, frozenset())
    bands = [company.get(name) or "" for name in ("industry", "size_band", "revenue_band")]
    if not framework and not any(bands):
        return None
    return Company(submit.at_ms, submit.name, framework, known, *bands)
