# Rendered from `stream/contract` by `leadpulse render`; do not edit.
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, TypedDict

import msgspec

from stream.contract.kinds import KindName
from stream.sources.hashed import Hashed, HashedPrint

Constructor = Callable[..., Event]
CONSTRUCTORS: Final[dict[KindName, Constructor]]

def argument(name: str) -> str: ...

class Event(msgspec.Struct):
    kind: KindName
    id: Any
    time: Any
    recordedtime: Any
    data: dict[str, Any]

class Campaign(TypedDict, total=False):
    source: str | Hashed | None
    medium: str | Hashed | None
    name: str | Hashed | None
    id: str | int | None
    term: str | Hashed | None
    content: str | Hashed | None

class ClickIds(TypedDict, total=False):
    gclid: str | int | None
    gbraid: str | int | None
    wbraid: str | int | None
    fbclid: str | int | None
    msclkid: str | int | None
    ttclid: str | int | None
    li_fat_id: str | int | None
    twclid: str | int | None

class Referrer(TypedDict, total=False):
    url: str | Hashed | None
    domain: str | Hashed | None

class Geo(TypedDict, total=False):
    country: str | None
    region: str | Hashed | None

Traffic = TypedDict("Traffic", {"class": str | None}, total=False)

class Consent(TypedDict, total=False):
    analytics: bool | None

class Page(TypedDict, total=False):
    path: str | Hashed | None
    url: str | Hashed | None
    group: str | Hashed | None
    content_id: str | int | None
    content_type: str | Hashed | None
    offer_id: str | int | None

class Company(TypedDict, total=False):
    industry: str | Hashed | None
    size_band: str | Hashed | None
    revenue_band: str | Hashed | None

class Qualification(TypedDict, total=False):
    framework: str | None
    known: list[str] | None

def page_view(
    *,
    id: str | int | Hashed | HashedPrint | None,
    time: str | datetime | None,
    visitor_id: str | int | Hashed | HashedPrint | None,
    page: Page | None,
    recordedtime: str | datetime | None = ...,
    site_id: str | int | Hashed | HashedPrint | None = ...,
    lead_id: str | int | Hashed | HashedPrint | None = ...,
    user_id: str | int | Hashed | HashedPrint | None = ...,
    email_hash: str | Hashed | None = ...,
    session_id: str | int | None = ...,
    campaign: Campaign | None = ...,
    click_ids: ClickIds | None = ...,
    referrer: Referrer | None = ...,
    geo: Geo | None = ...,
    user_agent: str | Hashed | None = ...,
    product: str | Hashed | None = ...,
    traffic: Traffic | None = ...,
    consent: Consent | None = ...,
    engagement_ms: int | float | None = ...,
) -> Event: ...

def form(
    *,
    id: str | int | Hashed | HashedPrint | None,
    time: str | datetime | None,
    action: str | None,
    form_id: str | int | Hashed | HashedPrint | None,
    recordedtime: str | datetime | None = ...,
    site_id: str | int | Hashed | HashedPrint | None = ...,
    visitor_id: str | int | Hashed | HashedPrint | None = ...,
    lead_id: str | int | Hashed | HashedPrint | None = ...,
    user_id: str | int | Hashed | HashedPrint | None = ...,
    email_hash: str | Hashed | None = ...,
    session_id: str | int | None = ...,
    campaign: Campaign | None = ...,
    click_ids: ClickIds | None = ...,
    referrer: Referrer | None = ...,
    geo: Geo | None = ...,
    user_agent: str | Hashed | None = ...,
    product: str | Hashed | None = ...,
    traffic: Traffic | None = ...,
    consent: Consent | None = ...,
    form_type: str | None = ...,
    submission_id: str | int | Hashed | HashedPrint | None = ...,
    page_path: str | Hashed | None = ...,
    content_id: str | int | None = ...,
    offer_id: str | int | None = ...,
    offer_type: str | Hashed | None = ...,
    offer_stage: str | None = ...,
    event_id: str | int | None = ...,
    fields_present: list[str] | None = ...,
    fields_asked: list[str] | None = ...,
    platform: str | None = ...,
    company: Company | None = ...,
    qualification: Qualification | None = ...,
    value: int | float | None = ...,
    currency: str | None = ...,
) -> Event: ...

