"""Segment: the simulator's events as a customer data platform would have them in one topic of its own.

In:  records of the simulator; the envelope in their bytes.
Out: the same happenings as page and track calls by Segment's spec, and the definition by which they are read back.

What the spec has a word for is said by it; for the rest the demo has tracks of its own, which its definition names.
What is no whole event (broken bytes, tombstones) goes to the core topics, as everything does that is no visit and no
mail.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

TOPIC: Final = "segment.events"
KINDS: Final = ("page_view", "form", "chatbot", "email")
_FORMS: Final = {
    "view": "Form Viewed", "start": "Form Started", "submit": "Form Submitted", "abandon": "Form Abandoned",
    "error": "Form Failed",
}  # fmt: skip
_CHATS: Final = {
    "conversation_started": "Live Chat Conversation Started",
    "conversation_ended": "Live Chat Conversation Ended",
    "message": "Live Chat Message Received",
}
_MAILS: Final = {
    "sent": "Email Sent", "delivered": "Email Delivered", "bounced": "Email Bounced", "opened": "Email Opened",
    "clicked": "Email Link Clicked", "spam_complaint": "Email Marked as Spam", "unsubscribed": "Unsubscribed",
}  # fmt: skip
_OWN_CHATS: Final = (
    "handoff", "lead_captured", "order_started", "order_completed", "appointment_set", "appointment_confirmed",
    "appointment_cancelled",
)  # fmt: skip
_OWN_MAILS: Final = ("deferred", "dropped", "replied", "resubscribed")

#: A definition as a user would write it.
DEFINITION: Final = "\n".join(
    [
        'preset = "segment"',
        f'topics = ["{TOPIC}"]',
        'site_field = "context.site"',
        "[forms]",
        '"Form Failed" = { action = "error" }',
        "[chats]",
        *(f'"Bot {action}" = {{ action = "{action}" }}' for action in _OWN_CHATS),
        "[mails]",
        *(f'"Mail {action}" = "{action}"' for action in _OWN_MAILS),
        "",
    ]
)


def dressed(kind: str, value: bytes | None) -> bytes | None:
    """Give an event as a call; None for what is no event of a visit or a mail."""
    if kind not in KINDS or value is None:
        return None
    try:
        event = orjson.loads(value)
    except orjson.JSONDecodeError:
        return None
    data = event.get("data") if isinstance(event, dict) else None
    if not isinstance(data, dict) or event.get("type") != kind or not _whole(event):
        return None
    name = _name(kind, data.get("action"), data.get("actor"))
    if name is None:
        return None
    said = {key: each for key, each in data.items() if key not in ("site_id", "action", "visitor_id", "user_id")}
    call = {
        "type": "page" if kind == "page_view" else "track",
        **({} if kind == "page_view" else {"event": name}),
        # events are known by their source and id, and stand in that order
        "messageId": f"{event['source']} {event['id']}",
        "timestamp": event["time"],
        "context": {"site": data["site_id"], "userAgent": said.pop("user_agent", None)},
        "properties": said,
    }
    for theirs, ours in (("anonymousId", "visitor_id"), ("userId", "user_id"), ("receivedAt", "recordedtime")):
        found = event.get(ours) if ours == "recordedtime" else data.get(ours)
        if found is not None:
            call[theirs] = found
    return orjson.dumps(call)


def _whole(event: dict[str, Any]) -> bool:
    return (
        event.get("specversion") == "1.0"
        and all(isinstance(event.get(name), str) and event[name] for name in ("id", "source", "time"))
        and isinstance(event["data"].get("site_id"), str)
    )


def _name(kind: str, action: Any, actor: Any) -> str | None:
    if kind == "page_view":
        return ""
    if not isinstance(action, str):
        return None
    if kind == "form":
        return _FORMS.get(action)
    if kind == "email":
        return _MAILS.get(action, f"Mail {action}" if action in _OWN_MAILS else None)
    if action == "message":
        # who wrote is told by the spec's word, or by the property that is named like the field
        return "Live Chat Message Sent" if actor == "visitor" else _CHATS[action]
    return _CHATS.get(action, f"Bot {action}" if action in _OWN_CHATS else None)
