"""Mails' page of the reference: what became of each copy of one message.

In:  all counted events of one message id.
Out: marks, each at the moment of the copy's cohort: when it was sent.

A copy is the message to one recipient. One event that names a lead_id and an email_hash joins the two; so does a
message that knows exactly one of each. Joins are transitive. A message of which nothing is heard for 35 days is over,
and so is a copy; what comes then is another one, and knows nothing of who was one with whom.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from stream.reference.events import HOUR_MS, MEMORY_MS, Event, Mark, in_order, series, spells

_RANK: Final = {"unknown": 0, "soft": 1, "delivered": 2, "block": 3, "hard": 4}
_BY_PEOPLE: Final = {"opened", "clicked", "replied", "unsubscribed", "spam_complaint"}
ENGAGEMENTS: Final = _BY_PEOPLE | {"resubscribed"}
#: How long after the sending an answer is in time.
IN_TIME_MS: Final = {"opened": 6 * HOUR_MS, "clicked": 6 * HOUR_MS, "replied": 72 * HOUR_MS}


def copies(events: list[Event]) -> list[list[Event]]:
    """Part the events of a message id by message and recipient."""
    return [copy for message in spells(in_order(events), MEMORY_MS) for copy in _copies(message)]


def _copies(events: list[Event]) -> list[list[Event]]:
    names = [_names(event) for event in events]
    groups: list[set[str]] = []
    for named in names:
        touching = [group for group in groups if group & named]
        groups = [group for group in groups if not group & named] + [named.union(*touching)]
    known = set().union(*groups)
    leads = {name for name in known if name.startswith("lead")}
    if len(leads) == 1 and len(known) == 2:
        groups = [known]
    parts = [[event for event, named in zip(events, names, strict=True) if named & group] for group in groups]
    return [spell for part in parts for spell in spells(in_order(part), MEMORY_MS)]


def _names(event: Event) -> set[str]:
    data = event.data
    return {f"{what}:{data[what]}" for what in ("lead_id", "email_hash") if data.get(what)}


def marks_of(site: str, events: list[Event]) -> Iterator[Mark]:
    """Work out all marks of one message id."""
    for copy in copies(events):
        yield from _copy(site, copy)


def _told(events: list[Event], name: str) -> str:
    """Give a field as the earliest event that has it says."""
    return next((str(event.data[name]) for event in events if event.data.get(name)), "")


def _by_machine(event: Event) -> bool:
    return event.action in ("opened", "clicked") and bool(event.data.get("machine"))


def _last_word(events: list[Event]) -> str | None:
    """Give the last bounce or delivery: by second, and within one by rank."""
    words = [
        (event.at_ms // 1000, _RANK.get(word, 0), word)
        for event in events
        if event.action in ("delivered", "bounced")
        for word in ["delivered" if event.action == "delivered" else event.data.get("bounce_type") or "unknown"]
    ]
    return max(words)[2] if words else None


def _copy(site: str, events: list[Event]) -> Iterator[Mark]:
    if all(event.action in ENGAGEMENTS for event in events):
        return  # nothing shows that it was sent
    at_ms = next((event.at_ms for event in events if event.action == "sent"), events[0].at_ms)
    labels = {
        "site": site,
        "campaign": _told(events, "campaign_id"),
        "purpose": _told(events, "email_purpose"),
        "variant": _told(events, "variant"),
    }
    people = [event for event in events if not _by_machine(event)]
    did = {event.action for event in people}
    machine = {event.action for event in events if _by_machine(event)}
    word = _last_word(events)
    arrived = bool(did & _BY_PEOPLE) or word == "delivered"
    bounced = not arrived and word is not None
    dropped = not arrived and not bounced and "dropped" in did
    complained = "spam_complaint" in did
    left = [event for event in events if event.action in ("unsubscribed", "resubscribed")]
    states = {
        "emails_sent": True,
        "emails_delivered": arrived,
        "emails_dropped": dropped,
        "emails_opened": bool(did & {"opened", "clicked"}),
        "emails_clicked": "clicked" in did,
        "emails_replied": "replied" in did,
        "emails_unsubscribed": bool(left) and left[-1].action == "unsubscribed",
        "emails_spam_complaints": complained,
        "emails_machine_opened": "opened" in machine,
        "emails_machine_clicked": "clicked" in machine,
        "_emails_bounced": bounced,
        "_emails_deliverable": not (bounced or dropped or complained),
        "_emails_arrived": not (bounced or dropped),
        **{f"emails_{what}_in_time": _in_time(what, people, at_ms) for what in IN_TIME_MS},
    }
    for name, holds in states.items():
        if holds:
            yield Mark(series(name, **labels), at_ms)
    if bounced:
        yield Mark(series("emails_bounced", **labels, bounce_type=str(word)), at_ms)
    clicks = {(event.at_ms // 1000, event.data.get("link_path")) for event in people if event.action == "clicked"}
    if clicks:
        yield Mark(series("email_clicks", **labels), at_ms, len(clicks))
    domain = {"site": site, "domain": _told(events, "recipient_domain").lower()}
    yield Mark(series("domain_emails_sent", **domain), at_ms)
    if not (bounced or dropped or complained):
        yield Mark(series("_domain_emails_deliverable", **domain), at_ms)


def _in_time(what: str, people: list[Event], sent_ms: int) -> bool:
    """Tell whether somebody did this soon enough; who clicks has opened."""
    ways: dict[str, Any] = {"opened": {"opened", "clicked"}}
    did = [event.at_ms for event in people if event.action in ways.get(what, {what})]
    return bool(did) and min(did) - sent_ms <= IN_TIME_MS[what]
