"""Mails' page of the books: what became of one message.

In:  all counted events of one message.
Out: marks, each at the moment of the message's cohort: when it was sent.
"""

from __future__ import annotations

from collections.abc import Iterator

from stream.reference.people import Event, Mark, series


def _told(events: list[Event], name: str) -> str:
    """Give a field as the earliest event that has it says."""
    return next((str(event.data[name]) for event in events if event.data.get(name)), "")


def _latest(events: list[Event], action: str) -> Event | None:
    return next((event for event in reversed(events) if event.action == action), None)


def marks_of(site: str, events: list[Event]) -> Iterator[Mark]:
    """Work out all marks of one message."""
    events = sorted(events, key=lambda event: (event.at_ms, event.event_id))
    at_ms = next((event.at_ms for event in events if event.action == "sent"), events[0].at_ms)
    labels = {
        "site": site,
        "campaign": _told(events, "campaign_id"),
        "purpose": _told(events, "email_purpose"),
        "variant": _told(events, "variant"),
    }
    machine = {event.action for event in events if event.data.get("machine")}
    human = {event.action for event in events if not event.data.get("machine")}
    clicks = sum(event.action == "clicked" and not event.data.get("machine") for event in events)
    reached = {"opened", "clicked", "replied", "unsubscribed", "spam_complaint"} & (human | machine)
    bounce, delivery = _latest(events, "bounced"), _latest(events, "delivered")
    out, back = _latest(events, "unsubscribed"), _latest(events, "resubscribed")

    overtaken = bounce is not None and delivery is not None and delivery[:2] > bounce[:2]
    bounced = bounce is not None and not reached and not overtaken
    delivered = bool(reached) or (delivery is not None and not bounced)
    dropped = "dropped" in human and not delivered and not bounced
    complained = "spam_complaint" in human
    states = {
        "emails_sent": True,
        "emails_delivered": delivered,
        "emails_dropped": dropped,
        "emails_opened": "opened" in human or "clicked" in human,
        "emails_clicked": "clicked" in human,
        "emails_replied": "replied" in human,
        "emails_unsubscribed": out is not None and (back is None or out[:2] > back[:2]),
        "emails_spam_complaints": complained,
        "emails_machine_opened": "opened" in machine,
        "emails_machine_clicked": "clicked" in machine,
        "_emails_bounced": bounced,
        "_emails_deliverable": not (bounced or dropped or complained),
    }
    for name, holds in states.items():
        if holds:
            yield Mark(series(name, **labels), at_ms)
    if bounced and bounce is not None:
        yield Mark(series("emails_bounced", **labels, bounce_type=str(bounce.data["bounce_type"])), at_ms)
    if clicks:
        yield Mark(series("email_clicks", **labels), at_ms, clicks)
    domain = {"site": site, "domain": _told(events, "recipient_domain")}
    yield Mark(series("domain_emails_sent", **domain), at_ms)
    if not (bounced or dropped or complained):
        yield Mark(series("_domain_emails_deliverable", **domain), at_ms)
