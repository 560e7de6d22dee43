"""Deals: what a lead bought, and what was given back.

In:  the facts of a lead, gathered.
Out: won deals with credit of their own, deals that were lost, refunds.

A deal without a name is one of its own each time that it is told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from stream.stages.leads.credit import credit, path
from stream.stages.leads.gather import Gathered
from stream.stages.leads.view import Refunded, Shares, WonDeal


class _Told(NamedTuple):
    time_ms: int
    id: str
    deal: str
    value: int | None
    currency: str
    new_customer: bool | None


def won(found: Gathered) -> tuple[WonDeal, ...]:
    """Give the deals that were won, by time; unless told otherwise the first one is that of a new customer."""
    if not (found.deals or found.deals_told):
        return ()
    told = [_Told(d.won_ms, d.id, d.deal, d.value, d.currency, d.new_customer) for d in found.deals if d.won_ms]
    told += [
        _Told(one.time_ms, one.id, "", None, "", one.new_customer)
        for one in found.records
        if one.action == "deal_won" and not one.deal
    ]
    told.sort(key=lambda one: one[:2])
    given = {
        deal: {model: _shares(rows) for model, rows in models} for past in found.settled for deal, models in past.deals
    }
    return tuple(
        WonDeal(
            one.deal,
            one.time_ms,
            one.id,
            one.value,
            one.currency,
            one is told[0] if one.new_customer is None else one.new_customer,
            given.get(one.id) or credit(path(found.touches, one.time_ms), one.time_ms),
        )
        for one in told
    )


def lost(found: Gathered) -> tuple[int, ...]:
    """Give when deals were lost that were never won."""
    if not (found.deals or found.deals_told):
        return ()
    times = [deal.lost_ms for deal in found.deals if deal.lost_ms and not deal.won_ms]
    times += [one.time_ms for one in found.records if one.action == "deal_lost" and not one.deal]
    return tuple(sorted(times))


def refunded(found: Gathered) -> tuple[Refunded, ...]:
    """Give refunds, by time; over: those with which more was given back than the deal was worth."""
    if not found.refunds:
        return ()
    worth = {deal.deal: (deal.value, deal.currency) for deal in found.deals if deal.won_ms}
    back: defaultdict[str, int] = defaultdict(int)
    out = []
    for one in sorted(found.refunds, key=lambda refund: (refund.time_ms, refund.id)):
        value, currency = worth.get(one.deal, (None, ""))
        over = False
        if value is not None and currency == one.currency:
            back[one.deal] += one.value
            over = back[one.deal] > value
        out.append(Refunded(one.deal, one.time_ms, one.value, one.currency, over))
    return tuple(out)


def _shares(rows: tuple[tuple[str, str, str, int], ...]) -> Shares:
    return {(channel, campaign, id): micro for channel, campaign, id, micro in rows}


def credit_of_lead(found: Gathered) -> Mapping[str, Shares]:
    """Give the credit for becoming a lead: as it was settled, or by its path."""
    lead = found.lead
    for past in found.settled:
        if past.of == lead.id:
            return {model: _shares(rows) for model, rows in past.credit}
    return credit(path(found.touches, lead.time_ms), lead.time_ms)
