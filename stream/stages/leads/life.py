"""Life: what the facts of one lead amount to, as a pure function of them, of the clock and of the rules.

In:  facts in any order; the time up to which "nothing happened" is known.
Out: a view; None where nobody is a lead yet.

    facts → gather ─┬─ score ─ ladder ─┐
                    ├─ credit, deals ──┼→ view
                    └─ sales, company ─┘
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from stream.identity.facts import Fact, Told
from stream.lifecycle.rules import Rules
from stream.stages.leads import deals
from stream.stages.leads.gather import Gathered, gather
from stream.stages.leads.ladder import entries, out_of_order, stay
from stream.stages.leads.score import earlier, scored
from stream.stages.leads.view import Company, View

#: The stage that an assignment is premature before, where a ladder has it.
_QUALIFIED: Final = "mql"
_UNKNOWN: Final = Company()


def view(facts: Collection[Fact], clock_ms: int, rules: Rules) -> View | None:
    """Give what the facts amount to."""
    found = gather(facts, rules)
    return None if found is None else viewed(found, clock_ms, rules)


def viewed(found: Gathered, clock_ms: int, rules: Rules) -> View:
    """Give what gathered facts amount to."""
    lead = found.lead
    score = scored(found, clock_ms, rules)
    entered = entries(found, score.crossed.get(rules.threshold, 0), rules)
    at = stay(found, entered, rules)
    sales = _sales(found) if found.records else _NO_SALES
    customer_ms = entered.get(rules.last, 0)
    expires_ms = found.newest_ms + rules.forget_after_ms
    return View(
        lead=lead,
        counted=found.counted,
        entered=entered,
        stage=at.stage,
        since_ms=at.since_ms,
        lost_ms=at.lost_ms,
        lost_reason=at.lost_reason,
        expired_ms=expires_ms if expires_ms <= clock_ms else 0,
        moves_back=at.moves_back,
        reopened=at.reopened,
        out_of_order=out_of_order(entered),
        score=score.score,
        parts=score.parts,
        band=score.band,
        crossed=score.crossed,
        active_ms=found.active_ms,
        newest_ms=found.newest_ms,
        first_session_ms=found.first_session_ms,
        first_touch=found.touches[0] if found.touches else None,
        last_touch=found.touches[-1] if found.touches else None,
        credit=deals.credit_of_lead(found),
        deals=deals.won(found),
        deals_lost=deals.lost(found),
        refunds=deals.refunded(found),
        first_response_ms=sales.first_response_ms,
        assigned_ms=sales.assigned_ms,
        assignment=sales.assignment,
        premature=bool(sales.assigned_ms) and not 0 < entered.get(_QUALIFIED, 0) <= sales.assigned_ms,
        rep=sales.rep,
        calls=sales.calls,
        registered=found.registered,
        attended=sales.attended,
        company=_company(found.told) if found.told else _UNKNOWN,
        frameworks=_frameworks(found.told) if found.told else {},
        nurtured=bool(found.nurtured_ms) and (not customer_ms or found.nurtured_ms <= customer_ms),
        due_ms=earlier(score.due_ms, expires_ms if expires_ms > clock_ms else 0),
    )


class _Sales(NamedTuple):
    first_response_ms: int = 0
    assigned_ms: int = 0
    assignment: str = ""
    rep: str = ""
    calls: tuple[int, ...] = ()
    attended: Mapping[str, int] = MappingProxyType({})


_NO_SALES: Final = _Sales()


def _sales(found: Gathered) -> _Sales:
    """Give what records say of the work with a lead."""
    first_response_ms = assigned_ms = 0
    assignment = rep = ""
    calls: list[int] = []
    attended: dict[str, int] = {}
    for record in found.records:  # by time and id
        match record.action:
            case "first_response":
                first_response_ms = first_response_ms or record.time_ms
            case "assigned":
                if not assigned_ms:
                    assigned_ms, assignment = record.time_ms, record.assignment
                rep = record.rep
            case "call_completed":
                calls.append(record.time_ms)
            case "attended":
                if record.event:
                    attended.setdefault(record.event, record.time_ms)
    return _Sales(first_response_ms, assigned_ms, assignment, rep, tuple(calls), attended)


def _company(told: Iterable[Told]) -> Company:
    """Give each field as it was last told."""
    company = Company()
    for one in sorted(told, key=lambda each: (each.time_ms, each.id)):
        company = Company(
            one.industry or company.industry,
            one.size_band or company.size_band,
            one.revenue_band or company.revenue_band,
        )
    return company


def _frameworks(told: Iterable[Told]) -> dict[str, frozenset[str]]:
    known: dict[str, frozenset[str]] = {}
    for one in told:
        if one.framework:
            known[one.framework] = known.get(one.framework, frozenset()).union(one.known)
    return known
