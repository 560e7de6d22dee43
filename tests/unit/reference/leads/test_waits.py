"""Who waits, and for how long: ages, answers, medians with those who still wait, how final a figure is."""

from __future__ import annotations

import pytest

from stream.reference.account import window
from stream.reference.events import DAY_MS
from stream.reference.leads.survival import bounds_ms, curve, median_ms
from tests.unit.reference.leads.tell import Told, at, site


@pytest.mark.parametrize(
    ("days", "age"),
    [(0.5, "1d"), (1, "1d"), (1.001, "7d"), (30, "30d"), (89, "90d"), (90.1, "older"), (399, "older")],
)
def test_open_leads_are_told_by_how_long_they_have_been_in_their_stage(days: float, age: str) -> None:
    told = Told()
    told.crm(at(0), "l1", "lead_created")
    assert told.values("open_leads", at(days), "now") == {(age, "lead"): 1}
    assert told.readings("oldest_open_seconds", at(days), "now")["lead",].value == pytest.approx(days * 86_400)


def test_a_lead_is_stale_after_thirty_days_without_a_sign_of_life() -> None:
    told = Told()
    told.crm(at(0), "l1", "lead_created", email_hash="ee" * 32)
    told.mail(at(5), "m", "delivered", email_hash="ee" * 32)  # no sign of life
    assert told.values("stale_leads", at(30), "now") == {}
    assert told.values("stale_leads", at(30.1), "now") == {("lead",): 1}
    told.mail(at(6), "m", "opened", email_hash="ee" * 32)
    assert told.values("stale_leads", at(30.1), "now") == {}


def test_a_lead_is_unanswered_after_an_hour_without_a_response() -> None:
    told = Told()
    told.crm(at(0), "l1", "lead_created")
    told.crm(at(0), "l2", "lead_created")
    told.crm(at(0), "l3", "lead_created")
    told.crm(at(0, 0, 12), "l2", "first_response")
    assert told.values("unanswered_leads", at(0, 1), "now") == {}
    assert told.values("unanswered_leads", at(0, 1, 1), "now") == {(): 2}
    told.crm(at(0.5), "l3", "disqualified")
    assert told.values("unanswered_leads", at(1), "now") == {(): 1}
    assert told.readings("speed_to_lead_seconds", at(1))["0.5",] == (720, 720, 1)


def test_the_load_of_sales_is_by_whom_a_lead_was_last_given_to() -> None:
    told = Told()
    told.crm(at(0), "l1", "assigned", rep_id="ann", assignment="round_robin")
    told.crm(at(1), "l1", "assigned", rep_id="bob", assignment="rule")
    told.crm(at(1), "l2", "qualified")
    told.crm(at(1), "l3", "assigned", rep_id="bob")
    told.crm(at(2), "l3", "deal_won")
    assert told.values("rep_open_leads", at(3), "now") == {("bob",): 1, ("unknown",): 1}
    assert told.values("leads_assigned", at(3)) == {("round_robin",): 1, ("unknown",): 1}
    assert told.readings("rep_win_ratio", at(3)) == {("bob",): (0.5, 1, 2)}
    assert told.readings("premature_assignment_ratio", at(3)) == {(): (1, 2, 2)}
    assert told.readings("assignment_lag_seconds", at(3))["0.9",] == (0, 0, 2)


def test_a_textbook_case_of_kaplan_and_meier() -> None:
    # 6-MP in acute leukaemia (Freireich 1963): weeks of remission, + where it went on
    weeks = [
        "6",
        "6",
        "6",
        "6+",
        "7",
        "9+",
        "10",
        "10+",
        "11+",
        "13",
        "16",
        "17+",
        "19+",
        "20+",
        "22",
        "23",
        "25+",
        "32+",
        "32+",
        "34+",
        "35+",
    ]
    samples = [(int(week.strip("+")), not week.endswith("+")) for week in weeks]
    shares = [(step.at_ms, round(step.share, 4)) for step in curve(samples)]
    assert shares == [(6, 0.8571), (7, 0.8067), (10, 0.7529), (13, 0.6902), (16, 0.6275), (22, 0.5378), (23, 0.4482)]
    assert median_ms(curve(samples)) == 23
    assert bounds_ms(curve(samples)) == (22, None)


