"""One person on two devices, told step by step: what the lead amounts to after each step."""

from __future__ import annotations

from stream.identity.facts import Booked, Cancelled, Counted, Deal, Evidence, Fact, Mailed, Recorded, Submitted, Visit
from stream.lifecycle.read import made as made_rules
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


def made(*facts: Fact, clock: int) -> View:
    """Somebody became a lead on day 0."""
    return seen(Evidence("v1", at(0), "web\x1f1", "form", "direct", ""), *facts, clock=clock)


def silences(*facts: Fact, clock: int) -> int:
    return next((part.times for part in made(*facts, clock=clock).parts if part.rule == "silent"), 0)


def test_an_opening_on_the_very_last_moment_ends_the_wait() -> None:
    mail, opened = Mailed("m1", "delivered", at(1)), Mailed("m1", "opened", at(31))
    assert silences(mail, opened, clock=at(40)) == 0
    assert silences(mail, Mailed("m1", "opened", at(31) + 1), clock=at(40)) == 1
    assert silences(mail, clock=at(31) - 1) == 0
    assert silences(mail, clock=at(31)) == 1


def test_a_silence_swallows_the_mails_of_its_time_and_the_next_mail_begins_another() -> None:
    mails = [Mailed(f"m{day}", "delivered", at(day)) for day in (1, 9, 31)]
    assert silences(*mails, clock=at(300)) == 1  # that of day 31 came as the silence was over
    assert silences(*mails, Mailed("m", "delivered", at(31) + 1), clock=at(300)) == 2


def test_a_deal_without_a_name_makes_a_customer_and_no_revenue() -> None:
    lead = made(Recorded("crm\x1f2", at(3), "deal_won"), clock=at(4))
    assert lead.entered["customer"] == at(3)
    assert [(deal.deal, deal.value, deal.new_customer) for deal in lead.deals] == [("", None, True)]


def test_a_deal_that_was_won_before_anybody_was_written_down_is_out_of_order() -> None:
    won = Recorded("crm\x1f1", at(2), "deal_won", deal="d1")
    deal = Deal("d1", at(2), "crm\x1f1", 1, "EUR", None, won_ms=at(2))
    created = Recorded("crm\x1f2", at(5), "lead_created", method="phone", channel="referral", campaign="zoo")
    lead = seen(won, deal, created, clock=at(6))
    assert lead.lead[:5] == (at(5), "crm\x1f2", "phone", "referral", "zoo")
    assert lead.entered == {"lead": at(5), "mql": at(2), "sql": at(2), "customer": at(2)}
    assert lead.out_of_order == ("mql", "sql", "customer")
    assert lead.stage == "customer"
    assert seen(won, deal, clock=at(6)).lead[:3] == (at(2), "crm\x1f1", "import")


def test_only_a_record_that_created_the_lead_says_how() -> None:
    booked = Recorded("crm\x1f1", at(1), "appointment_booked", method="phone")
    assert seen(booked, clock=at(2)).lead.method == "import"
    created = Recorded("crm\x1f2", at(2), "lead_created", method="event", event="fair")
    lead = seen(booked, created, clock=at(3))
    assert (lead.lead.time_ms, lead.lead.method, lead.lead.event) == (at(1), "event", "fair")


def test_an_appointment_that_chat_and_crm_tell_of_is_one() -> None:
    chat = Booked("v1", at(3), "a1")
    same, other = (Recorded(f"crm\x1f{n}", at(2 + n), "appointment_booked", appointment=f"a{n}") for n in (1, 2))
    assert Part("booked", 25, 1) in made(chat, same, clock=at(9)).parts
    assert Part("booked", 50, 2) in made(chat, same, other, clock=at(9)).parts
    assert made(chat, same, clock=at(9)).entered["sql"] == at(3)


def test_lost_reopened_and_lost_again() -> None:
    gone = Recorded("crm\x1f1", at(3), "disqualified", reason="budget")
    back = Recorded("crm\x1f2", at(5), "stage_changed", "", "mql")
    again = Recorded("crm\x1f3", at(7), "deal_lost", reason="price")
    lead = made(gone, clock=at(9))
    assert (lead.stage, lead.lost_ms, lead.lost_reason, lead.reopened) == ("lead", at(3), "budget", ())
    lead = made(gone, back, clock=at(9))
    assert (lead.stage, lead.lost_ms, lead.reopened) == ("mql", 0, ((at(5), "mql"),))
    lead = made(gone, back, again, clock=at(9))
    assert (lead.stage, lead.lost_ms, lead.lost_reason) == ("mql", at(7), "price")


def test_a_move_down_holds_and_enters_nothing_again() -> None:
    up = Recorded("crm\x1f1", at(3), "stage_changed", "lead", "sql")
    down = Recorded("crm\x1f2", at(5), "stage_changed", "sql", "mql")
    lead = made(up, down, clock=at(9))
    assert (lead.stage, lead.since_ms) == ("mql", at(5))
    assert lead.entered == {"lead": at(0), "mql": at(3), "sql": at(3)}
    assert [tuple(move) for move in lead.moves_back] == [(at(5), "crm\x1f2", "sql", "mql")]


def test_what_is_older_than_35_days_before_the_lead_is_not_remembered() -> None:
    old = [Mailed("m1", "opened", at(-35) - 1), Visit("v1", at(-35) - 1, "email", "news")]
    assert made(*old, clock=at(1)).score == 0
    assert made(*old, clock=at(1)).credit["first"] == {("unknown", "", ""): 1_000_000}
    assert made(Mailed("m1", "opened", at(-35)), clock=at(1)).score == 5


def test_half_as_much_after_each_half_life() -> None:
    rules = made_rules({"score": {"half_life": "30d", "bands": {"hot": 25, "warm": 13}}}, "test")
    facts = [Evidence("v1", at(0), "web\x1f1", "form", "direct", ""), Booked("v1", at(0), "a1")]
    facts.append(Cancelled("v1", at(0), "a1"))
    scores = {}
    for day in (0, 1, 30, 60):
        lead = view(facts, at(day, 12), rules)
        assert lead is not None
        scores[day] = (lead.score, lead.band, lead.due_ms)
    expires = at(400)
    assert scores == {
        0: (20, "warm", at(1)),
        1: (19, "warm", at(2)),
        30: (7, "cold", expires),
        60: (1, "cold", expires),
    }
