"""Mail to leads: what became of each copy of a message, and whose it is.

In:  all counted events of one message id.
Out: what they tell, each with the id that the copy was addressed to.
"""

from __future__ import annotations

from collections.abc import Iterator

from stream.reference.events import Event
from stream.reference.leads.known import Mail
from stream.reference.leads.names import smallest, strong_ids
from stream.reference.leads.rules import Rules
from stream.reference.leads.visits import Told
from stream.reference.mails import ENGAGEMENTS, copies

_KEPT = ("delivered", "opened", "clicked", "replied", "unsubscribed")


def of_message(message: str, events: list[Event], rules: Rules) -> Iterator[Told]:
    """Tell what became of a message by people, at the first time of each."""
    for number, copy in enumerate(copies(events)):
        ids = {id_ for event in copy for id_ in strong_ids(event.data, rules)}
        if not ids or all(event.action in ENGAGEMENTS for event in copy):
            continue  # nobody's, or nothing shows that it was sent
        purpose = next((event.data["email_purpose"] for event in copy if event.data.get("email_purpose")), "")
        left = [event.action for event in copy if event.action in ("unsubscribed", "resubscribed")]
        whose = smallest(copy[0].data["site_id"], ids)
        for what in _KEPT:
            by_people = (
                event
                for event in copy
                if event.action == what and not (what in ("opened", "clicked") and event.data.get("machine"))
            )
            first = next(by_people, None)
            if first is None or (what == "unsubscribed" and left[-1] != "unsubscribed"):
                continue
            nurtures = what == "delivered" and purpose != "welcome"
            yield Told(whose, "mails", Mail(first.at_ms, f"{message}/{number}", what, nurtures))
