"""Results: what stands of what was told, when leads turn out to be one, or more."""

from __future__ import annotations

from stream.changes.panes import HOUR_MS
from tests.laws.leads.test_results_law import Told
from tests.unit.stages.leads.test_stage import CRM, B, happened, leads_of, tell, world

WON = {**CRM, "action": "deal_won", "value": 1, "currency": "EUR", "new": True}


def test_what_was_told_of_two_leads_that_are_one_is_withdrawn_for_both() -> None:
    """The deals that made customers of them turn out to have been won with somebody else before."""
    here = world()
    tell(
        here,
        {**WON, "time": B + 3 * HOUR_MS, "lead": "l1", "deal": "d1"},
        {**WON, "time": B + 4 * HOUR_MS, "lead": "l2", "deal": "d2"},
        {**CRM, "time": B + 5 * HOUR_MS, "lead": "l1", "email": "e1"},
        {**CRM, "time": B + 6 * HOUR_MS, "lead": "l2", "email": "e1"},
    )
    l1 = "lead_id", "l1"
    assert list(leads_of(here)) == [l1], "they are one"
    assert happened(here.results)[-1] == ("merged", "l1", None)
    customer = {("created", "lead"), ("stage_entered", "mql"), ("stage_entered", "sql"), ("customer", "customer")}
    assert Told(here.results).of(l1) == customer

    tell(here, {**WON, "time": B, "lead": "l3", "deal": "d1"})
    assert Told(here.results).of(l1) == customer, "the other deal is left"
    tell(here, {**WON, "time": B + HOUR_MS, "lead": "l3", "deal": "d2"})
    assert Told(here.results).of(l1) == {("created", "lead")}
    assert happened(here.results).count(("withdrawn", "l1", None)) == 6, "three things, told of two"
