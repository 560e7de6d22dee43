"""Forms: what an event of a form changes of the facts, whichever way it is folded, and what it counts for, for good.

In:  facts before, and the event's time and data.
Out: facts changed in place; every change is a minimum or a maximum.
"""

from __future__ import annotations

from typing import Any, Final

from stream.stages.visitors.row import Extra
from stream.stages.visitors.sessions import least

#: Form types whose submit makes a lead.
KEY_FORMS: Final = frozenset({"contact", "newsletter", "demo", "trial", "quote", "download", "webinar", "checkout"})
#: Action → its place in the times of a form; other actions change nothing.
STEPS: Final = {"view": 0, "start": 1, "submit": 2}


def makes_lead(data: Any) -> bool:
    """Tell whether an event of a form is a key event."""
    return data.action == "submit" and data.form_type in KEY_FORMS


def take_step(times: list[int], action: str, time_ms: int) -> None:
    """Note a step in the times of its form: [first view, first start, first submit]."""
    step = STEPS[action]
    times[step] = least(times[step], time_ms)


def remember(extra: Extra, action: str, time_ms: int) -> None:
    """Note of the person when they first started a form, and first and last submitted one; a view is no start."""
    extra.first_form = least(extra.first_form, time_ms)
    if action == "submit":
        extra.first_submit = least(extra.first_submit, time_ms)
        extra.last_submit = max(extra.last_submit, time_ms)


def counts_of_submit(data: Any) -> list[tuple[str, int]]:
    """Give what a submit counts for by itself, as (kind of cell, amount): no later event changes that."""
    out = [("submit", 1)]
    if data.fields_asked:
        asked = set(data.fields_asked)
        out += [("field_asked", len(asked)), ("field_known", len(asked.intersection(data.fields_present or ())))]
    return out
