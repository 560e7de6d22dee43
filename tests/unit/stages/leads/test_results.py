"""Results: what stands of what was told, when leads turn out to be one, or more."""

from __future__ import annotations

from stream.changes.panes import HOUR_MS
from stream.contract.records import UNIT
from tests.laws.leads.rules import with_limits
from tests.laws.leads.simulation import World
from tests.laws.leads.test_identity_law import TIGHT
from tests.laws.leads.test_results_law import Told
from tests.unit.stages.leads.test_stage import CRM, FORM, B, happened, leads_of, tell, world

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


def test_whoever_falls_out_of_a_lead_goes_on_with_what_was_told_of_it() -> None:
    """A number of the crm turns out to be of too many addresses to be of any of them."""
    here = World(2, 1, 1, with_limits(TIGHT, largest=4))
    tell(
        here,
        {**FORM, "time": B + HOUR_MS, "visitor": "v1", "email": "e1", "form_type": "download", "stage": "top"},
        {**CRM, "time": B + 2 * HOUR_MS, "lead": "l1", "email": "e1"},
        {**CRM, "time": B + 3 * HOUR_MS, "lead": "l1", "email": "e2"},
    )
    l1, e1 = ("lead_id", "l1"), ("email_hash", "e1")
    assert list(leads_of(here)) == [l1], "the address went by its own name before"
    before = len(here.results)

    tell(here, {**CRM, "time": B + 4 * HOUR_MS, "lead": "l1", "email": "e3"})
    assert happened(here.results[before:]) == [("split", "e1", None), ("withdrawn", "l1", None)]
    assert Told(here.results).of(e1) == {("created", "lead"), ("stage_entered", "iql")}
    assert Told(here.results).of(l1) == {("created", "lead")}


def test_a_lead_that_is_parted_and_renamed_at_once_leaves_what_was_told_to_each_part() -> None:
    """One batch says that an address is of too many to be of any of them, and names one of them better."""
    limits = {"e": {"l": 4, "u": 2, "v": 9}, "l": TIGHT["l"], "u": TIGHT["u"]}
    here = World(2, 1, 1, with_limits(limits, largest=9))
    tell(
        here,
        {**CRM, "time": B + HOUR_MS, "user": "u1"},
        {**CRM, "time": B + 2 * HOUR_MS, "user": "u2"},
        {**CRM, "time": B + 3 * HOUR_MS, "user": "u1", "email": "e1"},
        {**CRM, "time": B + 4 * HOUR_MS, "user": "u2", "email": "e1"},
    )
    assert list(leads_of(here)) == [("user_id", "u1")]
    before = len(here.results)

    shard = here.shards["leads", 0]
    shard.read("crm", None, {**CRM, "id": f"s{UNIT}1", "time": B + 5 * HOUR_MS, "user": "u3", "email": "e1"})
    shard.read("crm", None, {**CRM, "id": f"s{UNIT}2", "time": B + 5 * HOUR_MS, "user": "u1", "lead": "l1"})
    here.commit(("leads", 0))
    told = [(event, lead) for event, lead, _ in happened(here.results[before:])]
    assert told == [("split", "e1"), ("split", "u2"), ("merged", "l1")], "u1 is over last"
    for key in leads_of(here):
        assert Told(here.results).of(key) == {("created", "lead")}
