"""Form: something happened to a form, on the site or on an ad platform.

In:  one envelope a record of the topic `form`.
Out: its types, rule and keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct

from stream.contract.common import EXAMPLE_HASH, Common, Envelope, example
from stream.contract.conditions import given, when
from stream.contract.fields import Amount, Currency, Id, Text
from stream.contract.kind import Kind
from stream.contract.records import UNIT
from stream.contract.rules import LEAD, Fault, Rule


class Company(Struct, gc=False):
    """The company that a form was filled in for."""

    industry: Text | None = None
    size_band: Text | None = None
    revenue_band: Text | None = None


class Qualification(Struct, gc=False):
    """What a form told about how ready the lead is."""

    framework: Text | None = None
    known: list[Text] | None = None


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


class Form(Envelope, gc=False, kw_only=True):
    """Something happened to a form. Topic form, key visitor_id (ad platforms: lead_id or email_hash)."""

    type: Literal["form"]
    data: FormData


def _suspects(events: Sequence[Form]) -> list[int]:
    return [
        place
        for place, event in enumerate(events)
        if ((data := event.data).submission_id is None and data.action == "submit")
        or data.visitor_id is None
        or data.platform != "site"
    ]


def _fault(data: FormData, _newest_ms: int, _period_ms: int) -> Fault | None:
    """Ask for the submission of a submit, and for the person: by visit on the site, by lead elsewhere."""
    if data.action == "submit" and data.submission_id is None:
        return "missing_field", "data.submission_id"
    if data.platform == "site":
        if data.visitor_id is None:
            return "missing_field", "data.visitor_id"
    elif data.lead_id is None and data.email_hash is None:
        return "missing_field", "data.lead_id"
    return None


_RULE: Final = Rule(
    _suspects,
    _fault,
    (
        when("action", ["submit"], "submission_id"),
        {
            "if": {"properties": {"platform": {"not": {"const": "site"}}}, "required": ["platform"]},
            "then": LEAD,
            "else": given("visitor_id"),
        },
    ),
)


def _canonical_keys(events: Sequence[Any]) -> list[str]:
    # a form filled in on an ad platform has no visit; the rule saw that one of the two is there
    return [
        data.visitor_id if (data := event.data).platform == "site" else data.lead_id or data.email_hash
        for event in events
    ]


def _row_keys(datas: Sequence[Any]) -> list[str]:
    # what was filled in on an ad platform has no visitor
    return [data.site_id + UNIT + data.visitor_id if data.platform == "site" else "" for data in datas]


KIND: Final = Kind(
    name="form",
    struct=Form,
    canonical_keys=_canonical_keys,
    row_keys=_row_keys,
    key_says="visitor_id; on an ad platform's form lead_id, without one email_hash",
    rule=_RULE,
    example=example(
        "form",
        2,
        "2025-06-15T09:31:10.000Z",
        {
            "visitor_id": "v-81f3",
            "action": "submit",
            "form_id": "demo-request",
            "form_type": "demo",
            "submission_id": "s-3301",
            "email_hash": EXAMPLE_HASH,
            "fields_present": ["name", "email", "company"],
            "fields_asked": ["name", "email", "company", "phone"],
        },
    ),
)
