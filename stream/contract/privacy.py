"""Privacy: a person wants to be forgotten, or thinks anew about being counted.

In:  one envelope a record of the topic `privacy`.
Out: its types, rule and keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

from stream.contract.common import EXAMPLE_HASH, Common, Envelope, example
from stream.contract.conditions import given, when
from stream.contract.fields import says
from stream.contract.junk import is_junk, naming
from stream.contract.kind import Kind
from stream.contract.rules import Fault, Moment, Rule
from stream.contract.times import DAY_MS

PrivacyAction = Literal["erase", "consent_changed"]
#: Whom it is about; each that is given, and the first that names somebody is the key.
SUBJECTS: Final = ("email_hash", "lead_id", "user_id", "visitor_id")
#: An order is carried out however late it comes.
NEVER_LATE_MS: Final = 100 * 366 * DAY_MS


class PrivacyData(Common, gc=False, kw_only=True):
    """What a person wants; one of visitor_id, lead_id, user_id and email_hash is required, more are all meant."""

    action: Annotated[PrivacyAction, says("What is wanted", "erase", strict=True)]


class Privacy(Envelope, gc=False, kw_only=True):
    """A person wants to be forgotten, or not to be counted. Topic privacy, key the id that is named."""

    type: Literal["privacy"]
    data: PrivacyData


def subjects(data: Any) -> list[tuple[str, str]]:
    """List whom it is about, as (field, value); what names nobody is not among them."""
    told = [(name, getattr(data, name)) for name in SUBJECTS]
    return [(name, value) for name, value in told if value is not None and not is_junk(value)]


def _suspects(events: Sequence[Privacy]) -> list[int]:
    return list(range(len(events)))


def _faults(event: Any, _moment: Moment) -> list[Fault]:
    """Ask for somebody whom it is about, and for what they agree to."""
    data, found = event.data, list[Fault]()
    told = [name for name in SUBJECTS if getattr(data, name) is not None]
    if not told:
        found.append(("missing_field", "data.visitor_id"))
    elif not subjects(data):
        found.append(("out_of_range", f"data.{told[0]}"))
    if data.action == "consent_changed" and data.consent is None:
        found.append(("missing_field", "data.consent"))
    return found


_SOMEBODY: Final = {"anyOf": [{"allOf": [given(name), naming(name)]} for name in SUBJECTS]}


def _canonical_keys(events: Sequence[Privacy]) -> list[str]:
    return [subjects(event.data)[0][1] for event in events]


def _row_keys(datas: Sequence[PrivacyData]) -> list[str]:
    # whom it is about may have rows anywhere
    return [""] * len(datas)


KIND: Final = Kind(
    name="privacy",
    struct=Privacy,
    canonical_keys=_canonical_keys,
    row_keys=_row_keys,
    key_says="email_hash, else lead_id, else user_id, else visitor_id",
    user_agent="nothing",
    asks_consent=False,
    rule=Rule(_suspects, _faults, (_SOMEBODY, when("action", ["consent_changed"], "consent"))),
    lateness_ms=NEVER_LATE_MS,
    hints={
        ("missing_field", "data.visitor_id"): "Say whom it is about: visitor_id, lead_id, user_id or email_hash.",
        **{("out_of_range", f"data.{name}"): "Such a value names nobody." for name in SUBJECTS},
    },
    optional=True,
    example=example("privacy", 9, "2025-06-15T11:45:00.000Z", {"action": "erase", "email_hash": EXAMPLE_HASH}),
)
