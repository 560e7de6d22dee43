"""What leads count for: views made by hand, and the cells that they come to."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec
import pytest

from stream.changes.cells import CELLS, LEFT, REACHED, STANDING, WAITS, Cell
from stream.changes.durations import bucket_of
from stream.identity.facts import Counted, Deal, PlatformForm, Refund
from stream.lifecycle.read import made, shipped
from stream.lifecycle.rules import Rules
from stream.stages.leads.contribution import counted, unattributed
from stream.stages.leads.view import MODELS, Capture, Company, Move, Refunded, View, Where, WonDeal

RULES = shipped()
HOUR, DAY = 3_600_000, 86_400_000
LED = 100 * DAY
BRAND, MAIL = ("paid_search", "brand", "77"), ("email", "brand", "")
ALL = 1_000_000

A_LEAD = View(
    lead=Capture(LED, "web e1", "form", "paid_search", "brand", "download", "top", "guide", "ebook", "", "NL"),
    counted=(), entered={"lead": LED}, stage="lead", since_ms=LED, lost_ms=0, lost_reason="", expired_ms=0,
    moves_back=(), reopened=(), out_of_order=(),
    score=5, parts=(), band="cold", crossed={},
    active_ms=LED, newest_ms=LED, first_session_ms=LED - HOUR, first_touch=None, last_touch=None,
    credit={model: {BRAND: 1_000_000} for model in MODELS},
    deals=(), deals_lost=(), refunds=(), first_response_ms=0, assigned_ms=0, assignment="", premature=False, rep="",
    calls=(), registered={}, attended={}, company=Company(), frameworks={}, nurtured=False, due_ms=0,
)  # fmt: skip


def all_of(where: Where) -> dict[str, dict[Where, int]]:
    """Give one touch all the credit, in each model."""
    return {model: {where: ALL} for model in MODELS}


def admit(label: str, value: str | None) -> str:
    """Admit every value; what was not told is unknown."""
    return value or "unknown"


class Told(Counter[tuple[Cell, int | None]]):
    """Amounts by cell and moment."""

    def out(self, cell: Cell, at_ms: int | None, amount: int) -> None:
        kind = CELLS[str(cell[0])]
        assert len(cell) == len(kind.labels) + 1, cell
        assert (at_ms is None) == (cell[0] in STANDING), cell
        self[cell, at_ms] += amount

    def of(self, kind: str) -> dict[tuple[Any, ...], int]:
        """Give the amounts of a kind of cell by its labels beside the site, and the moment."""
        return {(*cell[2:], at_ms): n for (cell, at_ms), n in self.items() if cell[0] == kind and n}


def told(rules: Rules = RULES, **changes: Any) -> Told:
    """Tell what a lead counts for that differs from an ordinary one by some changes."""
    seen = Told()
    counted("s1", msgspec.structs.replace(A_LEAD, **changes), rules, admit, seen.out)
    return seen


def test_a_lead_counts_at_its_earliest_evidence_by_how_it_came() -> None:
    seen = told()
    assert seen.of("lead") == {("form", "paid_search", "on_site", "paid", LED): 1}
    assert seen.of("lead_deed") == {("download", "top", None, LED): 1}
    assert seen.of("origin") == {("paid_search", "brand", "guide", "false", WAITS, LED): 1}
    assert seen.of("lag") == {("time_to_lead", bucket_of(HOUR), LED): 1}


def test_what_was_counted_where_it_was_read_is_taken_back() -> None:
    twice = Counted("v2", LED + DAY, "web e9", "chatbot", "direct", "", "lead_captured", "unknown")
    on_meta = PlatformForm("meta p1", LED + HOUR, "paid_social", "", "demo", "unknown", event="fair", counted=True)
    same = Counted("v1", LED, "web e1", "form", "paid_search", "brand", "download", "top")
    seen = told(counted=(same, twice, on_meta))
    assert seen.of("lead") == {
        ("chatbot", "direct", "on_site", None, LED + DAY): -1,
        ("ad_platform", "paid_social", None, "paid", LED + HOUR): -1,
    }
    assert seen.of("lead_deed") == {
        ("lead_captured", "unknown", None, LED + DAY): -1,
        ("demo", "unknown", "fair", LED + HOUR): -1,
    }
    assert seen.of("merged_lead") == {(LED + DAY,): 1, (LED + HOUR,): 1}


def test_a_lead_of_the_crm_that_was_counted_once_on_the_site_is_moved_and_not_merged() -> None:
    on_site = Counted("v1", LED + DAY, "web e1", "form", "direct", "", "demo", "unknown")
    seen = told(lead=Capture(LED, "crm c1", "import", "offline", ""), counted=(on_site,))
    assert seen.of("lead") == {
        ("import", "offline", None, None, LED): 1,
        ("form", "direct", "on_site", None, LED + DAY): -1,
    }
    assert not seen.of("merged_lead")


def test_a_lead_of_the_crm_is_not_of_the_site() -> None:
    seen = told(lead=Capture(LED, "crm c1", "phone", "offline", ""))
    assert seen.of("lead") == {("phone", "offline", None, None, LED): 1}
    assert seen.of("lead_deed") == {("unknown", "unknown", None, LED): 1}
    assert seen.of("origin") == {("offline", "unknown", None, "false", WAITS, LED): 1}


def test_each_stage_that_was_entered_has_a_fate_on_the_way_to_each_later_one() -> None:
    seen = told(entered={"lead": LED, "mql": LED + DAY, "sql": LED + 3 * DAY}, stage="sql", nurtured=True)
    assert seen.of("stage") == {("lead", LED): 1, ("mql", LED + DAY): 1, ("sql", LED + 3 * DAY): 1}
    assert seen.of("pair") == {
        ("lead", "iql", "first", "true", WAITS, LED): 1,  # who went past it is not known to have been there
        ("lead", "mql", "first", "true", REACHED, LED): 1,
        ("lead", "sql", "first", "true", REACHED, LED): 1,
        ("lead", "trial", "first", "true", WAITS, LED): 1,
        ("lead", "customer", "first", "true", WAITS, LED): 1,
        ("mql", "sql", None, "true", REACHED, LED + DAY): 1,
        ("mql", "trial", None, "true", WAITS, LED + DAY): 1,
        ("mql", "customer", None, "true", WAITS, LED + DAY): 1,
        ("sql", "trial", None, "true", WAITS, LED + 3 * DAY): 1,
        ("sql", "customer", None, "true", WAITS, LED + 3 * DAY): 1,
    }
    one, two, three = bucket_of(DAY), bucket_of(2 * DAY), bucket_of(3 * DAY)
    assert seen.of("took") == {
        ("lead", "mql", "first", one, LED + DAY): 1,
        ("lead", "sql", "first", three, LED + 3 * DAY): 1,
        ("mql", "sql", None, two, LED + 3 * DAY): 1,
    }
    assert seen.of("spell") == {
        ("lead", "mql", one, REACHED, LED): 1,
        ("lead", "sql", three, REACHED, LED): 1,
        ("mql", "sql", two, REACHED, LED + DAY): 1,
    }
    assert seen.of("took_ms")["lead", "sql", LED + 3 * DAY] == 3 * DAY


@pytest.mark.parametrize("end", ["lost_ms", "expired_ms"])
def test_who_is_lost_or_given_up_has_left_and_stands_nowhere_open(end: str) -> None:
    seen = told(**{end: LED + 5 * DAY}, lost_reason="price")
    assert {fate for *_, fate, _ in seen.of("pair")} == {LEFT}
    assert seen.of("spell")["lead", "mql", bucket_of(5 * DAY), LEFT, LED] == 1
    assert seen.of("origin") == {("paid_search", "brand", "guide", "false", LEFT, LED): 1}
    assert not any(seen.of(kind) for kind in ("open", "open_all", "active", "unanswered", "unanswered_all", "rep_open"))
    assert seen.of("lost") == ({("lead", "price", LED + 5 * DAY): 1} if end == "lost_ms" else {})
    assert seen.of("band") == ({("cold", None): 1} if end == "lost_ms" else {})


def test_a_customer_before_the_first_contact_got_there_and_has_no_duration() -> None:
    seen = told(entered={"lead": LED, "customer": LED - DAY}, stage="customer", out_of_order=("customer",))
    assert seen.of("pair")["lead", "customer", "first", "false", REACHED, LED] == 1
    assert not seen.of("took")
    assert not seen.of("took_ms")
    assert seen.of("out_of_order") == {("customer", LED - DAY): 1}
    assert seen.of("acquired") == {(LED - DAY,): 1}
    assert set(seen.of("lag")) == {("time_to_lead", bucket_of(HOUR), LED)}


def test_moves_against_the_ladder_and_returns_count_when_they_were() -> None:
    seen = told(
        moves_back=(Move(LED + 2, "c1", "sql", "mql"), Move(LED + 9, "c2", "mql", "lead")), reopened=((LED + 7, "mql"),)
    )
    assert seen.of("moved_back") == {("mql", LED + 2): 1, ("lead", LED + 9): 1}
    assert seen.of("reopened") == {("mql", LED + 7): 1}


def test_open_leads_stand_in_their_stage_since_they_are_in_it() -> None:
    seen = told(since_ms=LED + DAY, stage="mql", active_ms=LED + 2 * DAY)
    assert seen.of("open_all") == {("mql", None): 1}
    assert seen.of("open") == {("mql", LED + DAY): 1}
    assert seen.of("active") == {("mql", LED + 2 * DAY): 1}
    assert seen.of("rep_open") == {("unknown", None): 1}
    assert (seen.of("unanswered_all"), seen.of("unanswered")) == ({(None,): 1}, {(LED,): 1})
    assert not told(first_response_ms=LED + HOUR).of("unanswered_all")


def test_an_assignment_is_premature_before_mql_and_is_followed_to_the_customer() -> None:
    given = LED + 2 * HOUR
    seen = told(
        assigned_ms=given, assignment="rule", premature=True, rep="kim", first_response_ms=LED + HOUR,
        calls=(given + HOUR, given + DAY), entered={"lead": LED, "customer": given + 2 * DAY}, stage="customer",
    )  # fmt: skip
    assert seen.of("assigned") == {("rule", "true", given): 1}
    assert seen.of("rep") == {("kim", REACHED, given): 1}
    assert seen.of("call") == {(given + HOUR,): 1, (given + DAY,): 1}
    assert seen.of("called") == {(REACHED, given + HOUR): 1}
    assert seen.of("lag_ms") == {
        ("time_to_lead", LED): HOUR,
        ("speed_to_lead", LED + HOUR): HOUR,
        ("assignment_lag", given): 2 * HOUR,
        ("rep_win", given + 2 * DAY): 2 * DAY,
        ("call_conversion", given + 2 * DAY): 2 * DAY - HOUR,
        ("sales_cycle", given + 2 * DAY): 2 * DAY + 2 * HOUR,
    }


def test_who_signed_up_for_an_event_came_or_may_still_come() -> None:
    seen = told(registered={"fair": LED, "june": LED + HOUR}, attended={"fair": LED + DAY, "other": LED + DAY})
    assert seen.of("attendance") == {("fair", REACHED, LED): 1, ("june", WAITS, LED + HOUR): 1}
    assert seen.of("lag")["event_attendance", bucket_of(DAY), LED + DAY] == 1


def test_a_lead_is_in_every_segment_once() -> None:
    seen = told(company=Company("retail", "", "1m"))
    assert seen.of("segment") == {
        (segment, value, WAITS, LED): 1
        for segment, value in {
            "industry": "retail", "size_band": "unknown", "revenue_band": "1m", "country": "NL", "region": "unknown",
            "product": "unknown", "offer_type": "ebook",
        }.items()
    }  # fmt: skip


def test_known_fields_stand_beside_all_fields_of_their_framework() -> None:
    seen = told(frameworks={"bant": frozenset({"budget", "need"}), "meddic": frozenset({"champion"})})
    assert seen.of("framework_known") == {("bant", None): 2, ("meddic", None): 1}
    assert seen.of("framework_fields") == {("bant", None): 4, ("meddic", None): 6}


def test_a_ladder_of_ones_own_tells_of_no_mql() -> None:
    ladder = [
        {"name": "submitted", "implied": True, "evidence": ["lead"]},
        {"name": "approved", "evidence": ["won"]},
    ]
    rules = made({"stage": ladder}, "a test")
    entered = {"submitted": LED, "approved": LED + DAY}
    seen = told(rules, entered=entered, stage="approved", crossed={50: LED}, assigned_ms=LED)
    assert seen.of("pair") == {("submitted", "approved", "first", "false", REACHED, LED): 1}
    assert seen.of("acquired") == {(LED + DAY,): 1}
    assert not seen.of("open_all")
    assert (seen.of("threshold"), seen.of("assigned")) == ({}, {("unknown", None, LED): 1})


def test_a_threshold_counts_when_it_was_first_reached() -> None:
    assert told(crossed={40: LED, 50: LED + DAY}).of("threshold") == {("40", LED): 1, ("50", LED + DAY): 1}


def test_credit_names_the_id_of_a_campaign_where_it_has_another_name() -> None:
    seen = told(credit={**A_LEAD.credit, "linear": {BRAND: 400_000, MAIL: 600_000}})
    credit = seen.of("credit")
    assert credit["linear", "paid_search", "brand", "77", "paid", LED] == 400_000
    assert credit["linear", "email", "brand", None, None, LED] == 600_000
    for model in MODELS:
        assert sum(n for (name, *_), n in credit.items() if name == model) == ALL


def test_a_deal_brings_its_value_to_those_who_led_to_it_to_the_last_millionth() -> None:
    shares = {BRAND: 333_333, MAIL: 666_667}
    deal = WonDeal("d1", LED + DAY, "crm c1", 10_000_001, "EUR", True, dict.fromkeys(MODELS, shares))
    seen = told(deals=(deal,), nurtured=True, entered={"lead": LED, "customer": LED + DAY}, stage="customer")
    assert seen.of("won") == {("EUR", "true", "new", None, LED + DAY): 1}
    assert seen.of("revenue") == {("EUR", "true", LED + DAY): 10_000_001}
    # in the order of channels: e-mail first, a floor of its share, then the rest
    credit = seen.of("credit_revenue")
    assert credit["last", "email", "brand", None, None, "EUR", LED + DAY] == 6_666_670
    assert credit["last", "paid_search", "brand", "77", "paid", "EUR", LED + DAY] == 3_333_331
    assert (seen.of("net"), seen.of("customer_in")) == ({("EUR", None): 10_000_001}, {("EUR", None): 1})
    assert seen.of("customer") == {(None, None): 1}


def test_a_deal_without_a_value_is_won_and_brings_nothing() -> None:
    nothing = WonDeal("", LED + DAY, "crm c1", None, "", False, all_of(BRAND))
    without_currency = nothing._replace(id="crm c2", value=5)
    seen = told(deals=(nothing, without_currency))
    assert seen.of("won") == {(None, "false", None, "valueless", LED + DAY): 2}
    assert not any(seen.of(kind) for kind in ("revenue", "credit_revenue", "net", "customer_in"))
    assert seen.of("customer") == {("repeat", None): 1}


def test_refunds_count_when_they_are_given_and_are_taken_off_what_a_customer_brought() -> None:
    deal = WonDeal("d1", LED, "crm c1", 100, "EUR", True, all_of(BRAND))
    refunds = (Refunded("d1", LED + DAY, 80, "EUR", False), Refunded("d1", LED + 2 * DAY, 30, "EUR", True))
    seen = told(deals=(deal,), refunds=refunds, deals_lost=(LED + 9,))
    assert seen.of("refund") == {("EUR", LED + DAY): 80, ("EUR", LED + 2 * DAY): 30}
    assert seen.of("refund_over") == {(LED + 2 * DAY,): 1}
    assert seen.of("net") == {("EUR", None): -10}
    assert seen.of("deal_lost") == {(LED + 9,): 1}


def test_a_deal_of_nobody_counts_and_is_nobodys_merit() -> None:
    seen = Told()
    deal = Deal("d1", LED, "crm c1", 100, "EUR", None, won_ms=LED)
    refunds = [Refund("crm r2", "d1", LED + 2, 60, "EUR"), Refund("crm r1", "d1", LED + 1, 50, "EUR")]
    unattributed("s1", deal, refunds, admit, seen.out)
    assert seen.of("won") == {("EUR", "false", "new", None, LED): 1}
    assert seen.of("credit_revenue") == {(model, "unknown", "unknown", None, None, "EUR", LED): 100 for model in MODELS}
    assert seen.of("refund_over") == {(LED + 2,): 1}  # by time, not as they came
    assert not any(seen.of(kind) for kind in ("net", "customer", "customer_in"))


def test_a_lost_deal_of_nobody_is_lost_once() -> None:
    seen = Told()
    unattributed("s1", Deal("d1", LED, "crm c1", None, "", None, lost_ms=LED), [], admit, seen.out)
    assert seen == {(("deal_lost", "s1"), LED): 1}
