"""Examples: one typical event of each kind, for documents that show the contract.

In:  nothing.
Out: envelopes that every check accepts (a test holds that).
"""

from __future__ import annotations

from typing import Any, Final


def _envelope(kind: str, number: int, time: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"0197a2c4-{number:04d}",
        "source": "https://shop.example/web",
        "type": kind,
        "time": time,
        "data": {"site_id": "shop", **data},
    }


_HASH: Final = "5f4dcc3b5aa765d61d8327deb882cf995f4dcc3b5aa765d61d8327deb882cf99"

EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "page_view": _envelope(
        "page_view",
        1,
        "2025-06-15T09:30:00.250Z",
        {
            "visitor_id": "v-81f3",
            "page": {"path": "/pricing", "group": "pricing", "content_id": "plans"},
            "campaign": {"source": "google", "medium": "cpc", "name": "spring"},
            "geo": {"country": "DE"},
            "device": {"class": "desktop", "browser": "firefox"},
        },
    ),
    "form": _envelope(
        "form",
        2,
        "2025-06-15T09:31:10.000Z",
        {
            "visitor_id": "v-81f3",
            "action": "submit",
            "form_id": "demo-request",
            "form_type": "demo",
            "submission_id": "s-3301",
            "email_hash": _HASH,
            "fields_present": ["name", "email", "company"],
            "fields_asked": ["name", "email", "company", "phone"],
        },
    ),
    "chatbot": _envelope(
        "chatbot",
        3,
        "2025-06-15T09:32:00.000Z",
        {
            "visitor_id": "v-81f3",
            "action": "appointment_set",
            "conversation_id": "c-77",
            "appointment_id": "a-12",
            "appointment_at": "2025-06-20T14:00:00+02:00",
            "bot_id": "sales",
        },
    ),
    "email": _envelope(
        "email",
        4,
        "2025-06-15T10:00:02.100Z",
        {
            "email_hash": _HASH,
            "action": "bounced",
            "message_id": "m-2025-06-15-000042",
            "campaign_id": "welcome-1",
            "email_purpose": "welcome",
            "bounce_type": "soft",
            "recipient_domain": "mail.example",
        },
    ),
    "ad": _envelope(
        "ad",
        5,
        "2025-06-15T06:00:00.000Z",
        {
            "action": "spend",
            "platform": "google",
            "campaign_id": "brand",
            "channel_type": "search",
            "period_start": "2025-06-14T00:00:00Z",
            "period_end": "2025-06-15T00:00:00Z",
            "revision": 1,
            "cost_micros": 12_500_000,
            "currency": "EUR",
        },
    ),
}
