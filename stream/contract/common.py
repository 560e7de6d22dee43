"""Events: the contract with producers, one struct per kind, as CloudEvents 1.0 in JSON.

In:  the bytes of a Kafka value, read by a decoder of `DECODE_AS[kind]`.
Out: slotted objects with every field of the contract; the JSON Schemas are rendered from the same types.

What a type can say is said here and checked in C while reading; what depends on two fields is in
`ingest/rules.py`. Fields that are not in the contract are allowed and ignored. A null in an optional field
means the field is absent. The whole contract was measured at 1.36 µs a page view of 346 bytes, a subset of
only the fields that are counted at 1.11 µs: the quarter buys that a wrong type anywhere is found.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct, field

from stream.contract.fields import (
    Amount,
    Count,
    Country,
    Currency,
    EmailHash,
    Id,
    Percent,
    PersonId,
    Seconds,
    Site,
    Text,
    Time,
    Whole,
)

KINDS: Final = ("page_view", "form", "chatbot", "email", "ad")


class Campaign(Struct, gc=False):
    """Campaign parameters of the visit (UTM)."""

    source: Annotated[Text | None, Meta(description="utm_source")] = None
    medium: Annotated[Text | None, Meta(description="utm_medium")] = None
    name: Annotated[Text | None, Meta(description="utm_campaign")] = None
    id: Annotated[Text | None, Meta(description="utm_id")] = None
    term: Annotated[Text | None, Meta(description="utm_term")] = None
    content: Annotated[Text | None, Meta(description="utm_content")] = None


class ClickIds(Struct, gc=False):
    """Click ids that ad platforms add to the address of the landing page."""

    gclid: Text | None = None
    gbraid: Text | None = None
    wbraid: Text | None = None
    fbclid: Text | None = None
    msclkid: Text | None = None
    ttclid: Text | None = None
    li_fat_id: Text | None = None
    twclid: Text | None = None


class Referrer(Struct, gc=False):
    """Where the visitor came from."""

    url: Text | None = None
    domain: Text | None = None


class Geo(Struct, gc=False):
    """Where the visitor is."""

    country: Annotated[Country | None, Meta(description="ISO 3166-1 alpha-2, upper case")] = None
    region: Text | None = None


class Device(Struct, gc=False):
    """What the visitor uses."""

    class_: Text | None = field(default=None, name="class")
    os: Text | None = None
    browser: Text | None = None


class Traffic(Struct, gc=False):
    """What the producer knows of who is behind the event; a class given here stands."""

    class_: Literal["human", "bot", "internal", "test"] | None = field(default=None, name="class")
    reasons: list[Text] | None = None


class Consent(Struct, gc=False):
    """What the person agreed to."""

    analytics: bool | None = None
    ads: bool | None = None


class Page(Struct, gc=False):
    """The page that was seen."""

    path: Annotated[Text, Meta(description="Path of the address, without the query")]
    url: Text | None = None
    title: Text | None = None
    group: Annotated[Text | None, Meta(description="Kind of page: pricing, cart, blog, landing, product, docs, …")] = (
        None
    )
    content_id: Text | None = None
    content_type: Annotated[
        Text | None, Meta(description="An ungated download is a page view of content type download")
    ] = None
    offer_id: Text | None = None


class Company(Struct, gc=False):
    """The company that a form was filled in for."""

    industry: Text | None = None
    size_band: Text | None = None
    revenue_band: Text | None = None


class Qualification(Struct, gc=False):
    """What a form told about how ready the lead is."""

    framework: Text | None = None
    known: list[Text] | None = None


class Common(Struct, gc=False, kw_only=True):
    """Fields that the data of every kind may carry."""

    site_id: Annotated[Site, Meta(description="The site, brand or shop; a label of every metric")]
    visitor_id: Annotated[PersonId | None, Meta(description="Pseudonymous id of the person; never an address")] = None
    lead_id: Annotated[PersonId | None, Meta(description="Id of the lead; never an address")] = None
    user_id: Annotated[PersonId | None, Meta(description="Id of the account; never an address")] = None
    email_hash: Annotated[
        EmailHash | None,
        Meta(description="HMAC-SHA-256 of the trimmed, lower-cased address, 64 lower-case hex digits"),
    ] = None
    session_id: Annotated[Text | None, Meta(description="Kept for reference; sessions are formed from times")] = None
    campaign: Campaign | None = None
    click_ids: ClickIds | None = None
    referrer: Referrer | None = None
    geo: Geo | None = None
    device: Device | None = None
    user_agent: Text | None = None
    product: Text | None = None
    traffic: Traffic | None = None
    consent: Consent | None = None


class PageViewData(Common, gc=False, kw_only=True):
    """A page was seen."""

    visitor_id: Annotated[PersonId, Meta(description="Pseudonymous id of the person; never an address")]
    page: Page
    view_id: Text | None = None
    engagement_ms: Count | None = None
    scroll_pct: Percent | None = None


FormAction = Literal["view", "start", "submit", "error", "abandon"]
FormType = Literal[
    "contact", "newsletter", "demo", "trial", "quote", "download", "webinar", "checkout", "survey", "other"
]


class FormData(Common, gc=False, kw_only=True):
    """Something happened to a form, on the site or on an ad platform."""

    action: FormAction
    form_id: Id
    form_type: FormType | None = None
    submission_id: Annotated[Id | None, Meta(description="Required on submit: one per press of the button")] = None
    page_path: Text | None = None
    content_id: Text | None = None
    offer_id: Text | None = None
    offer_type: Annotated[Text | None, Meta(description="ebook, checklist, template, webinar, course, …")] = None
    offer_stage: Literal["top", "middle", "bottom"] | None = None
    event_id: Annotated[Text | None, Meta(description="Webinar or conference")] = None
    fields_present: Annotated[list[Text] | None, Meta(description="Names of filled-in fields, no values")] = None
    fields_asked: Annotated[list[Text] | None, Meta(description="Names of all fields of the form")] = None
    platform: Annotated[
        Literal["site", "meta", "linkedin", "google"],
        Meta(description="Where it was filled in; needs a visitor_id on the site, else lead_id or email_hash"),
    ] = "site"
    company: Company | None = None
    qualification: Qualification | None = None
    value: Amount | None = None
    currency: Currency | None = None


ChatbotAction = Literal[
    "conversation_started",
    "message",
    "handoff",
    "lead_captured",
    "order_started",
    "order_completed",
    "appointment_set",
    "appointment_confirmed",
    "appointment_cancelled",
    "conversation_ended",
]


#: Chatbot action → the field that it cannot do without.
CHATBOT_NEEDS: Final = {
    "message": "actor",
    "order_started": "order_id",
    "order_completed": "order_id",
    "appointment_set": "appointment_id",
    "appointment_confirmed": "appointment_id",
    "appointment_cancelled": "appointment_id",
}


class ChatbotData(Common, gc=False, kw_only=True):
    """Something happened in a conversation; never what was said."""

    visitor_id: Annotated[PersonId, Meta(description="Pseudonymous id of the person; never an address")]
    action: ChatbotAction
    conversation_id: Id
    actor: Annotated[Literal["visitor", "bot", "agent"] | None, Meta(description="Who wrote; required on message")] = (
        None
    )
    bot_id: Text | None = None
    flow_id: Text | None = None
    intent: Text | None = None
    resolved: bool | None = None
    duration_s: Seconds | None = None
    order_id: Annotated[Id | None, Meta(description="Required on order_started and order_completed")] = None
    appointment_id: Annotated[Id | None, Meta(description="Required on the appointment actions")] = None
    appointment_at: Time | None = None
    value: Amount | None = None
    currency: Currency | None = None


EmailAction = Literal[
    "sent",
    "deferred",
    "delivered",
    "bounced",
    "dropped",
    "opened",
    "clicked",
    "replied",
    "unsubscribed",
    "resubscribed",
    "spam_complaint",
]


class EmailData(Common, gc=False, kw_only=True):
    """Something became of one message to one recipient; lead_id or email_hash is required."""

    action: EmailAction
    message_id: Annotated[Id, Meta(description="One recipient's copy")]
    campaign_id: Text | None = None
    email_purpose: Literal["welcome", "webinar", "upgrade", "engagement", "faq", "nudge", "other"] | None = None
    variant: Text | None = None
    bounce_type: Annotated[Literal["hard", "soft", "block"] | None, Meta(description="Required if bounced")] = None
    machine: Annotated[bool | None, Meta(description="A privacy proxy or a scanner did it, no person")] = None
    machine_reason: Text | None = None
    link_path: Text | None = None
    provider: Text | None = None
    recipient_domain: Text | None = None


AdAction = Literal["impression", "click", "conversion", "spend"]
ChannelType = Literal["search", "display", "social", "video", "retargeting", "organic_social"]


class AdData(Common, gc=False, kw_only=True):
    """A single ad event, or the total of a period (then period_start, period_end and revision, all three)."""

    action: AdAction
    platform: Id
    campaign_id: Id
    channel_type: ChannelType | None = None
    ad_group_id: Text | None = None
    ad_id: Text | None = None
    variant: Text | None = None
    audience_type: Text | None = None
    impression_id: Text | None = None
    click_id: Text | None = None
    count: Count = 1
    period_start: Annotated[Time | None, Meta(description="The period's first moment")] = None
    period_end: Annotated[Time | None, Meta(description="The first moment after the period")] = None
    revision: Annotated[Count | None, Meta(description="A higher one replaces the figure of the period")] = None
    cost_micros: Annotated[Whole | None, Meta(description="Millionths of the currency; required for spend")] = None
    conversion_value: Annotated[Amount | None, Meta(description="What the platform claims")] = None
    currency: Annotated[Currency | None, Meta(description="ISO 4217; required for spend")] = None


class Envelope(Struct, gc=False, kw_only=True):
    """The CloudEvents attributes; `source` and `id` together name the event and find its duplicates."""

    specversion: Literal["1.0"]
    id: Id
    source: Id
    time: Annotated[Time, Meta(description="When it happened, RFC 3339")]
    recordedtime: Annotated[Time | None, Meta(description="When it was written down, RFC 3339")] = None
    dataschema: Text | None = None
    partitionkey: Text | None = None
    traceparent: Text | None = None


class PageView(Envelope, gc=False, kw_only=True):
    """A page was seen. Topic page_view, key visitor_id."""

    type: Literal["page_view"]
    data: PageViewData


class Form(Envelope, gc=False, kw_only=True):
    """Something happened to a form. Topic form, key visitor_id (ad platforms: lead_id or email_hash)."""

    type: Literal["form"]
    data: FormData


class Chatbot(Envelope, gc=False, kw_only=True):
    """Something happened in a conversation. Topic chatbot, key visitor_id."""

    type: Literal["chatbot"]
    data: ChatbotData


class Email(Envelope, gc=False, kw_only=True):
    """Something became of a message. Topic email, key message_id."""

    type: Literal["email"]
    data: EmailData


class Ad(Envelope, gc=False, kw_only=True):
    """An ad was shown, clicked, converted or paid. Topic ad, key campaign_id."""

    type: Literal["ad"]
    data: AdData


Event = PageView | Form | Chatbot | Email | Ad

#: Ids of people: an address in one of them is personal data.
PERSON_IDS: Final = ("visitor_id", "lead_id", "user_id")

#: Kind → the type of its data.
DATA: Final[dict[str, type[Common]]] = {
    "page_view": PageViewData,
    "form": FormData,
    "chatbot": ChatbotData,
    "email": EmailData,
    "ad": AdData,
}

#: Kind → the type that its bytes are read as.
DECODE_AS: Final[dict[str, type[Envelope]]] = {
    "page_view": PageView,
    "form": Form,
    "chatbot": Chatbot,
    "email": Email,
    "ad": Ad,
}