def chatbot(
    *,
    id: str | int | Hashed | HashedPrint | None,
    time: str | datetime | None,
    visitor_id: str | int | Hashed | HashedPrint | None,
    action: str | None,
    conversation_id: str | int | Hashed | HashedPrint | None,
    recordedtime: str | datetime | None = ...,
    site_id: str | int | Hashed | HashedPrint | None = ...,
    lead_id: str | int | Hashed | HashedPrint | None = ...,
    user_id: str | int | Hashed | HashedPrint | None = ...,
    email_hash: str | Hashed | None = ...,
    session_id: str | int | None = ...,
    campaign: Campaign | None = ...,
    click_ids: ClickIds | None = ...,
    referrer: Referrer | None = ...,
    geo: Geo | None = ...,
    user_agent: str | Hashed | None = ...,
    product: str | Hashed | None = ...,
    traffic: Traffic | None = ...,
    consent: Consent | None = ...,
    actor: str | None = ...,
    bot_id: str | int | None = ...,
    resolved: bool | None = ...,
    duration_s: int | float | None = ...,
    order_id: str | int | Hashed | HashedPrint | None = ...,
    appointment_id: str | int | Hashed | HashedPrint | None = ...,
    value: int | float | None = ...,
    currency: str | None = ...,
) -> Event: ...

def email(
    *,
    id: str | int | Hashed | HashedPrint | None,
    time: str | datetime | None,
    action: str | None,
    message_id: str | int | Hashed | HashedPrint | None,
    recordedtime: str | datetime | None = ...,
    site_id: str | int | Hashed | HashedPrint | None = ...,
    visitor_id: str | int | Hashed | HashedPrint | None = ...,
    lead_id: str | int | Hashed | HashedPrint | None = ...,
    user_id: str | int | Hashed | HashedPrint | None = ...,
    email_hash: str | Hashed | None = ...,
    session_id: str | int | None = ...,
    campaign: Campaign | None = ...,
    click_ids: ClickIds | None = ...,
    referrer: Referrer | None = ...,
    geo: Geo | None = ...,
    user_agent: str | Hashed | None = ...,
    product: str | Hashed | None = ...,
    traffic: Traffic | None = ...,
    consent: Consent | None = ...,
    campaign_id: str | int | None = ...,
    email_purpose: str | None = ...,
    variant: str | int | None = ...,
    bounce_type: str | None = ...,
    machine: bool | None = ...,
    link_path: str | Hashed | None = ...,
    recipient_domain: str | Hashed | None = ...,
) -> Event: ...

def ad(
    *,
    id: str | int | Hashed | HashedPrint | None,
    time: str | datetime | None,
    action: str | None,
    platform: str | int | Hashed | HashedPrint | None,
    campaign_id: str | int | Hashed | HashedPrint | None,
    recordedtime: str | datetime | None = ...,
    site_id: str | int | Hashed | HashedPrint | None = ...,
    visitor_id: str | int | Hashed | HashedPrint | None = ...,
    lead_id: str | int | Hashed | HashedPrint | None = ...,
    user_id: str | int | Hashed | HashedPrint | None = ...,
    email_hash: str | Hashed | None = ...,
    session_id: str | int | None = ...,
    campaign: Campaign | None = ...,
    click_ids: ClickIds | None = ...,
    referrer: Referrer | None = ...,
    geo: Geo | None = ...,
    user_agent: str | Hashed | None = ...,
    product: str | Hashed | None = ...,
    traffic: Traffic | None = ...,
    consent: Consent | None = ...,
    channel_type: str | None = ...,
    ad_group_id: str | int | Hashed | HashedPrint | None = ...,
    ad_id: str | int | Hashed | HashedPrint | None = ...,
    variant: str | int | None = ...,
    audience_type: str | int | None = ...,
    segment: str | int | None = ...,
    count: int | float | None = ...,
    period_start: str | datetime | None = ...,
    period_end: str | datetime | None = ...,
    revision: int | None = ...,
    cost_micros: int | None = ...,
    conversion_value: int | float | None = ...,
    currency: str | None = ...,
) -> Event: ...

