"""Talks: where a conversation begins and ends, whose an order is, and what each comes to."""

from __future__ import annotations

import random
from itertools import permutations
from typing import Any

import pytest

from stream.changes.panes import DAY_MS, HOUR_MS, MINUTE_MS
from stream.stages.visitors.talks import MEMORY_MS, Talk, appointments, conversations, orders

T0 = 1_800_000_000_000


def talk(after_ms: int, action: str, *, id: str = "", conversation: str = "c", **more: Any) -> Talk:
    return Talk(T0 + after_ms, id or f"w{after_ms}{action}{conversation}", conversation, action, **more)


def orderings(talks: list[Talk]) -> list[list[Talk]]:
    return [list(order) for order in permutations(talks)] if len(talks) < 6 else [talks, talks[::-1]]


@pytest.mark.parametrize(
    ("talks", "how_many"),
    [
        ([talk(0, "conversation_started"), talk(5, "message"), talk(9, "conversation_ended")], 1),
        ([talk(0, "message"), talk(5, "conversation_ended"), talk(9, "message")], 2),
        ([talk(0, "message"), talk(5, "conversation_ended"), talk(9, "lead_captured")], 1),  # whatever closes
        ([talk(0, "message"), talk(5, "conversation_ended"), talk(20 * DAY_MS, "appointment_confirmed")], 1),
        ([talk(0, "message"), talk(DAY_MS, "message")], 1),  # a day to the millisecond
        ([talk(0, "message"), talk(DAY_MS + 1, "message")], 2),
        # once it is over a closing does not open it again
        ([talk(0, "message"), talk(47 * HOUR_MS, "appointment_cancelled"), talk(48 * HOUR_MS, "message")], 2),
        ([talk(0, "message", id="z"), talk(0, "conversation_ended", id="a")], 1),  # an end goes last
        ([talk(0, "conversation_started", id="z"), talk(0, "message", id="a")], 1),
        ([talk(0, "handoff")], 1),  # nobody knows another
        ([talk(0, "message"), talk(MEMORY_MS + 1, "handoff")], 2),
        ([talk(0, "message"), talk(0, "message", conversation="d")], 2),
    ],
)
def test_who_begins_to_talk_begins_a_conversation(talks: list[Talk], how_many: int) -> None:
    for order in orderings(talks):
        assert len(conversations(order)) == how_many


def test_a_conversation_lasts_from_the_first_to_the_last_that_is_no_closing() -> None:
    talks = [
        talk(0, "conversation_started"),
        talk(2 * MINUTE_MS, "handoff"),
        talk(3 * MINUTE_MS, "appointment_confirmed", deal="a"),
        talk(60 * MINUTE_MS, "conversation_ended"),
    ]
    assert [one.took_ms for one in conversations(talks)] == [2 * MINUTE_MS]
    assert [one.took_ms for one in conversations([*talks, talk(5, "message", duration_ms=7)])] == [7]
    assert [one.took_ms for one in conversations([talk(0, "conversation_ended")])] == [0]


def test_resolved_is_what_the_last_event_says() -> None:
    talks = [talk(0, "message", resolved=True), talk(1, "message", resolved=False), talk(2, "message")]
    for order in orderings(talks):
        assert [one.resolved for one in conversations(order)] == [False]


@pytest.mark.parametrize(
    ("talks", "engaged"),
    [
        ([talk(0, "conversation_started")], False),
        ([talk(0, "conversation_started"), talk(1, "message")], False),  # a bot's, or nobody's
        ([talk(0, "message", by_visitor=True)], True),
        ([talk(0, "lead_captured")], True),
        ([talk(0, "appointment_confirmed", deal="a")], False),
        ([talk(0, "appointment_set", deal="a")], True),
    ],
)
def test_opening_a_chat_is_not_enough(talks: list[Talk], engaged: bool) -> None:
    assert [one.engaged for one in conversations(talks)] == [engaged]


def test_an_order_has_the_bot_it_names_or_that_of_its_conversation() -> None:
    begun = [talk(0, "conversation_started", bot="a"), talk(1, "order_started", deal="o")]
    assert [one.bot for one in orders(begun)] == ["a"]
    elsewhere = talk(2, "order_completed", conversation="d", deal="o", bot="b")
    for order in orderings([*begun, elsewhere]):
        assert [(one.bot, one.begun_ms, one.done_ms) for one in orders(order)] == [("b", T0 + 1, T0 + 2)]


def test_an_orders_value_is_the_last_that_its_completion_told() -> None:
    talks = [
        talk(0, "order_started", deal="o", value=100, currency="EUR"),
        talk(5, "order_completed", deal="o", value=80, currency="EUR"),
        talk(6, "order_completed", deal="o", value=90, currency="EUR"),
        talk(7, "order_started", deal="o", value=200, currency="EUR"),
    ]
    for order in orderings(talks):
        assert [one.value for one in orders(order)] == [(90, "EUR")]
    assert [one.value for one in orders([talks[0], talk(5, "order_completed", deal="o")])] == [(100, "EUR")]
    assert len(orders([talks[0], talk(MEMORY_MS + 1, "order_completed", deal="o")])) == 2


def test_an_appointment_is_confirmed_in_time_within_two_days() -> None:
    for after_ms, in_time in ((48 * HOUR_MS, True), (48 * HOUR_MS + 1, False)):
        talks = [talk(0, "appointment_set", deal="a"), talk(after_ms, "appointment_confirmed", deal="a")]
        assert [one.in_time for one in appointments(talks)] == [in_time]


def test_order_changes_nothing() -> None:
    draw = random.Random(3)
    for _ in range(300):
        talks = [
            talk(
                draw.randrange(0, 90) * HOUR_MS,
                draw.choice(
                    ("conversation_started", "message", "conversation_ended", "order_started", "order_completed")
                ),
                id=str(n),
                conversation=draw.choice("cd"),
                deal=draw.choice("op"),
                bot=draw.choice(("a", "b", None)),
                value=draw.choice((1, 2, None)),
                currency="EUR",
            )
            for n in range(draw.randrange(1, 12))
        ]
        found = []
        for _ in range(4):
            draw.shuffle(talks)
            found.append((conversations(talks), orders(talks)))
        assert all(one == found[0] for one in found)
