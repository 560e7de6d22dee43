"""Common: what the events of all kinds share, as CloudEvents 1.0.

In:  the types of single fields.
Out: the envelope, the fields that the data of any kind may carry, and how events are put under keys.

What a type can say is said by types and checked in C while reading; what depends on two fields is the rule of a
kind. Fields that are not in the contract are allowed and ignored. A null, and a text of nothing or white space, is an
absent field, everywhere. Each field says what it is used for; what nothing uses is not in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal, Protocol

from msgspec import Struct, field

from stream.contract.fields import Agreement, Country, EmailHash, Id, Name, Site, Text, Time, says
from stream.contract.records import UNIT

#: Stands for a hashed address in examples.
EXAMPLE_HASH: Final = "5f4dcc3b5aa765d61d8327deb882cf995f4dcc3b5aa765d61d8327deb882cf99"


class Campaign(Struct, gc=False):
    """Campaign parameters of the visit (UTM), decoded once: `+`, then %xx."""

    source: Annotated[Text | None, says("utm_source: the channel", "google")] = None
    medium: Annotated[Text | None, says("utm_medium: the channel", "cpc")] = None
    name: Annotated[Text | None, says("utm_campaign: the channel, and figures by campaign", "spring")] = None
    id: Annotated[Name | None, says("utm_id: names the campaign where it has no name", "77")] = None
    term: Annotated[Text | None, says("utm_term: touches of leads", "crm software")] = None
    content: Annotated[Text | None, says("utm_content: touches of leads", "banner-2")] = None


class ClickIds(Struct, gc=False):
    """Click ids that ad platforms add to the address of the landing page: they tell the channel."""

    gclid: Annotated[Name | None, says("Google Ads: a paid visit", "Cj0KCQ")] = None
    gbraid: Annotated[Name | None, says("Google Ads, from apps: a paid visit", "0AAAAA")] = None
    wbraid: Annotated[Name | None, says("Google Ads, to apps: a paid visit", "ClkKCQ")] = None
    fbclid: Annotated[Name | None, says("Facebook and Instagram: a social visit", "IwAR0x")] = None
    msclkid: Annotated[Name | None, says("Microsoft Ads: a paid visit", "8f3ad1")] = None
    ttclid: Annotated[Name | None, says("TikTok Ads: a paid social visit", "E.C.P.x")] = None
    li_fat_id: Annotated[Name | None, says("LinkedIn Ads: a paid social visit", "4a5b6c")] = None
    twclid: Annotated[Name | None, says("X Ads: a paid social visit", "2-abc")] = None


class Referrer(Struct, gc=False):
    """Where the visitor came from."""

    url: Annotated[Text | None, says("The channel, where no campaign says it", "https://www.google.com/")] = None
    domain: Annotated[Text | None, says("Goes before the host of url", "www.google.com")] = None


class Geo(Struct, gc=False):
    """Where the visitor is."""

    country: Annotated[
        Country | None, says("Figures by country: ISO 3166-1 alpha-2 in any case; UK is GB, XK is Kosovo", "DE")
    ] = None
    region: Annotated[Text | None, says("Figures of leads by region", "BE")] = None


class Traffic(Struct, gc=False):
    """What the producer knows of who is behind the event; a class given here stands."""

    class_: Annotated[
        Literal["human", "bot", "internal", "test"] | None,
        says("All but human are filtered; without it the user agent of a visit decides", "human"),
    ] = field(default=None, name="class")


class Consent(Struct, gc=False):
    """What the person agreed to."""

    analytics: Annotated[
        Agreement | None,
        says("With LEADPULSE_CONSENT=require only true and absent count; a text or a number is a refusal", True),
    ] = None


class Common(Struct, gc=False, kw_only=True):
    """Fields that the data of every kind may carry."""

    site_id: Annotated[Site, says("The site, brand or shop; a label of every metric", "shop")]
    visitor_id: Annotated[Id | None, says("Pseudonymous id of the person; never an address", "v-81f3")] = None
    lead_id: Annotated[Id | None, says("Id of the lead; never an address", "l-204")] = None
    user_id: Annotated[Id | None, says("Id of the account, by which visits and leads are joined", "u-9")] = None
    email_hash: Annotated[
        EmailHash | None,
        says("HMAC-SHA-256 of the trimmed, lower-cased address, 64 hex digits: a recipient, or a lead", EXAMPLE_HASH),
    ] = None
    session_id: Annotated[
        Name | None, says("Kept for reference only: sessions are formed from times, not from this", "s-1")
    ] = None
    campaign: Campaign | None = None
    click_ids: ClickIds | None = None
    referrer: Referrer | None = None
    geo: Geo | None = None
    user_agent: Annotated[
        Text | None, says("Filters programs from page views, chats and forms on the site", "Mozilla/5.0 (X11)")
    ] = None
    product: Annotated[Text | None, says("Figures of leads by product", "crm")] = None
    traffic: Traffic | None = None
    consent: Consent | None = None


class Envelope(Struct, gc=False, kw_only=True):
    """The CloudEvents attributes; `source` and `id` together name an event of its kind and find its duplicates."""

    specversion: Literal["1.0"]
    id: Annotated[Id, says("With source the duplicate key of the kind", "0197a2c4-0001")]
    source: Annotated[Id, says("Which system the event is from", "https://shop.example/web")]
    time: Annotated[Time, says("When it happened, RFC 3339 with its zone", "2025-06-15T09:30:00.250Z")]
    recordedtime: Annotated[
        Time | None, says("When it was written down: in files it is the arrival", "2025-06-15T09:30:01Z")
    ] = None
    dataschema: Annotated[Text | None, says("An attribute of CloudEvents, kept with dead letters for reference")] = None
    partitionkey: Annotated[Name | None, says("An attribute of CloudEvents, kept with dead letters for reference")] = (
        None
    )
    traceparent: Annotated[Text | None, says("An attribute of CloudEvents, kept with dead letters for reference")] = (
        None
    )


class OfVisitor(Protocol):
    """Data that always names its site and visitor."""

    site_id: str
    visitor_id: str


class EventOfVisitor(Protocol):
    """An event of a visitor."""

    @property
    def data(self) -> OfVisitor:
        """What happened."""


def visitors_of(events: Sequence[EventOfVisitor]) -> list[str]:
    """Give the canonical keys of events that always have a visitor."""
    return [event.data.visitor_id for event in events]


def rows_of_visitors(datas: Sequence[OfVisitor]) -> list[str]:
    """Give the row keys of events that always have a visitor."""
    return [data.site_id + UNIT + data.visitor_id for data in datas]


def example(kind: str, number: int, time: str, data: dict[str, Any]) -> dict[str, Any]:
    """Make the envelope of a typical event, for documents that show the contract."""
    return {
        "specversion": "1.0",
        "id": f"0197a2c4-{number:04d}",
        "source": "https://shop.example/web",
        "type": kind,
        "time": time,
        "data": {"site_id": "shop", **data},
    }
