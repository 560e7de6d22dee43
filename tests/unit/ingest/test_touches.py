"""Channels: how a visit came, case by case."""

from __future__ import annotations

from typing import Any

import pytest

from stream.adapters import liberal
from stream.ingest.channel import CHANNELS, channel_of
from stream.ingest.touches import DIRECT, ChannelOptions, Channels, Touch
from tests.events import data_of, event

PLAIN = Channels()


def visit(kind: str = "page_view", url: str | None = None, channels: Channels = PLAIN, **data: Any) -> Touch:
    made = data_of(kind, **{"campaign": None, **data})
    if url is not None:
        made["page"]["url"] = url
    return channels.touches([liberal.read(kind, event(kind, made)).event])[0]


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
        ("android-app://com.facebook.katana", Touch("organic_social")),
        ("ios-app://284882215/fb", Touch("organic_social")),
        ("ios-app://com.atebits.Tweetie2/", Touch("organic_social")),
        ("com.google.android.youtube", Touch("organic_video")),
        ("ios-app://com.google.ios.youtube/", Touch("organic_video")),
        ("ios-app://com.google.GoogleMobile/", Touch("organic_search", engine="google")),
        ("android-app://com.google.android.gm/", Touch("referral", domain="com.google.android.gm")),
        ("https://m.youtube.com/", Touch("organic_video")),
        ("https://gateway.facebook.com/", Touch("organic_social")),
        ("https://noai.duckduckgo.com/", Touch("organic_search", engine="duckduckgo")),
        ("https://www.youtube.com/watch?v=x", Touch("organic_video")),
        ("https://some.line/", Touch("referral", domain="some.line")),  # `line` is a name, not a suffix
        ("https://mail.yahoo.com/", Touch("referral", domain="mail.yahoo.com")),
        ("https://youtu.be/x", Touch("organic_video")),
        ("https://www.amazon.com/dp/1", Touch("organic_shopping")),
        ("https://chatgpt.com/", Touch("referral", domain="chatgpt.com")),
        ("https://Blog.Partner.Example:8443/a", Touch("referral", domain="blog.partner.example")),
        ("not a url", Touch("referral", domain="not a url")),
        ("", DIRECT),
        ("-", DIRECT),  # what a log writes for none
        ("about:blank", DIRECT),
        ("$direct", DIRECT),
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
    assert PLAIN.touch_of() == DIRECT


def test_values_of_any_length_leave_small_entries_in_the_cache() -> None:
    long = "é" * 4_096
    touch = visit(campaign={"source": long, "medium": "cpc", "name": long}, referrer={"url": "https://" + long[8:]})
    assert touch == Touch("paid_other", "é" * 55 + "~9a74b60b")
    assert len(visit(referrer={"url": "https://" + long[8:]}).domain or "") == 64


@pytest.mark.parametrize(
    "referrer",
    [
        "https://www.paypal.com/",
        "https://checkout.stripe.com/c/pay/1",  # a shop, on Google's list of sources
        "https://pay.klarna.com/",
        "https://checkout.shopify.com/",
        "https://accounts.google.com/o/oauth2/auth",
        "https://login.microsoftonline.com/",
        "https://firm.eu.auth0.com/",
        "https://appleid.apple.com/",
        "https://acs.bank.example/3ds",  # by its first label: nobody can list all banks
        "https://login.bank.example/",
        "https://www.facebook.com/v19.0/dialog/oauth",  # a page of a source
        "https://m.facebook.com/login.php?next=x",
        "https://github.com/login/oauth/authorize",
    ],
)
def test_who_comes_back_from_paying_or_signing_in_came_from_nowhere(referrer: str) -> None:
    assert visit(referrer={"url": referrer}) == DIRECT
    assert visit(referrer={"url": referrer}, click_ids={"gclid": "1"}).channel == "paid_search"  # only it is silent
    tagged = {"source": "news", "medium": "email", "name": "c"}
    assert visit(referrer={"url": referrer}, campaign=tagged) == Touch("email", "c")


