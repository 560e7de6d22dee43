"""Settle: few facts in place of many, where nothing about their time can come any more.

In:  the facts of one lead; a moment behind which nothing older is still to come.
Out: facts by which it counts the same, now and later.

What is old becomes one `Settled`: points by rule and day (not their sum, since each fades by itself), first times,
crossings, what waits, credit as it was given. Kept as they are: what `leads` has counted, deals and refunds, which are
told anew whenever they change. Kept without their points (`Held`): records of the crm and forms on ad platforms, which
say where a lead stands, and the touches that later credit can still reach.

Two pasts that come together stay two until they are settled anew; what they amount to adds up from then on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

from stream.identity.facts import (
    Booked,
    Cancelled,
    Deal,
    Evidence,
    Fact,
    Held,
    Mailed,
    PlatformForm,
    Recorded,
    Refund,
    Settled,
    Submitted,
    Told,
    Visit,
)
from stream.lifecycle.rules import Rules
from stream.lifecycle.words import COMPANY_FIELDS
from stream.stages.leads import deals
from stream.stages.leads.credit import MOST_TOUCHES, TOUCH_MS
from stream.stages.leads.gather import DAY_MS, OF_DEALS, Gathered, gather
from stream.stages.leads.score import earlier, points_times, scored, silences
from stream.stages.leads.view import Shares

_Old = Visit | Evidence | Submitted | Booked | Cancelled | Told | Mailed | PlatformForm | Recorded
_MONEY: Final = (Deal, Refund)
#: What is not held as it is, or in the place of others, is nothing but what it amounts to.
_STAYS: Final = (Told, Evidence)


def settle(facts: Collection[Fact], sure_ms: int, rules: Rules) -> Collection[Fact]:
    """Give the facts anew; the same object where there is nothing to settle.

    Points are capped by the day, so it is the midnight (UTC) before `sure_ms` that is settled up to. A lead that began
    behind it, and one that is known by a deal alone, stays as it is.
    """
    sure_ms -= sure_ms % DAY_MS
    old = [fact for fact in facts if isinstance(fact, _Old) and _time_ms(fact) < sure_ms]
    if all(isinstance(fact, _STAYS) for fact in old) or _settled_ms(facts) > sure_ms:
        return facts
    before = [fact for fact in facts if not isinstance(fact, _Old) or _time_ms(fact) < sure_ms]
    found = gather([fact for fact in before if not isinstance(fact, _MONEY)], rules)
    whole = gather(before, rules)
    if found is None or whole is None or found.lead.time_ms >= sure_ms:
        return facts
    if found.lead != whole.lead or any(one.id == found.lead.id and one.action in OF_DEALS for one in found.records):
        return facts
    kept: list[Fact] = [fact for fact in facts if not isinstance(fact, _Old | Held | Settled)]
    kept += [fact for fact in facts if isinstance(fact, _Old) and _time_ms(fact) >= sure_ms]
    kept += (Held(fact) for fact in old if isinstance(fact, PlatformForm | Recorded))
    kept += (fact for fact in facts if isinstance(fact, Held) and not isinstance(fact.fact, Visit))
    kept += (Held(visit) for visit in _touches(facts, found.cut_ms, sure_ms))
    kept += _last_told(found.told)
    first = min((fact for fact in old if isinstance(fact, Evidence)), key=lambda e: (e.time_ms, e.id), default=None)
    if first is not None:
        kept.append(first)
    kept.append(_past(found, whole, old, sure_ms, rules))
    return kept


def _past(found: Gathered, whole: Gathered, old: Iterable[_Old], sure_ms: int, rules: Rules) -> Settled:
    """Make one past of what is old and of what was settled before; `whole` knows deals as well."""
    crossed = scored(whole, sure_ms - 1, rules).crossed
    waiting = ((rule, silences(found, rule, within_ms, sure_ms - 1)[1]) for rule, within_ms, _ in found.plan.silences)
    names = found.plan.names
    appointments = [*_appointments(old, found.cut_ms)]
    return Settled(
        of=found.lead.id,
        sure_ms=sure_ms,
        rules=rules.score_hash,
        active_ms=found.active_ms,
        newest_ms=found.newest_ms,
        first_session_ms=found.first_session_ms,
        nurtured_ms=found.nurtured_ms,
        began=tuple(sorted(_began(found, old).items())),
        scored=_by_day(found, sure_ms),
        crossed=tuple(sorted((limit, time_ms) for limit, time_ms in crossed.items() if time_ms < sure_ms)),
        waiting=tuple((names[rule], since_ms) for rule, since_ms in waiting if since_ms),
        booked=_named(found, appointments, "booked"),
        cancelled=_named(found, appointments, "cancelled"),
        credit=_written(deals.credit_of_lead(found)),
        deals=tuple((deal.id, _written(deal.credit)) for deal in deals.won(whole) if deal.time_ms < sure_ms),
    )


def _by_day(found: Gathered, sure_ms: int) -> tuple[tuple[str, tuple[tuple[int, int], ...]], ...]:
    """Count how often each rule had points on which days; a rule that counts once goes by first times."""
    once = {rule for rule, _ in found.plan.single}
    times, _ = points_times(found, sure_ms - 1)
    return tuple(
        (found.plan.names[rule], tuple(sorted(Counter(time_ms // DAY_MS for time_ms in times[rule]).items())))
        for rule in sorted(times)
        if rule not in once
    )


def _began(found: Gathered, old: Iterable[_Old]) -> Mapping[str, int]:
    """Give the first time of whatever rules could name, whether they do by now or not."""
    began: dict[str, int] = {}
    for past in found.settled:
        for fact, time_ms in past.began:
            began[fact] = earlier(began.get(fact, 0), time_ms)
    for one in old:
        if _time_ms(one) >= found.cut_ms or isinstance(one, PlatformForm | Recorded):
            for fact in _speaks_for(one):
                began[fact] = earlier(began.get(fact, 0), _time_ms(one))
    return began


def _speaks_for(fact: _Old) -> Iterator[str]:
    """Name what a fact is in the words of rules; what a held record says is read there."""
    match fact:
        case Visit():
            if fact.pricing_ms:
                yield "page:pricing"
            if fact.cart_ms:
                yield "page:cart"
        case Submitted() | PlatformForm():
            form_type = fact.form_type if isinstance(fact, Submitted) else fact.action
            told = (("form", form_type), ("form_stage", fact.offer_stage), ("event", fact.event))
            yield from (f"{family}:{value}" for family, value in told if value)
        case Mailed():
            yield f"mail:{fact.what}"
        case Booked():
            yield "booked"
        case Cancelled():
            yield "cancelled"
        case Recorded():
            if fact.action in ("appointment_booked", "appointment_cancelled"):
                yield fact.action.removeprefix("appointment_")
        case Told():
            yield from (f"company:{field}={value}" for field in COMPANY_FIELDS if (value := getattr(fact, field)))
        case _:
            pass


def _appointments(old: Iterable[_Old], cut_ms: int) -> Iterator[tuple[str, str]]:
    """Give what became of which appointments."""
    for fact in old:
        if isinstance(fact, Booked | Cancelled):
            if fact.time_ms >= cut_ms:
                yield ("booked" if isinstance(fact, Booked) else "cancelled"), fact.appointment
        elif isinstance(fact, Recorded) and fact.action.startswith("appointment_") and fact.appointment:
            yield fact.action.removeprefix("appointment_"), fact.appointment


def _named(found: Gathered, appointments: Iterable[tuple[str, str]], what: str) -> tuple[str, ...]:
    names = {name for became, name in appointments if became == what}
    for past in found.settled:
        names.update(past.booked if what == "booked" else past.cancelled)
    return tuple(sorted(names))


def _touches(facts: Iterable[Fact], cut_ms: int, sure_ms: int) -> Iterator[Visit]:
    """Give the old sessions that credit can still reach; and the first and the last one."""
    every = [fact.fact if isinstance(fact, Held) else fact for fact in facts]
    visits = [one for one in every if isinstance(one, Visit) and cut_ms <= one.start_ms < sure_ms]
    visits.sort(key=lambda one: (one.start_ms, one.channel, one.campaign, one.campaign_id))
    for at, visit in enumerate(visits, 1):
        near = visit.start_ms > sure_ms - TOUCH_MS and at > len(visits) - MOST_TOUCHES
        if near or at in (1, len(visits)):
            yield visit


def _last_told(told: Iterable[Told]) -> list[Told]:
    """Keep what holds of the company, and one fact a framework for all that is known by it."""
    ordered = sorted(told, key=lambda one: (one.time_ms, one.id))
    last = {field: one for one in ordered for field in COMPANY_FIELDS if getattr(one, field)}
    known: dict[str, set[str]] = {}
    for one in ordered:
        if one.framework:
            known.setdefault(one.framework, set()).update(one.known)
    out = [one for one in ordered if any(one is kept for kept in last.values())]
    for framework, fields in known.items():
        out.append(Told("", ordered[0].time_ms, "", framework, tuple(sorted(fields))))
    return out


def _written(credit: Mapping[str, Shares]) -> tuple[tuple[str, tuple[tuple[str, str, str, int], ...]], ...]:
    return tuple(
        (model, tuple(sorted((*where, micro) for where, micro in shares.items()))) for model, shares in credit.items()
    )


def _settled_ms(facts: Iterable[Fact]) -> int:
    return max((fact.sure_ms for fact in facts if isinstance(fact, Settled)), default=0)


def _time_ms(fact: _Old) -> int:
    return fact.start_ms if isinstance(fact, Visit) else fact.time_ms
