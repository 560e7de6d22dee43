"""Valid events to start from: one of each kind and action, as plain dictionaries.

In:  a kind and what shall be different about it.
Out: an envelope that the contract accepts, of medium size.
"""

from __future__ import annotations

import copy
from typing import Any

TIME = "2025-06-15T12:00:00.000Z"
TIME_MS = 1_749_988_800_000

_HASH = "0123456789abcdef" * 4

_DATA: dict[str, dict[str, Any]] = {
    "page_view": {
        "site_id": "shop",
        "visitor_id": "v1",
        "page": {"path": "/pricing", "group": "pricing", "content_id": "plans"},
        "campaign": {"source": "google", "medium": "cpc", "name": "spring"},
        "geo": {"country": "DE"},
    },
    "form": {
        "site_id": "shop",
        "visitor_id": "v1",
        "action": "submit",
        "form_id": "demo-request",
        "form_type": "demo",
        "submission_id": "sub-1",
        "fields_present": ["name", "company"],
        "fields_asked": ["name", "company", "phone"],
    },
    "chatbot": {
        "site_id": "shop",
        "visitor_id": "v1",
        "action": "message",
        "conversation_id": "c1",
        "actor": "visitor",
        "bot_id": "sales",
    },
    "email": {
        "site_id": "shop",
        "email_hash": _HASH,
        "action": "delivered",
        "message_id": "m1",
        "campaign_id": "welcome-1",
        "email_purpose": "welcome",
        "recipient_domain": "example.com",
    },
    "ad": {
        "site_id": "shop",
        "action": "click",
        "platform": "google",
        "campaign_id": "brand",
        "channel_type": "search",
    },
    "crm": {
        "site_id": "shop",
        "lead_id": "l1",
        "action": "stage_changed",
        "from": "lead",
        "to": "sql",
        "rep_id": "rep-1",
    },
    "cost": {
        "site_id": "shop",
        "category": "tools",
        "amount_micros": 30_000_000,
        "currency": "EUR",
        "period_start": "2025-06-14T00:00:00Z",
        "period_end": "2025-06-15T00:00:00Z",
        "revision": 1,
    },
    "signal": {
        "site_id": "shop",
        "name": "social_followers",
        "provider": "linkedin",
        "entity": "shop",
        "value": 1_200,
        "observed_at": "2025-06-15T00:00:00Z",
    },
    "privacy": {"site_id": "shop", "action": "erase", "visitor_id": "v1"},
}


def data_of(kind: str, **changes: Any) -> dict[str, Any]:
    """Give the data of a valid event; a change of None takes the field out."""
    data = copy.deepcopy(_DATA[kind])
    data.update(changes)
    return {name: value for name, value in data.items() if value is not None}


def event(kind: str, data: dict[str, Any] | None = None, **envelope: Any) -> dict[str, Any]:
    """Give a valid event with other data or other attributes; an attribute of None is taken out."""
    made: dict[str, Any] = {
        "specversion": "1.0",
        "id": "e1",
        "source": "web/shop",
        "type": kind,
        "time": TIME,
        "data": data_of(kind) if data is None else data,
    }
    made.update(envelope)
    return {name: value for name, value in made.items() if value is not None}


def total(**changes: Any) -> dict[str, Any]:
    """Give the data of an ad total of one day."""
    period = {
        "period_start": "2025-06-14T00:00:00Z",
        "period_end": "2025-06-15T00:00:00Z",
        "revision": 0,
        "count": 40,
    }
    return data_of("ad", **{**period, **changes})
