"""Intercom: notifications of its webhooks about conversations, relayed as they were posted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from stream.contract.chatbot import ChatbotAction
from stream.sources.about import About, Ignored, ignored
from stream.sources.definition import Definition
from stream.sources.events import Event, chatbot
from stream.sources.hashed import email_hash, fingerprint
from stream.sources.moments import unix
from stream.sources.preset import Mapping, Preset
from stream.sources.values import first, part, text


class TopicOf(msgspec.Struct, frozen=True, kw_only=True):
    """What one more topic says of its conversation."""

    action: ChatbotAction
    actor: str | None = None


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Further topics: what each of them is."""

    chats: dict[str, TopicOf] = {}


_OPENS: Final = {"conversation.user.created": "visitor", "conversation.admin.single.created": "agent"}
_REPLIES: Final = {
    "conversation.user.replied": "visitor",
    "conversation.admin.replied": "agent",
    "conversation.operator.replied": "bot",
}
_ASSIGNED: Final = "conversation.admin.assigned"
_CLOSED: Final = "conversation.admin.closed"
#: What all topics begin with that there are: what is not named above is known and not wanted.
_KNOWN: Final = (
    "admin.", "article.", "call.", "company.", "contact.", "content_stat.", "conversation.", "conversation_part.",
    "event.", "granular.", "job.", "ticket.", "user.", "visitor.", "ping",
)  # fmt: skip
_PEOPLE: Final = frozenset({"user", "lead", "contact"})
#: How a conversation with the AI agent came out.
_SOLVED: Final = {"assumed_resolution": True, "confirmed_resolution": True, "routed_to_team": False}


def mapping(options: Options, definition: Definition) -> Mapping:
    """Make the mapping of a definition."""

    def said_of(topic: str, talk: Any) -> Iterator[dict[str, Any]]:
        if topic in options.chats:
            own = options.chats[topic]
            yield {"action": own.action, "actor": own.actor}
        elif topic in _OPENS:
            actor = _OPENS[topic]
            yield {"action": "conversation_started", "actor": None if actor == "visitor" else actor}
            yield {"action": "message", "actor": actor}
        elif topic in _REPLIES:
            actor = _REPLIES[topic]
            yield {"action": "message", "actor": "bot" if actor == "agent" and _by_bot(talk) else actor}
        elif topic == _ASSIGNED and talk.get("ai_agent_participated") is True:
            yield {"action": "handoff"}  # who is assigned without a bot before was never in its hands
        elif topic == _CLOSED:
            state = text(part(talk, "ai_agent").get("resolution_state"))
            yield {"action": "conversation_ended", "resolved": _SOLVED.get(state or "")}

    def read(record: Any, about: About) -> Iterator[Event | Ignored]:
        topic, talk = text(record.get("topic")), part(part(record, "data"), "item")
        if topic is None:
            return
        said = list(said_of(topic, talk))
        if not said:
            if topic.startswith(_KNOWN):
                yield ignored(topic)
            return
        notice, conversation = text(record.get("id")), text(talk.get("id"))
        visitor, user, address = _person(talk)
        for each in said:
            yield chatbot(
                # the id of the notification stays when it is sent again
                id=None if notice is None else fingerprint(notice, each["action"]),
                time=unix(record.get("created_at")),
                visitor_id=visitor,
                user_id=user,
                email_hash=email_hash(address),
                conversation_id=conversation,
                **each,
            )

    return read


def _person(talk: Any) -> tuple[str | None, str | None, Any]:
    """Tell the contact of a conversation, its id in your system, and the address it wrote from."""
    people = part(talk, "contacts").get("contacts")
    contact = first(people) if people.__class__ is list else None
    contact = contact if contact.__class__ is dict else part(talk, "user")
    author = part(part(talk, "source"), "author")
    author = author if author.get("type") in _PEOPLE else {}
    known = text(contact.get("external_id")) or text(contact.get("user_id"))
    return (
        text(contact.get("id")) or text(author.get("id")),
        known,
        contact.get("email") or author.get("email"),
    )


def _by_bot(talk: Any) -> bool:
    """Tell whether the last part of a conversation was written by a program in a teammate's name."""
    parts = part(talk, "conversation_parts").get("conversation_parts")
    last = parts[-1] if parts.__class__ is list and parts else None
    author = part(last, "author")
    return author.get("type") == "bot" or author.get("from_ai_agent") is True


PRESET: Final = Preset(
    name="intercom",
    title="Intercom webhooks, relayed as they were posted: conversations that began, messages, handovers, ends",
    kinds=("chatbot",),
    options=Options,
    mapping=mapping,
    named=("topic",),
    facts=(
        "developers.intercom.com/docs/references, webhook models: topics, and the object of each",
        "automatelab.tech/saas-webhooks/intercom: fields of a notification",
        "unpkg.com/intercom-client, Conversation, ConversationPart, AiAgent: fields of a conversation",
    ),
    unconfirmed=(
        "that the id of a notification stays when it is sent again; values of ai_agent.resolution_state; the topic "
        "conversation.operator.replied"
    ),
    notes=(
        "visitor_id is Intercom's contact: visits are joined with it by user_id and the address, not by the browser.",
        "An assignment is a handover where the AI agent took part before.",
        "A reply of a teammate's that a program wrote is the bot's.",
    ),
    needs_key=True,
    example=(
        {
            "type": "notification_event", "app_id": "a1", "id": "notif_1", "topic": "conversation.user.created",
            "created_at": 1772357400, "first_sent_at": 1772357400, "delivery_attempts": 1,
            "data": {
                "type": "notification_event_data",
                "item": {
                    "type": "conversation", "id": "147", "created_at": 1772357399, "state": "open",
                    "source": {"author": {"type": "user", "id": "5ba68", "email": "jo@acme.example"}},
                    "contacts": {"contacts": [{"type": "contact", "id": "5ba68", "external_id": "u-9"}]},
                },
            },
        },
        {
            "type": "notification_event", "app_id": "a1", "id": "notif_2", "topic": "conversation.admin.closed",
            "created_at": 1772357500,
            "data": {
                "item": {
                    "type": "conversation", "id": "147", "state": "closed", "ai_agent_participated": True,
                    "ai_agent": {"resolution_state": "confirmed_resolution"},
                    "contacts": {"contacts": [{"type": "contact", "id": "5ba68", "external_id": "u-9"}]},
                },
            },
        },
    ),
)  # fmt: skip