@pytest.mark.parametrize(
    "referrer",
    [
        "https://notpaypal.com/",
        "https://login.example/",  # a domain of that name, and no label of one
        "https://blog.example/login/oauth",
        "https://www.facebook.com/groups/1",
        "https://www.facebook.com/dialog/oauthors",
        "https://github.com/logins/x",
    ],
)
def test_what_only_looks_like_it_is_a_source(referrer: str) -> None:
    assert visit(referrer={"url": referrer}) != DIRECT


def test_a_tracker_that_writes_a_referrer_into_the_parameters_is_read_alike() -> None:
    assert visit(campaign={"source": "paypal.com", "medium": "referral"}) == DIRECT
    assert visit(campaign={"source": "paypal", "medium": "email"}).channel == "email"
    assert visit(campaign={"source": "m.facebook.com", "medium": "referral"}) == Touch("organic_social")
    assert visit(campaign={"source": "www.google.co.uk"}) == Touch("organic_search", engine="google")


OWN = Channels(
    ChannelOptions(
        own_domains={"s1": ("shop.example", "shop-blog.example"), "s2": ("club.example",)},
        ignored=("bank.example",),
        referrers={
            "social": ("forum.example",),
            "search": ("suche.example", "intranet"),
            "referral": ("github.com", "login.partner.example"),
            "ignored": ("portal.example",),
            "mail": ("post.example",),
        },
    )
)


@pytest.mark.parametrize(
    ("site", "referrer", "channel"),
    [
        ("s1", "https://shop-blog.example/a", "direct"),
        ("s1", "https://de.shop-blog.example/a", "direct"),
        ("s1", "https://club.example/", "referral"),  # of another site
        ("s2", "https://club.example/", "direct"),
        ("s2", "https://shop-blog.example/", "referral"),
        ("s3", "https://shop.example/", "referral"),
        ("s3", "https://3ds.bank.example/", "direct"),
        ("s3", "https://portal.example/", "direct"),
        ("s3", "https://a.forum.example/", "organic_social"),
        ("s3", "https://suche.example/?q=x", "organic_search"),
        ("s3", "https://github.com/login", "referral"),  # a name of one's own outranks every list
        ("s3", "https://login.partner.example/", "referral"),
        ("s3", "https://post.example/", "referral"),  # mail is a channel only where the set is on
    ],
)
@pytest.mark.parametrize("kind", ["page_view", "form", "chatbot"])
def test_own_domains_and_own_hosts_are_known_by_site_and_kind(
    kind: str, site: str, referrer: str, channel: str
) -> None:
    assert visit(kind, channels=OWN, site_id=site, referrer={"url": referrer}).channel == channel


def test_a_name_beyond_ascii_is_known_as_browsers_send_it() -> None:
    own = Channels(ChannelOptions(own_domains={"s1": ("müller.example",)}, ignored=("käse.example",)))
    for host in ("müller.example", "www.xn--mller-kva.example", "xn--kse-qla.example"):
        assert visit(channels=own, site_id="s1", referrer={"url": f"https://{host}/"}) == DIRECT


def test_an_own_source_is_known_by_its_name() -> None:
    assert visit(channels=OWN, campaign={"source": "Intranet"}) == Touch("organic_search", engine="intranet")
    assert visit(channels=OWN, campaign={"source": "forum.example", "medium": "cpc"}).channel == "paid_social"


SETS = Channels(ChannelOptions(sets=("ai_assistants", "web_mail"), referrers={"assistant": ("ai.example",)}))


