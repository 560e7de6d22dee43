"""Form: something happened to a form, on the site or on an ad platform.

In:  one envelope a record of the topic `form`.
Out: its types, rule and keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from msgspec import Meta, Struct

from stream.contract.common import EXAMPLE_HASH, Common, Envelope, example
from stream.contract.conditions import BLANK, given, word
from stream.contract.fields import Amount, Currency, Id, Name, Text, says
from stream.contract.kind import Kind
from stream.contract.records import UNIT
from stream.contract.rules import LEAD, Fault, Moment, Rule


class Company(Struct, gc=False):
    """The company that a form was filled in for: figures of leads by segment."""

    industry: Annotated[Text | None, says("Segment of the lead", "software")] = None
    size_band: Annotated[Text | None, says("Segment of the lead", "50-200")] = None
    revenue_band: Annotated[Text | None, says("Segment of the lead", "1-10m")] = None


#: Ways to ask how ready a lead is, and the fields of each.
FRAMEWORKS: Final = {
    "bant": ("budget", "authority", "need", "timing"),
    "gpct": ("goals", "plans", "challenges", "timeline"),
    "champ": ("challenges", "authority", "money", "prioritization"),
    "meddic": (
        "metrics", "economic_buyer", "decision_criteria", "decision_process", "identify_pain", "champion",
    ),
    "faint": ("funds", "authority", "interest", "need", "timing"),
    "pantu": ("pain", "authority", "need", "timing", "understanding"),
}  # fmt: skip

if TYPE_CHECKING:
    Framework = str
    KnownField = str
else:
    Framework = Literal[tuple(FRAMEWORKS)]
    KnownField = Literal[tuple(dict.fromkeys(field for fields in FRAMEWORKS.values() for field in fields))]


class Qualification(Struct, gc=False):
    """What a form told about how ready the lead is."""

    framework: Annotated[Framework | None, says("The way to ask: its fields are what can be known", "bant")] = None
    known: Annotated[
        list[KnownField] | None, says("Names of the framework's fields that are known; others are dropped", ["budget"])
    ] = None


FormAction = Literal["view", "start", "submit", "error", "abandon"]
FormType = Literal[
    "contact", "newsletter", "demo", "trial", "quote", "download", "webinar", "checkout", "survey", "other"
]


if TYPE_CHECKING:
    FormPlatform = str
else:
    # whatever is not in the list is an ad platform, too, and keeps its name
    FormPlatform = Annotated[
        Literal["site", "meta", "linkedin", "google"], Meta(extra={"stray": "itself", "reads": "enum"})
    ]


class FormData(Common, gc=False, kw_only=True):
    """Something happened to a form, on the site or on an ad platform."""

    action: Annotated[FormAction, says("What happened", "submit", strict=True)]
    form_id: Annotated[Id, says("Figures by form", "demo-request")]
    form_type: Annotated[
        FormType | None,
        says("Whether a submit is a key event: all are but survey and other; without one it is none", "demo"),
    ] = None
    submission_id: Annotated[
        Id | None, says("One per press of the button: what is pressed twice is one; absent: the event itself", "s-3301")
    ] = None
    page_path: Annotated[Text | None, says("Kept for reference only: where the form stands", "/demo")] = None
    content_id: Annotated[Name | None, says("Figures of downloads by content", "ebook")] = None
    offer_id: Annotated[Name | None, says("Who saw an offer, and who took it", "ebook-7")] = None
    offer_type: Annotated[
        Text | None, says("Figures of leads by type of offer: ebook, checklist, template, course, …", "ebook")
    ] = None
    offer_stage: Annotated[
        Literal["top", "middle", "bottom"] | None, says("Leads by stage of the offer; top makes an IQL", "top")
    ] = None
    event_id: Annotated[Name | None, says("Leads by webinar or conference", "webinar-june")] = None
    fields_present: Annotated[
        list[Text] | None, says("Names of filled-in fields, no values: completeness", ["name", "email"])
    ] = None
    fields_asked: Annotated[
        list[Text] | None, says("Names of all fields of the form: completeness", ["name", "email", "phone"])
    ] = None
    platform: Annotated[
        FormPlatform,
        says("Where it was filled in: needs a visitor_id on the site, else lead_id or email_hash", "site"),
    ] = "site"
    company: Company | None = None
    qualification: Qualification | None = None
    value: Annotated[Amount | None, says("form_value, in units of the currency; negative for returns", 19.99)] = None
    currency: Annotated[Currency | None, says("Of value, ISO 4217 in any case; without it value is nothing", "EUR")] = (
        None
    )


class Form(Envelope, gc=False, kw_only=True):
    """Something happened to a form. Topic form, key visitor_id (ad platforms: lead_id or email_hash)."""

    type: Literal["form"]
    data: FormData


def _suspects(events: Sequence[Form]) -> list[int]:
    return [
        place
        for place, event in enumerate(events)
        if (data := event.data).visitor_id is None or data.platform != "site"
    ]


def _faults(event: Form, _moment: Moment) -> list[Fault]:
    """Ask for the person: by visit on the site, by lead elsewhere."""
    data = event.data
    if data.platform == "site":
        return [("missing_field", "data.visitor_id")] if data.visitor_id is None else []
    return [("missing_field", "data.lead_id")] if data.lead_id is None and data.email_hash is None else []


# `platform` is on the site where it is absent, says so in any case, or cannot be read
_ON_SITE: Final = {"properties": {"platform": {"anyOf": [{"not": {"type": "string"}}, BLANK, word(["site"])]}}}
_RULE: Final = Rule(_suspects, _faults, ({"if": _ON_SITE, "then": given("visitor_id"), "else": LEAD},))


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
