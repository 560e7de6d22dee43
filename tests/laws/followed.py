"""Followed: random events that name people, and by brute force what is known of whom they name.

In:  hypothesis; envelopes of visitors, claims of the crm.
Out: envelopes with ids; facts with the ids that they are about, worked out from all events at once.

Shares the structs of facts and the names of ids with the engine, and no rule.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

from hypothesis import strategies as st

from stream.changes.panes import DAY_MS, MINUTE_MS
from stream.contract.times import parse_ms
from stream.engine.shard import ShardFold
from stream.identity.facts import Booked, Cancelled, Counted, Evidence, Fact, PlatformForm, Submitted, Told, Visit
from stream.identity.ids import VISITOR, Id, Namer
from stream.identity.messages import Drop, Name, Put
from stream.identity.messages import told as leads_told
from tests.laws.traffic import START_MS, Envelope, people

NAMER: Final = Namer(3)
SITE: Final = "s1"
Known = set[tuple[Id, Fact]]
#: (visitor, time, name of the record, email).
Claim = tuple[str, int, str, str]

_GAP: Final = 30 * MINUTE_MS
_LIFE: Final = 35 * DAY_MS
_EMAILS: Final = (None, None, None, None, "a" * 64, "b" * 64, "0" * 64)
_LEADS: Final = (None, None, None, None, None, "L1", "L2", "unknown")
_USERS: Final = (None, None, None, None, None, "u1", "u2")
_CHANNELS: Final = {
    ("google", "cpc", "spring"): ("paid_search", "spring", ""),
    ("news", "email", "june"): ("email", "june", ""),
    ("facebook", "social", None): ("organic_social", "", ""),
    ("google", "organic", None): ("organic_search", "", "google"),
    ("partner.example", "referral", None): ("referral", "", ""),
    ("facebook", "cpc", "spring"): ("paid_social", "spring", ""),
}
_KEY_FORMS: Final = {"contact", "newsletter", "demo", "trial", "quote", "download", "webinar", "checkout"}
_KEY_CHATS: Final = {"lead_captured", "appointment_set", "order_completed"}
_CHATS_OF_PEOPLE: Final = {"lead_captured", "order_started", "order_completed", "appointment_set"}


@st.composite
def naming(draw: st.DrawFn, span_ms: int = DAY_MS, max_size: int = 24) -> list[Envelope]:
    """Draw what visitors do, and now and then who they are."""
    events = draw(people(span_ms, max_size))
    for event in events:
        data = event["data"]
        if draw(st.integers(0, 2)) == 0:
            for field, values in (("email_hash", _EMAILS), ("lead_id", _LEADS), ("user_id", _USERS)):
                if (value := draw(st.sampled_from(values))) is not None:
                    data[field] = value
        if "campaign" in data and draw(st.booleans()):
            data["campaign"]["id"] = draw(st.sampled_from(("77", "78")))
        if draw(st.integers(0, 3)) == 0:
            data["geo"] = data.get("geo", {}) | {"region": draw(st.sampled_from(("BE", "HH")))}
            data["product"] = "crm"
        if event["type"] == "form" and data["action"] == "submit":
            if draw(st.booleans()):
                data["offer_type"] = draw(st.sampled_from(("ebook", "course")))
                data["company"] = {"industry": draw(st.sampled_from(("software", "steel")))}
            if draw(st.booleans()):
                data["qualification"] = {"framework": "bant", "known": ["need", "budget"]}
    return events


@st.composite
def claims(draw: st.DrawFn, span_ms: int = DAY_MS) -> list[Claim]:
    """Draw what the crm says of visitors."""
    one = st.tuples(st.sampled_from(("ann", "bob")), st.integers(0, span_ms // _GAP), st.sampled_from(("a", "c")))
    some = draw(st.lists(one, max_size=3))
    return [(who, START_MS + at * _GAP + 7, f"crm\x1fr{n}", email * 64) for n, (who, at, email) in enumerate(some)]


def known(events: list[Envelope], claimed: Sequence[Claim] = ()) -> Known:
    """Give what is known of all visitors."""
    by_visitor: defaultdict[str, list[Envelope]] = defaultdict(list)
    for event in events:
        if "platform" not in event["data"]:
            by_visitor[event["data"]["visitor_id"]].append(event)
    out: Known = set()
    for visitor, some in by_visitor.items():
        out |= VisitorBook(visitor, some, [claim for claim in claimed if claim[0] == visitor]).known()
    return out


def said(fold: ShardFold, names: dict[Any, tuple[int, str]]) -> dict[int, list[str]]:
    """Give what the shards of leads are told, in whatever order; a fact that is taken back at once comes to nothing.

    `names` has by which event each name was told so far: one that is told again by a later one changes nothing.
    """
    out: dict[int, list[str]] = {}
    for receiver, messages in fold.stage.touches().items():
        told = leads_told(messages)
        facts: dict[tuple[Any, Any], str | None] = {}
        fresh: dict[Any, tuple[int, str]] = {}
        for one in told:
            if isinstance(one, Put | Drop):
                way = type(one).__name__
                about = one.id, one.fact
                before = facts.get(about)
                facts[about] = way if before in (None, way) else None
            if isinstance(one, Name):
                fresh[one.id] = min(fresh.get(one.id, (one.seen_ms, one.seen_id)), (one.seen_ms, one.seen_id))
        rest = [repr(one) for one in told if not isinstance(one, Put | Drop | Name)]
        rest += [repr(one) for one in fresh.items() if one[0] not in names or one[1] < names[one[0]]]
        names |= {id: min(first, names.get(id, first)) for id, first in fresh.items()}
        out[receiver] = sorted(rest + [f"{way} {about!r}" for about, way in facts.items() if way is not None])
    return {receiver: some for receiver, some in out.items() if some}


def name_of(event: Envelope) -> str:
    """Name an event by source and id."""
    return f"{event['source']}\x1f{event['id']}"


def at(event: Envelope) -> tuple[int, str]:
    """Give what orders events."""
    return parse_ms(event["time"]) or 0, name_of(event)


def ids_of(event: Envelope) -> list[Id]:
    """Give the strong ids of an event, smallest first."""
    data = event["data"]
    lead = data.get("lead_id")
    if "platform" in data and lead not in (None, "unknown"):
        lead = f"{data['platform']}:{lead}"
    return NAMER.strong(SITE, data.get("email_hash"), lead, data.get("user_id"))


def on_platforms(events: list[Envelope]) -> Known:
    """Give what is known by forms on ad platforms."""
    out: Known = set()
    counted: set[tuple[str, ...]] = set()
    for event in sorted(events, key=at):
        data, (at_ms, name), ids = event["data"], at(event), ids_of(event)
        if "platform" not in data or data["action"] != "submit":
            continue
        who = (data["platform"], data["lead_id"]) if "lead_id" in data else (data["email_hash"],)
        tags = data.get("campaign", {})
        channel = {"google": "paid_search", "meta": "paid_social"}[data["platform"]]
        geo = data.get("geo", {})
        fact = PlatformForm(
            name, at_ms, channel, tags.get("name", "") or tags.get("id", ""), data.get("form_type", "unknown"),
            data.get("offer_stage", "unknown"), data.get("offer_id", ""), data.get("offer_type", ""),
            data.get("event_id", ""), geo.get("country", ""), geo.get("region", ""), data.get("product", ""),
            tags.get("id", ""), who not in counted,
        )  # fmt: skip
        counted.add(who)
        if not ids:
            continue
        out.add((ids[0], fact))
        if "company" in data or "qualification" in data:
            out.add((ids[0], _told("", event)))
    return out


class VisitorBook:
    """One visitor, by all events."""

    def __init__(self, visitor: str, events: list[Envelope], claimed: Sequence[Claim] = ()) -> None:
        self.visitor, self.events = visitor, sorted(events, key=at)
        self.me = NAMER.id(VISITOR, SITE, visitor)
        self.seen = [(*at(event), ids[0]) for event in events if (ids := ids_of(event))]
        self.seen += [(time_ms, name, NAMER.id(0, SITE, email)) for _, time_ms, name, email in claimed]
        self.seen.sort()
        self.moments = sorted([at(event)[0] for event in events] + [claim[1] for claim in claimed])
        self.sessions: list[list[Envelope]] = []
        self._form_sessions()

    def _form_sessions(self) -> None:
        for event in filter(_is_presence, self.events):
            if self.sessions and at(event)[0] - at(self.sessions[-1][-1])[0] <= _GAP:
                self.sessions[-1].append(event)
            else:
                self.sessions.append([event])
        self.spans = [(at(some[0])[0], at(some[-1])[0]) for some in self.sessions]
        self.of: dict[str, int] = {name_of(event): n for n, some in enumerate(self.sessions) for event in some}
        for event in self.events:
            if not _is_presence(event):
                place = self._place(at(event)[0])
                if place is not None:
                    self.sessions[place].append(event)
                    self.of[name_of(event)] = place
        for some in self.sessions:
            some.sort(key=at)

    def _place(self, at_ms: int) -> int | None:
        before = [n for n, (start, end) in enumerate(self.spans) if start <= at_ms]
        if before and at_ms - self.spans[before[-1]][1] <= _GAP:
            return before[-1]
        after = [n for n, (start, _) in enumerate(self.spans) if start > at_ms]
        return after[0] if after and self.spans[after[0]][0] - at_ms <= _GAP else None

    def _life(self, at_ms: int) -> tuple[int, int]:
        """Give first and last moment of the life that a moment is in."""
        first = last = at_ms
        for moment in self.moments[::-1]:
            if moment < first and first - moment <= _LIFE:
                first = moment
        for moment in self.moments:
            if moment > last and moment - last <= _LIFE:
                last = moment
        return first, last

    def _owner(self, from_ms: int, until_ms: int) -> Id:
        first, last = self._life(from_ms)
        seen = [one for one in self.seen if first <= one[0] <= last]
        before = [one for one in seen if one[0] <= until_ms + _GAP]
        if before:
            return before[-1][2]
        return seen[0][2] if seen and from_ms >= seen[0][0] - _LIFE else self.me

    def owner_of(self, event: Envelope) -> Id:
        """Give whose an event is: whose its session is, or by itself."""
        place = self.of.get(name_of(event))
        span = self.spans[place] if place is not None else (at(event)[0], at(event)[0])
        return self._owner(*span)

    def _is_told(self, from_ms: int) -> bool:
        first, last = self._life(from_ms)
        since = [one[0] for one in self.seen] + [at(event)[0] for event in self.events if _is_key(event)]
        since = [moment for moment in since if first <= moment <= last]
        return bool(since) and from_ms >= min(since) - _LIFE

    def known(self) -> Known:
        """Give what is known of the visitor."""
        out: Known = set()
        if NAMER.ignored(VISITOR, self.visitor):
            return out
        first_key = next((event for event in self.events if _is_key(event)), None)
        for some, (start, end) in zip(self.sessions, self.spans, strict=True):
            if self._is_told(start):
                who = self._owner(start, end)
                out |= {(who, fact) for fact in self._session(some, start, first_key)}
        return out | self._appointments()

    def _session(self, some: list[Envelope], start: int, first_key: Envelope | None) -> set[Fact]:
        channel, campaign, engine, campaign_id = "direct", "", "", ""
        for event in some:
            tags = event["data"].get("campaign")
            if tags is not None:
                found = _CHANNELS[tags["source"], tags["medium"], tags.get("name")]
                campaign_id = tags.get("id", "")
                channel, campaign, engine = found[0], found[1] or campaign_id, found[2]
                break
        country = next((geo["country"] for e in some if (geo := e["data"].get("geo")) and "country" in geo), "")
        views = [event for event in some if event["type"] == "page_view"]
        page = views[0]["data"]["page"] if views else {}
        pricing = any(view["data"]["page"].get("group") == "pricing" for view in views)
        out: set[Fact] = {
            Visit(
                self.visitor, start, channel, campaign, campaign_id, engine, country, page.get("group", ""),
                page.get("content_id", ""), start if pricing else 0,
            )
        }  # fmt: skip
        asked: set[tuple[str, str, str]] = set()
        for event in some:
            data, at_ms = event["data"], at(event)[0]
            if event["type"] != "form" or data["action"] != "submit":
                continue
            kind = data.get("form_type", ""), data.get("offer_stage", ""), data.get("event_id", "")
            if kind not in asked:
                asked.add(kind)
                more = data.get("offer_type", ""), data.get("offer_id", "")
                out.add(Submitted(self.visitor, at_ms, kind[0], kind[1], *more, kind[2]))
            if "company" in data or "qualification" in data:
                out.add(_told(self.visitor, event))
        keys = [event for event in some if _is_key(event)]
        if keys:
            out |= self._key(keys[0], (channel, campaign, campaign_id, country), keys[0] is first_key)
        return out

    def _key(self, event: Envelope, where: tuple[str, str, str, str], is_first: bool) -> set[Fact]:
        data, (at_ms, name) = event["data"], at(event)
        channel, campaign, campaign_id, country = where
        if event["type"] == "form":
            said = (
                "form",
                data.get("form_type", "unknown"),
                data.get("offer_stage", "unknown"),
                data.get("event_id", ""),
            )
            offer, offer_type = data.get("offer_id", ""), data.get("offer_type", "")
        else:
            said, offer, offer_type = ("chatbot", data["action"], "unknown", ""), "", ""
        method, action, stage, occasion = said
        region = data.get("geo", {}).get("region", "")
        told = (
            self.visitor, at_ms, name, method, channel, campaign, action, stage, offer, offer_type, occasion, country,
            region, data.get("product", ""), campaign_id,
        )  # fmt: skip
        return {Evidence(*told), Counted(*told)} if is_first else {Evidence(*told)}

    def _appointments(self) -> Known:
        out: Known = set()
        for appointment in ("a1", "a2"):
            firsts: dict[str, Envelope] = {}
            last_ms = 0
            for event in self.events:
                if event["type"] != "chatbot" or event["data"].get("appointment_id") != appointment:
                    continue
                if at(event)[0] - last_ms > _LIFE:  # the one that is heard of now is another
                    out |= self._appointment(appointment, firsts)
                    firsts = {}
                last_ms = at(event)[0]
                firsts.setdefault(event["data"]["action"], event)
            out |= self._appointment(appointment, firsts)
        return out

    def _appointment(self, appointment: str, firsts: dict[str, Envelope]) -> Known:
        out: Known = set()
        for action, make in (("appointment_set", Booked), ("appointment_cancelled", Cancelled)):
            if (event := firsts.get(action)) is not None:
                at_ms, place = at(event)[0], self.of.get(name_of(event))
                start, end = self.spans[place] if place is not None else (at_ms, at_ms)
                if self._is_told(start):
                    out.add((self._owner(start, end), make(self.visitor, at_ms, appointment)))
        return out


def _told(visitor: str, event: Envelope) -> Told:
    data, (at_ms, name) = event["data"], at(event)
    told, industry = data.get("qualification", {}), data.get("company", {}).get("industry", "")
    return Told(visitor, at_ms, name, told.get("framework", ""), tuple(sorted(told.get("known", []))), industry)


def _is_presence(event: Envelope) -> bool:
    data, kind = event["data"], event["type"]
    if kind == "page_view":
        return True
    if kind == "form":
        return bool(data["action"] != "view")
    if data["action"] == "message":
        return bool(data["actor"] == "visitor")
    if data["action"] == "conversation_started":
        return data.get("actor") not in ("bot", "agent")
    return data["action"] in _CHATS_OF_PEOPLE


def _is_key(event: Envelope) -> bool:
    data: dict[str, Any] = event["data"]
    if event["type"] == "form":
        return data["action"] == "submit" and data.get("form_type") in _KEY_FORMS
    return event["type"] == "chatbot" and data["action"] in _KEY_CHATS
