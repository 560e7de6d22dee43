"""The ladder: entries, where a lead is now, moves back, losses, silence for too long."""

from __future__ import annotations

from typing import Any

import pytest

from stream.reference.leads.rules import rules_of
from tests.unit.reference.leads.tell import Told, at


def moved(*moves: tuple[float, str, dict[str, Any]]) -> Told:
    """Tell of records of one lead: (day, action, what else)."""
    told = Told()
    for day, action, data in moves:
        told.crm(at(day), "l1", action, **data)
    return told


CREATED = (0, "lead_created", {})


def to(day: float, stage: str, **data: Any) -> tuple[float, str, dict[str, Any]]:
    return day, "stage_changed", {"to": stage} | data


@pytest.mark.parametrize(
    ("records", "entered"),
    [
        ([CREATED], {"lead": 0}),
        ([CREATED, to(1, "iql")], {"lead": 0, "iql": 1}),
        # who is in a later stage was in those that every customer goes through
        ([CREATED, to(1, "customer")], {"lead": 0, "mql": 1, "sql": 1, "customer": 1}),
        ([CREATED, to(1, "trial")], {"lead": 0, "mql": 1, "sql": 1, "trial": 1}),
        ([CREATED, to(1, "sql"), to(2, "mql")], {"lead": 0, "mql": 1, "sql": 1}),
        ([CREATED, (1, "qualified", {}), (2, "trial_started", {})], {"lead": 0, "mql": 1, "sql": 1, "trial": 2}),
        # a record of a deal shows a lead only where nothing else does
        ([(1, "deal_won", {})], {"lead": 1, "mql": 1, "sql": 1, "customer": 1}),
        ([(1, "deal_won", {}), (3, "lead_created", {})], {"lead": 3, "mql": 1, "sql": 1, "customer": 1}),
    ],
)
def test_a_stage_is_entered_once_by_the_earliest_that_speaks_for_it(
    records: list[tuple[float, str, dict[str, Any]]], entered: dict[str, int]
) -> None:
    assert moved(*records).lead(at(9)).entered == {stage: at(day) for stage, day in entered.items()}


def test_a_deal_that_was_won_before_the_first_contact_counts_and_has_no_duration() -> None:
    told = moved((1, "deal_won", {"deal_id": "d"}), (3, "lead_created", {}))
    assert told.readings("lead_conversion_ratio", at(9))["false",] == (1.0, 1, 1)
    assert told.readings("sales_cycle_seconds", at(9)) == {}
    assert told.values("stage_out_of_order", at(9)) == {("customer",): 1, ("mql",): 1, ("sql",): 1}


def test_a_solution_form_with_pricing_makes_an_mql_at_the_later_of_both() -> None:
    told = Told()
    told.form(at(0), "v", "quote")
    assert "mql" not in told.lead(at(1)).entered
    told.view(at(1), "v", "pricing")
    assert told.lead(at(2)).entered["mql"] == at(1)


def test_what_was_done_before_becoming_a_lead_counts_at_becoming_one() -> None:
    told = Told()
    told.view(at(0), "v", "pricing")
    told.form(at(1), "v", "survey", offer_stage="top")  # no key event
    told.form(at(2), "v", "contact")
    assert told.lead(at(3)).entered == {"lead": at(2), "iql": at(2), "mql": at(2)}


@pytest.mark.parametrize(
    ("records", "stage", "since"),
    [
        ([CREATED, to(1, "sql")], "sql", 1),
        ([CREATED, to(1, "sql"), to(2, "iql")], "iql", 2),  # what the crm says holds
        ([CREATED, to(1, "sql"), to(2, "iql"), to(3, "sql")], "sql", 3),  # again in it, but not entered again
        ([CREATED, to(1, "sql"), to(2, "sql")], "sql", 1),
        ([CREATED, to(1, "sql"), (2, "trial_started", {})], "trial", 2),
        ([CREATED, to(1, "trial"), (2, "qualified", {})], "trial", 1),  # an entry leads up only
    ],
)
def test_a_lead_is_where_the_crm_says_unless_something_later_speaks_for_more(
    records: list[tuple[float, str, dict[str, Any]]], stage: str, since: int
) -> None:
    course = moved(*records).lead(at(9)).course
    assert (course.stage, course.since_ms) == (stage, at(since))


