"""Published: whose a session is and since when a visitor is known, by stories of a few events."""

from __future__ import annotations

from typing import Any

import pytest

from stream.changes.panes import DAY_MS
from stream.contract.records import CLAIM, KIND_HEADER
from stream.engine.commit import ShardReport
from stream.engine.shard import ShardFold
from stream.identity import orders
from stream.identity.facts import Booked, Cancelled, Counted, Evidence, Fact, Submitted, Told, Visit
from stream.identity.ids import EMAIL, LEAD, USER, VISITOR, Id, Namer
from stream.identity.messages import Drop, Put, told
from stream.ingest.decode import Limits
from stream.ingest.touches import ChannelOptions
from tests.laws.traffic import ARRIVAL_MS, batch, shard
from tests.unit.golden.events import at_ms, chat, form, view

NAMER = Namer(1)
E1, E2 = "1" * 64, "2" * 64
NAMES = {
    NAMER.id(type, "s1", text): short
    for type, text, short in (
        (EMAIL, E1, "e1"), (EMAIL, E2, "e2"), (LEAD, "l1", "l1"), (USER, "u1", "u1"), (VISITOR, "ann", "ann"),
    )
}  # fmt: skip
Claimed = tuple[str, str]
Batch = list[dict[str, Any] | Claimed]


def run(fold: ShardFold, batches: list[Batch]) -> set[tuple[Id, Fact]]:
    """Fold batches of events and claims (time, address), and give what the shards of leads know then."""
    known: set[tuple[Id, Fact]] = set()
    now_ms = ARRIVAL_MS + 60 * DAY_MS
    for seq, some in enumerate(batches, 1):
        events = [{"id": f"{seq}-{n}", **one} for n, one in enumerate(some) if isinstance(one, dict)]
        claims = [one for one in some if isinstance(one, tuple)]
        ordered = [
            orders.Claim("s1", "ann", NAMER.id(EMAIL, "s1", email), at_ms(time), f"crm\x1f{seq}-{n}")
            for n, (time, email) in enumerate(claims)
        ]
        records = [(0, 0, b"ann", orders.encode(order), ((KIND_HEADER, CLAIM),)) for order in ordered]
        fold.fold([("handover", records), *batch(events, now_ms)])
        for message in told(fold.stage.touches().get(0, [])):
            match message:
                case Put():
                    known.add((message.id, message.fact))
                case Drop():
                    known.remove((message.id, message.fact))
                case _:
                    pass
        fold.changes(seq, ShardReport(caught_up=True, now_ms=now_ms))
    return known


def followed(**options: Any) -> ShardFold:
    return shard("visitors", leads=1, limits=Limits(lateness_ms=200 * DAY_MS), **options)


def owners(known: set[tuple[Id, Fact]]) -> dict[int, str]:
    """Give whose each visit is, by its beginning."""
    return {fact.start_ms: NAMES[id] for id, fact in known if isinstance(fact, Visit)}


