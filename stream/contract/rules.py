"""Rules: what the contract asks that depends on more than one field.

In:  the data of one event, right in each field by itself.
Out: a reason and the path of the field at fault, or None.

Most events cannot be at fault and are told apart by one comparison in a pass over the batch (0.1 µs an
event); a rule is called for the others only. Page views have none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

from msgspec.inspect import Metadata, StrType, StructType, Type, UnionType, type_info

from stream.contract.common import (
    CHATBOT_NEEDS,
    DATA,
    KINDS,
    PERSON_IDS,
    Ad,
    AdData,
    Chatbot,
    ChatbotData,
    Email,
    EmailData,
    Envelope,
    Form,
    FormData,
)
from stream.contract.fields import ADDRESS
from stream.contract.rejects import Reason
from stream.contract.times import YEAR_2000_MS, parse_ms

Fault = tuple[Reason, str]
#: (data, newest time that is taken as the end of a period, longest period) → what is wrong
Rule = Callable[[Any, int, int], Fault | None]

_HAS_ADDRESS: Final = re.compile(ADDRESS).search
_HAS_CONTROL: Final = re.compile("[\x00-\x1f]").search


def of_form(data: FormData, _newest_ms: int, _period_ms: int) -> Fault | None:
    """Ask for the submission of a submit, and for the person: by visit on the site, by lead elsewhere."""
    if data.action == "submit" and data.submission_id is None:
        return "missing_field", "data.submission_id"
    if data.platform == "site":
        if data.visitor_id is None:
            return "missing_field", "data.visitor_id"
    elif data.lead_id is None and data.email_hash is None:
        return "missing_field", "data.lead_id"
    return None


def of_chatbot(data: ChatbotData, _newest_ms: int, _period_ms: int) -> Fault | None:
    """Ask for what the action is about."""
    need = CHATBOT_NEEDS.get(data.action)
    if need is not None and getattr(data, need) is None:
        return "missing_field", f"data.{need}"
    if data.appointment_at is not None and not _is_time(data.appointment_at):
        return "bad_time", "data.appointment_at"
    return None


def of_email(data: EmailData, _newest_ms: int, _period_ms: int) -> Fault | None:
    """Ask for the recipient, and for the type of a bounce."""
    if data.lead_id is None and data.email_hash is None:
        return "missing_field", "data.lead_id"
    if data.action == "bounced" and data.bounce_type is None:
        return "missing_field", "data.bounce_type"
    return None


def of_ad(data: AdData, newest_ms: int, period_ms: int) -> Fault | None:
    """Ask for the money of a spend, and for the whole of a total's period."""
    if data.action == "spend":
        if data.cost_micros is None:
            return "missing_field", "data.cost_micros"
        if data.currency is None:
            return "missing_field", "data.currency"
    if data.period_start is None and data.period_end is None and data.revision is None:
        return None
    return _of_period(data, newest_ms, period_ms)


def _of_period(data: AdData, newest_ms: int, period_ms: int) -> Fault | None:
    if data.period_start is None:
        return "missing_field", "data.period_start"
    if data.period_end is None:
        return "missing_field", "data.period_end"
    if data.revision is None:
        return "missing_field", "data.revision"
    start_ms, end_ms = parse_ms(data.period_start), parse_ms(data.period_end)
    if start_ms is None or start_ms < YEAR_2000_MS:
        return "bad_time", "data.period_start"
    # a period of any length would let one record fill the windows' memory with its slices
    if end_ms is None or not start_ms < end_ms <= min(start_ms, newest_ms) + period_ms:
        return "bad_time", "data.period_end"
    return None


def _doubtful_forms(events: Sequence[Form]) -> list[int]:
    return [
        place
        for place, event in enumerate(events)
        if ((data := event.data).submission_id is None and data.action == "submit")
        or data.visitor_id is None
        or data.platform != "site"
    ]


def _doubtful_chats(events: Sequence[Chatbot]) -> list[int]:
    return [
        place
        for place, event in enumerate(events)
        if ((action := (data := event.data).action) in CHATBOT_NEEDS and (action != "message" or data.actor is None))
        or data.appointment_at is not None
    ]


def _doubtful_emails(events: Sequence[Email]) -> list[int]:
    return [
        place
        for place, event in enumerate(events)
        if ((data := event.data).lead_id is None and data.email_hash is None) or data.action == "bounced"
    ]


def _doubtful_ads(events: Sequence[Ad]) -> list[int]:
    return [
        place
        for place, event in enumerate(events)
        if (data := event.data).action == "spend"
        or data.period_start is not None
        or data.period_end is not None
        or data.revision is not None
    ]


#: Kind → the places of events that its rule has to see, found in one pass over the batch; and the rule.
RULES: Final[dict[str, tuple[Callable[[Any], list[int]], Rule]]] = {
    "form": (_doubtful_forms, of_form),
    "chatbot": (_doubtful_chats, of_chatbot),
    "email": (_doubtful_emails, of_email),
    "ad": (_doubtful_ads, of_ad),
}


def of_ids(kind: str, event: Any) -> Fault | None:
    """Ask that ids hold no control characters (they part keys) and that those of people are no addresses."""
    for owner, prefix, names in ((event, "", _ENVELOPE_IDS), (event.data, "data.", _DATA_IDS[kind])):
        for name in names:
            value = getattr(owner, name)
            if value is None:
                continue
            if _HAS_CONTROL(value):
                return "out_of_range", prefix + name
            if name in PERSON_IDS and _HAS_ADDRESS(value):
                return "personal_data", prefix + name
    return None


def _ids_of(struct: type[Any]) -> tuple[str, ...]:
    """List the fields of a struct that are ids: the texts that may not be empty."""
    info = type_info(struct)
    assert isinstance(info, StructType)
    return tuple(field.name for field in info.fields if _is_id(field.type))


def _is_id(kind: Type) -> bool:
    if isinstance(kind, Metadata):
        return _is_id(kind.type)
    if isinstance(kind, UnionType):
        return any(map(_is_id, kind.types))
    return isinstance(kind, StrType) and bool(kind.min_length)


_ENVELOPE_IDS: Final = _ids_of(Envelope)
_DATA_IDS: Final = {kind: _ids_of(DATA[kind]) for kind in KINDS}


def _is_time(text: str) -> bool:
    time_ms = parse_ms(text)
    return time_ms is not None and time_ms >= YEAR_2000_MS
