"""Pipedrive: webhooks of version 2, relayed as they were posted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal

import msgspec

from stream.sources.about import About, Ignored, ignored
from stream.sources.definition import Definition
from stream.sources.events import Event, crm
from stream.sources.hashed import email_hash, fingerprint
from stream.sources.moments import clock, unix
from stream.sources.preset import Mapping, Preset
from stream.sources.values import part, text


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Which stages are which, by their numbers, what a new deal means, and whether a new person is a lead."""

    stages: dict[str, str] = {}
    new_deal: Literal["qualified", "lead_created", ""] = "qualified"
    persons: bool = False


#: What is told beside the figures of its event.
Told = dict[str, Any]


def mapping(options: Options, definition: Definition) -> Mapping:
    """Make the mapping of a definition."""

    def of_deal(action: str, deal: Any, before: Any) -> Iterator[Told]:
        new = action == "create"
        if new and options.new_deal:
            yield {"action": options.new_deal}
        if (new or _changed("stage_id", deal, before)) and (
            stage := options.stages.get(text(deal.get("stage_id")) or "")
        ):
            yield {"action": "stage_changed", "to": stage}
        if (new or _changed("owner_id", deal, before)) and (owner := text(deal.get("owner_id"))):
            yield {"action": "assigned", "rep_id": owner}
        if new or _changed("status", deal, before):
            status = deal.get("status")
            if status == "won":
                yield {"action": "deal_won", "value": deal.get("value"), "currency": deal.get("currency")}
            elif status == "lost":
                yield {"action": "deal_lost", "reason": text(deal.get("lost_reason"))}

    def of_lead(action: str, lead: Any, before: Any) -> Iterator[Told]:
        new = action == "create"
        if new:
            yield {"action": "lead_created"}
        if (new or _changed("owner_id", lead, before)) and (owner := text(lead.get("owner_id"))):
            yield {"action": "assigned", "rep_id": owner}

    def read(record: Any, about: About) -> Iterator[Event | Ignored]:
        meta, data, before = part(record, "meta"), part(record, "data"), part(record, "previous")
        entity, action = meta.get("entity"), meta.get("action")
        if not meta or entity.__class__ is not str:
            return
        if action not in ("create", "change") or entity not in ("deal", "lead", "person"):
            yield ignored(f"{action}.{entity}")
            return
        named: Told = {"deal_id": text(data.get("id"))} if entity == "deal" else {}
        if entity == "person":
            said: list[Told] = []
            if options.persons and action == "create":
                said.append({"action": "lead_created", "email_hash": email_hash(_address(data))})
            lead = text(data.get("id"))
        else:
            said = list((of_deal if entity == "deal" else of_lead)(action, data, before))
            # deals and leads have a person in common, and by that one they are the same lead
            lead = text(data.get("person_id")) or (text(data.get("id")) if entity == "lead" else None)
        made = [each for each in said if lead is not None or each["action"] in ("deal_won", "deal_lost")]
        if not made:
            yield ignored(f"{action}.{entity} of nobody" if said else f"{action}.{entity} of other fields")
            return
        for each in made:
            yield crm(
                id=fingerprint(
                    meta.get("company_id"), entity, meta.get("entity_id"), action, meta.get("timestamp"), each["action"]
                ),
                time=_time(meta.get("timestamp")),
                lead_id=lead,
                **{**named, **each},
            )

    return read


def _changed(name: str, now: Any, before: Any) -> bool:
    """Tell whether a field was another one before; of a change only such are told."""
    return name in before and before[name] != now.get(name)


def _address(person: Any) -> Any:
    """Give the address of a person that is marked as the main one, else the first."""
    found = person.get("emails")
    rows = [row for row in found if row.__class__ is dict] if found.__class__ is list else []
    return next((row.get("value") for row in sorted(rows, key=lambda row: row.get("primary") is not True)), None)


def _time(said: Any) -> str | None:
    return clock(said) if said.__class__ is str else unix(said)


PRESET: Final = Preset(
    name="pipedrive",
    title="Pipedrive webhooks of version 2, relayed as they were posted: deals, leads, and persons if wanted",
    kinds=("crm",),
    options=Options,
    mapping=mapping,
    named=("event", "meta.entity"),
    facts=(
        "pipedrive.readme.io/docs/guide-for-webhooks-v2 and webhooks-v2-migration-guide: meta, data, previous",
        "github.com/PipedreamHQ/pipedream, components/pipedrive: a change of a lead as it is posted",
    ),
    unconfirmed="fields of a deal and a person (value, currency, lost_reason, emails); that retries have one timestamp",
    notes=(
        "A lead goes by the number of its person: leads and deals of a person are one; without a person by its own.",
        "A new deal is a lead that was found worth one: qualified; choose another meaning by new_deal.",
        "Stages have numbers: name those that are on your ladder in stages, as \"3\" = \"sql\".",
        "With persons = true a new person is a lead, and is joined with visits by the address.",
        "Webhooks of version 1 are unmapped.",
    ),
    needs_key=True,
    example_options={"persons": True, "stages": {"3": "sql"}},
    example=(
        {
            "data": {
                "id": 3, "name": "Jo", "add_time": "2026-03-01T09:30:00Z",
                "emails": [{"label": "work", "value": "jo@acme.example", "primary": True}],
            },
            "previous": None,
            "meta": {
                "action": "create", "entity": "person", "entity_id": "3", "company_id": "12345678", "version": "2.0",
                "id": "123456789-1234-1234-1234-123456789012", "timestamp": "2026-03-01T09:30:00.753Z", "attempt": 1,
            },
        },
        {
            "data": {
                "id": 9, "title": "Acme", "value": 1200.5, "currency": "EUR", "status": "won", "stage_id": 3,
                "pipeline_id": 1, "owner_id": 77, "person_id": 3, "update_time": "2026-03-02T09:30:00Z",
            },
            "previous": {"status": "open", "stage_id": 2, "update_time": "2026-03-01T10:30:00Z"},
            "meta": {
                "action": "change", "entity": "deal", "entity_id": "9", "company_id": "12345678", "version": "2.0",
                "id": "123456789-1234-1234-1234-123456789013", "timestamp": "2026-03-02T09:30:00.754Z", "attempt": 1,
            },
        },
    ),
)  # fmt: skip
