"""Channels: how a visit came, case by case."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from stream.contract.kinds import KINDS
from stream.ingest.channel import CHANNELS, DIRECT, Touch, channel_of, touch_of, touches
from tests.events import data_of, event


def visit(kind: str = "page_view", url: str | None = None, **data: Any) -> Touch:
    made = data_of(kind, **{"campaign": None, **data})
    if url is not None:
        made["page"]["url"] = url
    return touches([msgspec.convert(event(kind, made), KINDS[kind].struct)])[0]


def test_there_are_nineteen_groups_each_by_its_own_name() -> None:
    assert len(CHANNELS) == len(set(CHANNELS)) == 19
    assert all(channel.replace("_", "").islower() for channel in CHANNELS)


@pytest.mark.parametrize(
    ("source", "medium", "campaign", "channel"),
    [
        ("google", "cpc", "", "paid_search"),
        ("Google", "CPC", "", "paid_search"),  # without regard to case
        (" google ", "organic ", "", "organic_search"),
        ("facebook.com", "referral", "", "organic_social"),  # the source decides before the medium
        ("news.example", "referral", "", "referral"),
        ("news.example", "link", "", "referral"),
        ("news.example", "app", "", "referral"),
        ("newsletter", "email", "", "email"),
        ("newsletter", "e-mail", "", "email"),
        ("partner", "affiliate", "", "affiliates"),
        ("partner", "affiliates", "", "unassigned"),  # as Google has it: exactly `affiliate`
        ("spotify", "audio", "", "audio"),
        ("app", "web_push", "", "mobile_push_notifications"),
        ("some", "banner", "", "display"),
        ("some", "cpm", "", "display"),  # a paid medium too, but display is asked first
        ("youtube.com", "cpv", "", "paid_video"),
        ("some", "cpc", "summer-shop", "paid_shopping"),
        ("some", "cpc", "workshop", "paid_other"),  # a shop, but no workshop
        ("some", "cpc", "eshop", "paid_shopping"),
        ("google", "cpc", "x-cross-network-y", "cross_network"),
        ("(direct)", "(none)", "", "direct"),
        ("newsletter", "", "", "unassigned"),
    ],
)
def test_source_medium_and_campaign_give_the_channel(source: str, medium: str, campaign: str, channel: str) -> None:
    assert channel_of(source, medium, campaign) == channel


@pytest.mark.parametrize(
    ("clicks", "campaign", "channel"),
    [
        ({"gclid": "x"}, None, "paid_search"),
        ({"gbraid": "x"}, None, "paid_search"),
        ({"wbraid": "x"}, None, "paid_search"),
        ({"msclkid": "x"}, None, "paid_search"),
        ({"gclid": "x"}, {"source": "newsletter", "medium": "email"}, "paid_search"),  # the click id outranks
        ({"gclid": "x"}, {"source": "google-ad", "medium": "ppc"}, "paid_search"),
        (
            {"gclid": "x"},
            {"source": "google", "medium": "display"},
            "display",
        ),  # but the network is theirs to say
        ({"gclid": "x"}, {"source": "youtube", "medium": "cpc"}, "paid_video"),
        ({"gclid": "x"}, {"name": "cross-network"}, "cross_network"),
        ({"gclid": "x"}, {"source": "(direct)", "medium": "(none)"}, "paid_search"),
        ({"ttclid": "x"}, None, "paid_social"),
        ({"li_fat_id": "x"}, {"source": "linkedin"}, "paid_social"),
        (
            {"twclid": "x"},
            {"source": "twitter", "medium": "social"},
            "organic_social",
        ),  # the medium says otherwise
        ({"fbclid": "x"}, None, "organic_social"),  # on every link out of Facebook, ads or not
        ({"fbclid": "x"}, {"source": "facebook", "medium": "paid"}, "paid_social"),
        ({"fbclid": "x"}, {"source": "newsletter", "medium": "email"}, "email"),
        ({"fbclid": "x", "gclid": "y"}, None, "paid_search"),
        ({}, None, "direct"),
    ],
)
def test_click_ids_tell_what_was_paid_for(clicks: dict, campaign: dict | None, channel: str) -> None:
    assert visit(click_ids=clicks, campaign=campaign).channel == channel


@pytest.mark.parametrize(
    ("referrer", "touch"),
    [
        ("https://www.google.com/", Touch("organic_search", engine="google")),
        ("https://www.google.co.uk/search?q=x", Touch("organic_search", engine="google")),
        ("android-app://com.google.android.googlequicksearchbox/", Touch("organic_search", engine="google")),
        ("https://de.search.yahoo.com/", Touch("organic_search", engine="yahoo")),
        ("https://cn.bing.com/search", Touch("organic_search", engine="bing")),
        ("https://duckduckgo.com", Touch("organic_search", engine="duckduckgo")),
        ("https://yandex.ru/clck", Touch("organic_search", engine="yandex")),
        ("https://mail.google.com/mail/u/0", Touch("referral", domain="mail.google.com")),  # no search
        ("https://google.evil.example/", Touch("referral", domain="google.evil.example")),
        ("https://notgoogle.com/", Touch("referral", domain="notgoogle.com")),
        ("https://l.facebook.com/l.php?u=x", Touch("organic_social")),
        ("https://de-de.facebook.com/", Touch("organic_social")),
        ("https://x.com/i/status/1", Touch("organic_social")),
        ("android-app://com.linkedin.android/", Touch("organic_social")),
        ("https://www.youtube.com/watch?v=x", Touch("organic_video")),
        ("https://some.line/", Touch("referral", domain="some.line")),  # `line` is a name, not a suffix
        ("https://mail.yahoo.com/", Touch("referral", domain="mail.yahoo.com")),
        ("https://youtu.be/x", Touch("organic_video")),
        ("https://www.amazon.com/dp/1", Touch("organic_shopping")),
        ("https://chatgpt.com/", Touch("referral", domain="chatgpt.com")),
        ("https://Blog.Partner.Example:8443/a", Touch("referral", domain="blog.partner.example")),
        ("not a url", Touch("referral", domain="not a url")),
        ("/only/a/path", DIRECT),
    ],
)
def test_a_referrer_gives_the_channel_with_its_engine_or_domain(referrer: str, touch: Touch) -> None:
    assert visit(referrer={"url": referrer}) == touch


@pytest.mark.parametrize(
    ("page", "referrer", "channel"),
    [
        ("https://www.shop.example/a", "https://www.shop.example/b", "direct"),
        ("https://www.shop.example/a", "https://shop.example/b?q=1", "direct"),
        ("https://www.shop.example/a", "https://blog.shop.example/", "direct"),
        ("http://localhost:3000/a", "http://localhost:3000/b", "direct"),
        ("https://shop.co.uk/a", "https://other.co.uk/", "referral"),
        ("https://www.shop.example/a", "https://www.shop.example.evil.test/", "referral"),
        ("https://www.shop.example/a", "https://www.shop.example", "direct"),
    ],
)
def test_the_sites_own_pages_are_no_referral(page: str, referrer: str, channel: str) -> None:
    assert visit(url=page, referrer={"url": referrer}).channel == channel


def test_a_form_knows_its_site_by_the_site_id_if_that_is_a_domain() -> None:
    url = {"url": "https://www.shop.example/contact"}
    assert visit("form", site_id="shop.example", referrer=url) == DIRECT
    assert visit("form", site_id="shop", referrer=url) == Touch("referral", domain="shop.example")


def test_the_domain_of_a_referrer_is_enough() -> None:
    assert visit(referrer={"domain": "WWW.Partner.example"}) == Touch("referral", domain="partner.example")


@pytest.mark.parametrize(
    ("campaign", "touch"),
    [
        ({"source": "google", "medium": "organic"}, Touch("organic_search", engine="google")),
        ({"source": "www.google.de", "medium": "organic"}, Touch("organic_search", engine="google")),
        ({"source": "msn.com", "medium": "organic"}, Touch("organic_search", engine="msn")),
        ({"medium": "organic"}, Touch("organic_search", engine="unknown")),
        ({"source": "partner.example", "medium": "referral"}, Touch("referral", domain="partner.example")),
        ({"source": "chatgpt.com"}, Touch("referral", domain="chatgpt.com")),
        ({"source": "google", "medium": "cpc", "name": " Spring "}, Touch("paid_search", "Spring")),
        ({"source": "google", "medium": "cpc", "id": "77"}, Touch("paid_search", "77")),
        ({"source": "google", "medium": "cpc", "name": "a\x00b"}, Touch("paid_search", "a\ufffdb")),
        ({"name": "spring"}, Touch("direct", "spring")),
        ({"source": "(not set)", "medium": "(not set)"}, DIRECT),
        ({}, DIRECT),
    ],
)
def test_campaign_parameters_give_a_whole_touch(campaign: dict, touch: Touch) -> None:
    assert visit(campaign=campaign) == touch


def test_parameters_outrank_the_referrer_but_take_its_domain() -> None:
    referrer = {"url": "https://www.google.com/"}
    assert visit(campaign={"source": "news", "medium": "email"}, referrer=referrer) == Touch("email")
    assert visit(campaign={"source": "(direct)", "medium": "(none)"}, referrer=referrer) == DIRECT
    assert visit(campaign={"name": "c"}, referrer=referrer) == Touch("organic_search", "c", engine="google")
    tagged = {"source": "partner", "medium": "referral"}
    assert visit(campaign=tagged, referrer={"url": "https://p.example/a"}) == Touch("referral", domain="p.example")


def test_without_anything_a_visit_is_direct() -> None:
    assert visit() is DIRECT
    assert visit("chatbot") is DIRECT
    assert touch_of() == DIRECT


def test_values_of_any_length_leave_small_entries_in_the_cache() -> None:
    long = "é" * 4_096
    touch = visit(campaign={"source": long, "medium": "cpc", "name": long}, referrer={"url": "https://" + long[8:]})
    assert touch == Touch("paid_other", "é" * 64)
    assert len(visit(referrer={"url": "https://" + long[8:]}).domain or "") == 64
