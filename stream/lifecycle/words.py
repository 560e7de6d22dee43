"""Words: the facts that rules may name, a closed list.

In:  a fact as it is written in the file of rules.
Out: whether it is one, and what was probably meant.

    lead  score  won  booked  cancelled  trial  solution_form  pricing
    form:TYPE  form_stage:STAGE  page:GROUP  mail:WHAT  mail:none_opened_in  company:FIELD=VALUE
    crm:STAGE (a record that moves the lead there)  crm_action:ACTION
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Final

SILENCE: Final = "mail:none_opened_in"
#: Facts that are made of others; each of these is one of them.
MADE_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "solution_form": ("form:demo", "form:trial", "form:quote", "form:contact"),
    "trial": ("form:trial", "crm_action:trial_started"),
    "pricing": ("page:pricing",),
}
_ALONE: Final = ("lead", "score", "won", "booked", "cancelled", *MADE_OF)
FORM_TYPES: Final = (
    "contact", "newsletter", "demo", "trial", "quote", "download", "webinar", "checkout", "survey", "other",
)  # fmt: skip
OFFER_STAGES: Final = ("top", "middle", "bottom")
PAGE_GROUPS: Final = ("pricing", "cart")
MAILS: Final = ("delivered", "opened", "clicked", "replied", "unsubscribed")
CRM_ACTIONS: Final = (
    "lead_created", "stage_changed", "qualified", "disqualified", "assigned", "first_response", "appointment_booked",
    "appointment_cancelled", "trial_started", "deal_won", "deal_lost", "refund", "attended", "call_completed",
)  # fmt: skip
COMPANY_FIELDS: Final = ("industry", "size_band", "revenue_band")
#: What speaks for a lead only a little, or against it: points, but no stage by themselves.
POINTS_ONLY: Final = ("page", "mail", "company")

_CLOSED: Final[Mapping[str, tuple[str, ...]]] = {
    "form": FORM_TYPES,
    "form_stage": OFFER_STAGES,
    "page": PAGE_GROUPS,
    "mail": (*MAILS, SILENCE.partition(":")[2]),
    "crm_action": CRM_ACTIONS,
}


def unknown(fact: str, ladder: Iterable[str]) -> str:
    """Say what is right in place of a fact that there is not; nothing where it is one.

    >>> unknown("form:demo", ()), unknown("form:demos", ())
    ('', 'Did you mean form:demo?')
    """
    family, colon, rest = fact.partition(":")
    if not colon:
        return "" if fact in _ALONE else _near(fact, every(ladder))
    if family == "company":
        field, equals, value = rest.partition("=")
        if field in COMPANY_FIELDS and equals and value:
            return ""
        return f"Write company:FIELD=VALUE, FIELD one of {', '.join(COMPANY_FIELDS)}."
    values = tuple(ladder) if family == "crm" else _CLOSED.get(family)
    if values is None:
        return _near(fact, every(ladder))
    return "" if rest in values else _near(fact, [f"{family}:{value}" for value in values])


def every(ladder: Iterable[str]) -> list[str]:
    """List all facts by which rules can go, but for the values of company."""
    families = (*_CLOSED.items(), ("crm", tuple(ladder)))
    return [*_ALONE, *(f"{family}:{value}" for family, values in families for value in values)]


def _near(fact: str, facts: Iterable[str]) -> str:
    known = list(facts)
    near = difflib.get_close_matches(fact, known, n=1, cutoff=0.5)
    return f"Did you mean {near[0]}?" if near else f"Facts are {', '.join(known)}, company:FIELD=VALUE."
