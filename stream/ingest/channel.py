"""Channel: how a visit came, by the GA4 default channel groups.

In:  events with campaign parameters, click ids and a referrer, each of which may be missing.
Out: a touch an event: channel, campaign, and the engine or the domain that sent it.

The rules are those that Google publishes (support.google.com/analytics/answer/9756891), in its order; the
first that fits decides, without regard to case. Where Google uses what only its ad platforms know, this is
decided here:

- gclid, gbraid, wbraid and msclkid are put on links by Google's and Microsoft's ads and outrank the campaign
  parameters, as GA4 has it. They say that a visit was paid for; on which network only the parameters may say:
  `youtube / cpc` stays paid_video, `display` stays display, everything unclear is paid_search.
- ttclid, li_fat_id and twclid are put on links by ads: paid_social, unless a medium says something else.
- fbclid is put on every link out of Facebook and Instagram, ads or not: alone it makes organic_social.
- A referrer of the site itself is no referral. Assistants (ChatGPT and the like) have no group of their own;
  they are referral, also where they only set utm_source, which GA4 would leave unassigned.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, Final, NamedTuple

from stream.ingest.referrers import host_of, same_site, sources
from stream.state.labels import clean


class Touch(NamedTuple):
    """One contact: channel, campaign ("" without one), engine of an organic search, domain of a referral."""

    channel: str
    campaign: str = ""
    engine: str | None = None
    domain: str | None = None


DIRECT: Final = Touch("direct")

_PAID: Final = re.compile(r".*cp.*|ppc|retargeting|paid.*")
_SHOP: Final = re.compile(r".*(([^a-df-z]|^)shop|shopping).*")
_DISPLAY: Final = frozenset({"display", "banner", "expandable", "interstitial", "cpm"})
_SOCIAL: Final = frozenset({"social", "social-network", "social-media", "sm", "social network", "social media"})
_EMAIL: Final = frozenset({"email", "e-mail", "e_mail", "e mail"})
_NOT_SET: Final = frozenset({"", "(not set)", "(none)"})

#: (channel, whether it fits source, medium, campaign and the category of the source), in order.
RULES: Final[tuple[tuple[str, Callable[[str, str, str, str | None], bool]], ...]] = (
    ("direct", lambda s, m, c, kind: s in ("", "direct", "(direct)") and m in _NOT_SET),
    ("cross_network", lambda s, m, c, kind: "cross-network" in c),
    ("paid_shopping", lambda s, m, c, kind: (kind == "shopping" or _fits(_SHOP, c)) and _fits(_PAID, m)),
    ("paid_search", lambda s, m, c, kind: kind == "search" and _fits(_PAID, m)),
    ("paid_social", lambda s, m, c, kind: kind == "social" and _fits(_PAID, m)),
    ("paid_video", lambda s, m, c, kind: kind == "video" and _fits(_PAID, m)),
    ("display", lambda s, m, c, kind: m in _DISPLAY),
    ("paid_other", lambda s, m, c, kind: _fits(_PAID, m)),
    ("organic_shopping", lambda s, m, c, kind: kind == "shopping" or _fits(_SHOP, c)),
    ("organic_social", lambda s, m, c, kind: kind == "social" or m in _SOCIAL),
    ("organic_video", lambda s, m, c, kind: kind == "video" or "video" in m),
    ("organic_search", lambda s, m, c, kind: kind == "search" or m == "organic"),
    ("referral", lambda s, m, c, kind: m in ("referral", "app", "link")),
    ("email", lambda s, m, c, kind: s in _EMAIL or m in _EMAIL),
    ("affiliates", lambda s, m, c, kind: m == "affiliate"),
    ("audio", lambda s, m, c, kind: m == "audio"),
    ("sms", lambda s, m, c, kind: s == "sms" or m == "sms"),
    (
        "mobile_push_notifications",
        lambda s, m, c, kind: m.endswith("push") or "mobile" in m or "notification" in m or s == "firebase",
    ),
)

#: All 19 groups.
CHANNELS: Final = (*(channel for channel, _ in RULES), "unassigned")

_LONG: Final = 300

#: What the click id of a platform's ads is called, and the platform; the first that is there counts.
_AD_CLICKS: Final = (
    ("gclid", "google"),
    ("gbraid", "google"),
    ("wbraid", "google"),
    ("msclkid", "bing"),
    ("li_fat_id", "linkedin"),
    ("ttclid", "tiktok"),
    ("twclid", "twitter"),
    ("fbclid", "facebook"),
)
_SEARCH_ADS: Final = frozenset({"google", "bing"})
_SOCIAL_ADS: Final = frozenset({"linkedin", "tiktok", "twitter"})


def touches(events: Iterable[Any]) -> list[Touch]:
    """Give the touch of each page_view, form or chatbot event.

    Most events carry what others carried before: the rules run once for each combination that is new.
    """
    found: list[Touch] = []
    add = found.append
    for event in events:
        data = event.data
        campaign = data.campaign
        clicks = data.click_ids
        referrer = data.referrer
        if campaign is None:
            if clicks is None:
                add(DIRECT if referrer is None else _referred(data, referrer, None, None, None, ""))
                continue
            source = medium = name = None
        else:
            source, medium, name = campaign.source, campaign.medium, campaign.name or campaign.id
            if len(source or "") + len(medium or "") + len(name or "") > _LONG:
                # so that what is cached stays small whatever is sent; GA4 itself cuts at 100 characters
                source, medium, name = (text and text[:_LONG] for text in (source, medium, name))
        clicked = "" if clicks is None else _clicked(clicks)
        touch = touch_of(source, medium, name, clicked)
        # a referrer says nothing more where the parameters have said what it was
        if referrer is not None and touch.channel in ("direct", "referral"):
            touch = _referred(data, referrer, source, medium, name, clicked)
        add(touch)
    return found


def _referred(
    data: Any, referrer: Any, source: str | None, medium: str | None, name: str | None, clicked: str
) -> Touch:
    page = getattr(data, "page", None)
    home = page.url if page is not None else None
    url = referrer.url
    if home and url and source is None and medium is None and name is None:
        # the usual case, one page after another: both addresses are equal up to the first slash of the path
        end = url.find("/", 8) + 1
        if end and home.startswith(url[:end]):
            return DIRECT
    host = host_of(referrer.domain or url or "")
    return touch_of(source, medium, name, clicked, host, host_of(home) if home and host else "", data.site_id)


@lru_cache(maxsize=16_384)
def touch_of(
    source: str | None = None,
    medium: str | None = None,
    campaign: str | None = None,
    clicked: str = "",
    host: str = "",
    home: str = "",
    site: str = "",
) -> Touch:
    """Give the touch for campaign parameters, the platform of a click id, and the referrer's host.

    `home` is the host of the page, `site` the site_id: a referrer of either is the site itself.
    """
    s, m, c = _tag(source), _tag(medium), (campaign or "").strip().lower()
    label = clean(campaign) if c else ""
    if s in ("direct", "(direct)"):
        s = ""
        if not m and not clicked:
            return Touch("direct", label)
    if host and ((home and same_site(host, home)) or ("." in site and same_site(host, host_of(site)))):
        host = ""
    if clicked in _SEARCH_ADS:
        paid_medium = m if m in _DISPLAY or _fits(_PAID, m) else "cpc"
        channel = channel_of(s or clicked, paid_medium, c)
        return Touch("paid_search" if channel == "paid_other" else channel, label)
    if clicked in _SOCIAL_ADS and not m:
        return Touch("paid_social", label)
    if s or m:
        channel = channel_of(s, m, c)
        if channel == "unassigned" and sources().is_assistant(s):
            channel = "referral"
        return _named(channel, label, s, host)
    if clicked == "facebook":
        return Touch("organic_social", label)
    if not host:
        return Touch("direct", label)
    if sources().engine_of_host(host) is not None:
        return _named("organic_search", label, "", host)
    return _named(_channel(host, "referral", c, sources().category_of_host(host)), label, "", host)


def channel_of(source: str, medium: str, campaign: str) -> str:
    """Give the channel by Google's rules alone.

    >>> channel_of("google", "cpc", ""), channel_of("news.example", "referral", ""), channel_of("x", "y", "z")
    ('paid_search', 'referral', 'unassigned')
    """
    s, m, c = (text.strip().lower() for text in (source, medium, campaign))
    return _channel(s, m, c, sources().category.get(s))


def _channel(source: str, medium: str, campaign: str, category: str | None) -> str:
    for channel, fits in RULES:
        if fits(source, medium, campaign, category):
            return channel
    return "unassigned"


def _named(channel: str, campaign: str, source: str, host: str) -> Touch:
    if channel == "organic_search":
        return Touch(channel, campaign, engine=clean(sources().engine_of_source(source or host)))
    if channel == "referral":
        return Touch(channel, campaign, domain=clean(host or source))
    return Touch(channel, campaign)


def _clicked(clicks: Any) -> str:
    for name, platform in _AD_CLICKS:
        if getattr(clicks, name):
            return platform
    return ""


def _tag(value: str | None) -> str:
    text = (value or "").strip().lower()
    return "" if text in _NOT_SET else text


def _fits(pattern: re.Pattern[str], text: str) -> bool:
    return pattern.fullmatch(text) is not None
