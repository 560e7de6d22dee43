"""HubSpot: webhooks of its CRM, relayed as they were posted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal

import msgspec

from stream.sources.about import About, Ignored, ignored
from stream.sources.definition import Definition
from stream.sources.events import Event, crm, privacy
from stream.sources.hashed import fingerprint
from stream.sources.moments import unix_ms
from stream.sources.preset import Mapping, Preset
from stream.sources.values import text
from stream.sources.wire.wire import Shape

#: What a status of a lead can mean.
Meaning = Literal["qualified", "disqualified", "first_response", "trial_started", "call_completed"]


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Which of your stages and statuses are which: by HubSpot's internal names, not by their labels."""

    stages: dict[str, str] = {}
    statuses: dict[str, Meaning] = {}
    won: tuple[str, ...] = ("closedwon",)
    lost: tuple[str, ...] = ("closedlost",)


#: Stages of HubSpot's life cycle that the ladder of the rules has as shipped; "" leaves one out.
STAGES: Final = {
    "lead": "lead",
    "marketingqualifiedlead": "mql",
    "salesqualifiedlead": "sql",
    "customer": "customer",
}
STATUSES: Final[dict[str, str]] = {"UNQUALIFIED": "disqualified"}
_OBJECTS: Final = {"0-1": "contact", "0-2": "company", "0-3": "deal", "0-5": "ticket"}
_CHANGES: Final = frozenset(
    {"creation", "propertyChange", "deletion", "merge", "restore", "associationChange", "privacyDeletion"}
)


def mapping(options: Options, definition: Definition) -> Mapping:
    """Make the mapping of a definition."""
    stages, statuses = STAGES | options.stages, STATUSES | options.statuses
    deals = dict.fromkeys(options.won, "deal_won") | dict.fromkeys(options.lost, "deal_lost")

    def of_contact(change: str, name: Any, value: str | None) -> dict[str, Any] | str:
        if change == "creation":
            return {"action": "lead_created"}
        if change != "propertyChange":
            return f"contact.{change}"
        if name == "lifecyclestage" and value is not None:
            stage = stages.get(value)
            return {"action": "stage_changed", "to": stage} if stage else f"lifecyclestage {value}"
        if name == "hs_lead_status" and value is not None:
            meaning = statuses.get(value)
            return {"action": meaning} if meaning else f"hs_lead_status {value}"
        if name == "hubspot_owner_id" and value is not None:
            return {"action": "assigned", "rep_id": value}
        return f"contact {name}"

    def of_deal(change: str, name: Any, value: str | None) -> dict[str, Any] | str:
        if change != "propertyChange":
            return f"deal.{change}"
        action = deals.get(value or "") if name == "dealstage" else None
        return f"deal {name}" if action is None else {"action": action}

    def read(record: Any, about: About) -> Iterator[Event | Ignored]:
        what, change = _said(record)
        if change not in _CHANGES:
            return  # shown by name: another product's webhook, or a new one
        name, value = record.get("propertyName"), text(record.get("propertyValue"))
        whose = record.get("objectId")
        id = fingerprint(record.get("portalId"), what, change, whose, name, value, record.get("occurredAt"))
        time = unix_ms(record.get("occurredAt"))
        if what == "contact" and change == "privacyDeletion" and definition.privacy:
            yield privacy(id=id, time=time, action="erase", lead_id=whose)
            return
        if what == "contact":
            found, named = of_contact(change, name, value), {"lead_id": whose}
        elif what == "deal":
            found, named = of_deal(change, name, value), {"deal_id": whose}
        else:
            found, named = f"{what}.{change}", {}
        if isinstance(found, str):
            yield ignored(found)
        else:
            yield crm(id=id, time=time, **named, **found)

    return read


def _said(record: Any) -> tuple[str, str]:
    """Tell what changed and how: contact.creation, or object.creation with a number of the kind of object."""
    what, _, change = str(record.get("subscriptionType")).partition(".")
    if what == "object":
        number = str(record.get("objectTypeId"))
        what = _OBJECTS.get(number, f"object {number}")
    return what, change


PRESET: Final = Preset(
    name="hubspot_crm",
    title="HubSpot CRM webhooks, relayed as they were posted: contacts and deals that came or changed, a list a record",
    kinds=("crm", "privacy"),
    options=Options,
    mapping=mapping,
    shape=Shape(each="."),
    named=("subscriptionType",),
    facts=(
        "developers.hubspot.com/docs/api/webhooks: subscription types, fields, lists of up to 100",
        "prismatic.io/docs/example-payloads/hubspot: contact.creation as it is posted",
    ),
    unconfirmed="values of hs_lead_status; that a notification sent again has the same occurredAt",
    notes=(
        "Stages and statuses that are not mapped are ignored by name: lifecyclestage opportunity, hs_lead_status OPEN.",
        "A deal that was won brings no amount with it: it counts as a deal without value.",
        "With privacy = true a contact's privacyDeletion is an order to erase.",
    ),
    example_options={"privacy": True},
    example=(
        [
            {
                "eventId": 567890123, "subscriptionId": 234567, "portalId": 12345678, "appId": 987654,
                "occurredAt": 1772357400741, "subscriptionType": "contact.creation", "attemptNumber": 0,
                "objectId": 65059681032, "changeFlag": "CREATED", "changeSource": "CRM_UI",
            },
            {
                "eventId": 101, "subscriptionId": 1234, "portalId": 12345678, "appId": 987654,
                "occurredAt": 1772357500890, "subscriptionType": "contact.propertyChange", "attemptNumber": 0,
                "objectId": 65059681032, "propertyName": "lifecyclestage", "propertyValue": "marketingqualifiedlead",
            },
        ],
        {
            "eventId": 102, "subscriptionId": 1235, "portalId": 12345678, "occurredAt": 1772357600896,
            "subscriptionType": "object.propertyChange", "objectTypeId": "0-3", "objectId": 9,
            "propertyName": "dealstage", "propertyValue": "closedwon",
        },
        {
            "eventId": 103, "portalId": 12345678, "occurredAt": 1772357700000,
            "subscriptionType": "contact.privacyDeletion", "objectId": 65059681032,
        },
    ),
)  # fmt: skip
