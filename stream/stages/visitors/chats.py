"""Chats: what an event of the chatbot changes of the facts, whichever way it is folded.

In:  facts before, and the event's time, id and data.
Out: facts changed in place; every change is a minimum, a maximum or an "or".
"""

from __future__ import annotations

from typing import Any, Final

from stream.changes.panes import HOUR_MS
from stream.stages.visitors.row import Bot, Conversation, Extra
from stream.stages.visitors.sessions import earlier, least

#: Actions that make a lead.
KEY_CHATS: Final = frozenset({"lead_captured", "appointment_set", "order_completed"})


def makes_lead(data: Any) -> bool:
    """Tell whether an event of the chatbot is a key event."""
    return data.action in KEY_CHATS


def is_flood(extra: Extra, name: str, time_ms: int, most: int) -> bool:
    """Tell whether an event would begin one conversation more than may begin in its UTC hour."""
    known = extra.conversations
    if len(known) < most or name in known:
        return False
    hour = time_ms // HOUR_MS
    return sum(chat.first // HOUR_MS == hour for chat in known.values()) >= most


def talk(extra: Extra, time_ms: int, bot: Bot | None, data: Any) -> Conversation:
    """Add an event to its conversation and to what is known of the person; give the conversation."""
    extra.last_chat = max(extra.last_chat, time_ms)
    chat = extra.conversations.get(data.conversation_id)
    if chat is None:
        chat = extra.conversations[data.conversation_id] = Conversation(time_ms, time_ms)
    converse(chat, time_ms, bot, data)
    return chat


def converse(chat: Conversation, time_ms: int, bot: Bot | None, data: Any) -> None:
    """Add an event to its conversation."""
    if time_ms < chat.first:
        chat.first = time_ms
    if time_ms > chat.last:
        chat.last = time_ms
    if bot is not None:
        chat.bot = earlier(chat.bot, bot)
    action = data.action
    if action == "conversation_started":
        chat.started = least(chat.started, time_ms)
    elif action == "lead_captured":
        chat.lead = least(chat.lead, time_ms)
    elif action == "handoff":
        chat.handoff = True
    if data.resolved:
        chat.resolved = True
    if data.duration_s is not None and data.duration_s > chat.duration_s:
        chat.duration_s = data.duration_s
