"""Counts: what a lead counts for in simulations: some of all that there is, each the kind of cell that there is.

In:  a view.
Out: cells with amounts, of a moment or standing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from stream.identity.facts import Counted, Deal, Refund
from stream.lifecycle.rules import Rules
from stream.stages.leads.view import View

Out = Callable[[Any, int | None, int], None]


def counted(site: str, view: View, rules: Rules, admit: Callable[[str, str | None], str], out: Out) -> None:
    """Tell what a lead counts for."""
    lead = view.lead
    out(("lead", site, lead.method, lead.channel), lead.time_ms, 1)
    for told in view.counted:
        method = told.method if isinstance(told, Counted) else "ad_platform"
        out(("lead", site, method, told.channel), told.time_ms, -1)
    for stage, at_ms in view.entered.items():
        out(("stage", site, stage), at_ms, 1)
    if view.lost_ms:
        out(("lost", site, view.stage), view.lost_ms, 1)
    elif not view.expired_ms and view.stage != rules.last:
        out(("open", site, view.stage), view.since_ms, 1)
        out(("open_all", site, view.stage), None, 1)
        out(("active", site, view.stage), view.active_ms, 1)
    if not view.expired_ms:
        out(("band", site, view.band), None, 1)
        out(("score", site), None, view.score)
    for limit, at_ms in view.crossed.items():
        out(("threshold", site, str(limit)), at_ms, 1)
    for model, shares in view.credit.items():
        for where, share in shares.items():
            out(("credit", site, model, *where), lead.time_ms, share)
    for deal in view.deals:
        out(("won", site, deal.currency, str(deal.new_customer)), deal.time_ms, 1)
        out(("revenue", site, deal.currency), deal.time_ms, deal.value or 0)
        out(("net", site, deal.currency), None, deal.value or 0)
    for refund in view.refunds:
        out(("refund", site, refund.currency, str(refund.over)), refund.time_ms, refund.value)
    for at_ms in view.deals_lost:
        out(("deal_lost", site), at_ms, 1)


def unattributed(
    site: str, deal: Deal, refunds: Collection[Refund], admit: Callable[[str, str | None], str], out: Out
) -> None:
    """Tell what a deal of nobody counts for."""
    if deal.won_ms:
        out(("won_by_nobody", site, deal.currency), deal.won_ms, 1)
        out(("net", site, deal.currency), None, deal.value or 0)
    elif deal.lost_ms:
        out(("deal_lost", site), deal.lost_ms, 1)
    for refund in refunds:
        out(("refund", site, refund.currency, ""), refund.time_ms, refund.value)
