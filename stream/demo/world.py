"""World: the make-believe companies of the simulator: their pages, campaigns, channels, forms, mails and ads.

In:  nothing.
Out: tables with weights; traffic is drawn from them. Small on purpose, so that a person can follow each
     label.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

SITES: Final = ("acme", "globex", "initech", "umbrella")
MOST_SITES: Final = 100


def site_names(n: int) -> list[str]:
    """Name the first n sites.

    >>> site_names(5)[-2:]
    ['umbrella', 'site-5']
    """
    return [SITES[i] if i < len(SITES) else f"site-{i + 1}" for i in range(n)]


class Page(NamedTuple):
    """A page and what it is good for; an empty text is a field left out."""

    path: str
    group: str
    content: str
    offer: str = ""
    form: str = ""  # a form of FORMS that stands on it
    weight: float = 1.0


PAGES: Final = (
    Page("/", "landing", "home", weight=6),
    Page("/product", "product", "product-tour", weight=4),
    Page("/pricing", "pricing", "pricing-table", form="quote-form", weight=4),
    Page("/demo", "product", "demo-request", offer="live-demo", form="demo-form", weight=2),
    Page("/trial", "product", "trial-start", offer="trial-14", form="trial-form", weight=2),
    Page("/blog/lead-scoring", "blog", "a-lead-scoring", form="newsletter-form", weight=3),
    Page("/blog/attribution", "blog", "a-attribution", form="newsletter-form", weight=2),
    Page("/lp/ebook", "landing", "lp-ebook", offer="ebook-funnel", form="ebook-form", weight=3),
    Page("/lp/webinar", "landing", "lp-webinar", offer="webinar-may", form="webinar-form", weight=2),
    Page("/docs/start", "docs", "", weight=2),
    Page("/contact", "", "contact", form="contact-form", weight=1),
    Page("/cart", "cart", "cart", form="checkout-form", weight=1),
)


class FormSheet(NamedTuple):
    """A form: its type (`""` is left out), what it asks, and the offer it belongs to."""

    form_type: str
    asks: tuple[str, ...]
    offer: str = ""
    offer_type: str = ""
    offer_stage: str = ""


FORMS: Final = {
    "contact-form": FormSheet("contact", ("name", "email", "message")),
    "newsletter-form": FormSheet("newsletter", ("email",)),
    "demo-form": FormSheet("demo", ("name", "email", "company", "size"), "live-demo", "demo", "bottom"),
    "trial-form": FormSheet("trial", ("email", "company"), "trial-14", "trial", "bottom"),
    "quote-form": FormSheet("quote", ("name", "email", "company", "budget")),
    "ebook-form": FormSheet("download", ("name", "email", "company"), "ebook-funnel", "ebook", "top"),
    "webinar-form": FormSheet("webinar", ("name", "email"), "webinar-may", "webinar", "middle"),
    "checkout-form": FormSheet("checkout", ("name", "email", "address")),
    "feedback-form": FormSheet("survey", ("score", "comment")),
    "search-box": FormSheet("", ()),
}


class Company(NamedTuple):
    """What a site lives by: how often people come to some pages, and how readily they fill in some forms.

    Factors on the weights of pages, by path, and on the appetite for forms, by form; `""` is any other one.
    """

    pages: Mapping[str, float] = MappingProxyType({})
    forms: Mapping[str, float] = MappingProxyType({})

    def seen(self, page: Page) -> float:
        """Weigh a page."""
        return page.weight * self.pages.get(page.path, 1.0)

    def wanted(self, form: str) -> float:
        """Say how readily a form is filled in: 1 is as ever."""
        return self.forms.get(form, self.forms.get("", 1.0))


#: Forms and pages of much the same weight: no form brings more than a fifth of the leads.
MANY_FORMS: Final = Company()
#: The form that the company of the demo lives by; it brings some 60 % of its leads.
MAIN_FORM: Final = "demo-form"
ONE_FORM: Final = Company({"/demo": 3.0}, {MAIN_FORM: 4.6, "": 0.45})


class Touch(NamedTuple):
    """Where a visit comes from, as the simulator means it: the truth that a classifier has to find."""

    channel: str
    campaign: str = ""
    engine: str = ""
    domain: str = ""


class Arrival(NamedTuple):
    """A way to arrive: the truth, its weight, the fields that tell it, and how well it converts."""

    touch: Touch
    weight: float
    fields: dict[str, Any]
    appetite: float = 1.0


def _utm(source: str, medium: str, name: str = "", **more: Any) -> dict[str, Any]:
    campaign = {"source": source, "medium": medium} | ({"name": name} if name else {})
    return {"campaign": campaign, **more}


def _from(domain: str, path: str = "/") -> dict[str, Any]:
    return {"referrer": {"url": f"https://{domain}{path}", "domain": domain}}


ARRIVALS: Final = (
    Arrival(Touch("direct"), 22, {}),
    Arrival(Touch("organic_search", engine="google"), 14, _utm("google", "organic")),
    Arrival(Touch("organic_search", engine="google"), 8, _from("www.google.com")),
    Arrival(Touch("organic_search", engine="bing"), 6, _utm("bing", "organic")),
    Arrival(Touch("paid_search", "brand-search"), 8, _utm("google", "cpc", "brand-search"), 1.6),
    Arrival(Touch("paid_search", "crm-search"), 6, _utm("google", "cpc", "crm-search"), 1.2),
    Arrival(Touch("paid_social", "spring-launch"), 8, _utm("facebook", "paid_social", "spring-launch"), 0.7),
    Arrival(Touch("organic_social"), 5, _utm("linkedin", "social"), 0.6),
    Arrival(Touch("organic_social"), 3, _from("www.facebook.com"), 0.5),
    Arrival(Touch("email", "newsletter-09"), 6, _utm("newsletter", "email", "newsletter-09"), 1.5),
    Arrival(Touch("referral", domain="partner.example"), 5, _from("partner.example", "/reviews"), 1.2),
    Arrival(Touch("referral", domain="directory.example"), 3, _utm("directory.example", "referral")),
    Arrival(Touch("display", "awareness-q3"), 4, _utm("adnet", "display", "awareness-q3"), 0.3),
    Arrival(Touch("affiliates", "coupon-club"), 2, _utm("coupon-club", "affiliate", "coupon-club"), 1.3),
)

#: A click in a mail, by the mail's campaign: the visit that follows says so.
MAIL_VISIT: Final = {"source": "crm", "medium": "email"}

COUNTRIES: Final = (("US", 30), ("DE", 20), ("GB", 12), ("FR", 9), ("NL", 6), ("IN", 8), ("BR", 5), ("", 10))

_WEBKIT: Final = "AppleWebKit/537.36 (KHTML, like Gecko)"
_APPLE: Final = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5"

#: class of device, system, browser, user agent
BROWSERS: Final = (
    ("desktop", "Windows", "Chrome", f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_WEBKIT} Chrome/126.0.0.0"),
    (
        "desktop",
        "macOS",
        "Safari",
        f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {_APPLE} Safari/605.1.15",
    ),
    ("desktop", "Linux", "Firefox", "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"),
    (
        "mobile",
        "Android",
        "Chrome",
        f"Mozilla/5.0 (Linux; Android 14; Pixel 8) {_WEBKIT} Chrome/126.0.0.0 Mobile",
    ),
    (
        "mobile",
        "iOS",
        "Safari",
        f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) {_APPLE} Mobile/15E148",
    ),
    ("", "", "", ""),  # a sender without a user agent is a person all the same
)

BOTS: Final = (
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
    "Mozilla/5.0 (compatible; SemrushBot/7~bl; +http://www.semrush.com/bot.html)",
)

CHATBOTS: Final = (("helper-bot", 3), ("sales-bot", 2), ("", 0.3))


class Mailing(NamedTuple):
    """A series of mails."""

    campaign: str
    purpose: str  # "" is left out
    variants: tuple[str, ...]
    weight: float


MAILINGS: Final = (
    Mailing("welcome-series", "welcome", ("",), 2),
    Mailing("newsletter-10", "engagement", ("a", "b"), 5),
    Mailing("webinar-invite", "webinar", ("a", "b"), 3),
    Mailing("upgrade-offer", "upgrade", ("",), 2),
    Mailing("", "", ("",), 0.3),
)
MAIL_DOMAINS: Final = (("gmail.example", 5), ("outlook.example", 3), ("corp.example", 3), ("", 0.2))


class AdCampaign(NamedTuple):
    """An advertisement campaign; `totals` ones report sums of an hour and restate them."""

    platform: str
    campaign: str
    channel_type: str
    audience_type: str
    variant: str
    currency: str
    totals: bool
    weight: float


ADS: Final = (
    AdCampaign("google", "g-brand", "search", "", "", "EUR", False, 4),
    AdCampaign("google", "g-crm", "search", "in_market", "a", "EUR", False, 3),
    AdCampaign("meta", "m-spring", "social", "lookalike", "b", "USD", False, 3),
    AdCampaign("meta", "m-retarget", "retargeting", "custom", "", "USD", True, 2),
    AdCampaign("linkedin", "l-awareness", "social", "job_title", "", "EUR", True, 2),
    AdCampaign("linkedin", "l-posts", "organic_social", "", "", "", False, 1),
)
