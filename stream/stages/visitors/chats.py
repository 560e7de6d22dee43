"""Chats: what is kept of the chatbot's events of a person, and what they count for.

In:  events of the chatbot; what is kept of them.
Out: cells of conversations, orders and appointments; what they are is said in `talks`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from stream.changes.durations import bucket_of
from stream.changes.panes import HOUR_MS
from stream.stages.visitors import talks
from stream.stages.visitors.names import short, whole
from stream.stages.visitors.row import UNKNOWN, Extra
from stream.stages.visitors.steps import Cells, step
from stream.stages.visitors.talks import Conversation, Talk

#: Actions that are key events, and so make a lead.
KEY_CHATS: Final = frozenset({"lead_captured", "appointment_set", "order_completed"})
DONE_BY_PERSON: Final = frozenset({"lead_captured", "order_started", "order_completed", "appointment_set"})
_FIELDS: Final = 10
#: Place of the id of an order or appointment in what is kept of an event.
DEAL: Final = 7
#: What is not said of an event behind its action: bot, resolved, duration, deal, value and currency.
_NOTHING: Final[list[Any]] = [None, None, -1, None, None, None]
_CODE: Final = {action: code for code, action in enumerate(talks.ACTIONS)}


def is_presence(data: Any) -> bool:
    """Tell whether the person caused an event: a bot that greets and a system that closes are nobody."""
    action = data.action
    if action == "message":
        return bool(data.actor == "visitor")
    if action == "conversation_started":
        return data.actor not in ("bot", "agent")
    return action in DONE_BY_PERSON


def makes_lead(data: Any) -> bool:
    """Tell whether an event of the chatbot is a key event."""
    return data.action in KEY_CHATS


def millionths(amount: float | int) -> int:
    """Give an amount of money in millionths; whole numbers are that already."""
    return round(amount * 1_000_000) if isinstance(amount, float) else amount


def packed(time_ms: int, name: str, bot: str | None, data: Any, source: str) -> list[Any]:
    """Make what is stored of an event: a list that ends where nothing more is said."""
    action = data.action
    out: list[Any] = [
        time_ms, short(name, source), data.conversation_id,
        _CODE[action] + (16 if action == "message" and data.actor == "visitor" else 0),
    ]  # fmt: skip
    duration_s, deal = data.duration_s, data.order_id or data.appointment_id
    worth = data.value is not None and data.currency is not None
    if data.resolved is None and duration_s is None and deal is None and not worth:  # as most are
        if bot is not None:
            out.append(bot)
        return out
    out += [
        bot, data.resolved, -1 if duration_s is None else round(duration_s * 1_000), deal,
        millionths(data.value) if worth else None, data.currency if worth else None,
    ]  # fmt: skip
    while out[-1] is None or out[-1] == -1:
        out.pop()
    return out


def unpacked(stored: list[Any], source: str) -> Talk:
    """Read an event as it is stored."""
    if len(stored) == 4:
        time_ms, name, conversation, code = stored
        return Talk(time_ms, whole(name, source), conversation, talks.ACTIONS[code & 15], code > 15)
    time_ms, name, conversation, code, bot, resolved, duration_ms, deal, value, currency = (
        stored if len(stored) == _FIELDS else stored + _NOTHING[len(stored) - 4 :]
    )
    return Talk(
        time_ms, whole(name, source), conversation, talks.ACTIONS[code & 15], code > 15, bot, resolved,
        duration_ms, deal, value, currency,
    )  # fmt: skip


def is_flood(extra: Extra, conversation: str, time_ms: int, most: int) -> bool:
    """Tell whether an event would begin one conversation more than may begin in its UTC hour."""
    if len(extra.talks) < most:
        return False
    first: dict[str, int] = {}
    for stored in extra.talks:
        first[stored[2]] = min(stored[0], first.get(stored[2], stored[0]))
    hour = time_ms // HOUR_MS
    return conversation not in first and sum(begun // HOUR_MS == hour for begun in first.values()) >= most


def cells(site: str, said: Iterable[Talk], pane: Callable[[int], int]) -> Cells:
    """List what a person's events in chats count for."""
    said = list(said)
    out: Cells = []
    for conversation in talks.conversations(said):
        _conversation(out, site, conversation, pane)
    if not any(talk.deal is not None for talk in said):
        return out
    for order in talks.orders(said):
        bot, at = order.bot or UNKNOWN, pane(order.begun_ms)
        out.append((("order_started", site, bot), at, 1))
        if order.done_ms:
            out.append((("order_completed", site, bot), at, 1))
            out.append((("key_event", site, "order_completed"), pane(order.done_ms), 1))
            if order.value is not None:
                worth, currency = order.value
                out.append((("order_value", site, bot, currency), at, worth))
    for deal in talks.appointments(said):
        bot, at = deal.bot or UNKNOWN, pane(deal.begun_ms)
        out.append((("appointment_set", site, bot), at, 1))
        if deal.opened_ms:
            out.append((("key_event", site, "appointment_set"), pane(deal.opened_ms), 1))
        if deal.done_ms:
            out.append((("appointment_confirmed", site, bot), at, 1))
            if deal.in_time:
                out.append((("appointment_in_time", site, bot), at, 1))
        if deal.cancelled_ms:
            out.append((("appointment_cancelled", site, bot), at, 1))
    return out


