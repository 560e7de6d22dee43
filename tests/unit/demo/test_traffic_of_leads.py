"""The simulator's leads: told by more ids, followed by sales, true to the contract; without them nothing changes."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from dataclasses import replace
from functools import cache

import pytest

from stream.demo.traffic import LEAD_KINDS, Options, Record, Traffic
from stream.ingest.classify import classify
from stream.ingest.decode import decode
from stream.ingest.touches import Channels
from stream.reference.account import Reference
from stream.reference.leads.rules import DEFAULT

HOUR_MS = 3_600_000
DAYS = Options(seed=7, length_ms=48 * HOUR_MS, rate=0.2, leads=True)


@cache
def days() -> list[Record]:
    return list(Traffic(DAYS))


def counted(kind: str) -> list[dict]:
    return [record.truth.data for record in days() if record.kind == kind and record.truth.data]


def test_without_leads_the_traffic_is_what_it_always_was() -> None:
    found = hashlib.sha256()
    for record in Traffic(Options(seed=7, length_ms=HOUR_MS, rate=1.0)):
        found.update(repr(record[:4]).encode())
    assert found.hexdigest() == "740fddc1a36a8bb1dd268258c3a6db13ed1f75ac172db377b4956cbe4e7c9df5"


def test_the_same_seed_gives_the_same_leads() -> None:
    short = replace(DAYS, length_ms=3 * HOUR_MS)
    assert [record[:4] for record in Traffic(short)] == [record[:4] for record in Traffic(short)]


def test_sales_follows_leads_up_and_down_the_ladder() -> None:
    actions = Counter(data["action"] for data in counted("crm"))
    assert set(actions) >= {
        "lead_created", "stage_changed", "qualified", "disqualified", "assigned", "first_response",
        "appointment_booked", "trial_started", "deal_won", "deal_lost", "attended", "call_completed",
    }  # fmt: skip
    assert {data.get("capture_method") for data in counted("crm")} == {None, "phone", "event", "import"}
    assert actions["lead_created"] > actions["first_response"] > actions["deal_won"] > 0


def test_leads_join_over_devices_addresses_and_records() -> None:
    reference = Reference(rules=DEFAULT)
    for record in days():
        reference.tell(record.kind, record.truth, record.time_ms)
    assert reference.leads is not None
    page = reference.leads.page(days()[-1].time_ms + 1)
    kinds = Counter("".join(sorted({id_.type for id_ in one.known.ids})) for one in page.leads)
    assert min(kinds[some] for some in ("l", "el", "elu", "v")) > 10
    devices = Counter(len({visit.visitor for visit in one.known.visits}) for one in page.leads)
    assert devices[2] > 5
    assert sum(n for (name, _), n in page.standing.items() if name == "shared_ids") > 0


def test_junk_names_nobody() -> None:
    written = {value for kind in ("page_view", "form") for data in counted(kind) for name in ("lead_id", "user_id")
               if (value := data.get(name)) in ("undefined", "guest", "0", "null")}  # fmt: skip
    assert written == {"undefined", "guest", "0", "null"}


def test_costs_are_told_by_month_and_day_and_restated() -> None:
    periods = defaultdict(set)
    for data in counted("cost"):
        periods[data["site_id"], data["category"], data["period_start"]].add(data["revision"])
    assert {category for _, category, _ in periods} == {"salaries", "tools", "agency", "content", "events", "sales"}
    assert any(len(revisions) > 1 for revisions in periods.values())


@pytest.mark.parametrize("kind", [*LEAD_KINDS, "page_view", "form", "email"])
def test_the_decoder_refuses_just_what_was_broken_and_the_classifier_filters_no_more(kind: str) -> None:
    records = [record for record in days() if record.kind == kind]
    decoded = decode(kind, [(i, record.time_ms, record.key, record.value, ()) for i, record in enumerate(records)])
    refused = {reject.index: (reject.reason, reject.site) for reject in decoded.rejects}
    broken = {
        i: (record.truth.reason, record.truth.site)
        for i, record in enumerate(records)
        if record.truth.outcome == "dead_lettered"
    }
    assert refused == broken
    for i, reason in zip(decoded.index, classify(kind, decoded.events), strict=True):
        if records[i].truth.outcome != "duplicate":
            assert reason == (records[i].truth.reason or None)


@pytest.mark.parametrize("kind", ["crm", "page_view"])
def test_the_way_that_is_found_is_the_way_that_is_meant(kind: str) -> None:
    records = [record for record in days() if record.kind == kind and record.truth.outcome == "counted"]
    decoded = decode(kind, [(i, record.time_ms, record.key, record.value, ()) for i, record in enumerate(records)])
    tracked = 0
    for i, found in zip(decoded.index, Channels().touches(decoded.events), strict=True):
        meant = records[i].truth.touch
        tracked += meant is not None
        assert (found.channel, found.campaign) == ((meant.channel, meant.campaign) if meant else ("direct", ""))
    assert tracked > 5
