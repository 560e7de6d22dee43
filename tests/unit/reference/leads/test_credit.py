"""Credit: six models side by side, by hand; what has no touch; revenue."""

from __future__ import annotations

from itertools import pairwise

import pytest

from stream.reference.leads.credit import MODELS, fading, weights
from stream.reference.leads.known import Way
from tests.unit.reference.leads.tell import Told, at

E = "ee" * 32
DIRECT, ADS, NEWS = Way("direct"), Way("paid_search", "brand"), Way("email", "news")


@pytest.mark.parametrize(
    ("ways", "shares"),
    [
        #                            first         last          last non-direct  linear        position
        ([ADS],                     ([1],          [1],          [1],             [1],          [1])),
        ([ADS, DIRECT],             ([1, 0],       [0, 1],       [1, 0],          [1, 1],       [1, 1])),
        ([DIRECT, DIRECT],          ([1, 0],       [0, 1],       [0, 1],          [1, 1],       [1, 1])),
        ([ADS, NEWS, DIRECT],       ([1, 0, 0],    [0, 0, 1],    [0, 1, 0],       [1, 1, 1],    [2, 1, 2])),
        ([ADS, NEWS, NEWS, DIRECT], ([1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0],    [1, 1, 1, 1], [4, 1, 1, 4])),
    ],
)  # fmt: skip
def test_models_weigh_touches(ways: list[Way], shares: tuple[list[int], ...]) -> None:
    found = weights([(at(n), way) for n, way in enumerate(ways)], at(len(ways)))
    assert tuple(found[model] for model in MODELS[:5]) == shares


def test_a_touch_fades_by_half_in_a_week_and_at_each_full_hour() -> None:
    assert fading(168) * 2 == fading(0)
    assert all(earlier > later for earlier, later in pairwise(map(fading, range(2_161))))
    (found,) = weights([(at(0), ADS)], at(7, 0, 59))["time_decay"]
    assert found == fading(168)


def test_credit_of_every_model_is_one_whole_to_the_millionth() -> None:
    told = Told()
    for n in range(7):
        told.view(at(n), "v", came=("paid_search/a", "email/b", "")[n % 3])
    told.form(at(8), "v", "demo", email_hash=E)
    credit = told.lead(at(9)).credit
    assert {model: shares.total() for model, shares in credit.items()} == dict.fromkeys(MODELS, 1_000_000)
    by_channel = told.values("attributed_leads", at(9))
    for model in MODELS:
        assert sum(value for (_, one), value in by_channel.items() if one == model) == pytest.approx(1)


def test_only_ninety_days_and_fifty_touches_before_the_moment_are_asked() -> None:
    told = Told()
    told.form(at(0), "v", "demo", "paid_search/old", email_hash=E)
    told.view(at(1), "v", came="email/first")
    for n in range(49):
        told.view(at(10 + n, 1), "v", came="display/many")
    told.crm(at(90), "l1", "deal_won", email_hash=E, deal_id="d", value=1, currency="EUR")
    # the form lies exactly 90 days back; the visit of day 1 is the fiftieth
    assert {key for key in told.values("attributed_revenue", at(91)) if key[2] == "first"} == {
        ("email", "EUR", "first")
    }
    told.view(at(89), "v", came="display/many")
    assert {key for key in told.values("attributed_revenue", at(91)) if key[2] == "first"} == {
        ("display", "EUR", "first")
    }


def test_what_no_touch_led_to_is_credited_to_nobody_known() -> None:
    told = Told()
    told.crm(at(0), "l1", "qualified")
    assert set(told.values("attributed_leads", at(1))) == {("unknown", model) for model in MODELS}


def test_a_record_that_creates_a_lead_is_a_touch_by_the_way_that_it_names() -> None:
    told = Told()
    told.crm(at(0), "l1", "lead_created", capture_method="phone")
    told.crm(at(0), "l2", "lead_created", came="paid_search", campaign={"id": "77", "name": "brand"})
    assert told.values("leads", at(1)) == {("phone",): 1, ("import",): 1}
    assert told.values("channel_leads", at(1)) == {("offline",): 1, ("paid_search",): 1}
    assert told.values("campaign_attributed_leads", at(1))["brand", "first"] == 1
    assert told.values("campaign_attributed_leads", at(1))["unknown", "first"] == 1


def test_models_differ_on_a_channel_by_their_largest_less_their_smallest_share() -> None:
    told = Told()
    told.view(at(0), "v", came="paid_search/a")
    told.form(at(1), "v", "demo", "email/b")
    told.form(at(1), "w", "demo", "email/b")
    spread = told.readings("attribution_spread", at(2))
    assert spread["email",] == (0.5, 1_000_000, 2_000_000)
    assert spread["paid_search",] == (0.5, 1_000_000, 2_000_000)
