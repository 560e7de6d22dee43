"""Hints: what is wrong with a record, and what to do about it, in sentences.

In:  reasons, paths and kinds.
Out: sentences.
"""

from __future__ import annotations

from typing import Final, Literal

from stream.contract.expected import expected
from stream.contract.kinds import KINDS, KindName
from stream.contract.rejects import Reason

SENTENCES: Final[dict[Reason, str]] = {
    "not_json": "The line is not JSON.",
    "too_large": "The record is too large.",
    "too_deep": "Objects and lists are nested too deep.",
    "missing_field": "A required field is missing.",
    "wrong_type": "The value has the wrong type.",
    "out_of_range": "The value is not allowed.",
    "unknown_kind": "The type is none of the kinds that are read.",
    "bad_time": "The time cannot be taken.",
    "too_late": "The event happened too long before it was recorded.",
    "personal_data": "An e-mail address stands where only a pseudonym may.",
    "wrong_topic": "The event is of another kind than its topic.",
    "mapping": "The mapping of the source could not make an event of it.",
    "unknown_schema": "The registry does not know the schema that the record names.",
    "crash": "The record could not be read, and the fault is ours.",
}
_HINTS: Final[dict[Reason, str]] = {
    "not_json": "Write one object a line, in UTF-8; NaN and Infinity are not JSON.",
    "too_large": "Leave out what the contract does not name.",
    "too_deep": "Leave out what the contract does not name.",
    "unknown_kind": f"Use one of {', '.join(KINDS)}.",
    "wrong_topic": "Send it to the topic that its type names.",
    "too_late": "Send events sooner, or raise LEADPULSE_LATENESS.",
    "personal_data": "Send the HMAC-SHA-256 of the trimmed, lower-cased address as data.email_hash.",
    "crash": "Please report the line.",
}
_HINTS_BY_PATH: Final = {
    "": "Each line is one whole event; a file laid out over many lines is not read.",
    "type": f"Name the kind: one of {', '.join(KINDS)}.",
    "data.visitor_id": "Page views, chats and forms on the site need the pseudonymous id of the visitor.",
    "data.lead_id": "Give lead_id or email_hash.",
    "data.period_end": "A period ends after its start, at most 400 days later.",
    "data.page.path": "A page needs its path, or its url.",
    "data.page": "A page needs its path, or its url.",
}


def hint(reason: Reason, path: str, kind: KindName | Literal[""]) -> str:
    """Say what to do about a fault; "" where there is nothing to say."""
    if reason == "not_json" and path:
        return f"The record is {path[1:-1]}, which is not read; send JSON."
    told = KINDS[kind].hints.get((reason, path)) if kind else None
    if kind and reason == "too_late" and KINDS[kind].lateness_ms is not None:
        told = "Send events sooner, or raise LEADPULSE_LATENESS_BY_KIND."
    told = told or _HINTS.get(reason) or _HINTS_BY_PATH.get(path, "")
    if not told and kind and (wanted := expected(kind, path)):
        return f"Expected: {wanted}."
    return told
