"""Deals: whoever tells of one, in whatever order, it is of one lead and worth what was said last."""

from __future__ import annotations

from itertools import permutations

import pytest

from stream.identity.facts import Deal, Fact, Refund
from stream.identity.ids import DEAL, LEAD, Id
from stream.identity.messages import Drop, Put
from stream.stages.leads.deal_homes import MOST_REFUNDS, Deals, facts_of, learn, owner_of
from stream.stages.leads.messages import DealForget, DealTold
from stream.stages.leads.post import Post
from stream.stages.leads.rows import Deal as Row
from stream.stages.leads.rows import deal_of, key

AT = Id(DEAL, b"\x09" * 16, 0)
ANN, BOB = (Id(LEAD, bytes((n,)) * 16, 0) for n in (1, 2))


def told(action: str, time_ms: int, lead: Id | None = ANN, value: int | None = 5, currency: str = "EUR") -> DealTold:
    return DealTold(AT, "s1", "d1", action, time_ms, f"crm\x1f{time_ms}", lead, value, currency, None)


WON = Deal("d1", 10, "crm\x1f10", 7, "USD", None, 10, 0)


@pytest.mark.parametrize(
    ("records", "owner", "facts"),
    [
        ([told("deal_won", 10), told("deal_won", 20, BOB, 7, "USD")], ANN, [WON]),
        # the first that names a lead has it, the first of all says when
        ([told("deal_won", 10, None), told("deal_won", 20, BOB, 7, "USD")], BOB, [WON]),
        ([told("deal_won", 10, None, 7, "USD")], None, [WON]),
        # what was won is won, whatever else is said
        (
            [told("deal_lost", 5, BOB), told("deal_won", 10, ANN, 7, "USD")],
            ANN,
            [Deal("d1", 10, "crm\x1f10", 7, "USD", None, 10, 5)],
        ),
        ([told("deal_lost", 5), told("deal_lost", 8, BOB)], ANN, [Deal("d1", 5, "crm\x1f5", None, "", None, 0, 5)]),
        (
            [told("deal_won", 10, ANN, 7, "USD"), told("refund", 30, BOB, 2, "USD")],
            ANN,
            [WON, Refund("crm\x1f30", "d1", 30, 2, "USD")],
        ),
        ([told("refund", 30, BOB, 2, "USD")], None, [Refund("crm\x1f30", "d1", 30, 2, "USD")]),
    ],
)
def test_the_order_of_records_changes_nothing(records: list[DealTold], owner: Id | None, facts: list[Fact]) -> None:
    for order in permutations(records):
        row = Row(0, "s1", "d1")
        for record in [*order, *order]:
            learn(row, record)
        assert (owner_of(row), facts_of(row)) == (owner, facts)


class Told:
    """The home of a deal, and what it sends and counts."""

    def __init__(self) -> None:
        self.post = Post(0)
        self.counted: list[tuple[int, int]] = []
        self.deals = Deals(self.post, lambda row, sign: self.counted.append((sign, len(facts_of(row)))))

    def tell(self, *records: DealTold) -> list[tuple[str, Id, Fact]]:
        for record in records:
            self.deals.told(record)
        return self.sent()

    def sent(self) -> list[tuple[str, Id, Fact]]:
        sent = [one for one in self.post.here() if isinstance(one, Put | Drop)]
        return [(type(one).__name__, one.at, one.fact) for one in sent]


def test_a_deal_that_turns_out_to_be_of_another_lead_goes_there() -> None:
    here = Told()
    later, both = told("deal_won", 20, BOB, 7, "USD"), told("deal_won", 10, ANN, 5)
    was = Deal("d1", 20, "crm\x1f20", 7, "USD", None, 20, 0)
    assert here.tell(later) == [("Put", BOB, was)]
    assert here.tell(both) == [("Drop", BOB, was), ("Put", ANN, WON)]
    assert here.tell(both) == []


def test_a_deal_of_nobody_counts_at_its_home_until_somebody_has_it() -> None:
    here = Told()
    assert here.tell(told("deal_won", 10, None)) == []
    assert here.counted == [(-1, 0), (1, 1)]
    here.counted.clear()
    assert [name for name, *_ in here.tell(told("deal_won", 20, BOB))] == ["Put"]
    assert here.counted == [(-1, 1)]


def test_a_deal_whose_owner_was_forgotten_is_nobodys_for_good() -> None:
    """What was counted stays, and whoever tells of it later does not win it again; what is given back still counts."""
    here = Told()
    here.tell(told("deal_won", 10))
    here.deals.forget(DealForget(AT, [ANN]))
    assert [name for name, *_ in here.sent()] == ["Drop"], "for what is still on its way"
    assert here.tell(told("deal_won", 20, BOB), told("deal_lost", 30, BOB)) == []
    here.counted.clear()
    assert here.tell(told("refund", 40, BOB, 2)) == []
    assert here.counted == [(-1, 0), (1, 1)]
    assert ANN.hash not in here.deals.rows.rows[key(AT)]


def test_refunds_of_one_deal_are_bounded() -> None:
    here = Told()
    for n in range(MOST_REFUNDS + 5):
        here.deals.told(told("refund", 100 + n, None, 1))
    assert len(deal_of(here.deals.rows.rows[key(AT)]).refunds) == MOST_REFUNDS
