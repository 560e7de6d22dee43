"""Views: what a lead amounts to, and what was told of it, as plain values.

In:  the view of a lead, the rules that it follows from; what stands in the topics of results.
Out: values that JSON has.
"""

from __future__ import annotations

from typing import Final

from stream.explain.shown import Table, time_of
from stream.identity.ids import FIELDS
from stream.lifecycle.rules import Rules
from stream.stages.leads.rows import Told
from stream.stages.leads.view import Refunded, Shares, Touch, View, WonDeal

_MICRO: Final = 1_000_000


def view_of(view: View, rules: Rules) -> Table:
    """Show what a lead amounts to."""
    lead = view.lead
    return {
        "became_lead": {
            "at": time_of(lead.time_ms), "capture_method": lead.method, "channel": lead.channel,
            "campaign": lead.campaign or None, "action": lead.action or None, "offer_stage": lead.offer_stage or None,
            "offer": lead.offer or None,
        },
        "stage": view.stage,
        "since": time_of(view.since_ms),
        "entered": {stage: time_of(at_ms) for stage, at_ms in view.entered.items()},
        "lost": time_of(view.lost_ms),
        "lost_reason": view.lost_reason or None,
        "score": view.score,
        "score_parts": [{"rule": part.rule, "points": part.points, "times": part.times} for part in view.parts],
        "band": view.band,
        "threshold": rules.threshold,
        "crossed": {str(threshold): time_of(at_ms) for threshold, at_ms in sorted(view.crossed.items())},
        "first_touch": _touch(view.first_touch),
        "last_touch": _touch(view.last_touch),
        "credit": {model: _shares(shares) for model, shares in view.credit.items()},
        "deals": [_deal(deal) for deal in view.deals],
        "deals_lost": [time_of(at_ms) for at_ms in view.deals_lost],
        "refunds": [_refund(refund) for refund in view.refunds],
        "rep": view.rep or None,
        "assigned": time_of(view.assigned_ms),
        "first_response": time_of(view.first_response_ms),
        "last_active": time_of(view.active_ms),
        "nurtured": view.nurtured,
        "changes_by_itself": time_of(view.due_ms),
    }  # fmt: skip


def told_of(told: Told) -> Table:
    """Show what stands of a lead in the topics of results."""
    return {
        "key": [told.site, FIELDS[told.type], told.text],
        "version": told.version,
        "stands": told.said is not None,
        "band": told.band or None,
        "changes": {name: change.hex() for name, change in told.changes.items()},
    }


def _touch(touch: Touch | None) -> Table | None:
    if touch is None:
        return None
    at_ms, channel, campaign, campaign_id = touch
    return {"at": time_of(at_ms), "channel": channel, "campaign": campaign or None, "campaign_id": campaign_id or None}


def _shares(shares: Shares) -> list[Table]:
    """Show shares in millionths; they add up to a million."""
    return [
        {"channel": channel, "campaign": campaign or None, "campaign_id": campaign_id or None, "share": share}
        for (channel, campaign, campaign_id), share in shares.items()
    ]


def _deal(deal: WonDeal) -> Table:
    return {
        "deal": deal.deal or None, "won": time_of(deal.time_ms),
        "value": None if deal.value is None else deal.value / _MICRO, "currency": deal.currency or None,
        "new_customer": deal.new_customer,
        "credit": {model: _shares(shares) for model, shares in deal.credit.items()},
    }  # fmt: skip


def _refund(refund: Refunded) -> Table:
    return {
        "deal": refund.deal or None, "at": time_of(refund.time_ms), "value": refund.value / _MICRO,
        "currency": refund.currency, "over_value": refund.over,
    }  # fmt: skip
