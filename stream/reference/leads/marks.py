"""Marks of leads: everything that one lead counts for.

In:  a lead.
Out: marks in panes of time, what stands until it is taken back, and spells: who is on the way from where to where.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, pairwise
from typing import Final, NamedTuple

from stream.reference.events import DAY_MS, Mark, Series, series
from stream.reference.leads.lead import Lead
from stream.reference.leads.rules import Rules
from stream.reference.people import PAID, lead

#: How long open leads have been in their stage, at most.
AGES: Final = (("1d", DAY_MS), ("7d", 7 * DAY_MS), ("30d", 30 * DAY_MS), ("90d", 90 * DAY_MS))
REACHED, LEFT, WAITS = "reached", "left", "waits"
MQL, SQL = "mql", "sql"


class Spell(NamedTuple):
    """Somebody of a cohort: since when, how that ended or not, and after how long."""

    series: Series
    from_ms: int
    fate: str
    took_ms: int | None = None  # until it was reached, or given up; None: it still goes on, or it went backwards


def _bool(value: bool) -> str:
    return "true" if value else "false"


def fate_of(one: Lead, from_ms: int, to_ms: int | None) -> tuple[str, int | None]:
    """Say what became of somebody who was to get from one moment to another."""
    if to_ms is not None:
        return REACHED, to_ms - from_ms if to_ms >= from_ms else None
    if one.ended_ms is not None:
        return LEFT, max(0, one.ended_ms - from_ms)
    return WAITS, None


def pairs_of_times(rules: Rules) -> list[tuple[str, str]]:
    """List the pairs whose times are followed: neighbours, neighbours of those implied, the first stage and each."""
    ladder = rules.ladder
    firm = [stage.name for stage in rules.stages if stage.implied or stage.name in (ladder[0], ladder[-1])]
    return list(dict.fromkeys([*pairwise(ladder), *pairwise(firm), *((ladder[0], name) for name in ladder[1:])]))


def spells_of(one: Lead) -> Iterator[Spell]:
    """Give the cohorts that a lead is in."""
    site, entered, ladder = one.known.site, one.entered, one.rules.ladder
    first, last = ladder[0], ladder[-1]
    nurtured = _bool(one.nurtured)

    def spell(name: str, from_ms: int, to_ms: int | None, **labels: str) -> Spell:
        return Spell(series(name, site=site, **labels), from_ms, *fate_of(one, from_ms, to_ms))

    for start, end in combinations(ladder, 2):
        if start in entered:
            yield spell("_pair", entered[start], entered.get(end), **{"from": start, "to": end})
    if MQL in entered and SQL in ladder:
        yield spell("_mql", entered[MQL], entered.get(SQL), nurtured=nurtured)
    if SQL in ladder:
        yield spell("_quality", entered[first], entered.get(SQL))
    to_customer = entered[first], entered.get(last)
    evidence = one.evidence
    yield spell("_prospect", *to_customer, nurtured=nurtured)
    yield spell("_channel_prospect", *to_customer, channel=evidence.way.channel)
    yield spell("_campaign_prospect", *to_customer, campaign=evidence.way.campaign)
    if evidence.offer:
        yield spell("_offer_prospect", *to_customer, offer=evidence.offer)
    for name, value in one.segments.items():
        yield spell("_segment", *to_customer, segment=name, value=value)
    if one.assigned is not None:
        yield spell("_rep", one.assigned[0], entered.get(last), rep=one.rep)
    called_ms = one.first_ms("call_completed")
    if called_ms is not None:
        yield spell("_called", called_ms, entered.get(last))
    for event, from_ms in _registered(one).items():
        yield spell("_registered", from_ms, _attended(one, event), event=event)


def _registered(one: Lead) -> dict[str, int]:
    out: dict[str, int] = {}
    for form in sorted(one.known.forms):
        if form.event:
            out.setdefault(form.event, form.at_ms)
    return out


def _attended(one: Lead, event: str) -> int | None:
    came = (
        record.at_ms for record in one.known.crm if record.action == "attended" and record.data.get("event_id") == event
    )
    return min(came, default=None)


def marks_of(one: Lead) -> Iterator[Mark]:
    """Give what a lead counts for in the panes of time."""
    yield from _capture(one)
    yield from _stages(one)
    yield from _times(one)
    yield from _credit(one)
    yield from _money(one)


def _capture(one: Lead) -> Iterator[Mark]:
    """Count the lead once, whoever else counted it where it was read, and by how much that was too often."""
    site, shown = one.known.site, one.evidence
    yield from lead(site, shown.at_ms, shown.method, shown.way.channel, shown.action, shown.offer_stage, shown.event)
    if shown.method in ("form", "chatbot"):
        yield Mark(series("_site_leads", site=site), shown.at_ms)
    for counted in sorted(one.known.counted)[1:]:
        yield Mark(series("merged_leads", site=site), counted.at_ms)


def _stages(one: Lead) -> Iterator[Mark]:
    site, course, ladder = one.known.site, one.course, one.rules.ladder
    for stage, at_ms in one.entered.items():
        yield Mark(series("stage_leads", site=site, stage=stage), at_ms)
        earlier = ladder[: ladder.index(stage)]
        if any(one.entered.get(name, at_ms) > at_ms for name in earlier):
            yield Mark(series("stage_out_of_order", site=site, stage=stage), at_ms)
    for at_ms, stage in course.moved_back:
        yield Mark(series("stage_moves_back", site=site, stage=stage), at_ms)
    if course.reopened is not None:
        yield Mark(series("stage_reopened", site=site, stage=course.reopened[1]), course.reopened[0])
    if course.lost_ms is not None:
        yield Mark(series("leads_lost", site=site, stage=course.stage, reason=course.reason), course.lost_ms)
    for threshold, at_ms in one.crossed.items():
        yield Mark(series("mqls", site=site, threshold=str(threshold)), at_ms)
    if one.assigned is not None:
        at_ms, how = one.assigned
        yield Mark(series("leads_assigned", site=site, assignment=how), at_ms)
        if MQL in ladder:
            yield Mark(series("_assigned", site=site), at_ms)
            yield Mark(series("_premature", site=site), at_ms, int(one.entered.get(MQL, at_ms + 1) > at_ms))
    last_ms = one.entered.get(ladder[-1])
    if last_ms is not None:
        yield Mark(series("_customers", site=site), last_ms)
    for record in one.known.crm:
        if record.action == "call_completed":
            yield Mark(series("calls_completed", site=site), record.at_ms)


def _times(one: Lead) -> Iterator[Mark]:
    """Mark how long things took, when they were done; what runs backwards took no time that could be told."""
    site, entered, ladder = one.known.site, one.entered, one.rules.ladder

    def took(name: str, from_ms: int | None, to_ms: int | None, **labels: str) -> Iterator[Mark]:
        if from_ms is not None and to_ms is not None and to_ms >= from_ms:
            yield Mark(series(name, site=site, **labels), to_ms, to_ms - from_ms)

    for start, end in pairs_of_times(one.rules):
        yield from took("_stage_ms", entered.get(start), entered.get(end), **{"from": start, "to": end})
    yield from took("_to_lead_ms", one.first_visit_ms, one.at_ms)
    yield from took("_cycle_ms", one.at_ms, entered.get(ladder[-1]))
    yield from took("_response_ms", one.at_ms, one.first_ms("first_response"))
    yield from took("_assignment_ms", one.at_ms, one.first_ms("assigned"))


def _credit(one: Lead) -> Iterator[Mark]:
    site = one.known.site
    for model, shares in one.credit.items():
        for way, micros in shares.items():
            if model == "first":  # all models give as much in all
                yield Mark(series("_all_credit", site=site), one.at_ms, micros)
            yield Mark(series("_credit", site=site, model=model, channel=way.channel), one.at_ms, micros)
            yield Mark(series("_campaign_credit", site=site, model=model, campaign=way.campaign), one.at_ms, micros)
            for ad in {way.campaign, way.campaign_id} - {""}:
                yield Mark(series("_ad_credit", site=site, model=model, campaign=ad), one.at_ms, micros)
    for deal in one.known.deals:
        for model, shares in one.credit_of(deal).items() if deal.amount is not None else ():
            for way, micros in shares.items():
                labels = {"site": site, "model": model, "currency": deal.currency}
                yield Mark(series("attributed_revenue", **labels, channel=way.channel), deal.at_ms, micros)
                yield Mark(series("campaign_attributed_revenue", **labels, campaign=way.campaign), deal.at_ms, micros)
                if way.channel in PAID:
                    yield Mark(series("_paid_revenue", **labels), deal.at_ms, micros)
                    for ad in {way.campaign, way.campaign_id} - {""}:
                        yield Mark(series("_ad_revenue", **labels, campaign=ad), deal.at_ms, micros)


def _money(one: Lead) -> Iterator[Mark]:
    site, nurtured = one.known.site, _bool(one.nurtured)
    for deal in one.known.deals:
        if one.is_new(deal):
            yield Mark(series("_new_customers", site=site), deal.at_ms)
        if deal.amount is not None:
            labels = {"site": site, "currency": deal.currency, "nurtured": nurtured}
            yield Mark(series("_deal_micros", **labels), deal.at_ms, deal.amount)
            yield Mark(series("_deals_valued", **labels), deal.at_ms)


def standing_of(one: Lead) -> Iterator[tuple[Series, int]]:
    """Give what a lead counts for now."""
    site, clock_ms = one.known.site, one.clock_ms
    rewards: dict[str, int] = {}
    for deal in one.known.deals:
        if deal.amount is not None:
            rewards[deal.currency] = rewards.get(deal.currency, 0) + deal.amount
    for currency in rewards:
        yield series("_payers", site=site, currency=currency), 1
    if one.known.deals:
        for refund in one.known.refunds:
            rewards[refund.currency] = rewards.get(refund.currency, 0) - refund.amount
        yield series("_buyers", site=site), 1
        yield series("_repeaters", site=site), int(len(one.known.deals) > 1)
    for currency, micros in rewards.items():
        yield series("_worth", site=site, currency=currency), micros
    if one.expired_ms is not None:
        return
    yield series("identified_leads", site=site), int(one.identified)
    yield series("band_leads", site=site, band=one.band), 1
    for framework, known in one.qualified.items():
        yield series("_qualified", site=site, framework=framework), known
        yield series("_asked", site=site, framework=framework), 1
    if not one.open:
        return
    stage, since_ms = one.course.stage, one.course.since_ms
    age = next((name for name, most_ms in AGES if clock_ms - since_ms <= most_ms), "older")
    yield series("open_leads", site=site, stage=stage, age=age), 1
    yield series("stale_leads", site=site, stage=stage), int(clock_ms - one.active_ms > one.rules.stale_after_ms)
    yield series("rep_open_leads", site=site, rep=one.rep), 1
    if one.first_ms("first_response") is None:
        late = clock_ms - one.at_ms > one.rules.answer_within_ms
        yield series("unanswered_leads", site=site), int(late)
