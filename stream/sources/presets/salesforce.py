"""Salesforce: change events of leads and opportunities (Change Data Capture)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal

import msgspec

from stream.sources.about import About, Ignored, ignored
from stream.sources.definition import Definition
from stream.sources.events import Event, crm
from stream.sources.hashed import email_hash
from stream.sources.moments import unix_ms
from stream.sources.preset import Mapping, Preset
from stream.sources.values import part, text
from stream.sources.wire.wire import Shape

#: What a status of a lead can mean.
Meaning = Literal["qualified", "disqualified", "first_response", "trial_started", "call_completed"]


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Which of your statuses and stages are which, the currency of amounts that name none, and fields of your own."""

    stages: dict[str, str] = {}
    statuses: dict[str, Meaning] = {}
    won: tuple[str, ...] = ("Closed Won",)
    lost: tuple[str, ...] = ("Closed Lost",)
    currency: str = ""
    reason_field: str = ""


STATUSES: Final[dict[str, str]] = {
    "Working - Contacted": "first_response",
    "Closed - Not Converted": "disqualified",
}
#: The first characters of ids of users; those of queues are others.
_USER: Final = "005"
_OWN: Final = frozenset({"Lead", "Opportunity"})


def mapping(options: Options, definition: Definition) -> Mapping:
    """Make the mapping of a definition."""
    statuses = STATUSES | options.statuses
    deals = dict.fromkeys(options.won, "deal_won") | dict.fromkeys(options.lost, "deal_lost")

    def of_lead(change: str, header: Any, record: Any) -> Iterator[dict[str, Any]]:
        address, owner = email_hash(record.get("Email")), _user(record.get("OwnerId"))
        status = text(record.get("Status"))
        if change == "CREATE":
            yield {"action": "lead_created", "email_hash": address}
        elif record.get("IsConverted") is True:
            yield {"action": "qualified", "deal_id": text(record.get("ConvertedOpportunityId"))}
        elif status in statuses:
            reason = record.get(options.reason_field) if options.reason_field else None
            yield {"action": statuses[status], "reason": text(reason)}
        if status in options.stages:
            yield {"action": "stage_changed", "to": options.stages[status]}
        # whoever makes a lead owns it until somebody is given it
        if owner is not None and not (change == "CREATE" and owner == header.get("commitUser")):
            yield {"action": "assigned", "rep_id": owner}

    def of_deal(record: Any) -> Iterator[dict[str, Any]]:
        action = "deal_won" if record.get("IsWon") is True else deals.get(text(record.get("StageName")) or "")
        if action is None and record.get("IsClosed") is True:
            action = "deal_lost"
        if action is None:
            return
        amount = record.get("Amount")
        reason = record.get(options.reason_field) if options.reason_field else None
        yield {
            "action": action,
            "value": amount,
            "currency": None if amount is None else record.get("CurrencyIsoCode") or options.currency or None,
            "reason": text(reason) if action == "deal_lost" else None,
            "rep_id": _user(record.get("OwnerId")),
        }

    def read(record: Any, about: About) -> Iterator[Event | Ignored]:
        header = part(record, "ChangeEventHeader")
        entity, change = header.get("entityName"), header.get("changeType")
        if not header or entity not in _OWN:
            if entity.__class__ is str and entity:
                yield ignored(entity)
            return
        if change not in ("CREATE", "UPDATE"):
            # gaps and overflows say that changes were lost: the records have to be read again from the API
            yield ignored(f"{entity} {change}")
            return
        said = list(of_lead(change, header, record) if entity == "Lead" else of_deal(record))
        if not said:
            yield ignored(f"{entity} {change} of other fields")
            return
        ids = header.get("recordIds")
        # one change event names all records that changed alike
        for whose in ids if ids.__class__ is list else (ids,):
            named = {"lead_id": whose} if entity == "Lead" else {"deal_id": whose}
            for each in said:
                yield crm(
                    id=_id(header, whose, each["action"]),
                    time=unix_ms(header.get("commitTimestamp")),
                    **{**named, **each},
                )

    return read


def _id(header: Any, whose: Any, action: str) -> str | None:
    """Name one change of one record: a transaction numbers its changes."""
    parts = (header.get("transactionKey"), header.get("sequenceNumber"), whose)
    if not all(part.__class__ in (str, int) for part in parts):
        return None
    return "-".join(map(str, (*parts, action)))


def _user(owner: Any) -> str | None:
    found = text(owner)
    return found if found is not None and found.startswith(_USER) else None


PRESET: Final = Preset(
    name="salesforce",
    title="Salesforce Change Data Capture of Lead and Opportunity, by the Pub/Sub API, CometD or Kafka Connect",
    kinds=("crm",),
    options=Options,
    mapping=mapping,
    shape=Shape(unwrap=("connect", "in:data.payload", "in:payload")),
    named=("ChangeEventHeader.entityName",),
    facts=(
        "developer.salesforce.com/docs, Change Data Capture guide, Change Event Header Fields: ids, types, and more",
        "developer.salesforce.com/docs, Change Data Capture guide, Change Events for Lead Conversion: an example",
    ),
    unconfirmed=(
        "statuses and stages as an org has them at first; that ids of users begin with 005; names of wrappers of "
        "connectors"
    ),
    notes=(
        "Fields that did not change are null: enrich Opportunity's events with Amount and CurrencyIsoCode for values.",
        "Ignored changes of type GAP_* and GAP_OVERFLOW say that changes were lost: read those records from the API.",
        "Statuses move a lead on the ladder where the option stages says so.",
        "What is converted is qualified, and its opportunity is the deal.",
    ),
    needs_key=True,
    example=(
        {
            "ChangeEventHeader": {
                "entityName": "Lead", "recordIds": ["00Q5f000005bwLFEAY"], "changeType": "CREATE",
                "transactionKey": "00006948-0ac9-7da3-edb3-ea0e31b2334a", "sequenceNumber": 1,
                "commitTimestamp": 1772357400000, "commitUser": "0055f000005mc66AAA",
            },
            "Email": "jo@acme.example", "Status": "Open - Not Contacted", "OwnerId": "0055f000005mc77AAA",
        },
        {
            "ChangeEventHeader": {
                "entityName": "Lead", "recordIds": ["00Q5f000005bwLFEAY"], "changeType": "UPDATE",
                "transactionKey": "00006948-0ac9-7da3-edb3-ea0e31b2334b", "sequenceNumber": 4,
                "commitTimestamp": 1772357500000, "commitUser": "0055f000005mc66AAA",
            },
            "Name": None, "Email": None, "Status": "Closed - Converted", "OwnerId": None, "IsConverted": True,
            "ConvertedOpportunityId": "0065f00000UloqVAAR",
        },
        {
            "data": {
                "schema": "IeRuaY6cbI_HsV8Rv1Mc5g",
                "payload": {
                    "ChangeEventHeader": {
                        "entityName": "Opportunity", "recordIds": ["0065f00000UloqVAAR"], "changeType": "UPDATE",
                        "transactionKey": "00006948-0ac9-7da3-edb3-ea0e31b2334c", "sequenceNumber": 1,
                        "commitTimestamp": 1772357600000, "commitUser": "0055f000005mc66AAA",
                    },
                    "StageName": "Closed Won", "IsClosed": True, "IsWon": True, "Amount": 12000.5,
                    "CurrencyIsoCode": "EUR",
                },
                "event": {"replayId": 6},
            },
            "channel": "/data/ChangeEvents",
        },
    ),
)  # fmt: skip
