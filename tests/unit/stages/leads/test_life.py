"""One person on two devices, told step by step: what the lead amounts to after each step."""

from __future__ import annotations

from stream.identity.facts import Counted, Deal, Evidence, Fact, Mailed, Recorded, Submitted, Visit
from stream.lifecycle.read import shipped
from stream.stages.leads.life import view
from stream.stages.leads.view import Part, View

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
BEGIN = 1_790_035_200_000  # a midnight
RULES = shipped()


def at(day: int, hour: int = 0, minute: int = 0) -> int:
    return BEGIN + day * DAY + hour * HOUR + minute * MINUTE


#: v1 sees prices, comes back and takes an e-book; v2, the phone, asks for a demo; the crm, mails, a deal
PRICES = Visit("v1", at(0, 9), "paid_search", "brand", pricing_ms=at(0, 9))
BACK = Visit("v1", at(2, 10), "direct", "")
EBOOK = Submitted("v1", at(2, 10, 4), "download", "top")
FIRST = Evidence("v1", at(2, 10, 4), "web\x1f3", "form", "direct", "", "download", "top")
PHONE = Visit("v2", at(5, 8), "email", "news")
DEMO = Submitted("v2", at(5, 8), "demo")
SECOND = Evidence("v2", at(5, 8), "web\x1f4", "form", "email", "news", "demo")
CREATED = Recorded("crm\x1f5", at(5, 9), "lead_created")
MAILS = (
    Mailed("m1", "delivered", at(6), nurtures=True),
    Mailed("m1", "opened", at(6, 3)),
    Mailed("m2", "delivered", at(8), nurtures=True),
)
WON = Recorded("crm\x1f9", at(20), "deal_won", deal="d1")
DEAL = Deal("d1", at(20), "crm\x1f9", 12_000_000_000, "EUR", None, won_ms=at(20))


DAY_2: tuple[Fact, ...] = (
    PRICES,
    BACK,
    EBOOK,
    FIRST,
    Counted("v1", at(2, 10, 4), "web\x1f3", "form", "direct", "", "download", "top"),
)
DAY_5: tuple[Fact, ...] = (
    *DAY_2,
    PHONE,
    DEMO,
    SECOND,
    Counted("v2", at(5, 8), "web\x1f4", "form", "email", "news", "demo"),
    CREATED,
)


def seen(*facts: Fact, clock: int) -> View:
    """The view is the same from either end."""
    found = view(facts, clock, RULES)
    assert found == view(facts[::-1], clock, RULES)
    assert found is not None
    return found


def test_who_only_looks_around_is_no_lead() -> None:
    assert view([PRICES, BACK, *MAILS], at(9), RULES) is None


def test_day_2_a_lead_by_an_ebook() -> None:
    lead = seen(*DAY_2, clock=at(3))
    assert lead.lead[:5] == (at(2, 10, 4), "web\x1f3", "form", "direct", "")
    assert lead.entered == {"lead": at(2, 10, 4), "iql": at(2, 10, 4)}
    assert (lead.stage, lead.since_ms) == ("iql", at(2, 10, 4))
    assert [counted.visitor for counted in lead.counted] == ["v1"]
    brand, direct = ("paid_search", "brand", ""), ("direct", "", "")
    assert lead.credit["first"] == {brand: 1_000_000}
    assert lead.credit["last_non_direct"] == {brand: 1_000_000}
    assert lead.credit["linear"] == {brand: 500_000, direct: 500_000}
    assert lead.credit["time_decay"] == {brand: 449_629, direct: 550_371}
    assert (lead.score, lead.parts, lead.band) == (10, (Part("pricing", 10, 1),), "cold")
    assert (lead.first_session_ms, lead.nurtured) == (at(0, 9), False)


def test_day_5_a_demo_on_the_phone_and_a_record_make_the_same_lead_sql() -> None:
    lead = seen(*DAY_5, clock=at(6))
    assert lead.lead.id == "web\x1f3"
    assert len(lead.counted) == 2  # counted twice where it was read: one of them is taken back
    assert lead.entered == {"lead": at(2, 10, 4), "iql": at(2, 10, 4), "mql": at(5, 8), "sql": at(5, 8)}
    assert (lead.stage, lead.since_ms) == ("sql", at(5, 8))
    assert lead.out_of_order == ()


def test_day_8_one_mail_was_opened_and_one_waits() -> None:
    lead = seen(*DAY_5, *MAILS, clock=at(9))
    assert lead.score == 15
    assert lead.nurtured
    assert lead.due_ms == at(38)
    assert lead.active_ms == at(6, 3)


def test_day_20_a_customer_with_credit_of_the_deal() -> None:
    lead = seen(*DAY_5, *MAILS, WON, DEAL, clock=at(21))
    assert (lead.stage, lead.since_ms, lead.entered["customer"]) == ("customer", at(20), at(20))
    (deal,) = lead.deals
    assert (deal.value, deal.currency, deal.new_customer) == (12_000_000_000, "EUR", True)
    assert deal.credit["last_non_direct"] == {("offline", "", ""): 1_000_000}  # the record of day 5 is the last touch
    assert sum(deal.credit["time_decay"].values()) == 1_000_000


def test_day_38_nothing_happens_and_that_counts() -> None:
    facts = (*DAY_5, *MAILS, WON, DEAL)
    assert seen(*facts, clock=at(38) - 1).score == 15
    lead = seen(*facts, clock=at(38))
    assert (lead.score, lead.parts[-1]) == (5, Part("silent", -10, 1))
    assert lead.due_ms == at(20) + 400 * DAY
    assert seen(*facts, clock=lead.due_ms).expired_ms == lead.due_ms
