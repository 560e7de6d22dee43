"""Chats: what an event of the chatbot adds to its conversation.

In:  the event's time, id and data.
Out: the conversation changed in place; every change is a minimum, a maximum or an "or".
"""

from __future__ import annotations

from typing import Any

from stream.stages.visitors.row import Bot, Conversation
from stream.stages.visitors.sessions import earlier, least


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
