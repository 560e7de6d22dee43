"""Chats' page of the reference: conversations, orders and appointments of one person.

In:  a person's chatbot events.
Out: marks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from stream.reference.events import DAY_MS, HOUR_MS, MEMORY_MS, UNKNOWN, Event, Mark, first_ms, series, spells, worth
from stream.reference.forms import step

ORDERS: Final = {"order_started", "order_completed"}
APPOINTMENTS: Final = {"appointment_set", "appointment_confirmed", "appointment_cancelled"}
CLOSINGS: Final = {"conversation_ended", "appointment_confirmed", "appointment_cancelled"}
SILENCE_MS: Final = DAY_MS
CONFIRM_IN_TIME_MS: Final = 48 * HOUR_MS


def _chat_order(event: Event) -> tuple[int, int, str]:
    """Order chat events: at one moment a start goes first and an end last."""
    rank = {"conversation_started": 0, "conversation_ended": 2}.get(event.action, 1)
    return event.at_ms, rank, event.name


def conversations(chats: list[Event]) -> list[list[Event]]:
    """Part chat events into conversations.

    A conversation is over when it ended or after a day of silence. Then a start or a message begins another, and
    everything else still belongs to the one before, for 35 days.
    """
    threads: dict[str, list[Event]] = defaultdict(list)
    for event in sorted(chats, key=_chat_order):
        threads[event.data["conversation_id"]].append(event)
    out: list[list[Event]] = []
    for thread in threads.values():
        for spell in spells(thread, MEMORY_MS):
            current: list[Event] = []
            over = False
            for event in spell:
                if current and event.at_ms - current[-1].at_ms > SILENCE_MS:
                    over = True
                if current and over and event.action in ("conversation_started", "message"):
                    out.append(current)
                    current, over = [], False
                current.append(event)
                over = over or event.action == "conversation_ended"
            out.append(current)
    return out


def marks_of_chats(site: str, chats: list[Event]) -> Iterator[Mark]:
    """Work out the marks of a person's chats."""
    parts = conversations(chats)
    for part in parts:
        yield from _conversation(site, part)
    for deal in deals(chats, "order_id", ORDERS):
        yield from _order(site, deal, _bot(deal, parts))
    for deal in deals(chats, "appointment_id", APPOINTMENTS):
        yield from _appointment(site, deal, _bot(deal, parts))


def deals(chats: list[Event], name: str, actions: set[str]) -> list[list[Event]]:
    """Gather the steps of orders or appointments by their id."""
    by_id: dict[str, list[Event]] = defaultdict(list)
    for event in sorted(chats, key=_chat_order):
        if event.action in actions and event.data.get(name):
            by_id[event.data[name]].append(event)
    return [part for events in by_id.values() for part in spells(events, MEMORY_MS)]


def _bot_named(events: list[Event]) -> str | None:
    return next((event.data["bot_id"] for event in events if event.data.get("bot_id")), None)


def _bot(deal: list[Event], parts: list[list[Event]]) -> str:
    """Give the bot that a deal names, else that of the conversation of its first event."""
    within = next(part for part in parts if deal[0] in part)
    return _bot_named(deal) or _bot_named(within) or UNKNOWN


def _conversation(site: str, part: list[Event]) -> Iterator[Mark]:
    labels = {"site": site, "bot": _bot_named(part) or UNKNOWN}
    started_ms = first_ms(event for event in part if event.action == "conversation_started")
    leads = [event.at_ms for event in part if event.action == "lead_captured"]
    at_ms = started_ms if started_ms is not None else part[0].at_ms
    yield Mark(series("conversations", **labels), at_ms)
    engaged = any(
        event.action in ("lead_captured", "order_started", "order_completed", "appointment_set")
        or (event.action == "message" and event.data.get("actor") == "visitor")
        for event in part
    )
    yield Mark(series("engaged_conversations", **labels), at_ms, int(engaged))
    if leads:
        yield Mark(series("chat_leads", **labels), at_ms)
        yield Mark(series("key_events", site=site, action="lead_captured"), leads[0])
    if any(event.action == "handoff" for event in part):
        yield Mark(series("_handoffs", **labels), at_ms)
    said = [event.data["resolved"] for event in part if event.data.get("resolved") is not None]
    if said and said[-1]:
        yield Mark(series("_resolved", **labels), at_ms)
    told = [event.data["duration_s"] for event in part if event.data.get("duration_s") is not None]
    spoken = [event.at_ms for event in part if event.action not in CLOSINGS]
    lasted_ms = round(max(told) * 1000) if told else (spoken[-1] - spoken[0] if spoken else 0)
    yield Mark(series("_chat_ms", **labels), at_ms, lasted_ms)
    after_ms = next((ms for ms in leads if started_ms is not None and ms >= started_ms), None)
    yield from step(site, "conversation_started", "chat_lead", started_ms, after_ms)


def _order(site: str, deal: list[Event], bot: str) -> Iterator[Mark]:
    labels = {"site": site, "bot": bot}
    done = [event for event in deal if event.action == "order_completed"]
    at_ms = next((event.at_ms for event in deal if event.action == "order_started"), deal[0].at_ms)
    yield Mark(series("chat_orders_started", **labels), at_ms)
    if not done:
        return
    yield Mark(series("chat_orders_completed", **labels), at_ms)
    yield Mark(series("key_events", site=site, action="order_completed"), done[0].at_ms)
    told = [money for event in done if (money := worth(event.data)) is not None]
    told = told or [money for event in deal if (money := worth(event.data)) is not None]
    if told:
        micros, currency = told[-1]
        yield Mark(series("chat_order_value", **labels, currency=currency), at_ms, micros)


def _appointment(site: str, deal: list[Event], bot: str) -> Iterator[Mark]:
    labels = {"site": site, "bot": bot}
    made = next((event.at_ms for event in deal if event.action == "appointment_set"), None)
    at_ms = made if made is not None else deal[0].at_ms
    confirmed_ms = first_ms(event for event in deal if event.action == "appointment_confirmed")
    yield Mark(series("chat_appointments_set", **labels), at_ms)
    if made is not None:
        yield Mark(series("key_events", site=site, action="appointment_set"), made)
    if confirmed_ms is not None:
        yield Mark(series("chat_appointments_confirmed", **labels), at_ms)
        if confirmed_ms - at_ms <= CONFIRM_IN_TIME_MS:
            yield Mark(series("chat_appointments_confirmed_in_time", **labels), at_ms)
    if any(event.action == "appointment_cancelled" for event in deal):
        yield Mark(series("chat_appointments_cancelled", **labels), at_ms)
