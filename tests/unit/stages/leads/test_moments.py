"""Moments: each count of leads stands where the catalog says, of a lead whose every moment is another one.

first visit ── lead ── signed up ── assigned ── mql ── called ── sql ── … ── customer ── came ── active
"""

from __future__ import annotations

import msgspec
import pytest

from stream.catalog import COUNTS, Count
from stream.catalog.counts_of_leads import COUNTS as OF_LEADS
from stream.catalog.words import At
from stream.changes.cells import CELLS
from stream.identity.facts import Counted
from stream.stages.leads.contribution import counted
from stream.stages.leads.view import Move, Refunded, WonDeal
from tests.unit.stages.leads.test_contribution import A_LEAD, BRAND, LED, RULES, Told, admit, all_of

HOUR = 3_600_000
LEAD, SIGNED_UP, ASSIGNED, ANSWERED, MQL, CALLED, CALLED_AGAIN, SQL, CAME, WON, ACTIVE, BACK, LOST, GIVEN_BACK = (
    LED + n * HOUR for n in range(14)
)
READ, THRESHOLD, AGAIN = LED + 20 * HOUR, LED + 21 * HOUR, LED + 22 * HOUR
DEAL = WonDeal("d1", WON, "crm c1", 100, "EUR", True, all_of(BRAND))
WHOLE = msgspec.structs.replace(
    A_LEAD,
    counted=(
        Counted("v1", LEAD, "web e1", "form", "paid_search", "brand"),
        Counted("v2", READ, "web e2", "form", "direct", ""),
    ),
    entered={"lead": LEAD, "mql": MQL, "sql": SQL, "customer": WON}, stage="customer", since_ms=WON, active_ms=ACTIVE,
    moves_back=(Move(BACK, "crm c3", "sql", "mql"),), reopened=((AGAIN, "sql"),), out_of_order=("customer",),
    crossed={50: THRESHOLD}, assigned_ms=ASSIGNED, premature=True, first_response_ms=ANSWERED, rep="kim",
    calls=(CALLED, CALLED_AGAIN), registered={"fair": SIGNED_UP}, attended={"fair": CAME},
    frameworks={"bant": frozenset({"need"})},
    deals=(DEAL, DEAL._replace(deal="d2", value=None)), deals_lost=(LOST,),
    refunds=(Refunded("d1", GIVEN_BACK, 200, "EUR", True),),
)  # fmt: skip
#: Who waits, and who is lost: neither is a customer.
OPEN = msgspec.structs.replace(WHOLE, entered={"lead": LEAD, "mql": MQL}, stage="mql", since_ms=MQL, out_of_order=(),
                               first_response_ms=0, attended={}, deals=())  # fmt: skip
GONE = msgspec.structs.replace(OPEN, lost_ms=LOST, lost_reason="price")

#: Moment of the catalog → the moments of this lead that it can be.
MOMENTS: dict[At, set[int | None]] = {
    "stage entered": {LEAD, MQL, SQL, WON},
    "stage reached": {LEAD, ASSIGNED, ANSWERED, MQL, SQL, CAME, WON},
    "assigned": {ASSIGNED},
    "signed up": {SIGNED_UP},
    "called": {CALLED},
    "waiting since": {LEAD, MQL},
    "last activity": {ACTIVE},
    "first": {THRESHOLD},
    "event": {BACK, AGAIN, LOST, CALLED, CALLED_AGAIN, READ, WON, GIVEN_BACK},
    "standing": {None},
}
#: Cells that the stage itself writes of whom it keeps, and those of other shards.
NOT_OF_VIEWS = {
    "identified",
    "shared_id",
    "ad_spend",
    "marketing_cost",
    "signal",
    "signal_at",
    "signal_restated",
    "follower",
}


@pytest.fixture(scope="module")
def told() -> Told:
    seen = Told()
    for view in (WHOLE, OPEN, GONE):
        counted("s1", view, RULES, admit, seen.out)
    return seen


@pytest.mark.parametrize("count", OF_LEADS, ids=lambda count: count.name)
def test_a_count_of_leads_stands_where_the_catalog_says(count: Count, told: Told) -> None:
    assert COUNTS[count.name] is count
    for kind in set(count.cells) - NOT_OF_VIEWS:
        moments = {at_ms for (cell, at_ms), n in told.items() if cell[0] == kind and n}
        assert moments, f"nothing of {kind} happens to these leads"
        assert moments <= MOMENTS[count.at], kind


def test_every_kind_of_cell_of_leads_comes_of_a_view_or_is_listed(told: Told) -> None:
    mine = {name for name, kind in CELLS.items() if kind.of_leads} - NOT_OF_VIEWS
    assert mine == {str(cell[0]) for cell, _ in told}
