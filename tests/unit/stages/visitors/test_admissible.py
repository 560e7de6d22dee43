"""Each reason why an event is no common case, by a story in which it is the only one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, get_args

import pytest

from stream.changes.accumulator import Accumulator
from stream.changes.panes import DAY_MS, MINUTE_MS, Grid
from stream.stages.visitors.admissible import REASONS, Admissible, LookingBack, Open, Reason
from stream.stages.visitors.bounds import DEFAULT_BOUNDS, Bounds
from stream.stages.visitors.facts import Chat, Fact, Facts, Form, View
from stream.stages.visitors.fold import PeopleFold
from stream.stages.visitors.row import Extra, decode
from stream.state.labels import Labels

START_MS = 20_000 * DAY_MS
GOOGLE = ("paid_search", "spring", None, None)


def view(minute: int, name: str = "a", **more: Any) -> View:
    here = {"touch": None, "country": None, "offer": None, "group": "blog", **more}
    return View(
        START_MS + minute * MINUTE_MS, "w", f"v{minute}", here["touch"], here["country"], 0, "s1", here["group"], name,
        here["offer"], f"\x1e{here['group']}\x1f{name}\x1e", 0, False,
    )  # fmt: skip


def form(minute: int, action: str, form_type: str | None = None, offer: str | None = None, name: str = "f1") -> Form:
    data = SimpleNamespace(
        action=action,
        form_id=name,
        form_type=form_type,
        offer_id=offer,
        fields_asked=None,
        fields_present=None,
        submission_id=None,
        content_id=None,
        event_id=None,
        offer_stage=None,
        value=None,
        currency=None,
    )
    return Form(START_MS + minute * MINUTE_MS, "w", f"f{minute}", None, None, 0, "s1", data)


def chat(minute: int, action: str = "message", name: str = "c1", deal: str | None = None) -> Chat:
    data = SimpleNamespace(
        action=action, conversation_id=name, bot_id=None, resolved=None, duration_s=None, order_id=deal,
        appointment_id=None, actor="visitor", value=None, currency=None,
    )  # fmt: skip
    return Chat(START_MS + minute * MINUTE_MS, "w", f"c{minute}", None, None, 0, "s1", data)


STORIES: dict[str, tuple[list[Fact], Fact, Bounds, Reason | None]] = {
    "the next page view": ([view(0)], view(1), DEFAULT_BOUNDS, None),
    "a page view that comes late": ([view(0), view(2)], view(1), DEFAULT_BOUNDS, None),
    "a page view on another day": ([view(0)], view(1_440, touch=GOOGLE), DEFAULT_BOUNDS, None),
    "a form after a page view": ([view(0)], form(1, "submit", "demo"), DEFAULT_BOUNDS, None),
    "a chat after a form": ([view(0), form(1, "start")], chat(2, "lead_captured"), DEFAULT_BOUNDS, None),
    "a form that comes late": ([view(0), view(2)], form(1, "view"), DEFAULT_BOUNDS, "late deed"),
    "a page view from before the session": ([view(1)], view(0), DEFAULT_BOUNDS, "before the opening"),
    "a late page view where the channel came later": (
        [view(0), view(4, touch=GOOGLE)], view(2), DEFAULT_BOUNDS, "facts from several events",
    ),
    "a chat on another day": ([view(0)], chat(1_440), DEFAULT_BOUNDS, "opened by a deed"),
    "an offer is shown": ([view(0)], view(1, offer="ebook"), DEFAULT_BOUNDS, "offer"),
    "an offer is taken": ([view(0)], form(1, "submit", offer="ebook"), DEFAULT_BOUNDS, "offer"),
    "one session more than are remembered": (
        [view(0), view(60)], view(120), Bounds(sessions=2), "many sessions",
    ),
    "another day of who chatted": ([view(0), chat(1)], view(1_440), DEFAULT_BOUNDS, "seldom facts"),
    "one event more than count in an hour": ([view(0), view(1)], view(2), Bounds(flood_events=2), "flood"),
    "an hour that two sessions fill": ([view(0), view(31)], view(32), Bounds(flood_events=2), "flood"),
    "a session after one that was full": ([view(0), view(1)], view(59), Bounds(flood_events=2), "flood"),
    "a touch in a direct session": ([view(0)], view(1, touch=GOOGLE), DEFAULT_BOUNDS, None),
    "a touch in the direct session of a lead": (
        [view(0), form(1, "submit", "demo")], view(2, touch=GOOGLE), DEFAULT_BOUNDS, "channel",
    ),
    "a touch in a direct session behind another one": (
        [view(0), view(60)], view(61, touch=GOOGLE), DEFAULT_BOUNDS, "channel",
    ),
    "a form after a touch in a direct session": (
        [view(0), view(1, touch=GOOGLE)], form(2, "submit", "demo"), DEFAULT_BOUNDS, None,
    ),
    "a country where there was none": ([view(0)], view(1, country="DE"), DEFAULT_BOUNDS, "country"),
    "one tick more than are remembered": ([view(0), view(1)], view(2), Bounds(ticks=2), "many ticks"),
    "a session of weeks": (
        [view(minute) for minute in range(0, 28_801, 30)], view(28_801), DEFAULT_BOUNDS, "long session",
    ),
    "a page view after only a chat": ([chat(0)], view(1), DEFAULT_BOUNDS, "no landing"),
    "one name more than is remembered": ([view(0, "a"), view(1, "b")], view(2, "c"), Bounds(viewed=2), "much viewed"),
    "a known name where all are taken": ([view(0, "a"), view(1, "b")], view(2, "a"), Bounds(viewed=2), None),
    "a lead by who came before": ([view(0), view(60)], form(61, "submit", "demo"), DEFAULT_BOUNDS, "several sessions"),
    "a lead in a chat by who came before": (
        [view(0), view(60)], chat(61, "lead_captured"), DEFAULT_BOUNDS, "several sessions",
    ),
    "a start behind its submit": ([view(0), form(1, "submit")], form(2, "start"), DEFAULT_BOUNDS, "start again"),
    "a submit behind another": (
        [view(0), form(1, "submit", "demo")], form(2, "submit", "demo"), DEFAULT_BOUNDS, "start again",
    ),
    "a submit of another form": (
        [view(0), form(1, "submit", "demo")], form(2, "submit", "demo", name="f2"), DEFAULT_BOUNDS, None,
    ),
    "one submission more than is remembered": (
        [view(0), form(1, "submit", "demo")], form(2, "submit", "demo", name="f2"), Bounds(submissions=1), "submit",
    ),
    "a form that was shown by itself": ([view(0), form(40, "view")], view(25), DEFAULT_BOUNDS, "loose"),
    "a person who was known for 400 days": (
        [view(0), form(1, "submit", "demo"), view(400 * 1_440)], view(400 * 1_440 + 10), DEFAULT_BOUNDS, "long known",
    ),
    "a page view five weeks later": ([view(0)], view(36 * 1_440), DEFAULT_BOUNDS, "new life"),
    "an order in a chat": ([view(0)], chat(1, "order_started", deal="o1"), DEFAULT_BOUNDS, "deal"),
    "one conversation more than may begin": (
        [view(0), chat(1, name="c1")], chat(2, name="c2"), Bounds(flood_chats=1), "many chats",
    ),
    "one conversation more than is remembered": (
        [view(0), chat(1, name="c1")], chat(2, name="c2"), Bounds(chats=1), "many chats",
    ),
    "a known conversation, whose events count as well": (
        [view(0), chat(1, name="c1")], chat(2, name="c1"), Bounds(flood_chats=1), "many chats",
    ),
}  # fmt: skip


@pytest.mark.parametrize("story", STORIES)
def test_an_event_is_declined_for_its_reason(story: str) -> None:
    before, event, bounds, reason = STORIES[story]
    labels = Facts(lambda label, value: value or "none", Labels("site", lambda label, value: value or "none"))
    people = PeopleFold(Grid(), labels, 35 * DAY_MS, bounds)
    for fact in before:
        people.fold({"s1\x1fann": [fact]}, Accumulator())
    row = decode(people.rows.encoded["s1\x1fann"])
    assert Admissible(bounds, labels).why_not(Open("s1", row, bounds), event) == reason


@pytest.mark.parametrize("bounds", [DEFAULT_BOUNDS])
@pytest.mark.parametrize(("first", "reason"), [
    (view(0), None),
    (view(0, offer="ebook"), "offer"),
    (form(0, "view"), "opened by a deed"),
    (chat(0), "opened by a deed"),
])  # fmt: skip
def test_a_new_person_is_declined_for_its_reason(first: Fact, reason: Reason | None, bounds: Bounds) -> None:
    labels = Facts(lambda label, value: value or "none", Labels("site", lambda label, value: value or "none"))
    assert Admissible(bounds, labels).why_not_first(first) == reason


LOOKING_BACK: dict[str, tuple[list[Fact], Fact, Reason | None]] = {
    "a direct visit after another": ([view(0, touch=GOOGLE)], view(60), "look back"),
    "more of a direct visit": ([view(0, touch=GOOGLE), view(60)], view(61), "look back"),
    "a visit by a channel after one that looked back": (
        [view(0, touch=GOOGLE), view(60)], view(120, touch=GOOGLE), "look back",
    ),
    "a visit by a channel after the first": ([view(0)], view(60, touch=GOOGLE), None),
    "more of the first visit": ([view(0)], view(1), None),
    "more of a visit by a channel": ([view(0), view(60, touch=GOOGLE)], view(61), None),
}  # fmt: skip


@pytest.mark.parametrize("story", LOOKING_BACK)
def test_with_a_look_back_what_other_sessions_have_a_say_in_is_declined(story: str) -> None:
    before, event, reason = LOOKING_BACK[story]
    labels = Facts(lambda label, value: value or "none", Labels("site", lambda label, value: value or "none"))
    people = PeopleFold(Grid(), labels, 35 * DAY_MS, look_back_ms=30 * DAY_MS)
    for fact in before:
        people.fold({"s1\x1fann": [fact]}, Accumulator())
    row = decode(people.rows.encoded["s1\x1fann"])
    assert LookingBack(DEFAULT_BOUNDS, labels).why_not(Open("s1", row, DEFAULT_BOUNDS), event) == reason


FOLLOWED: dict[str, tuple[list[Fact], Fact, Reason | None]] = {
    "the first sight of prices": ([view(0)], view(1, group="pricing"), None),
    "the first sight of the cart": ([view(0)], view(1, group="cart"), None),
    "prices seen again": ([view(0, group="pricing")], view(1, group="pricing"), None),
    "any other page": ([view(0)], view(1, "b"), None),
    "a touch in a direct session": ([view(0)], view(1, touch=GOOGLE), "channel"),
    "another session": ([view(0)], view(60), "seldom facts"),
}


@pytest.mark.parametrize("story", FOLLOWED)
def test_of_a_person_who_is_known_what_moves_sessions_is_declined(story: str) -> None:
    before, event, reason = FOLLOWED[story]
    labels = Facts(lambda label, value: value or "none", Labels("site", lambda label, value: value or "none"))
    people = PeopleFold(Grid(), labels, 35 * DAY_MS)
    for fact in before:
        people.fold({"s1\x1fann": [fact]}, Accumulator())
    row = decode(people.rows.encoded["s1\x1fann"])
    row.extra = Extra(followed=True)
    assert Admissible(DEFAULT_BOUNDS, labels).why_not(Open("s1", row, DEFAULT_BOUNDS), event) == reason


def test_each_reason_is_explained_and_has_a_story() -> None:
    assert set(REASONS) == set(get_args(Reason))
    told = [reason for _, _, _, reason in STORIES.values()]
    told += [reason for _, _, reason in (*LOOKING_BACK.values(), *FOLLOWED.values())]
    assert set(filter(None, told)) == set(REASONS)