def test_records_that_move_a_lead_down_are_counted_where_they_lead_to() -> None:
    told = moved(CREATED, to(1, "sql"), to(2, "mql", **{"from": "sql"}), to(3, "sql"), to(4, "iql"))
    assert told.values("stage_moves_back", at(9)) == {("mql",): 1, ("iql",): 1}


LOST = {"reason": "budget"}


@pytest.mark.parametrize(
    ("records", "lost", "reopened"),
    [
        ([CREATED, to(1, "sql"), (2, "deal_lost", LOST)], {("budget", "sql"): 1}, {}),
        ([CREATED, (2, "disqualified", {})], {("unknown", "lead"): 1}, {}),
        ([CREATED, (2, "deal_lost", LOST), to(3, "mql")], {}, {("mql",): 1}),
        ([CREATED, (2, "deal_lost", LOST), (3, "qualified", {}), (4, "deal_lost", LOST)], {("budget", "sql"): 1}, {("mql",): 1}),
        ([CREATED, (1, "deal_won", {"deal_id": "d"}), (2, "deal_lost", LOST)], {}, {}),  # a customer is not lost
        ([CREATED, (1, "deal_lost", LOST | {"deal_id": "d"}), (2, "deal_won", {"deal_id": "d"})], {}, {}),
        ([CREATED, (2, "deal_lost", LOST), (3, "assigned", {})], {("budget", "lead"): 1}, {}),
    ],
)  # fmt: skip
def test_a_lead_is_lost_until_something_follows(
    records: list[tuple[float, str, dict[str, Any]]], lost: dict[Any, int], reopened: dict[Any, int]
) -> None:
    told = moved(*records)
    assert told.values("leads_lost", at(9)) == lost
    assert told.values("stage_reopened", at(9)) == reopened


def test_those_who_are_lost_before_a_stage_are_dropped_and_others_wait() -> None:
    told = moved(CREATED, to(1, "mql"), (2, "deal_lost", {}))
    drops = {labels: one[1:] for labels, one in told.readings("stage_drop_ratio", at(9)).items()}
    assert drops["lead", "mql"] == (0, 1)
    assert drops["lead", "sql"] == (1, 1)
    assert drops["mql", "customer"] == (1, 1)


def test_a_lead_of_whom_nothing_was_heard_for_400_days_is_open_no_more() -> None:
    told = moved(CREATED)
    assert told.values("open_leads", at(400) - 1) == {("older", "lead"): 1}
    assert told.values("open_leads", at(400)) == {}
    assert told.values("band_leads", at(400)) == {}
    assert told.readings("stage_drop_ratio", at(400) - 1, "365d") == dict.fromkeys(
        told.readings("stage_drop_ratio", at(400)), (None, 0, 0)
    )


def test_a_lead_comes_back_until_it_is_forgotten_after_twice_that_time() -> None:
    told = moved(CREATED, (800, "deal_won", {}), (1_601, "qualified", {}))
    assert [one.at_ms for one in told.leads(at(1_700))] == [at(0), at(1_601)]
    assert told.leads(at(1_700))[0].entered["customer"] == at(800)


def test_a_ladder_of_ones_own_needs_no_default_stage() -> None:
    rules = rules_of(
        """
        [[stage]]
        name = "submitted"
        evidence = ["lead"]
        [[stage]]
        name = "accepted"
        evidence = ["crm:accepted"]
        [[stage]]
        name = "approved"
        evidence = ["won"]
        """
    )
    told = Told(rules)
    told.crm(at(0), "l1", "stage_changed", to="submitted")
    told.crm(at(2), "l1", "stage_changed", to="approved")
    assert told.lead(at(3)).entered == {"submitted": at(0), "approved": at(2)}
    assert told.readings("stage_conversion_ratio", at(3))["submitted", "approved"] == (1.0, 1, 1)
    assert told.values("mql_to_sql_ratio", at(3)) == {} == told.readings("lead_quality_ratio", at(3))
    assert told.readings("premature_assignment_ratio", at(3)) == {}
