"""Brute force: who is one lead, and what is known of them, from all events at once.

In:  events, the limits of what is shared.
Out: groups of ids with their facts; ids that are shared; deals of nobody.

It shares with the shards what an id is and which values are junk, and no code of theirs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stream.identity.facts import (
    Booked,
    Cancelled,
    Counted,
    Deal,
    Evidence,
    Fact,
    Mailed,
    PlatformForm,
    Recorded,
    Refund,
    Submitted,
    Visit,
)
from stream.identity.ids import Id, Namer, is_junk
from tests.laws.leads.worlds import Event

GAP_MS = 30 * 60_000
LETTERS = "eluv"
SITE = "s1"
KEYS = {"contact", "newsletter", "demo", "trial", "quote", "download", "webinar", "checkout"}
OF_VISITORS = (Visit, Evidence, Counted, Submitted, Booked, Cancelled)

#: First letter of the type, and the text.
Name = tuple[str, str]
Limits = Mapping[str, Mapping[str, int]]


@dataclass
class Found:
    """What brute force finds."""

    groups: list[tuple[set[Name], set[Fact]]]
    shared: set[Name]
    of_nobody: list[tuple[Deal, list[Refund]]]


def named(event: Event) -> list[Name]:
    """List the ids of an event that join, smallest first."""
    told = (("e", event.get("email")), ("l", event.get("lead")), ("u", event.get("user")))
    return [(letter, text) for letter, text in told if text is not None and not is_junk(text)]


def _place(id: Name) -> Id:
    """Order ids as shards do."""
    return Namer(1).id(LETTERS.index(id[0]), SITE, id[1])


def people(all_events: list[Event], limits: Limits, largest: int) -> Found:
    """Find the facts of each lead."""
    events = list({event["id"]: event for event in all_events}.values())
    pairs = {frozenset((a, b)) for event in events for a in named(event) for b in named(event) if a != b}
    facts: defaultdict[Name, set[Fact]] = defaultdict(set)
    _visitors(events, facts)
    _mails(events, facts)
    of_nobody = _crm(events, facts)
    for event in events:
        if event.get("platform") and named(event):
            form = PlatformForm(event["id"], event["time"], event["channel"], "", counted=True)
            facts[named(event)[0]].add(form)
    shared = _shared(events, pairs, limits)
    for id in shared:  # what visitors did under it is their own
        for fact in [fact for fact in facts[id] if isinstance(fact, OF_VISITORS)]:
            facts[id].discard(fact)
            facts["v", fact.visitor].add(fact)
    every = {*facts, *(id for pair in pairs for id in pair)}
    label = {id: id for id in every}  # naive: spread the smallest label until nothing changes
    changed = True
    while changed:
        changed = False
        for a, b in map(tuple, pairs):
            if a in shared or b in shared or label[a] == label[b]:
                continue
            label[a] = label[b] = min(label[a], label[b])
            changed = True
    by: defaultdict[Name, set[Name]] = defaultdict(set)
    for id in every:
        by[label[id]].add(id)
    parts = [part for group in by.values() for part in ([group] if len(group) <= largest else [{id} for id in group])]
    return Found([(part, set().union(*(facts[id] for id in part))) for part in parts], shared, of_nobody)


def _shared(events: list[Event], pairs: set[frozenset[Name]], limits: Limits) -> set[Name]:
    near: defaultdict[Name, defaultdict[str, set[Name]]] = defaultdict(lambda: defaultdict(set))
    for a, b in map(tuple, pairs):
        near[a][b[0]].add(b)
        near[b][a[0]].add(a)
    for event in events:  # who was seen under an id
        visitor = event.get("visitor")
        if visitor and not is_junk(visitor):
            for id in named(event)[:1] if event["kind"] == "crm" else named(event):
                near[id]["v"].add(("v", visitor))
    return {
        id
        for id, some in near.items()
        if any(len(who) > limits.get(id[0], {}).get(letter, 0) for letter, who in some.items())
    }


def _visitors(events: list[Event], facts: defaultdict[Name, set[Fact]]) -> None:
    rows: defaultdict[str, list[Event]] = defaultdict(list)
    told: defaultdict[str, list[tuple[int, str, Name]]] = defaultdict(list)
    for event in events:
        visitor = event.get("visitor")
        if visitor is None:
            continue
        if event["kind"] == "web":
            rows[visitor].append(event)
        if named(event):
            told[visitor].append((event["time"], event["id"], named(event)[0]))
    for visitor, seen in rows.items():
        if not is_junk(visitor):
            _visitor(visitor, seen, sorted(told[visitor]), facts)


def _visitor(
    visitor: str, seen: list[Event], told: list[tuple[int, str, Name]], facts: defaultdict[Name, set[Fact]]
) -> None:
    seen.sort(key=lambda e: (e["time"], e["id"]))
    key = [e for e in seen if e.get("form_type") in KEYS and e["action"] == "submit"]
    key += [e for e in seen if e.get("action") in ("lead_captured", "appointment_set")]
    first = min(key, key=lambda e: (e["time"], e["id"]), default=None)
    if not told and not key:
        return
    start = 0
    for at in range(1, len(seen) + 1):
        if at < len(seen) and seen[at]["time"] - seen[at - 1]["time"] <= GAP_MS:
            continue
        session, start = seen[start:at], at
        end, who = session[-1]["time"] + GAP_MS, None
        for time, _, id in told:
            if time <= end or who is None:
                who = id
        out = facts[who or ("v", visitor)]
        touch = ("direct", "")
        for e in reversed(session):
            if e["channel"] != "direct":
                touch = (e["channel"], e["campaign"])
        begin = session[0]["time"]
        pricing = begin if "pricing" in {e.get("group") for e in session} else 0
        out.add(Visit(visitor, begin, *touch, pricing_ms=pricing))
        submits = [e for e in session if e.get("action") == "submit"]
        for kind in {(e["form_type"], e["stage"]) for e in submits}:
            out.add(Submitted(visitor, min(e["time"] for e in submits if (e["form_type"], e["stage"]) == kind), *kind))
        for e in session:
            if e.get("action") == "appointment_set":
                out.add(Booked(visitor, e["time"], e["appointment"]))
            if e.get("action") == "appointment_cancelled":
                out.add(Cancelled(visitor, e["time"], e["appointment"]))
        here = sorted((e["time"], e["id"], e["action"]) for e in session if e in key)
        if here:
            time, id, action = here[0]
            said = visitor, time, id, "form" if action == "submit" else "chatbot", *touch
            out.add(Evidence(*said))
            if first is not None and id == first["id"]:
                out.add(Counted(*said))


def _mails(events: list[Event], facts: defaultdict[Name, set[Fact]]) -> None:
    by: defaultdict[str, list[Event]] = defaultdict(list)
    for event in events:
        if event["kind"] == "email":
            by[event["message"]].append(event)
    for message, seen in by.items():
        whom = sorted({id for event in seen for id in named(event)}, key=_place)
        for what in {e["action"] for e in seen} - {"sent"} if whom else ():
            told = [e for e in seen if e["action"] == what and not (e["machine"] and what in ("opened", "clicked"))]
            if told:
                time = min(e["time"] for e in told)
                nurtures = what == "delivered" and any(e["nurtures"] for e in told if e["time"] == time)
                facts[whom[0]].add(Mailed(message, what, time, nurtures))


def _crm(events: list[Event], facts: defaultdict[Name, set[Fact]]) -> list[tuple[Deal, list[Refund]]]:
    deals: defaultdict[str, list[Event]] = defaultdict(list)
    for e in events:
        if e["kind"] != "crm":
            continue
        ids = named(e)
        at = next((id for id in ids if id[0] == "l"), ids[0] if ids else None)
        if at is not None:
            facts[at].add(recorded(e))
        if e.get("deal"):
            deals[e["deal"]].append(e)
        elif e["action"] == "refund" and at is not None:
            facts[at].add(Refund(e["id"], "", e["time"], e["value"], e["currency"]))
    out: list[tuple[Deal, list[Refund]]] = []
    for deal, told in deals.items():
        told.sort(key=lambda e: (e["time"], e["id"]))
        won, lost = ([e for e in told if e["action"] == action] for action in ("deal_won", "deal_lost"))
        refunds = [Refund(e["id"], deal, e["time"], e["value"], e["currency"]) for e in told if e["action"] == "refund"]
        whose = [id for e in [*won, *lost] for id in named(e) if id[0] == "l"]
        fact = Deal(deal, 0, "", None, "", None)
        if won or lost:
            begin, money = (won or lost)[0], won[-1] if won else {"value": None, "currency": "", "new": None}
            won_ms, lost_ms = won[0]["time"] if won else 0, lost[0]["time"] if lost else 0
            worth = money["value"], money["currency"], money["new"]
            fact = Deal(deal, begin["time"], begin["id"], *worth, won_ms, lost_ms)
        if whose:
            facts[whose[0]] |= {*refunds, *([fact] if won or lost else [])}
        else:
            out.append((fact, refunds))
    return out


def recorded(event: Event) -> Recorded:
    """Give the fact of a record."""
    said: dict[str, Any] = {"to": event.get("to", ""), "deal": event.get("deal", "")}
    return Recorded(
        event["id"], event["time"], event["action"], channel="offline", new_customer=event.get("new"), **said
    )
