"""Email events of HubSpot, Marketo and Pardot as our envelopes: what a connector to them has to translate.

In:  13 files of 100 rows, each sampled on its own: nothing of one fits another, so for parsing, not rates.
Out: an envelope a row, or the reason why a row is no email event of ours.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator
from typing import Any

from tests.realdata.shared import shared_rows

SITE = "vendor"
_SECRET = b"a secret of the one who sends the events"

Row = dict[str, str]
Made = tuple[str, dict[str, Any]] | str


def translated(file: str) -> Iterator[dict[str, Any] | str]:
    """Give for each row of a file the envelope, or why there is none."""
    vendor = file.partition("_")[0]
    translate = ADAPTERS[file]
    for row in shared_rows(f"vendor_email/{file}.csv"):
        made = translate(row)
        if isinstance(made, str):
            yield made
            continue
        time, data = made
        yield {
            "specversion": "1.0",
            "id": f"{file}/{row['id']}",
            "source": f"{vendor}/email",
            "type": "email",
            "time": rfc3339(time),
            "data": {"site_id": SITE, "provider": vendor, **data},
        }


# HubSpot: one table of all events, and one a type with what only that type has. The tables of a type know
# neither the time, the message nor the recipient; there the event's own id has to do as a message.

_HUBSPOT = {
    "SENT": "sent",
    "DELIVERED": "delivered",
    "OPEN": "opened",
    "CLICK": "clicked",
    "BOUNCE": "bounced",
    "DROPPED": "dropped",
    "DEFERRED": "deferred",
    "SPAMREPORT": "spam_complaint",
}
#: Their categories of a bounce; what is not here passes after a while.
_HUBSPOT_BOUNCES = {
    "UNKNOWN_USER": "hard",
    "MAILBOX_MISCONFIGURATION": "hard",
    "POLICY": "block",
    "SPAM": "block",
}


def _hubspot(row: Row) -> Made:
    action = _HUBSPOT.get(row["type"])
    if action is None:
        return f"{row['type']} is a step inside the provider"
    data: dict[str, Any] = {
        "action": action,
        "message_id": row["sent_by_id"] or row["id"],
        "email_hash": _hash(row["recipient"]),
        "campaign_id": row["email_campaign_id"],
    }
    if action == "bounced":
        data["bounce_type"] = "soft"
    if row["filtered_event"] == "true":
        data.update(machine=True, machine_reason="filtered by the provider")
    return row["created"], data


def _hubspot_detail(action: str) -> Callable[[Row], Made]:
    def translate(row: Row) -> Made:
        data: dict[str, Any] = {"action": action, "message_id": row["id"], "email_hash": _hash(row["id"])}
        if action == "bounced":
            data["bounce_type"] = _HUBSPOT_BOUNCES.get(row["category"], "soft")
        return row["_fivetran_synced"], data

    return translate


def _hubspot_status(row: Row) -> Made:
    if row["portal_subscription_status"] != "UNSUBSCRIBED":
        return f"{row['portal_subscription_status']} changes nothing that is counted"
    return row["_fivetran_synced"], {
        "action": "unsubscribed",
        "message_id": row["id"],
        "email_hash": _hash(row["id"]),
    }


# Marketo: a file a type of activity. A message is a lead, an email and the run of the campaign that sent it.

#: Their categories of a bounce: 1 taken for spam, 2 no such address, 3 full or away, 4 technical, 9 unknown.
_MARKETO_BOUNCES = {"1": "block", "2": "hard", "3": "soft", "4": "soft", "9": "soft"}


def _marketo(action: str) -> Callable[[Row], Made]:
    def translate(row: Row) -> Made:
        if row.get("action_result") == "skipped":
            return "skipped: it was not sent"
        data: dict[str, Any] = {
            "action": action,
            "message_id": f"{row['lead_id']}/{row['primary_attribute_value_id']}/{row['campaign_run_id']}",
            "lead_id": row["lead_id"],
            "campaign_id": row["campaign_id"],
        }
        if action == "bounced":
            data["bounce_type"] = _MARKETO_BOUNCES[row["category"]]
        if row.get("user_agent"):
            data["user_agent"] = row["user_agent"]
        if row.get("link"):
            data["link_path"] = "/" + row["link"].partition("//")[2].partition("?")[0].partition("/")[2]
        return row["activity_date"], data

    return translate


# Pardot: one table of all that a visitor does, by number of the type.

_PARDOT = {
    "1": "clicked",
    "6": "sent",
    "11": "opened",
    "12": "unsubscribed",
    "13": "bounced",
    "14": "spam_complaint",
    "16": "resubscribed",
    "35": "unsubscribed",  # the provider noticed it by itself
    "36": "bounced",  # the same
    "37": "resubscribed",
}


def _pardot(row: Row) -> Made:
    action = _PARDOT.get(row["type"])
    if row["type_name"] != "Email" or action is None:
        return f"{row['type_name']} is no email"
    data: dict[str, Any] = {
        "action": action,
        "message_id": f"{row['prospect_id']}/{row['list_email_id'] or row['email_id'] or 'unnamed'}",
        "lead_id": row["prospect_id"],
        "campaign_id": row["campaign_id"],
    }
    if action == "bounced":
        data["bounce_type"] = "hard"  # Pardot reports a bounce when it gives an address up
    return row["created_at"], data


ADAPTERS: dict[str, Callable[[Row], Made]] = {
    "hubspot_email_event_data": _hubspot,
    "hubspot_email_event_bounce_data": _hubspot_detail("bounced"),
    "hubspot_email_event_click_data": _hubspot_detail("clicked"),
    "hubspot_email_event_delivered_data": _hubspot_detail("delivered"),
    "hubspot_email_event_open_data": _hubspot_detail("opened"),
    "hubspot_email_event_status_change_data": _hubspot_status,
    "marketo_activity_send_email_data": _marketo("sent"),
    "marketo_activity_email_delivered_data": _marketo("delivered"),
    "marketo_activity_open_email_data": _marketo("opened"),
    "marketo_activity_click_email_data": _marketo("clicked"),
    "marketo_activity_email_bounced_data": _marketo("bounced"),
    "marketo_activity_unsubscribe_email_data": _marketo("unsubscribed"),
    "pardot_visitor_activity_data": _pardot,
}

#: file → action → rows, and under "" the rows that are no email event; counted from the files.
EXPECTED: dict[str, dict[str, int]] = {
    "hubspot_email_event_data": {"opened": 90, "sent": 4, "delivered": 3, "": 3},
    "hubspot_email_event_bounce_data": {"bounced": 100},
    "hubspot_email_event_click_data": {"clicked": 100},
    "hubspot_email_event_delivered_data": {"delivered": 100},
    "hubspot_email_event_open_data": {"opened": 100},
    "hubspot_email_event_status_change_data": {"unsubscribed": 100},
    "marketo_activity_send_email_data": {"sent": 98, "": 2},
    "marketo_activity_email_delivered_data": {"delivered": 100},
    "marketo_activity_open_email_data": {"opened": 100},
    "marketo_activity_click_email_data": {"clicked": 100},
    "marketo_activity_email_bounced_data": {"bounced": 100},
    "marketo_activity_unsubscribe_email_data": {"unsubscribed": 100},
    "pardot_visitor_activity_data": {"unsubscribed": 42, "bounced": 5, "spam_complaint": 1, "": 52},
}


def rfc3339(text: str) -> str:
    """Write one of their times, all of them UTC, as ours."""
    return text.removesuffix(" UTC").replace(" ", "T") + "Z"


def _hash(recipient: str) -> str:
    return hmac.new(_SECRET, recipient.strip().lower().encode(), hashlib.sha256).hexdigest()
