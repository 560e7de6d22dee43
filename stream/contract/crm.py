"""Crm: sales did something about a lead or a deal.

In:  one envelope a record of the topic `crm`.
Out: its types, rule and keys.

A deal that was won counts as revenue where it has a deal_id, a value and a currency; without one of them it is a deal
without value. What was told of value and currency must be readable then: a guess would be money.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

from msgspec import field

from stream.contract.codes import CURRENCIES
from stream.contract.common import Common, Envelope, example
from stream.contract.conditions import NOTHING, Schema, given, when, word
from stream.contract.fields import INT_LIMIT, MOST, TEXT_MAX, Amount, Currency, Flag, Id, Name, says
from stream.contract.junk import is_junk, naming
from stream.contract.kind import Kind
from stream.contract.rules import Fault, Moment, Rule
from stream.contract.times import DAY_MS

CrmAction = Literal[
    "lead_created",
    "stage_changed",
    "qualified",
    "disqualified",
    "assigned",
    "first_response",
    "appointment_booked",
    "appointment_cancelled",
    "trial_started",
    "deal_won",
    "deal_lost",
    "refund",
    "attended",
    "call_completed",
]
#: What is told of a deal, which may have no lead.
DEALS: Final = ("deal_won", "deal_lost", "refund")
_MONEY: Final = ("value", "currency")


class CrmData(Common, gc=False, kw_only=True):
    """What sales did about a lead, or a deal; lead_id is required unless a deal has its deal_id."""

    action: Annotated[CrmAction, says("What was done", "stage_changed", strict=True)]
    from_: Annotated[
        Name | None, says("The stage before: below it is a move back; in the ladder of the rules", "iql")
    ] = field(default=None, name="from")
    to: Annotated[
        Name | None, says("The stage it is in now: required on stage_changed, and in the ladder of the rules", "sql")
    ] = None
    reason: Annotated[Name | None, says("Why it was lost: figures by reason", "budget")] = None
    rep_id: Annotated[Name | None, says("Whom it was assigned to: figures by rep", "rep-3")] = None
    assignment: Annotated[
        Literal["round_robin", "rule"] | None, says("How it was assigned: figures of leads assigned", "round_robin")
    ] = None
    capture_method: Annotated[
        Literal["phone", "event", "import"] | None,
        says("On lead_created, how the lead came about; without one it is import", "phone"),
    ] = None
    event_id: Annotated[Name | None, says("The webinar or conference that was attended", "webinar-june")] = None
    deal_id: Annotated[Id | None, says("One deal: told twice it counts once; without one it has no value", "d-88")] = (
        None
    )
    appointment_id: Annotated[
        Id | None, says("The same as in a chat: booked in both it is one appointment", "a-12")
    ] = None
    value: Annotated[
        Amount | None, says("Of a deal or refund, in units of the currency; required on refund, from 0 there", 12_000)
    ] = None
    currency: Annotated[Currency | None, says("Of value, ISO 4217 in any case; required on refund", "EUR")] = None
    new_customer: Annotated[
        Flag | None, says("Whether the deal makes a customer; absent: the first of the lead does", True)
    ] = None


class Crm(Envelope, gc=False, kw_only=True):
    """Sales did something about a lead or a deal. Topic crm, key lead_id, else deal_id."""

    type: Literal["crm"]
    data: CrmData


def _suspects(events: Sequence[Crm]) -> list[int]:
    return [
        place
        for place, event in enumerate(events)
        if (data := event.data).lead_id is None
        or data.action in _ASKING
        or is_junk(data.lead_id)
        or (data.deal_id is not None and is_junk(data.deal_id))
    ]


def _faults(event: Crm, _moment: Moment) -> list[Fault]:
    """Ask for the lead or the deal, for the stage of a move and for the money of a refund."""
    data, found = event.data, list[Fault]()
    of_deal = data.action in DEALS and data.deal_id is not None
    if of_deal:
        if is_junk(str(data.deal_id)):
            found.append(("out_of_range", "data.deal_id"))
    elif data.lead_id is None:
        found.append(("missing_field", "data.lead_id"))
    elif is_junk(str(data.lead_id)):
        found.append(("out_of_range", "data.lead_id"))
    needed = _ASKING.get(data.action, ())
    found += [("missing_field", f"data.{name}") for name in needed if getattr(data, name) is None]
    # who gives money back twice as a negative sum would earn it
    if data.action == "refund" and isinstance(data.value, int) and data.value < 0:
        found.append(("out_of_range", "data.value"))
    return found


#: Action → fields that it cannot do without.
_ASKING: Final = {"stage_changed": ("to",), "refund": _MONEY}
_OF_DEAL: Final[Schema] = {
    "properties": {**given("deal_id")["properties"], "action": word(DEALS)},
    "required": ["action", "deal_id"],
}
_STAGE: Final[Schema] = {
    "type": ["string", "integer"],
    "maxLength": TEXT_MAX,
    "exclusiveMinimum": -INT_LIMIT,
    "exclusiveMaximum": INT_LIMIT,
}
_NUMBER: Final[Schema] = {"type": "number", "exclusiveMinimum": -MOST, "exclusiveMaximum": MOST}


def _told(action: str, **fields: Schema) -> Schema:
    """Say what a field must be, if it is there, where an action rests on it."""
    taken = {name: {"anyOf": [each, NOTHING]} for name, each in fields.items()}
    return {**when("action", [action]), "then": {"properties": taken}}


_RULE: Final = Rule(
    _suspects,
    _faults,
    (
        {"if": _OF_DEAL, "then": naming("deal_id"), "else": {"allOf": [given("lead_id"), naming("lead_id")]}},
        *(when("action", [action], *names) for action, names in _ASKING.items()),
        _told("stage_changed", to=_STAGE),
        _told("deal_won", value=_NUMBER, currency=word(CURRENCIES)),
        _told("refund", value={**_NUMBER, "minimum": 0}, currency=word(CURRENCIES)),
    ),
)


def _canonical_keys(events: Sequence[Any]) -> list[str]:
    # a deal may name no lead, or one that is nobody; the rule saw that one of the two is somebody
    return [
        data.deal_id if (data := event.data).lead_id is None or is_junk(data.lead_id) else data.lead_id
        for event in events
    ]


def _row_keys(datas: Sequence[CrmData]) -> list[str]:
    # a lead has no row by this name alone
    return [""] * len(datas)


KIND: Final = Kind(
    name="crm",
    struct=Crm,
    canonical_keys=_canonical_keys,
    row_keys=_row_keys,
    key_says="lead_id; of a deal without one deal_id",
    user_agent="nothing",
    rule=_RULE,
    rests_on={"stage_changed": ("to",), "deal_won": _MONEY, "refund": _MONEY},
    lateness_ms=35 * DAY_MS,
    hints={
        ("missing_field", "data.lead_id"): "Give lead_id; what is told of a deal may name its deal_id alone.",
        ("out_of_range", "data.lead_id"): "Such a value names nobody: what came under it would be one lead.",
        ("out_of_range", "data.deal_id"): "Such a value names no deal: what came under it would be one deal.",
        (
            "out_of_range",
            "data.value",
        ): f"Give a number of less than {MOST:,}; a refund is from 0.",
    },
    optional=True,
    example=example(
        "crm",
        6,
        "2025-06-15T11:20:00.000Z",
        {
            "action": "deal_won",
            "lead_id": "l-204",
            "rep_id": "rep-3",
            "deal_id": "d-88",
            "value": 12_000,
            "currency": "EUR",
            "new_customer": True,
        },
    ),
)
