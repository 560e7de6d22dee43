"""Cases from life: where visits came from and from which country, as people's data has it; the figures by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from stream.ingest.touches import ChannelOptions
from stream.replay.replay import Replayed, ReplayOptions, replay
from tests.realdata.shared import SHARED

pytestmark = pytest.mark.shared

WINDOW = "24h"


def case(name: str) -> list[bytes]:
    path = SHARED / "cases" / name
    if not path.exists():
        pytest.skip(f"the case {name} is not beside this checkout (LEADPULSE_SHARED names its folder)")
    return Path(path).read_bytes().splitlines()


def answer(name: str, **channels: object) -> Replayed:
    options = ChannelOptions(**channels)  # type: ignore[arg-type]
    return replay(case(name), ReplayOptions(now_ms=1_800_000_000_000, windows=(WINDOW,), channels=options))


def figures(answered: Replayed, metric: str, label: str = "") -> dict[str, float]:
    return {r.labels.get(label, ""): r.value for r in answered.readings if r.metric == metric and r.value}


def test_a_country_that_is_none_costs_no_visit() -> None:
    answered = answer("02-country-codes/input.ndjson")
    assert figures(answered, "visitors") == figures(answered, "page_views") == {"": 17}
    assert figures(answered, "country_visitors", "country") == {"DE": 2, "GB": 1, "XK": 1, "unknown": 13}


def test_nobody_comes_from_paying_or_signing_in() -> None:
    answered = answer("12-payment-and-login-returns/input.ndjson")
    assert figures(answered, "channel_sessions", "channel") == {"direct": 13, "organic_search": 6, "referral": 3}
    own = answer("12-payment-and-login-returns/input.ndjson", own_domains={"acme": ("shop-blog.example",)})
    assert figures(own, "channel_sessions", "channel") == {"direct": 16, "organic_search": 6}


def test_tags_as_they_come_have_the_channel_they_mean() -> None:
    answered = answer("13-utm-as-they-come/input.ndjson")
    assert figures(answered, "channel_visitors", "channel") == {
        "paid_search": 12, "paid_social": 2, "email": 4, "organic_social": 3, "referral": 1,
    }  # fmt: skip
    campaigns = figures(answered, "campaign_visitors", "campaign")
    assert campaigns.pop("unknown") == 3
    assert (campaigns.pop("spring sale"), campaigns.pop("Spring Sale"), campaigns.pop("Lišácké předplatné")) == (
        12,
        1,
        3,
    )
    assert [*campaigns.values()] == [1, 1, 1]  # long names that differ at their ends


def test_an_image_proxy_opens_for_a_person() -> None:
    answered = answer("01-gmail-image-proxy/input.ndjson")
    assert sum(figures(answered, "emails_opened", "campaign").values()) == 7
    assert sum(figures(answered, "emails_machine_opened", "campaign").values()) == 1


@pytest.mark.parametrize(
    ("question", "metric", "label", "right"),
    [
        ("q35", "campaign_visitors", "campaign", {"C   basics": 1}),
        ("q36", "channel_visitors", "channel", {"paid_search": 1}),
        ("q58", "channel_visitors", "channel", {"email": 1}),
        ("q60", "channel_sessions", "channel", {"paid_search": 1, "direct": 1}),
        ("q61", "channel_sessions", "channel", {"paid_search": 1}),
        ("q66", "country_visitors", "country", {"DE": 1}),
        ("q82", "campaign_visitors", "campaign", {"77": 1}),
    ],
)
def test_the_rulings_on_channels_hold(question: str, metric: str, label: str, right: dict[str, float]) -> None:
    assert figures(answer(f"rulings/{question}.ndjson"), metric, label) == right
