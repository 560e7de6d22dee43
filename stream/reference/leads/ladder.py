"""The ladder: when a lead entered which stage, where it is now, and whether it is lost.

In:  what is known of a lead, by moments; the rules.
Out: entries, and how the lead moved.

A stage is entered once, by the earliest thing that speaks for it; whoever stands on a later stage has entered the
implied ones before it, at the same time. Where the lead is now is what the crm says, unless something later speaks for
a higher stage.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from stream.reference.leads.known import Crm, Known
from stream.reference.leads.rules import SOLUTION_FORMS, Rules

#: What keeps its own time, even one before somebody was a lead: nobody guesses what the crm says.
_TOLD = ("crm:", "crm_action:", "won")

Moments = Callable[[str], list[int]]


def moments_of(known: Known) -> Moments:
    """Give the function that lists the moments of a fact of the rules, such as `form:demo` or `mail:opened`."""

    def moments(fact: str) -> list[int]:
        if "&" in fact:  # once, when the last of its parts came
            parts = [moments(part.strip()) for part in fact.split("&")]
            return [max(part[0] for part in parts)] if all(parts) else []
        what, _, value = fact.partition(":")
        plain: Mapping[str, Callable[[], list[int]]] = {
            "form": lambda: [one.at_ms for one in known.forms if one.form_type == value],
            "form_stage": lambda: [one.at_ms for one in known.forms if one.stage == value],
            "solution_form": lambda: [one.at_ms for one in known.forms if one.form_type in SOLUTION_FORMS],
            "page": lambda: [one.at_ms for one in known.visits if value in one.pages],
            "pricing": lambda: [one.at_ms for one in known.visits if "pricing" in one.pages],
            "mail": lambda: [one.at_ms for one in known.mails if one.what == value],
            "booked": lambda: appointments(known, "booked"),
            "cancelled": lambda: appointments(known, "cancelled"),
            "trial": lambda: moments("form:trial") + moments("crm_action:trial_started"),
            "won": lambda: [one.at_ms for one in known.deals],
            "crm": lambda: [
                one.at_ms for one in known.crm if one.action == "stage_changed" and one.data.get("to") == value
            ],
            "crm_action": lambda: [one.at_ms for one in known.crm if one.action == value],
            "company": lambda: _companies(known, value),
        }
        return sorted(plain[what]())

    return moments


def appointments(known: Known, what: str) -> list[int]:
    """List when appointments were made (`booked`) or called off: one time an appointment, by chat and crm together."""
    action = {"booked": "appointment_booked", "cancelled": "appointment_cancelled"}[what]
    told = [(one.at_ms, one.appointment) for one in getattr(known, what)]
    told += [
        (one.at_ms, one.data.get("appointment_id") or f"\0{one.name}") for one in known.crm if one.action == action
    ]
    first: dict[str, int] = {}
    for at_ms, name in sorted(told):
        first.setdefault(name, at_ms)
    return list(first.values())


def _companies(known: Known, wanted: str) -> list[int]:
    """Give when a field of the company was first told to have a value."""
    name, _, value = wanted.partition("=")
    times = sorted(one.at_ms for one in known.companies if getattr(one, name) == value)
    return times[:1]


def entries(known: Known, lead_ms: int, crossed_ms: int | None, rules: Rules) -> dict[str, int]:
    """Work out when each stage was entered."""
    moments = moments_of(known)

    def first(fact: str) -> int | None:
        if fact == "lead":
            return lead_ms
        if fact == "score":
            return crossed_ms
        times = moments(fact)
        if not times:
            return None
        return times[0] if fact.startswith(_TOLD) else max(times[0], lead_ms)

    def together(evidence: str) -> int | None:
        parts = [first(part.strip()) for part in evidence.split("&")]
        return None if None in parts else max(part for part in parts if part is not None)

    entered: dict[str, int] = {}
    later: int | None = None
    for stage in reversed(rules.stages):
        # a record that moves a lead to a stage always speaks for it
        evidence = {*stage.evidence, f"crm:{stage.name}"}
        times = [at_ms for one in evidence if (at_ms := together(one)) is not None]
        if stage.implied and later is not None:
            times.append(later)
        if times:
            entered[stage.name] = min(times)
            later = entered[stage.name] if later is None else min(later, entered[stage.name])
    entered[rules.ladder[0]] = lead_ms
    return {name: entered[name] for name in rules.ladder if name in entered}


@dataclass
class Course:
    """How a lead went up and down."""

    stage: str
    since_ms: int
    lost_ms: int | None = None
    reason: str = ""
    reopened: tuple[int, str] | None = None  # the first time, and the stage it was in then
    moved_back: list[tuple[int, str]] = field(default_factory=list)


def course(known: Known, entered: Mapping[str, int], rules: Rules) -> Course:
    """Walk through entries and records in order of time; at one moment entries come first, then moves, then losses."""
    rank = {name: at for at, name in enumerate(rules.ladder)}
    last = rules.ladder[-1]
    steps: list[tuple[int, int, int, str, str | Crm]] = [
        (at_ms, 0, rank[name], "", name) for name, at_ms in entered.items()
    ]
    won = {deal.deal for deal in known.deals}
    steps += [(one.at_ms, 1, 0, one.name, one) for one in known.crm if one.action == "stage_changed"]
    steps += [(one.at_ms, 2, 0, one.name, one) for one in known.crm if _closes(one, won)]
    steps.sort(key=lambda step: step[:4])
    here = Course("", 0)
    for at_ms, *_, what in steps:
        if isinstance(what, str):
            if not here.stage or rank[what] > rank[here.stage]:
                here.stage, here.since_ms = what, at_ms
            _go_on(here, at_ms)
        elif what.action != "stage_changed":
            if here.stage != last:
                here.lost_ms, here.reason = at_ms, what.data.get("reason") or ""
        else:
            to = what.data["to"]
            before = what.data.get("from") or here.stage
            if before in rank and rank[before] > rank[to]:
                here.moved_back.append((at_ms, to))
            if to != here.stage:
                here.stage, here.since_ms = to, at_ms
            _go_on(here, at_ms)
    return here


def _closes(record: Crm, won: set[str]) -> bool:
    """Tell whether a record ends the hope for a lead; a deal that was won is won, whatever else is said of it."""
    lost = record.action == "deal_lost" and record.data.get("deal_id") not in won
    return lost or record.action == "disqualified"


def _go_on(here: Course, at_ms: int) -> None:
    """Open a lead again that was lost."""
    if here.lost_ms is not None and here.reopened is None:
        here.reopened = at_ms, here.stage
    here.lost_ms, here.reason = None, ""
