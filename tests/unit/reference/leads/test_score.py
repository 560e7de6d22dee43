"""Score: points by hand, caps, fading, silence, thresholds, bands."""

from __future__ import annotations

import pytest

from stream.reference.leads.rules import rules_of
from stream.reference.leads.score import Points, score_at
from tests.unit.reference.leads.tell import Told, at

E = "ee" * 32


def lead_at(day: float) -> Told:
    """Tell of somebody who becomes a lead without any points."""
    told = Told()
    told.form(at(day), "v", "contact", email_hash=E)
    return told


def test_each_rule_gives_its_points() -> None:
    told = lead_at(0)
    told.form(at(1), "v", "newsletter")  # 5
    told.view(at(2), "v", "pricing")  # 10
    told.chat(at(3), "v", "appointment_set", appointment_id="a")  # 25
    told.crm(at(3, 1), "l1", "appointment_booked", appointment_id="a", email_hash=E)  # the same one
    told.crm(at(3, 2), "l1", "appointment_booked")  # 25
    told.chat(at(4), "v", "appointment_cancelled", appointment_id="a")  # -5
    told.crm(at(5), "l1", "trial_started")  # 25, once
    told.form(at(6), "v", "trial")
    for day, what in enumerate(("delivered", "opened", "clicked", "replied"), 7):  # 5 + 10 + 15
        told.mail(at(day), "m", what, email_hash=E)
    assert told.lead(at(12)).score == 5 + 10 + 25 + 25 - 5 + 25 + 30
    told.mail(at(12), "m", "unsubscribed", email_hash=E)
    assert told.lead(at(13)).score == 115 - 25
    assert told.lead(at(13)).crossed == {40: at(3, 1) - 60 * 60_000, 50: at(3, 2), 60: at(3, 2)}
    assert told.values("mqls", at(13)) == {("40",): 1, ("50",): 1, ("60",): 1}


def test_a_rule_counts_twenty_times_a_day() -> None:
    told = lead_at(0)
    for n in range(25):
        told.mail(at(1, 0, n), f"m{n}", "delivered", email_hash=E)
        told.mail(at(1, 1, n), f"m{n}", "opened", email_hash=E)
    assert told.lead(at(2)).score == 20 * 5
    told.mail(at(2), "m0", "clicked", email_hash=E)
    told.mail(at(2), "n", "delivered", email_hash=E)
    told.mail(at(2), "n", "opened", email_hash=E)
    assert told.lead(at(3)).score == 21 * 5 + 10


def test_a_score_that_was_high_before_somebody_was_a_lead_counts_at_becoming_one() -> None:
    told = Told()
    for n in range(10):
        told.mail(at(0, n), f"m{n}", "delivered", email_hash=E)
        told.mail(at(1, n), f"m{n}", "opened", email_hash=E)
    assert told.leads(at(2)) == []
    told.form(at(3), "v", "contact", email_hash=E)
    assert told.lead(at(4)).crossed == {40: at(3), 50: at(3)}
    assert told.lead(at(4)).entered["mql"] == at(3)


def test_what_happened_more_than_35_days_before_somebody_is_a_lead_is_forgotten() -> None:
    told = Told()
    told.mail(at(0), "m", "delivered", email_hash=E)
    told.mail(at(0, 1), "m", "opened", email_hash=E)
    told.form(at(35, 1), "v", "contact", email_hash=E)
    assert told.lead(at(36)).score == 5
    told = Told()
    told.mail(at(0), "m", "delivered", email_hash=E)
    told.mail(at(0, 1), "m", "opened", email_hash=E)
    told.form(at(35, 1, 1), "v", "contact", email_hash=E)
    assert told.lead(at(36)).score == 0


#  waiting begins with the first mail after the last opening or silence, and lasts 30 days
@pytest.mark.parametrize(
    ("delivered", "opened", "until", "silent"),
    [
        ([1], [], 31, [31]),
        ([1], [], 30.9, []),
        ([1], [31], 99, []),  # thirty days later is in time
        ([1], [31.1], 99, [31]),
        ([1, 5], [3], 99, [35]),
        ([1, 5, 32], [], 99, [31, 62]),  # then waiting begins anew with the next mail
        ([1], [0.5], 99, [31]),  # an opening before is none
        ([], [], 99, []),
    ],
)
def test_thirty_days_with_mail_and_without_an_opening_take_points(
    delivered: list[float], opened: list[float], until: float, silent: list[float]
) -> None:
    told = lead_at(0)
    for day in delivered:
        told.mail(at(day), f"m{day}", "delivered", email_hash=E)
    for day in opened:
        told.mail(at(day), "old", "delivered" if not delivered else "opened", email_hash=E)
        told.mail(at(0.1), "old", "sent", email_hash=E)
    marks = [mark.at_ms for mark in told.lead(at(until)).marks if mark.rule == "silent"]
    assert marks == [at(day) for day in silent]


def test_good_points_fade_at_midnight_by_halves_and_evenly_between_them() -> None:
    rules = rules_of('[score]\nhalf_life = "4d"')
    marks = [Points(at(0, 23), 100, "a"), Points(at(1), -7, "b")]
    worth = [score_at(marks, at(day), rules) + 7 for day in (1, 2, 3, 4, 5, 8)]
    assert score_at(marks, at(0, 23), rules) == 100
    #  a day after 7/8 of it is left, after four days a half, after eight a quarter
    assert worth == [87, 75, 62, 50, 43, 25]


def test_bands_and_what_would_be_with_another_threshold() -> None:
    told = lead_at(0)
    assert told.values("band_leads", at(0.1)) == {("cold",): 1}
    told.crm(at(1), "l1", "appointment_booked", email_hash=E)
    assert told.values("band_leads", at(2)) == {("warm",): 1}
    told.crm(at(2), "l1", "trial_started")
    assert told.values("band_leads", at(3)) == {("hot",): 1}
    assert told.values("mqls", at(3)) == {("40",): 1, ("50",): 1}


def test_rules_of_ones_own_replace_the_list() -> None:
    rules = rules_of(
        """
        [score]
        threshold = 3
        what_if = []
        bands = { good = 3 }
        [[score.rule]]
        name = "big"
        fact = "company:size_band=50-200"
        points = 3
        [[score.rule]]
        name = "both"
        fact = "form:demo & pricing"
        points = 2
        """
    )
    told = Told(rules)
    told.form(at(0), "v", "demo", company={"size_band": "50-200"})
    told.view(at(1), "v", "pricing")
    told.view(at(2), "v", "pricing")
    told.form(at(3), "v", "demo", company={"size_band": "50-200"})
    lead = told.lead(at(4))
    assert (lead.score, lead.band, lead.crossed) == (5, "good", {3: at(0)})
