"""Stage: leads of a small installation, step by step."""

from __future__ import annotations

from random import Random
from typing import Any

import orjson
import pytest

from stream.changes.panes import DAY_MS, HOUR_MS, MINUTE_MS
from stream.contract.records import UNIT
from stream.identity.ids import EMAIL, LEAD, Namer
from stream.lifecycle.read import shipped
from stream.stages.leads import homes, stage, tending
from stream.stages.leads.known import MOST_FACTS
from stream.stages.leads.rows import key, part_of, row_of
from stream.stages.stage import Result
from tests.laws.leads.simulation import World
from tests.laws.leads.worlds import Event

B = 1_790_035_200_000  # a midnight
FORM = {"kind": "web", "channel": "direct", "campaign": "", "action": "submit", "form_type": "contact", "stage": ""}
CRM = {"kind": "crm", "action": "lead_created"}


def world(leads: int = 1) -> World:
    return World(2, 1, leads, shipped())


def tell(here: World, *events: Event) -> None:
    """Let events come, each read before the next, and the clock with them."""
    for event in events:
        event.setdefault("id", f"s{UNIT}{len(here.results)}-{event['time']}-{event.get('lead')}-{event.get('email')}")
        here.produce(event)
        here.run(Random(1), crash=0)
        here.advance(event["time"])


def leads_of(here: World) -> dict[tuple[str, str], Any]:
    """Give what stands in the topic of leads."""
    out: dict[tuple[str, str], Any] = {}
    for one in here.results:
        if one.topic == "leads":
            _, type, text = orjson.loads(one.key)
            out[type, text] = None if one.value is None else orjson.loads(one.value)
    return {key: value for key, value in out.items() if value is not None}


def happened(results: list[Result]) -> list[tuple[str, str, str | None]]:
    """Give events of leads: what, of whom, and where to."""
    values = [orjson.loads(one.value) for one in results if one.topic == "lead_events" and one.value is not None]
    return [(value["event"], value["lead"][2], value.get("to")) for value in values]


def test_one_person_on_two_devices_step_by_step() -> None:
    """The worked example of how leads follow people."""
    here = world(3)
    web = {**FORM, "email": "e1"}
    tell(here, {**FORM, "time": B + 9 * HOUR_MS, "action": "view", "visitor": "v1", "channel": "paid_search",
                "campaign": "brand", "group": "pricing"})  # fmt: skip
    assert happened(here.results) == [], "nobody is known yet"
    tell(
        here,
        {**web, "time": B + 2 * DAY_MS, "visitor": "v1", "form_type": "download", "stage": "top"},
        {**web, "time": B + 5 * DAY_MS, "visitor": "v2", "form_type": "demo", "channel": "email", "campaign": "news"},
    )
    assert happened(here.results) == [
        ("created", "e1", "lead"),
        ("stage_entered", "e1", "iql"),
        ("stage_entered", "e1", "mql"),
        ("stage_entered", "e1", "sql"),
    ]
    lead = leads_of(here)["email_hash", "e1"]
    assert lead["first_touch"] == {"at": "2026-09-22T09:00:00.000Z", "channel": "paid_search", "campaign": "brand"}
    assert lead["credit"]["linear"] == [["paid_search", "brand", 500_000], ["direct", "", 500_000]]
    assert lead["ids"] == {"email_hash": ["e1"], "visitors": 2}
    before = len(here.results)
    tell(here, {**CRM, "time": B + 5 * DAY_MS + HOUR_MS, "lead": "l1", "email": "e1"})
    told = [("created", "l1", "lead"), ("merged", "l1", None)]
    assert happened(here.results[before:]) == told, "until the two homes agree l1 is somebody; then e1 goes by its name"
    assert list(leads_of(here)) == [("lead_id", "l1")]
    deal = {"action": "deal_won", "deal": "d1", "value": 12_000_000_000, "currency": "EUR", "new": True}
    tell(here, {**CRM, **deal, "time": B + 20 * DAY_MS, "lead": "l1"})
    assert leads_of(here)["lead_id", "l1"]["stage"] == "customer"
    counts = {cell[:2]: n for (cell, _), n in here.result().items() if cell[0] in ("lead", "revenue", "identified")}
    assert counts == {("lead", "s1"): 1, ("revenue", "s1"): 12_000_000_000, ("identified", "s1"): 1}


def test_whatever_names_nobody_is_no_id_and_is_counted() -> None:
    here = world()
    tell(here, {**CRM, "time": B, "lead": "l1", "email": "None", "user": "guest", "visitor": "undefined"})
    (shard,) = here.leads()
    assert leads_of(here)["lead_id", "l1"]["ids"] == {"lead_id": ["l1"], "visitors": 0}
    assert shard.noted == {
        "crm/ignored_id/email_hash": 1, "crm/ignored_id/user_id": 1, "crm/ignored_id/visitor_id": 1
    }  # fmt: skip