OWNERS: dict[str, tuple[list[Batch], dict[str, str]]] = {
    "an anonymous visitor": ([[view("10:00", "ann")], [view("12:00", "ann")]], {}),
    "a visitor who became a lead without a name": ([[view("10:00", "ann"), form("10:01", "ann", "submit")]], {"10:00": "ann"}),
    "who says their name": ([[view("10:00", "ann"), form("10:01", "ann", "submit", email_hash=E1)]], {"10:00": "e1"}),
    "the smallest of two names": ([[view("10:00", "ann", user_id="u1", lead_id="l1")]], {"10:00": "l1"}),
    "junk is no name": ([[view("10:00", "ann", user_id="Anonymous", lead_id="l1")]], {"10:00": "l1"}),
    "what came before the name": (
        [[view("08:00", "ann")], [view("10:00", "ann")], [view("12:00", "ann", user_id="u1")]],
        {"08:00": "u1", "10:00": "u1", "12:00": "u1"},
    ),
    "what came behind the name": (
        [[view("08:00", "ann", user_id="u1")], [view("10:00", "ann")]], {"08:00": "u1", "10:00": "u1"},
    ),
    "a shared computer": (
        [
            [view("08:00", "ann", email_hash=E1)], [view("10:00", "ann")], [view("12:00", "ann", email_hash=E2)],
            [view("14:00", "ann")],
        ],
        {"08:00": "e1", "10:00": "e1", "12:00": "e2", "14:00": "e2"},
    ),
    "two names in one session: the last one has it": (
        [[view("10:00", "ann", email_hash=E1), view("10:01", "ann", email_hash=E2)]], {"10:00": "e2"},
    ),
    "two names in one session: the first one has what came before": (
        [[view("08:00", "ann")], [view("10:00", "ann", email_hash=E1), view("10:01", "ann", email_hash=E2)]],
        {"08:00": "e1", "10:00": "e2"},
    ),
    "a name that comes late": (
        [[view("08:00", "ann"), view("10:00", "ann", email_hash=E2)], [form("08:05", "ann", "submit", email_hash=E1)]],
        {"08:00": "e1", "10:00": "e2"},
    ),
    "sessions that become one": (
        [
            [view("10:00", "ann", email_hash=E1)], [view("10:50", "ann", email_hash=E2)],
            [view("10:25", "ann")],
        ],
        {"10:00": "e2"},
    ),
    "the crm says it half an hour after the end": ([[view("10:00", "ann")], [("10:30", E1)]], {"10:00": "e1"}),
    "the crm says it later": ([[view("10:00", "ann")], [view("12:00", "ann")], [("14:00", E1)]], {"10:00": "e1", "12:00": "e1"}),
    "the crm says it between two sessions": (
        [[("11:00", E2)], [view("10:00", "ann", email_hash=E1)], [view("12:00", "ann")]], {"10:00": "e1", "12:00": "e2"},
    ),
    "the crm says it of a session that goes on": (
        [[("10:40", E2)], [view("10:00", "ann", email_hash=E1)], [view("10:25", "ann")]], {"10:00": "e2"},
    ),
    "the crm says it before anybody came": ([[("09:00", E1)], [view("10:00", "ann")]], {"10:00": "e1"}),
    "a bot that greets by name": (
        [[chat("09:00", "ann", "message", actor="bot", user_id="u1")], [view("10:00", "ann")]], {"10:00": "u1"},
    ),
    "what lies more than 35 days before the name": (
        [
            [view("05-01 10:00", "ann")], [view("05-20 10:00", "ann")], [view("06-15 10:00", "ann", email_hash=E1)],
        ],
        {"05-20 10:00": "e1", "06-15 10:00": "e1"},
    ),
    "a lead that gets a name after 35 days": (
        [
            [view("05-01 10:00", "ann"), form("05-01 10:01", "ann", "submit")], [view("05-20 10:00", "ann")],
            [view("06-15 10:00", "ann", email_hash=E1)],
        ],
        {"05-01 10:00": "ann", "05-20 10:00": "e1", "06-15 10:00": "e1"},
    ),
    "who comes again after more than 35 days is nobody": (
        [[view("05-01 10:00", "ann", email_hash=E1)], [view("06-15 10:00", "ann")]], {"05-01 10:00": "e1"},
    ),
    "who comes again is known by what the crm said in between": (
        [[view("05-01 10:00", "ann", email_hash=E1)], [("05-20 10:00", E1)], [view("06-15 10:00", "ann")]],
        {"05-01 10:00": "e1", "06-15 10:00": "e1"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("memory_days", [35, 400])
@pytest.mark.parametrize("story", OWNERS)
def test_a_session_belongs_to_who_was_seen_around_it(story: str, memory_days: int) -> None:
    batches, expected = OWNERS[story]
    found = owners(run(followed(memory_ms=memory_days * DAY_MS), batches))
    assert found == {at_ms(time): whose for time, whose in expected.items()}


def test_a_junk_visitor_tells_nothing() -> None:
    fold = followed()
    assert run(fold, [[view("10:00", "guest", email_hash=E1)]]) == set()


def only(known: set[tuple[Id, Fact]], kind: type[Fact]) -> Any:
    (fact,) = [fact for _, fact in known if isinstance(fact, kind)]
    return fact


def test_a_visit_says_where_it_came_from_and_what_was_seen() -> None:
    tags = {"campaign": {"source": "google", "medium": "cpc", "name": "spring", "id": "77"}}
    known = run(followed(), [
        [view("10:00", "ann", "blog/a", country="DE", email_hash=E1, **tags), view("10:05", "ann", "pricing/plans")],
        [view("10:10", "ann", "cart/1")],
    ])  # fmt: skip
    start = at_ms("10:00")
    assert only(known, Visit) == Visit(
        "ann", start, "paid_search", "spring", "77", "", "DE", "blog", "a", start, start,
    )  # fmt: skip


@pytest.mark.parametrize(("first", "then", "campaign_id"), [
    # a later touch, and its id, change nothing; an earlier one takes both
    ({"id": "77", "source": "a", "medium": "cpc"}, {"id": "78", "source": "a", "medium": "cpc"}, "77"),
    ({"source": "a", "medium": "cpc"}, {"id": "78", "source": "a", "medium": "cpc"}, ""),
])  # fmt: skip
@pytest.mark.parametrize("in_order", [True, False])
def test_the_id_of_the_campaign_is_that_of_the_touch(
    first: dict[str, str], then: dict[str, str], campaign_id: str, in_order: bool
) -> None:
    batches: list[Batch] = [
        [view("10:00", "ann", email_hash=E1, campaign=first)], [view("10:05", "ann", campaign=then)],
    ]  # fmt: skip
    assert only(run(followed(), batches[:: 1 if in_order else -1]), Visit).campaign_id == campaign_id


def test_a_direct_visit_that_looks_back_has_the_campaign_of_the_touch_that_it_goes_by() -> None:
    tags = {"campaign": {"source": "google", "medium": "cpc", "name": "spring", "id": "77"}}
    fold = followed(channels=ChannelOptions(look_back_ms=30 * DAY_MS))
    known = run(fold, [[view("06-10 10:00", "ann", email_hash=E1, **tags)], [view("06-12 10:00", "ann")]])
    came = {
        fact.start_ms: (fact.channel, fact.campaign, fact.campaign_id) for _, fact in known if isinstance(fact, Visit)
    }
    assert came[at_ms("06-12 10:00")] == ("paid_search", "spring", "77")


def test_the_first_key_event_of_each_session_is_evidence_and_that_of_the_visitor_was_counted() -> None:
    known = run(followed(), [
        [form("10:00", "ann", "submit", "demo", email_hash=E1, offer_stage="top", offer_type="ebook", offer="e7", product="crm")],
        [form("10:05", "ann", "submit", "quote", form="f2")],
        [form("12:00", "ann", "submit", "trial")],
    ])  # fmt: skip
    evidence = sorted((fact for _, fact in known if isinstance(fact, Evidence)), key=lambda fact: fact.time_ms)
    assert [(fact.action, fact.offer_stage) for fact in evidence] == [("demo", "top"), ("trial", "unknown")]
    assert (evidence[0].offer, evidence[0].offer_type, evidence[0].product) == ("e7", "ebook", "crm")
    counted = only(known, Counted)
    assert (counted.time_ms, counted.id) == (evidence[0].time_ms, evidence[0].id)


def test_what_a_form_asked_for_and_told() -> None:
    known = run(followed(), [
        [form("10:00", "ann", "submit", "demo", email_hash=E1, event_id="fair", company={"industry": "steel"})],
        [form("10:05", "ann", "submit", "demo", event_id="fair", qualification={"framework": "bant", "known": ["need", "budget"]})],
    ])  # fmt: skip
    assert only(known, Submitted) == Submitted("ann", at_ms("10:00"), "demo", event="fair")
    told_of = sorted((fact for _, fact in known if isinstance(fact, Told)), key=lambda fact: fact.time_ms)
    assert [(fact.industry, fact.framework, fact.known) for fact in told_of] == [
        ("steel", "", ()), ("", "bant", ("budget", "need")),
    ]  # fmt: skip


def test_an_appointment_that_is_called_off_outside_of_any_session_is_whose_it_was_last() -> None:
    known = run(followed(), [
        [chat("10:00", "ann", "appointment_set", appointment="a1", email_hash=E1)],
        [chat("14:00", "ann", "appointment_cancelled", appointment="a1")],
        [view("16:00", "ann", email_hash=E2)],
    ])  # fmt: skip
    assert {(NAMES[id], fact) for id, fact in known if isinstance(fact, Booked | Cancelled)} == {
        ("e1", Booked("ann", at_ms("10:00"), "a1")), ("e1", Cancelled("ann", at_ms("14:00"), "a1")),
    }  # fmt: skip


def test_what_is_folded_away_stays_told_and_goes_on_to_name_those_behind_it() -> None:
    batches: list[Batch] = [[view("05-01 10:00", "ann", email_hash=E1)]]
    batches += [[view(f"{day} 10:00", "ann")] for day in ("05-20", "06-10", "06-30", "07-20")]
    assert set(owners(run(followed(), batches)).values()) == {"e1"}
    assert len(owners(run(followed(), batches))) == len(batches)