@pytest.mark.parametrize(
    ("said", "without", "with_sets"),
    [
        ({"referrer": {"url": "https://chatgpt.com/"}}, "referral", "ai_assistant"),
        ({"referrer": {"url": "https://gemini.google.com/app"}}, "referral", "ai_assistant"),
        ({"referrer": {"url": "https://ai.example/"}}, "referral", "ai_assistant"),
        ({"referrer": {"url": "android-app://com.openai.chatgpt/"}}, "referral", "ai_assistant"),
        ({"campaign": {"source": "chatgpt.com"}}, "referral", "ai_assistant"),
        ({"campaign": {"source": "claude.ai", "medium": "referral"}}, "referral", "ai_assistant"),
        ({"campaign": {"source": "new.example", "medium": "ai-assistant"}}, "referral", "ai_assistant"),
        ({"campaign": {"source": "chatgpt.com", "medium": "cpc"}}, "paid_other", "paid_other"),
        ({"referrer": {"url": "https://mail.google.com/mail/u/0"}}, "referral", "email"),
        ({"referrer": {"url": "https://mail.firm.example/"}}, "referral", "email"),
        ({"referrer": {"url": "ios-app://com.google.Gmail/"}}, "referral", "email"),
        ({"referrer": {"url": "https://mail.yandex.ru/"}}, "organic_search", "email"),  # Google's list has it as search
        ({"campaign": {"source": "outlook.live.com", "medium": "referral"}}, "referral", "email"),
        ({"campaign": {"source": "mail.google.com", "medium": "cpc"}}, "paid_other", "paid_other"),
        ({"referrer": {"url": "https://mail.example/"}}, "referral", "referral"),
        ({"referrer": {"url": "https://www.google.com/"}}, "organic_search", "organic_search"),
    ],
)
def test_assistants_and_web_mail_have_a_channel_where_they_are_switched_on(
    said: dict, without: str, with_sets: str
) -> None:
    assert visit(**said).channel == without
    assert visit(channels=SETS, **said).channel == with_sets


@pytest.mark.parametrize(
    ("campaign", "touch"),
    [
        ({"source": "google", "medium": "cpc", "name": "spring+sale"}, Touch("paid_search", "spring sale")),
        ({"source": "google", "medium": "cpc", "name": "spring%20sale"}, Touch("paid_search", "spring sale")),
        ({"source": "google", "medium": "cpc", "name": "spring%2520sale"}, Touch("paid_search", "spring%20sale")),
        ({"source": "google", "medium": "cpc", "name": "100%"}, Touch("paid_search", "100%")),
        ({"source": "google", "medium": "cpc", "name": "caf%C3%A9"}, Touch("paid_search", "café")),
        ({"source": "google", "medium": "cpc", "name": "cafe\u0301"}, Touch("paid_search", "café")),
        ({"source": "google", "medium": "cpc", "name": "%e9"}, Touch("paid_search", "\ufffd")),
        ({"source": "google", "medium": "cpc", "name": "{{campaign.name}}"}, Touch("paid_search", "{{campaign.name}}")),
        ({"source": "google", "medium": "cpc", "name": "Spring"}, Touch("paid_search", "Spring")),  # case is kept
        ({"source": "google", "medium": "cpc", "name": " ", "id": "7"}, Touch("paid_search", "7")),
        ({"source": "news%20june", "medium": "e%2Dmail"}, Touch("email")),
        ({"source": "blog", "medium": "social+media"}, Touch("organic_social")),
        ({"source": "(none)", "medium": "%28not+set%29"}, DIRECT),
    ],
)
def test_parameters_are_decoded_once_and_otherwise_taken_as_they_come(campaign: dict, touch: Touch) -> None:
    assert visit(campaign=campaign) == touch


@pytest.mark.parametrize(
    ("url", "campaign", "clicks", "touch"),
    [
        ("https://s.example/?utm_source=news&utm_medium=email&utm_campaign=a+b", None, None, Touch("email", "a b")),
        ("/x?UTM_Source=a&utm_medium=cpc&utm_medium=email#utm_campaign=z", None, None, Touch("paid_other")),
        ("https://s.example/?utm_id=7&utm_medium=sms", {}, None, Touch("sms", "7")),
        ("https://s.example/?utm_medium=email", {"source": " ", "name": ""}, None, Touch("email")),
        ("https://s.example/?utm_medium=email", {"id": "7"}, None, Touch("direct", "7")),  # a campaign is there
        ("https://s.example/?gclid=1", None, None, Touch("paid_search")),
        ("https://s.example/?a=b&GCLID=1", {"source": "news", "medium": "email"}, {}, Touch("paid_search")),
        ("https://s.example/?gclid=1", None, {"ttclid": "2"}, Touch("paid_social")),
        ("https://s.example/?gclid=", None, None, DIRECT),
        ("https://s.example/?q=utm_source", None, None, DIRECT),
        ("https://s.example/#?utm_source=a&utm_medium=email", None, None, DIRECT),
    ],
)
def test_what_is_missing_is_read_from_the_pages_address(
    url: str, campaign: dict | None, clicks: dict | None, touch: Touch
) -> None:
    assert visit(url=url, campaign=campaign, click_ids=clicks) == touch