def test_a_hundred_thousand_touches_of_one_lead_are_bounded_and_seen() -> None:
    here = world()
    tell(here, {**CRM, "time": B, "lead": "l1"})
    for n in range(3):
        for at in range(n * 1_000, (n + 1) * 1_000):
            here.produce({**CRM, "id": f"s{UNIT}n{at}", "time": B + at, "lead": "l1", "action": "call_completed"})
        here.run(Random(1), most=1_000, crash=0)
    (shard,) = here.leads()
    row = row_of(shard.log[b"b" + key(Namer(1, "crc32").id(LEAD, "s1", "l1"))])
    assert row.own is not None
    assert row.own.n == MOST_FACTS
    assert shard.noted["crm/fact_dropped"] == 3_001 - MOST_FACTS
    assert len(leads_of(here)) == 1


def test_no_more_than_so_many_ids_come_to_lie_in_one_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(homes, "MOST_IDS", 3)
    here = world(2)
    chain = [(f"e{n // 2}", f"l{(n + 1) // 2}") for n in range(20)]  # e0–l0–e1–l1–e2 …
    tell(here, *({**CRM, "time": B + n, "lead": lead, "email": email} for n, (email, lead) in enumerate(chain)))
    rows = [row_of(raw) for shard in here.leads() for raw in shard.stage._store.homes.rows.values()]
    assert max(len(row.members) for row in rows) <= 2 * 3 + 1
    assert sum(shard.noted[f"crm/ignored_id/{name}"] for shard in here.leads() for name in ("lead_id", "email_hash"))


def test_the_largest_lead_is_known_also_after_a_restart() -> None:
    here = world()
    tell(here, {**CRM, "time": B, "lead": "l1", "email": "e1"}, {**CRM, "time": B + 1, "lead": "l1", "email": "e2"})
    here.restart(("leads", 0))
    here.advance(B + MINUTE_MS)
    (shard,) = here.leads()
    assert shard.stage.gauges() == {"leads_behind": 0, "largest_lead_ids/s1": 3}


def test_all_leads_are_told_when_it_is_asked_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a generation does that takes over: what it told before was not written."""
    monkeypatch.setattr(stage, "SLICE", 2)
    here = world()
    tell(here, *({**CRM, "time": B + n, "lead": f"l{n}"} for n in range(5)))
    want = leads_of(here)
    here.results.clear()
    (shard,) = here.leads()
    commits = 0
    shard.stage.tell_all()
    while shard.stage.tells_all:
        shard.stage.tell_all()
        here.advance(B + DAY_MS + commits)
        commits += 1
    assert commits == 3
    told = leads_of(here)
    assert {key: value | {"as_of": ""} for key, value in told.items()} == {
        key: value | {"as_of": ""} for key, value in want.items()
    }
    assert not happened(here.results)


def test_an_id_that_many_share_no_longer_does_by_other_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits that are raised join whom they kept apart, as far as they were noted."""
    from dataclasses import replace

    monkeypatch.setattr(tending, "SLICE", 1)
    tight = replace(shipped(), shared={**shipped().shared, "e": {"l": 1, "u": 1, "v": 9}})
    here = World(1, 1, 2, tight)
    tell(here, *({**CRM, "time": B + n, "lead": f"l{n}", "email": "info"} for n in range(2)))
    assert len(leads_of(here)) == 2
    here.rules = shipped()
    for name in [name for name in here.shards if name[0] == "leads"]:
        here.restart(name)
    for n in range(20):
        here.advance(B + DAY_MS + n)
        here.run(Random(1), crash=0)
    assert not any(shard.stage.behind for shard in here.leads())
    (lead,) = leads_of(here).values()
    assert lead["ids"]["lead_id"] == ["l0", "l1"]


def test_consent_that_is_taken_back_is_told_to_all_readers_and_the_person_is_forgotten() -> None:
    here = world()
    tell(here, {**FORM, "time": B, "visitor": "v1", "email": "e1"})
    consent = type("Consent", (), {"analytics": False})()
    wish = {"kind": "privacy", "action": "consent_changed", "time": B + 1, "email": "e1", "consent": consent}
    tell(here, wish)
    here.advance(B + 2 * MINUTE_MS)
    here.run(Random(1), crash=0)
    assert leads_of(here) == {}
    assert ("erased", "e1", None) in happened(here.results)
    (shard,) = here.leads()
    assert key(Namer(1, "crc32").id(EMAIL, "s1", "e1")) not in shard.stage._store.homes.rows


def test_parts_of_other_ids_are_records_of_their_own() -> None:
    here = world()
    tell(here, {**CRM, "time": B, "lead": "l1", "email": "e1"})
    (shard,) = here.leads()
    namer = Namer(1, "crc32")
    root, member = namer.id(EMAIL, "s1", "e1"), namer.id(LEAD, "s1", "l1")
    part = part_of(shard.log[b"p" + key(root) + key(member)])
    assert (part.text, part.n) == ("l1", 1)
    assert row_of(shard.log[b"b" + key(member)]).parent == root
