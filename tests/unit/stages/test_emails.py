"""Emails: copies, the last word, what a person did, recipients that join and part."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import pytest

from stream.changes import cells
from stream.changes.accumulator import Accumulator
from stream.changes.panes import DAY_MS, HOUR_MS, Grid
from stream.contract.records import UNIT
from stream.stages.emails.copy import MOST_CLICKS, Copy, fate, sent_ms, take
from stream.stages.emails.fold import Emails
from stream.stages.emails.message import MOST_INSIDE
from stream.stages.stage import Shared
from stream.state.labels import Labels

KEY = f"shop{UNIT}m"
T0 = 1_800_000_000_000


@dataclass
class Data:
    """What a mail event says."""

    action: str
    lead_id: str | None = None
    email_hash: str | None = None
    machine: bool | None = None
    bounce_type: str | None = None
    link_path: str | None = None
    campaign_id: str | None = None
    email_purpose: str | None = None
    variant: str | None = None
    recipient_domain: str | None = None


def told(after_ms: int, action: str, name: str = "", **more: Any) -> tuple[int, str, Data]:
    return T0 + after_ms, name or f"w{UNIT}{action}{after_ms}", Data(action, **more)


def copy_of(*events: tuple[int, str, Data]) -> Copy:
    copy = Copy(0, events[0][0])
    for event in events:
        take(copy, *event)
    return copy


def words(what: int) -> set[str]:
    names = ("SENT", "DELIVERED", "BOUNCED", "DROPPED", "OPENED", "CLICKED", "REPLIED", "UNSUBSCRIBED", "COMPLAINED")
    return {name.lower() for name in names if what & getattr(cells, name)}


@pytest.mark.parametrize(
    ("events", "right"),
    [
        ([told(0, "bounced", bounce_type="hard"), told(5, "delivered")], "bounced"),  # one second: hard stands last
        ([told(0, "delivered"), told(5, "bounced", bounce_type="soft")], "delivered"),  # a soft one is but a try
        ([told(0, "delivered"), told(5, "bounced")], "delivered"),  # an unknown one gives way like it
        ([told(0, "bounced", bounce_type="block"), told(900, "delivered")], "bounced"),
        ([told(0, "bounced", bounce_type="hard"), told(1_000, "delivered")], "delivered"),  # the last word
        ([told(0, "delivered"), told(60_000, "bounced", bounce_type="soft")], "bounced"),
        ([told(0, "dropped"), told(1, "delivered")], "delivered"),
        ([told(0, "dropped"), told(1, "bounced", bounce_type="soft")], "bounced"),
        ([told(0, "dropped")], "dropped"),
        ([told(0, "deferred")], ""),
        ([told(0, "opened"), told(60_000, "bounced", bounce_type="hard")], "opened delivered"),  # whenever it was
        ([told(0, "bounced", bounce_type="hard"), told(9, "clicked")], "clicked opened delivered"),
        ([told(0, "bounced", bounce_type="hard"), told(9, "opened", machine=True)], "bounced"),  # proves nothing
        ([told(0, "sent"), told(9, "replied")], "replied delivered"),
        ([told(0, "sent"), told(9, "unsubscribed", machine=True)], "unsubscribed delivered"),
        ([told(0, "sent"), told(9, "unsubscribed"), told(10, "resubscribed")], "delivered"),
        ([told(0, "sent"), told(9, "spam_complaint")], "complained delivered"),
    ],
)
def test_the_last_word_counts_and_a_person_overrules_it(events: list[Any], right: str) -> None:
    for order in permutations(events):
        assert words(fate(copy_of(*order))) == {"sent", *right.split()}


@pytest.mark.parametrize("action", ["opened", "clicked", "replied", "unsubscribed", "resubscribed", "spam_complaint"])
def test_an_engagement_alone_counts_in_nothing(action: str) -> None:
    assert fate(copy_of(told(0, action))) == 0


@pytest.mark.parametrize("action", ["sent", "deferred", "delivered", "bounced", "dropped"])
def test_any_sign_of_sending_makes_it_count_from_its_first_event_on(action: str) -> None:
    copy = copy_of(told(0, "clicked", link_path="/a"), told(5_000, action))
    assert words(fate(copy)) == {"sent", "delivered", "opened", "clicked"}
    assert sent_ms(copy) == (T0 + 5_000 if action == "sent" else T0)


def test_clicks_of_one_link_in_one_second_are_one() -> None:
    copy = copy_of(
        told(0, "sent"),
        told(60_100, "clicked", machine=True),
        told(60_200, "clicked"),
        told(60_900, "clicked"),
        told(60_900, "clicked", name="again", link_path="/a"),
        told(61_000, "clicked"),
    )
    assert len(copy.clicks) == 3
    for second in range(2 * MOST_CLICKS):
        take(copy, *told(1_000 * second, "clicked", link_path="/b"))
    assert len(copy.clicks) == MOST_CLICKS


@pytest.mark.parametrize(
    ("action", "bit", "limit_ms"),
    [
        ("opened", cells.OPENED_IN_TIME, 6 * HOUR_MS),
        ("clicked", cells.CLICKED_IN_TIME, 6 * HOUR_MS),
        ("replied", cells.REPLIED_IN_TIME, 72 * HOUR_MS),
    ],
)
def test_the_limit_itself_is_in_time(action: str, bit: int, limit_ms: int) -> None:
    assert fate(copy_of(told(0, "delivered"), told(limit_ms, action))) & bit
    assert not fate(copy_of(told(0, "delivered"), told(limit_ms + 1, action))) & bit


# recipients -----------------------------------------------------------------------------------------------


def stage() -> Emails:
    def admit(_: str, value: str | None) -> str:
        return value or "unknown"

    return Emails(Shared(Grid(pane_ms=1), admit, Labels("site", admit), 35 * DAY_MS))


def counts(accumulator: Accumulator) -> dict[tuple[str, int, int], int]:
    """Add up: (kind of cell, pane, fate) → amount."""
    names, index, panes, amounts, _ = accumulator.take()
    out: dict[tuple[str, int, int], int] = {}
    for at, pane, amount in zip(index.tolist(), panes.tolist(), amounts.tolist(), strict=True):
        name = names[at]
        key = (str(name[0]), pane, int(name[-1] or 0) if name[0] == "email" else 0)
        out[key] = out.get(key, 0) + amount
    return {key: n for key, n in out.items() if n}


def how_many(events: list[Any], bit: int, batches: int = 1) -> int:
    emails, accumulator = stage(), Accumulator()
    size = -(-len(events) // batches)
    for first in range(0, len(events), size):
        emails.fold_messages({KEY: list(events[first : first + size])}, accumulator)
    return sum(n for (kind, _, what), n in counts(accumulator).items() if kind == "email" and what & bit)


H1, H2 = "a" * 64, "b" * 64


@pytest.mark.parametrize(
    ("events", "sent", "opened"),
    [
        ([told(0, "sent", lead_id="l1"), told(9, "opened", email_hash=H1)], 1, 1),  # one of each in the message
        (  # with a second lead_id nobody knows whose the hash is
            [told(0, "sent", lead_id="l1"), told(9, "opened", email_hash=H1), told(10, "sent", lead_id="l2")],
            2,
            0,
        ),
        (  # an event that names both says so
            [
                told(0, "sent", lead_id="l1", email_hash=H1),
                told(1, "sent", lead_id="l2"),
                told(9, "opened", email_hash=H1),
            ],
            2,
            1,
        ),
        (  # two lead_ids of one address are one mailbox
            [told(0, "sent", lead_id="l1", email_hash=H1), told(1, "sent", lead_id="l2", email_hash=H1)],
            1,
            0,
        ),
        (
            [
                told(0, "sent", lead_id="l1"),
                told(1, "sent", email_hash=H2),
                told(2, "opened", lead_id="l1", email_hash=H2),
            ],
            1,
            1,
        ),
        ([told(n, "sent", lead_id=f"l{n}") for n in range(3 * MOST_INSIDE)], 3 * MOST_INSIDE, 0),
    ],
)
def test_recipients_are_joined_by_what_names_both(events: list[Any], sent: int, opened: int) -> None:
    for batches in (1, 2, len(events)):
        assert how_many(events, cells.SENT, batches) == sent
        assert how_many(events, cells.OPENED, batches) == opened


def test_order_and_batches_change_nothing() -> None:
    draw = random.Random(7)
    for _ in range(300):
        people = draw.choice((1, 2, 3, 3 * MOST_INSIDE))
        events = [
            told(
                draw.randrange(3_000),
                draw.choice(("sent", "delivered", "bounced", "opened", "clicked", "replied")),
                name=f"w{UNIT}{n}",
                lead_id=lead,
                email_hash=hashed,
                bounce_type=draw.choice(("hard", "soft", None)),
                campaign_id=draw.choice(("a", "b", None)),
            )
            for n in range(draw.randrange(1, 14))
            for lead, hashed in [
                draw.choice([(f"l{draw.randrange(people)}", None), (None, H1), (f"l{draw.randrange(people)}", H2)])
            ]
        ]
        found = []
        for batches in (1, 3, len(events)):
            for turned in (events, events[::-1]):
                emails, accumulator = stage(), Accumulator()
                size = -(-len(turned) // batches)
                for first in range(0, len(turned), size):
                    emails.fold_messages({KEY: list(turned[first : first + size])}, accumulator)
                found.append(counts(accumulator))
        assert all(one == found[0] for one in found[1:])


def test_a_copy_without_an_event_for_35_days_is_over() -> None:
    late = 35 * DAY_MS + 1
    for names in ({"lead_id": "l1"}, {"lead_id": "l1", "email_hash": H1}):
        events = [told(0, "sent", **names), told(late, "unsubscribed", **names)]
        for batches in (1, 2):
            assert how_many(events, cells.SENT, batches) == 1
            assert how_many(events, cells.UNSUBSCRIBED, batches) == 0
        assert how_many([told(0, "sent", **names), told(late - 1, "unsubscribed", **names)], cells.UNSUBSCRIBED) == 1


@pytest.mark.parametrize("batches", [1, 2, 3])
def test_a_message_without_an_event_for_35_days_is_over_and_so_is_who_was_one_in_it(batches: int) -> None:
    events = [
        told(0, "dropped", lead_id="k", email_hash="a"),
        # of those who come now nothing says that they are one
        told(186 * DAY_MS, "delivered", lead_id="l", email_hash="a"),
        told(186 * DAY_MS + HOUR_MS, "dropped", lead_id="k"),
    ]
    assert how_many(events, cells.SENT, batches) == 3
    assert how_many(events, cells.DROPPED, batches) == 2