def test_who_still_waits_is_not_left_out_of_the_median() -> None:
    told = Told()
    for n in range(8):
        told.crm(at(0), f"l{n}", "lead_created")
    for day, n in ((1, 0), (2, 1), (3, 2)):
        told.crm(at(day), f"l{n}", "deal_won")
    told.crm(at(2.5), "l7", "disqualified")
    # of those who got there half took two days, but of all of them half still wait
    assert told.readings("sales_cycle_seconds", at(5))["0.5",].value == 2 * 86_400
    assert told.values("stage_median_seconds", at(5)).get(("lead", "customer")) is None
    told.crm(at(6), "l3", "deal_won")
    assert told.values("stage_median_seconds", at(7))["lead", "customer"] == 6 * 86_400


def test_a_median_is_honest_within_a_pane_of_how_long_the_others_have_waited() -> None:
    told = Told()
    for n in range(8):
        told.crm(at(n // 3), f"l{n}", "lead_created")
    for n in range(3):
        told.crm(at(1.5, n), f"l{n}", "deal_won")
    labels = site(**{"from": "lead", "to": "customer"})
    # of five who wait three have waited for 1.2 days, two for 0.2: those who took 1.5 days had nobody beside them
    clock_ms = at(2.2)
    books = told.reference.leads_at(clock_ms)
    span = window("365d", clock_ms)
    assert books.fits(labels, span, 1.54 * 86_400)
    assert not books.fits(labels, span, None)
    assert books.fits(labels, span, None, slack_ms=DAY_MS), "they may as well have waited a day longer"


def test_a_figure_is_final_for_those_who_no_longer_wait_or_waited_longer_than_most() -> None:
    told = Told()
    for n in range(4):
        told.crm(at(n * 10), f"l{n}", "lead_created")
    told.crm(at(31), "l3", "deal_won")
    figures = told.reference.leads_at(at(35))
    span = window("365d", at(35))
    #  on days 0, 10 and 20 somebody began to wait; nobody knows how long most take, so 30 days
    assert figures.maturity("lead_conversion_ratio", site(nurtured="false"), span) == 1 - 2 / 4
    for n in range(20):
        told.crm(at(34), f"m{n}", "lead_created")
        told.crm(at(34) + (n + 1) * DAY_MS // 40, f"m{n}", "deal_won")
    figures = told.reference.leads_at(at(35))
    # nine of ten took no more than a day now
    assert figures.maturity("lead_conversion_ratio", site(nurtured="false"), span) == 1


def test_conversion_of_calls_and_attendance_of_events() -> None:
    told = Told()
    for n in (1, 2):
        told.form(at(0), f"v{n}", "webinar", lead_id=f"l{n}", event_id="fair")
        told.crm(at(1), f"l{n}", "call_completed")
    told.crm(at(2), "l1", "attended", event_id="fair")
    told.crm(at(2), "l2", "attended", event_id="other")
    told.crm(at(2), "l2", "call_completed")
    told.crm(at(3), "l2", "deal_won")
    assert told.values("calls_completed", at(4)) == {(): 3}
    assert told.readings("call_conversion_ratio", at(4)) == {(): (0.5, 1, 2)}
    assert told.readings("event_attendance_ratio", at(4)) == {("fair",): (0.5, 1, 2)}


def test_segments_are_by_the_company_as_last_told_and_the_rest_as_first_shown() -> None:
    told = Told()
    told.form(at(0), "v", "demo", company={"industry": "steel"}, geo={"country": "DE", "region": "BE"}, product="crm",
              offer_type="demo", offer_id="o", qualification={"framework": "bant", "known": ["need"]})  # fmt: skip
    told.form(at(1), "v", "quote", company={"industry": "software", "size_band": "50-200"}, geo={"country": "FR"},
              qualification={"framework": "bant", "known": ["budget", "need"]})  # fmt: skip
    told.form(at(0), "w", "demo", qualification={"framework": "champ", "known": ["money"]})
    assert told.values("segment_leads", at(2)) == {
        ("country", "DE"): 1, ("country", "unknown"): 1, ("region", "BE"): 1, ("region", "unknown"): 1,
        ("product", "crm"): 1, ("product", "unknown"): 1, ("offer_type", "demo"): 1, ("offer_type", "unknown"): 1,
        ("industry", "software"): 1, ("industry", "unknown"): 1, ("size_band", "50-200"): 1, ("size_band", "unknown"): 1,
        ("revenue_band", "unknown"): 2,
    }  # fmt: skip
    assert told.readings("qualification_completeness_ratio", at(2), "now") == {
        ("bant",): (0.5, 2, 4), ("champ",): (0.25, 1, 4),
    }  # fmt: skip
    assert told.readings("offer_lead_to_customer_ratio", at(2)) == {("o",): (0, 0, 1)}
