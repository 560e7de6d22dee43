"""Marketo: what leads did with its mails, as its API gives activities or loaders write them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from stream.sources.about import About, Ignored, ignored
from stream.sources.definition import Definition
from stream.sources.events import Event, email
from stream.sources.moments import clock
from stream.sources.preset import Mapping, Preset
from stream.sources.urls import url_path
from stream.sources.values import pick, text
from stream.sources.wire.wire import Shape


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What a category of a bounce is, by its number, where it is another than as shipped."""

    bounces: dict[str, str] = {}


#: Numbers of types of activities.
ACTIONS: Final = {
    "6": "sent",
    "7": "delivered",
    "8": "bounced",
    "9": "unsubscribed",
    "10": "opened",
    "11": "clicked",
    "27": "bounced",
}
_SOFT: Final = "27"
#: 1 taken for spam, 2 no such address, 3 full or away, 4 technical, 9 not known.
BOUNCES: Final = {"1": "block", "2": "hard", "3": "soft", "4": "soft", "9": "soft"}


def mapping(options: Options, definition: Definition) -> Mapping:
    """Make the mapping of a definition."""
    bounces, zone = BOUNCES | options.bounces, definition.zone

    def read(record: Any, about: About) -> Iterator[Event | Ignored]:
        said = text(_told(record, "activityTypeId", "activity_type_id"))
        action = ACTIONS.get(said or "")
        if action is None:
            return
        if record.get("action_result") == "skipped":
            yield ignored("skipped")  # it was not sent
            return
        lead = text(_told(record, "leadId", "lead_id"))
        mailing = text(_told(record, "primaryAttributeValueId", "primary_attribute_value_id"))
        run = text(_told(record, "campaignRunId", "campaign_run_id")) or text(_attribute(record, "Campaign Run ID"))
        category = text(record.get("category")) or text(_attribute(record, "Category"))
        yield email(
            id=_told(record, "marketoGUID", "id"),
            time=clock(_told(record, "activityDate", "activity_date"), zone),
            action=action,
            # Marketo names no message: a person's copy is the person, the mailing and the run of the campaign
            message_id=None if lead is None or mailing is None else f"{lead}-{mailing}-{run or 0}",
            lead_id=lead,
            campaign_id=mailing,
            bounce_type=("soft" if said == _SOFT else bounces.get(category or "", "hard"))
            if action == "bounced"
            else None,
            link_path=url_path(record.get("link") or _attribute(record, "Link")) if action == "clicked" else None,
            user_agent=record.get("user_agent") or _attribute(record, "User Agent"),
        )

    return read


def _told(record: Any, theirs: str, loaded: str) -> Any:
    """Give a field by the API's name, else by that of loaders."""
    found = record.get(theirs)
    return record.get(loaded) if found is None else found


def _attribute(record: Any, name: str) -> Any:
    return pick(record.get("attributes"), "name", name, "value")


PRESET: Final = Preset(
    name="marketo_email",
    title="Marketo e-mail activities: objects of the activities API, or rows that Fivetran or Airbyte loaded",
    kinds=("email",),
    options=Options,
    mapping=mapping,
    shape=Shape(unwrap=("connect", "in:_airbyte_data"), each="."),
    named=("activityTypeId", "activity_type_id"),
    facts=(
        "experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/lead-database/activities: types by number",
        "github.com/fivetran/dbt_marketo, integration_tests/seeds: columns of activity_send_email and others",
    ),
    unconfirmed="category 1 of a bounce as a block, 3, 4 and 9 as soft ones",
    notes=("A message is a lead, a mailing and the run of the campaign that sent it: Marketo names none.",),
    lateness="72h",
    example=(
        {
            "id": 102988, "marketoGUID": "102988", "leadId": 1, "activityDate": "2026-03-01T09:30:00Z",
            "activityTypeId": 6, "campaignId": 11, "primaryAttributeValueId": 8, "primaryAttributeValue": "spring",
            "attributes": [{"name": "Campaign Run ID", "value": "14"}],
        },
        {
            "id": 68227571, "lead_id": 1, "activity_date": "2026-03-01 09:31:00.000", "activity_type_id": 8,
            "primary_attribute_value_id": 8, "campaign_run_id": 14, "category": 2,
        },
        {
            "id": 58851192, "lead_id": 1, "activity_date": "2026-03-01 09:40:00.000", "activity_type_id": 11,
            "primary_attribute_value_id": 8, "campaign_run_id": 14, "link": "https://acme.example/pricing?a=1",
        },
    ),
)  # fmt: skip
