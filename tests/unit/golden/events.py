"""Events of the golden cases: one short line an event.

In:  a time of day ("10:00", "10:00:30.5"; "06-13 10:00" for another day than 15 June 2025), who, and what is told.
Out: envelopes as producers send them. Every event is of site s1 unless it says otherwise.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from stream.contract.times import format_ms

Envelope = dict[str, Any]

_HASH = "ab" * 32


def at_ms(text: str) -> int:
    """Read a time of the tables: 15 June 2025, unless it begins with another month and day."""
    day, _, clock = text.rpartition(" ")
    month, day_of_month = (int(part) for part in (day or "06-15").split("-"))
    hour, minute, *rest = clock.split(":")
    seconds = float(rest[0]) if rest else 0.0
    start = datetime(2025, month, day_of_month, int(hour), int(minute), tzinfo=UTC)
    return int(start.timestamp()) * 1000 + round(seconds * 1000)


def _event(kind: str, time: str, data: dict[str, Any], recorded: str | None, id: str | None) -> Envelope:
    made: Envelope = {"specversion": "1.0", "source": "test", "type": kind, "time": format_ms(at_ms(time))}
    if recorded is not None:
        made["recordedtime"] = format_ms(at_ms(recorded))
    if id is not None:
        made["id"] = id
    made["data"] = {"site_id": "s1", **{name: value for name, value in data.items() if value is not None}}
    return made


def _came(utm: str | None, referrer: str | None, country: str | None) -> dict[str, Any]:
    """Say how a visit came: utm is source/medium/name, each part may be empty."""
    out: dict[str, Any] = {}
    if utm is not None:
        parts = dict(zip(("source", "medium", "name"), utm.split("/"), strict=False))
        out["campaign"] = {name: value for name, value in parts.items() if value}
    if referrer is not None:
        out["referrer"] = {"domain": referrer}
    if country is not None:
        out["geo"] = {"country": country}
    return out


def view(
    time: str,
    who: str | None,
    page: str | dict[str, str] = "/",
    utm: str | None = None,
    *,
    offer: str | None = None,
    referrer: str | None = None,
    country: str | None = None,
    recorded: str | None = None,
    id: str | None = None,
    **data: Any,
) -> Envelope:
    """Make a page view; `page` is "group/content", either may be empty, or all that is said of it."""
    if isinstance(page, str):
        group, _, content = page.partition("/")
        said = {"path": f"/{page}", "group": group or None, "content_id": content or None, "offer_id": offer}
        page = {name: value for name, value in said.items() if value is not None}
    data = {"visitor_id": who, "page": page, **_came(utm, referrer, country), **data}
    return _event("page_view", time, data, recorded, id)


def form(
    time: str,
    who: str | None,
    action: str,
    type: str | None = "contact",
    utm: str | None = None,
    *,
    form: str = "f1",
    offer: str | None = None,
    asked: str | None = None,
    present: str | None = None,
    country: str | None = None,
    recorded: str | None = None,
    id: str | None = None,
    **data: Any,
) -> Envelope:
    """Make a form event; `asked` and `present` are names with spaces between them."""
    data = {
        "visitor_id": who,
        "action": action,
        "form_id": form,
        "form_type": type,
        "submission_id": f"{who}-{time}" if action == "submit" else None,
        "offer_id": offer,
        "fields_asked": None if asked is None else asked.split(),
        "fields_present": None if present is None else present.split(),
        **_came(utm, None, country),
        **data,
    }
    return _event("form", time, data, recorded, id)


def ad_form(
    time: str, platform: str, lead: str | None, type: str | None = "contact", action: str = "submit", **data: Any
) -> Envelope:
    """Make a form filled in on an ad platform; without a lead it has a hashed address."""
    who = {"lead_id": lead} if lead else {"email_hash": _HASH}
    return form(time, None, action, type, platform=platform, **who, **data)


def chat(
    time: str,
    who: str,
    action: str,
    name: str = "c1",
    bot: str | None = None,
    utm: str | None = None,
    *,
    order: str | None = None,
    appointment: str | None = None,
    recorded: str | None = None,
    id: str | None = None,
    **data: Any,
) -> Envelope:
    """Make an event of the chatbot in the conversation `name`."""
    data = {
        "visitor_id": who,
        "action": action,
        "conversation_id": name,
        "bot_id": bot,
        "actor": "visitor" if action == "message" else None,
        "order_id": order,
        "appointment_id": appointment,
        **_came(utm, None, None),
        **data,
    }
    return _event("chatbot", time, data, recorded, id)


def mail(
    time: str,
    message: str,
    action: str,
    campaign: str | None = None,
    *,
    purpose: str | None = None,
    variant: str | None = None,
    domain: str | None = None,
    recorded: str | None = None,
    id: str | None = None,
    **data: Any,
) -> Envelope:
    """Make an event of a message; a bounce has its type in the action ("bounced hard")."""
    what, _, bounce = action.partition(" ")
    data = {
        "action": what,
        "message_id": message,
        "lead_id": f"lead-{message}",
        "bounce_type": bounce or None,
        "campaign_id": campaign,
        "email_purpose": purpose,
        "variant": variant,
        "recipient_domain": domain,
        **data,
    }
    return _event("email", time, data, recorded, id)


def ad(
    time: str,
    action: str,
    *,
    count: int | None = None,
    cost: int | None = None,
    currency: str | None = None,
    period: str | None = None,
    revision: int | None = None,
    platform: str = "google",
    campaign: str = "brand",
    channel_type: str | None = "search",
    id: str | None = None,
    **data: Any,
) -> Envelope:
    """Make an ad event; `cost` in millionths; `period` is "06-14 00:00 - 06-15 00:00" and makes it a total."""
    data = {
        "action": action,
        "platform": platform,
        "campaign_id": campaign,
        "channel_type": channel_type,
        "count": count,
        "cost_micros": cost,
        "currency": currency,
        **data,
    }
    if period is not None:
        start, end = (format_ms(at_ms(edge)) for edge in period.split(" - "))
        data |= {"period_start": start, "period_end": end, "revision": revision or 0}
    return _event("ad", time, data, None, id)


def crm(time: str, lead: str | None, action: str, utm: str | None = None, **data: Any) -> Envelope:
    """Make a record of the crm; `rep`, `event` and `deal` are ids, `moved` is "from > to" or "to"."""
    moved = data.pop("moved", None)
    start, _, end = (moved or "").rpartition(" > ")
    named = {f"{name}_id": data.pop(name, None) for name in ("rep", "event", "deal", "appointment")}
    told = {"lead_id": lead, "action": action, "from": start or None, "to": end or None}
    return _event("crm", time, {**told, **named, **_came(utm, None, None), **data}, None, None)


def cost(time: str, category: str, amount: float, period: str, currency: str = "EUR", revision: int = 0) -> Envelope:
    """Make money spent outside the ad platforms, in units of the currency; periods as of ads."""
    start, end = (format_ms(at_ms(edge)) for edge in period.split(" - "))
    data = {"category": category, "amount_micros": round(amount * 1_000_000), "currency": currency}
    return _event("cost", time, {**data, "period_start": start, "period_end": end, "revision": revision}, None, None)


def signal(
    time: str, name: str, provider: str, entity: str, value: float, observed: str, revision: int = 0
) -> Envelope:
    """Make a measurement of somebody else's, observed at another time than it is told."""
    data = {"name": name, "provider": provider, "entity": entity, "value": value, "observed_at": format_ms(at_ms(observed))}
    return _event("signal", time, {**data, "revision": revision}, None, None)
