"""Contribution: what a lead counts for, as a pure function of its view.

In:  the view of a lead; the rules.
Out: cells with amounts, each in the pane of a moment, or standing until it is taken back (no moment).

Whoever writes it takes the difference of before and after, so that a cell may come with one more and one less. Most
leads are alike in most of what they count for: cells that always come together are a bundle (`bundles`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from operator import attrgetter
from typing import Any, Final

from stream.changes.cells import LEFT, PAID, REACHED, WAITS, Cell
from stream.changes.durations import bucket_of
from stream.contract.form import FRAMEWORKS
from stream.identity.facts import Counted, Deal, PlatformForm, Refund
from stream.lifecycle.rules import Rules
from stream.stages.leads import bundles
from stream.stages.leads.bundles import Bundle
from stream.stages.leads.credit import MICRO, split
from stream.stages.leads.view import MODELS, Capture, Shares, View, Where
from stream.state.labels import UNKNOWN

#: (label, value) → a value of it that may be shown.
Admit = Callable[[str, str | None], str]
#: Takes a cell, the moment it is of (None: it stands) and an amount.
Out = Callable[[Cell, int | None, int], None]
#: Takes cells that come together, all with one moment and amount.
Together = Callable[[Bundle, int | None, int], None]

_ON_SITE: Final = ("form", "chatbot")
MQL: Final = "mql"
_NOBODY: Final = {(UNKNOWN, "", ""): MICRO}


def counted(site: str, view: View, rules: Rules, admit: Admit, out: Out, together: Together | None = None) -> None:
    """Tell all that a lead counts for; cells that come together one by one, unless somebody takes them so."""
    every = together or _one_by_one(out)
    for _, tell in _SECTIONS:
        tell(site, view, rules, admit, out, every)


def changed(
    site: str, was: View, now: View, rules: Rules, admit: Admit, out: Out, together: Together | None = None
) -> None:
    """Tell by what a lead counts for more and less now, both by the same rules.

    Mostly little of a lead has changed, and most of what it counts for need not be looked at.
    """
    every = together or _one_by_one(out)

    def back(cell: Cell, time_ms: int | None, amount: int) -> None:
        out(cell, time_ms, -amount)

    def every_back(bundle: Bundle, time_ms: int | None, amount: int) -> None:
        every(bundle, time_ms, -amount)

    for needs, tell in _SECTIONS:
        if needs(was) != needs(now):
            tell(site, was, rules, admit, back, every_back)
            tell(site, now, rules, admit, out, every)


def _one_by_one(out: Out) -> Together:
    def every(bundle: Bundle, time_ms: int | None, amount: int) -> None:
        for cell in bundle.cells:
            out(cell, time_ms, amount)

    return every


def alive(site: str, stage: str, was_ms: int, now_ms: int, out: Out) -> None:
    """Tell that a lead that is open has given another sign of life."""
    out(("active", site, stage), was_ms, -1)
    out(("active", site, stage), now_ms, 1)


def unattributed(site: str, deal: Deal, refunds: Collection[Refund], admit: Admit, out: Out) -> None:
    """Tell what a deal counts for that is of no lead, and the money of it that was given back."""
    if deal.won_ms:
        value = deal.value if deal.currency else None
        _won(site, deal.won_ms, value, deal.currency, deal.new_customer is not False, "false", out)
        if value is not None:
            _credited(site, deal.won_ms, value, deal.currency, dict.fromkeys(MODELS, _NOBODY), admit, out)
    elif deal.lost_ms:
        out(("deal_lost", site), deal.lost_ms, 1)
    back = 0
    for refund in sorted(refunds, key=lambda one: (one.time_ms, one.id)):
        back += refund.value if refund.currency == deal.currency else 0
        over = bool(deal.won_ms) and deal.value is not None and refund.currency == deal.currency and back > deal.value
        _refunded(site, refund.time_ms, refund.value, refund.currency, over, out)


def _as_a_lead(site: str, view: View, rules: Rules, admit: Admit, out: Out, together: Together) -> None:
    """Count the lead once, at its earliest evidence, and take back what was counted of it where that was read."""
    lead = view.lead
    on_site = "on_site" if lead.method in _ON_SITE else None
    paid = "paid" if lead.channel in PAID else None
    event = admit("event", lead.event) if lead.event else None
    if len(view.counted) == 1 and _is_as_counted(lead, view.counted[0], event):
        return  # as nearly all: it comes to nothing
    out(("lead", site, lead.method, lead.channel, on_site, paid), lead.time_ms, 1)
    out(("lead_deed", site, lead.action or UNKNOWN, lead.offer_stage or UNKNOWN, event), lead.time_ms, 1)
    earliest = min(view.counted, key=lambda told: (told.time_ms, told.id), default=None)
    for told in view.counted:
        if told is not earliest:
            out(("merged_lead", site), told.time_ms, 1)
        # as the shard counted it that read it, whose labels have been admitted there
        if isinstance(told, Counted):
            paid = "paid" if told.channel in PAID else None
            out(("lead", site, told.method, told.channel, "on_site", paid), told.time_ms, -1)
        else:
            out(("lead", site, "ad_platform", told.channel, None, "paid"), told.time_ms, -1)
        deed = told.action or UNKNOWN, told.offer_stage or UNKNOWN, told.event or None
        out(("lead_deed", site, *deed), told.time_ms, -1)


def _is_as_counted(lead: Capture, told: Counted | PlatformForm, event: str | None) -> bool:
    """Tell whether a lead counts for just what was counted where it was read."""
    return (
        told.time_ms == lead.time_ms
        and isinstance(told, Counted)
        and lead.method in _ON_SITE
        and (told.method, told.channel) == (lead.method, lead.channel)
        and (told.action or UNKNOWN) == (lead.action or UNKNOWN)
        and (told.offer_stage or UNKNOWN) == (lead.offer_stage or UNKNOWN)
        and (told.event or None) == event
    )


def _nurtured(view: View) -> str:
    return str(view.nurtured).lower()


def _ends_ms(view: View) -> int:
    """Give when a lead was lost or given up; 0: it was not."""
    return view.lost_ms or view.expired_ms


def _fate(reached: bool, ends_ms: int) -> int:
    """Tell what became of somebody who began something: got there, left before, or still waits."""
    return REACHED if reached else LEFT if ends_ms else WAITS


def _stages(site: str, view: View, rules: Rules, admit: Admit, out: Out, together: Together) -> None:
    """Count the stages that were entered, and how it went on from each of them."""
    nurtured, ends_ms = _nurtured(view), _ends_ms(view)
    entered, stages = view.entered, tuple(view.entered)
    for stage, at_ms in entered.items():
        together(bundles.of_stage(site, stage, rules.ladder, stages, nurtured, bool(ends_ms)), at_ms, 1)
    for start, end in rules.timed_pairs if ends_ms or len(stages) > 1 else ():
        from_ms, to_ms = entered.get(start), entered.get(end)
        if from_ms is None:
            continue
        if to_ms is None:
            if ends_ms:
                out(("spell", site, start, end, bucket_of(max(0, ends_ms - from_ms)), LEFT), from_ms, 1)
        elif to_ms >= from_ms:  # who was there before has no duration
            first, bucket = "first" if start == rules.first else None, bucket_of(to_ms - from_ms)
            out(("spell", site, start, end, bucket, REACHED), from_ms, 1)
            out(("took", site, start, end, first, bucket), to_ms, 1)
            out(("took_ms", site, start, end), to_ms, to_ms - from_ms)
    for stage in view.out_of_order:
        out(("out_of_order", site, stage), entered[stage], 1)
    for move in view.moves_back:
        out(("moved_back", site, move.to), move.time_ms, 1)
    for at_ms, stage in view.reopened[:1]:  # leads are counted, not how often they came back
        out(("reopened", site, stage), at_ms, 1)
    for threshold, at_ms in view.crossed.items():
        if MQL in rules.rank:
            out(("threshold", site, str(threshold)), at_ms, 1)


def _became_customer(site: str, view: View, rules: Rules, admit: Admit, out: Out, together: Together) -> None:
    """Count whether the lead became a customer, by what it came by and what kind of a lead it is."""
    nurtured, ends_ms = _nurtured(view), _ends_ms(view)
    lead, customer_ms = view.lead, view.entered.get(rules.last)
    at_ms, fate = lead.time_ms, _fate(customer_ms is not None, ends_ms)
    offer = admit("offer", lead.offer) if lead.offer else None
    out(("origin", site, lead.channel, admit("campaign", lead.campaign), offer, nurtured, fate), at_ms, 1)
    told = (*view.company, lead.country, lead.region, lead.product, lead.offer_type)
    together(
        bundles.of_segments(site, tuple([admit("value", value) if value else UNKNOWN for value in told]), fate),
        at_ms,
        1,
    )
    _lag(site, "time_to_lead", view.first_session_ms, at_ms, out)
    if customer_ms is not None:
        out(("acquired", site), customer_ms, 1)
        _lag(site, "sales_cycle", at_ms, customer_ms, out)


def _sales(site: str, view: View, rules: Rules, admit: Admit, out: Out, together: Together) -> None:
    """Count what sales did, and what came of it; and who came to the events that they signed up for."""
    customer_ms, ends_ms = view.entered.get(rules.last), _ends_ms(view)
    fate = _fate(customer_ms is not None, ends_ms)
    if view.lost_ms:
        out(("lost", site, view.stage, admit("reason", view.lost_reason)), view.lost_ms, 1)
    if view.first_response_ms:
        _lag(site, "speed_to_lead", view.lead.time_ms, view.first_response_ms, out)
    if view.assigned_ms:
        premature = str(view.premature).lower() if MQL in rules.rank else None
        out(("assigned", site, view.assignment or UNKNOWN, premature), view.assigned_ms, 1)
        out(("rep", site, admit("rep", view.rep), fate), view.assigned_ms, 1)
        _lag(site, "assignment_lag", view.lead.time_ms, view.assigned_ms, out)
        _lag(site, "rep_win", view.assigned_ms, customer_ms, out)
    for at_ms in view.calls:
        out(("call", site), at_ms, 1)
    if view.calls:
        first_ms = min(view.calls)
        out(("called", site, fate), first_ms, 1)
        _lag(site, "call_conversion", first_ms, customer_ms, out)
    for event, at_ms in view.registered.items():
        came_ms = view.attended.get(event)
        out(("attendance", site, admit("event", event), _fate(came_ms is not None, ends_ms)), at_ms, 1)
        _lag(site, "event_attendance", at_ms, came_ms, out)


def _stands(site: str, view: View, rules: Rules, admit: Admit, out: Out, together: Together) -> None:
    """Count the lead among those that stand somewhere now; who is given up stands nowhere."""
    if view.expired_ms:
        return
    for framework, known in view.frameworks.items():
        out(("framework_known", site, framework), None, len(known))
        out(("framework_fields", site, framework), None, len(FRAMEWORKS[framework]))
    if view.lost_ms or view.stage == rules.last:
        out(("band", site, view.band), None, 1)
        return
    stage = view.stage
    waits = not view.first_response_ms
    together(bundles.standing(site, view.band, stage, admit("rep", view.rep), waits), None, 1)
    out(("open", site, stage), view.since_ms, 1)
    out(("active", site, stage), view.active_ms, 1)
    if waits:
        out(("unanswered", site), view.lead.time_ms, 1)


def _credit(site: str, view: View, rules: Rules, admit: Admit, out: Out, together: Together) -> None:
    """Share the lead out among what led to it, by each model."""
    whole = view.credit[MODELS[0]]
    if len(whole) == 1 and all(view.credit[model] is whole for model in MODELS):
        for where, share in whole.items():
            together(bundles.of_credit(site, *_touch(where, admit)), view.lead.time_ms, share)
        return
    for model in MODELS:
        for where, share in view.credit[model].items():
            out(("credit", site, model, *_touch(where, admit)), view.lead.time_ms, share)


def _money(site: str, view: View, rules: Rules, admit: Admit, out: Out, together: Together) -> None:
    """Count the deals of a lead, what they brought, whose merit that is, and what it makes of a customer."""
    nurtured = _nurtured(view)
    net: dict[str, int] = {}
    paying = set()
    for deal in view.deals:
        value = deal.value if deal.currency else None
        _won(site, deal.time_ms, value, deal.currency, deal.new_customer, nurtured, out)
        if value is not None:
            _credited(site, deal.time_ms, value, deal.currency, deal.credit, admit, out)
            net[deal.currency] = net.get(deal.currency, 0) + value
            paying.add(deal.currency)
    for at_ms in view.deals_lost:
        out(("deal_lost", site), at_ms, 1)
    for refund in view.refunds:
        _refunded(site, refund.time_ms, refund.value, refund.currency, refund.over, out)
        net[refund.currency] = net.get(refund.currency, 0) - refund.value
    if view.deals:
        out(("customer", site, "repeat" if len(view.deals) > 1 else None), None, 1)
        for currency, amount in net.items():
            out(("net", site, currency), None, amount)
        for currency in paying:
            out(("customer_in", site, currency), None, 1)


def _won(site: str, at_ms: int, value: int | None, currency: str, is_new: bool, nurtured: str, out: Out) -> None:
    """Count a deal that was won, and its value."""
    new = "new" if is_new else None
    if value is None:
        out(("won", site, None, nurtured, new, "valueless"), at_ms, 1)
        return
    out(("won", site, currency, nurtured, new, None), at_ms, 1)
    out(("revenue", site, currency, nurtured), at_ms, value)


def _refunded(site: str, at_ms: int, value: int, currency: str, over: bool, out: Out) -> None:
    """Count money that was given back."""
    out(("refund", site, currency), at_ms, value)
    if over:
        out(("refund_over", site), at_ms, 1)


def _credited(
    site: str, at_ms: int, value: int, currency: str, credit: Mapping[str, Shares], admit: Admit, out: Out
) -> None:
    """Share the value of a deal out, by each model."""
    for model, shares in credit.items():
        for where, amount in split(value, shares).items():
            out(("credit_revenue", site, model, *_touch(where, admit), currency), at_ms, amount)


def _touch(where: Where, admit: Admit) -> tuple[str, str, str | None, str | None]:
    """Name what a touch is credited to: channel, campaign, its id where that is another text, and if it is paid."""
    channel, campaign, campaign_id = where
    other = admit("campaign_id", campaign_id) if campaign_id and campaign_id != campaign else None
    return channel, admit("campaign", campaign), other, "paid" if channel in PAID else None


def _lag(site: str, lag: str, from_ms: int, to_ms: int | None, out: Out) -> None:
    """Count how long something took; what did not happen, or not in this order, has no duration."""
    if from_ms and to_ms is not None and to_ms >= from_ms:
        out(("lag", site, lag, bucket_of(to_ms - from_ms)), to_ms, 1)
        out(("lag_ms", site, lag), to_ms, to_ms - from_ms)


#: What a lead counts for, in parts: what of a view each of them is made of, and how it is told.
_SECTIONS: Final[tuple[tuple[Callable[[View], Any], Callable[[str, View, Rules, Admit, Out, Together], None]], ...]] = (
    (attrgetter("lead", "counted"), _as_a_lead),
    (
        attrgetter(
            "entered", "nurtured", "lost_ms", "expired_ms", "out_of_order", "moves_back", "reopened", "crossed"
        ),
        _stages,
    ),
    (
        attrgetter("lead", "entered", "nurtured", "lost_ms", "expired_ms", "company", "first_session_ms"),
        _became_customer,
    ),
    (
        attrgetter(
            "lead", "entered", "lost_ms", "expired_ms", "stage", "lost_reason", "first_response_ms", "assigned_ms",
            "assignment", "premature", "rep", "calls", "registered", "attended",
        ),
        _sales,
    ),
    (
        attrgetter(
            "expired_ms", "band", "frameworks", "lost_ms", "stage", "since_ms", "active_ms", "rep",
            "first_response_ms", "lead",
        ),
        _stands,
    ),
    (attrgetter("lead", "credit"), _credit),
    (attrgetter("deals", "deals_lost", "refunds", "nurtured"), _money),
)  # fmt: skip