def of_thread(stored: list[list[Any]], name: str, source: str) -> list[Conversation]:
    """Give the conversations of one id as they are stored.

    Mostly that is one, and its events came in order: then it is put together without parting them.
    """
    thread = [one for one in stored if one[2] == name]
    if not thread:
        return []
    first_ms = thread[0][0]
    found, before_ms, ended = Conversation(name, first_ms, first_ms), first_ms - 1, False
    for one in thread:
        time_ms, code, many = one[0], one[3], len(one)
        if ended or time_ms <= before_ms or time_ms - before_ms > talks.SILENCE_MS:
            return talks.conversations(unpacked(one, source) for one in thread)
        action = talks.ACTIONS[code & 15]
        ended, before_ms = action == "conversation_ended", time_ms
        talks.add(
            found, time_ms, action, code > 15, one[4] if many > 4 else None, one[5] if many > 5 else None,
            one[6] if many > 6 else -1,
        )  # fmt: skip
    return [found]


def _conversation(out: Cells, site: str, chat: Conversation, pane: Callable[[int], int]) -> None:
    """List a conversation, all in the pane of its start (its first event, if the start was not seen)."""
    bot, at, took_ms = chat.bot or UNKNOWN, pane(chat.begun_ms), chat.took_ms
    out.append((("conversation", site, bot), at, 1))
    out.append((("chat_seconds", site, bot, bucket_of(took_ms)), at, 1))
    out.append((("chat_ms", site, bot), at, took_ms))
    if chat.lead_ms:
        out.append((("chat_lead", site, bot), at, 1))
        out.append((("key_event", site, "lead_captured"), pane(chat.lead_ms), 1))
    if chat.handoff:
        out.append((("chat_handoff", site, bot), at, 1))
    if chat.resolved:
        out.append((("chat_resolved", site, bot), at, 1))
    if chat.engaged:
        out.append((("chat_engaged", site, bot), at, 1))
    if chat.started_ms:
        step(out, pane, site, "conversation_started", "chat_lead", chat.started_ms, chat.answered_ms)


def forget(extra: Extra, oldest_ms: int, most: int, source: str) -> None:
    """Forget conversations that are over, whole, with what was agreed in them; the oldest ones over the bound."""
    stored = extra.talks
    if len(stored) <= most and min((one[0] for one in stored), default=oldest_ms) >= oldest_ms:
        return
    by_name = {whole(one[1], source): one for one in stored}
    said = [unpacked(one, source) for one in stored]
    alive: set[str] = {
        deal.id for deal in (*talks.orders(said), *talks.appointments(said)) if deal.last_ms >= oldest_ms
    }
    kept = [
        (conversation.last_ms, events)
        for conversation, events in talks.parted(said)
        if conversation.last_ms >= oldest_ms or any(event.deal in alive for event in events)
    ]
    kept.sort(key=lambda one: one[0])
    left = sum(len(events) for _, events in kept)
    while left > most and len(kept) > 1:
        left -= len(kept.pop(0)[1])
    extra.talks = [by_name[event.name] for _, events in kept for event in events][-most:]
    extra.talks.sort(key=lambda one: (one[0], whole(one[1], source)))