def crm(
    *,
    id: str | int | Hashed | HashedPrint | None,
    time: str | datetime | None,
    action: str | None,
    recordedtime: str | datetime | None = ...,
    site_id: str | int | Hashed | HashedPrint | None = ...,
    visitor_id: str | int | Hashed | HashedPrint | None = ...,
    lead_id: str | int | Hashed | HashedPrint | None = ...,
    user_id: str | int | Hashed | HashedPrint | None = ...,
    email_hash: str | Hashed | None = ...,
    session_id: str | int | None = ...,
    campaign: Campaign | None = ...,
    click_ids: ClickIds | None = ...,
    referrer: Referrer | None = ...,
    geo: Geo | None = ...,
    user_agent: str | Hashed | None = ...,
    product: str | Hashed | None = ...,
    traffic: Traffic | None = ...,
    consent: Consent | None = ...,
    from_: str | int | None = ...,
    to: str | int | None = ...,
    reason: str | int | None = ...,
    rep_id: str | int | None = ...,
    assignment: str | None = ...,
    capture_method: str | None = ...,
    event_id: str | int | None = ...,
    deal_id: str | int | Hashed | HashedPrint | None = ...,
    appointment_id: str | int | Hashed | HashedPrint | None = ...,
    value: int | float | None = ...,
    currency: str | None = ...,
    new_customer: bool | None = ...,
) -> Event: ...

def cost(
    *,
    id: str | int | Hashed | HashedPrint | None,
    time: str | datetime | None,
    category: str | None,
    amount_micros: int | None,
    currency: str | None,
    period_start: str | datetime | None,
    period_end: str | datetime | None,
    recordedtime: str | datetime | None = ...,
    site_id: str | int | Hashed | HashedPrint | None = ...,
    visitor_id: str | int | Hashed | HashedPrint | None = ...,
    lead_id: str | int | Hashed | HashedPrint | None = ...,
    user_id: str | int | Hashed | HashedPrint | None = ...,
    email_hash: str | Hashed | None = ...,
    session_id: str | int | None = ...,
    campaign: Campaign | None = ...,
    click_ids: ClickIds | None = ...,
    referrer: Referrer | None = ...,
    geo: Geo | None = ...,
    user_agent: str | Hashed | None = ...,
    product: str | Hashed | None = ...,
    traffic: Traffic | None = ...,
    consent: Consent | None = ...,
    revision: int | None = ...,
) -> Event: ...

def signal(
    *,
    id: str | int | Hashed | HashedPrint | None,
    time: str | datetime | None,
    name: str | None,
    provider: str | int | Hashed | HashedPrint | None,
    entity: str | int | Hashed | HashedPrint | None,
    value: int | float | None,
    observed_at: str | datetime | None,
    recordedtime: str | datetime | None = ...,
    site_id: str | int | Hashed | HashedPrint | None = ...,
    visitor_id: str | int | Hashed | HashedPrint | None = ...,
    lead_id: str | int | Hashed | HashedPrint | None = ...,
    user_id: str | int | Hashed | HashedPrint | None = ...,
    email_hash: str | Hashed | None = ...,
    session_id: str | int | None = ...,
    campaign: Campaign | None = ...,
    click_ids: ClickIds | None = ...,
    referrer: Referrer | None = ...,
    geo: Geo | None = ...,
    user_agent: str | Hashed | None = ...,
    product: str | Hashed | None = ...,
    traffic: Traffic | None = ...,
    consent: Consent | None = ...,
    revision: int | None = ...,
) -> Event: ...

def privacy(
    *,
    id: str | int | Hashed | HashedPrint | None,
    time: str | datetime | None,
    action: str | None,
    recordedtime: str | datetime | None = ...,
    site_id: str | int | Hashed | HashedPrint | None = ...,
    visitor_id: str | int | Hashed | HashedPrint | None = ...,
    lead_id: str | int | Hashed | HashedPrint | None = ...,
    user_id: str | int | Hashed | HashedPrint | None = ...,
    email_hash: str | Hashed | None = ...,
    session_id: str | int | None = ...,
    campaign: Campaign | None = ...,
    click_ids: ClickIds | None = ...,
    referrer: Referrer | None = ...,
    geo: Geo | None = ...,
    user_agent: str | Hashed | None = ...,
    product: str | Hashed | None = ...,
    traffic: Traffic | None = ...,
    consent: Consent | None = ...,
) -> Event: ...
