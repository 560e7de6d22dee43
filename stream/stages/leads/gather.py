"""Gather: the facts of a lead by what they speak for.

In:  facts in any order, rules.
Out: Gathered: who it is and since when; first times of what rules name; the times that have points; touches, mails,
     records, deals. None where nobody is a lead.

What a visitor did, or was mailed, more than 35 days before becoming a lead counts for nothing: it is not remembered of
those who are no lead yet.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from stream.identity.facts import (
    Booked,
    Cancelled,
    Counted,
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
from stream.lifecycle.plan import NO_HITS, Hits, Plan
from stream.lifecycle.rules import Rules
from stream.lifecycle.words import COMPANY_FIELDS
from stream.stages.leads.view import Capture, Touch

DAY_MS: Final = 86_400_000
#: What is known of somebody who is no lead yet goes back so far.
REMEMBERED_MS: Final = 35 * DAY_MS
#: Records of a deal make a lead only where nothing else does: a deal can be won before anybody was written down.
OF_DEALS: Final = ("deal_won", "deal_lost", "refund")
_NOTHING: Final[Mapping[str, Hits]] = {}


class Gathered:
    """What the facts of one lead speak for; filled by `gather`."""

    __slots__ = (
        "active_ms", "counted", "cut_ms", "deals", "delivered", "early", "first_session_ms", "firsts", "lead",
        "newest_ms", "nurtured_ms", "opened", "plan", "records", "refunds", "registered", "settled", "sure_ms", "times",
        "told", "touches", "waiting",
    )  # fmt: skip

    def __init__(self, lead: Capture, plan: Plan) -> None:
        self.lead, self.plan = lead, plan
        self.cut_ms = lead.time_ms - REMEMBERED_MS
        self.firsts = [0] * len(plan.facts)  # when each fact that rules name first held
        self.times: dict[int, list[int]] = defaultdict(list)  # by rule: whenever it has points
        self.delivered: list[int] = []
        self.opened: list[int] = []  # and clicked, and replied
        self.touches: list[Touch] = []
        self.registered: dict[str, int] = {}
        self.counted: tuple[Counted | PlatformForm, ...] = ()
        self.records: Sequence[Recorded] = ()  # by time and id
        self.told: Sequence[Told] = ()
        self.deals: Sequence[Deal] = ()
        self.refunds: Sequence[Refund] = ()
        self.settled: Sequence[Settled] = ()
        self.sure_ms = 0  # before it days are all that is known
        self.early: set[int] = set()  # times before it that are known all the same
        self.waiting: list[tuple[int, int]] = []  # a rule of silence, since when
        self.active_ms = self.newest_ms = lead.time_ms
        self.first_session_ms = self.nurtured_ms = 0

    def hit(self, hits: Hits, time_ms: int) -> None:
        """Note that what these hits stand for happened."""
        firsts, times = self.firsts, self.times
        for place in hits.facts:
            if not firsts[place] or time_ms < firsts[place]:
                firsts[place] = time_ms
        for rule in hits.rules:
            times[rule].append(time_ms)

    def began(self, family: str, value: str, time_ms: int) -> None:
        """Note that something happened whose points are among those of the settled past."""
        self.hit(Hits(self.hits(family, value).facts), time_ms)

    def alive(self, time_ms: int) -> None:
        """Note a sign of life."""
        if time_ms > self.active_ms:
            self.active_ms = time_ms

    def known(self, time_ms: int) -> None:
        """Note that there is a fact."""
        if time_ms > self.newest_ms:
            self.newest_ms = time_ms

    def hits(self, family: str, value: str = "") -> Hits:
        """Give what a happening counts for."""
        return self.plan.families.get(family, _NOTHING).get(value, NO_HITS)


def gather(facts: Collection[Fact], rules: Rules) -> Gathered | None:
    """Sort facts by what they speak for."""
    by: defaultdict[type, list[Any]] = defaultdict(list)
    for fact in facts:
        by[fact.__class__].append(fact)
    held: defaultdict[type, list[Any]] = defaultdict(list)
    for one in by[Held]:
        held[one.fact.__class__].append(one.fact)
    records: list[Recorded] = by[Recorded] + held[Recorded]
    records.sort(key=_by_time)
    forms: list[PlatformForm] = by[PlatformForm] + held[PlatformForm]
    lead = _captured(by[Evidence], forms, records, by[Deal])
    if lead is None:
        return None
    found = Gathered(lead, rules.plan)
    counted: list[Counted | PlatformForm] = [*by[Counted], *(form for form in forms if form.counted)]
    found.counted = tuple(sorted(counted, key=_by_time))
    found.records, found.deals, found.refunds = records, by[Deal], by[Refund]
    found.told = [one for one in by[Told] if one.time_ms >= found.cut_ms]
    _mails(found, by[Mailed])
    _visits(found, by[Visit], held[Visit])
    _submits(found, by[Submitted])
    _forms(found, by[PlatformForm], held[PlatformForm])
    _records(found, by[Recorded], held[Recorded])
    pasts: list[Settled] = by[Settled]
    for what, kind in (("booked", Booked), ("cancelled", Cancelled)):
        past = [name for one in pasts for name in (one.booked if kind is Booked else one.cancelled)]
        _appointments(found, what, by[kind], by[Recorded], past)
    _companies(found)
    for evidence in by[Evidence]:
        found.alive(evidence.time_ms)
        found.known(evidence.time_ms)
    for refund in by[Refund]:
        found.known(refund.time_ms)
    if pasts:
        _settled(found, pasts, rules.score_hash)
    _deals(found, by[Deal])
    found.hit(found.hits("lead"), lead.time_ms)
    found.touches.sort()
    return found


def _by_time(fact: Counted | Evidence | PlatformForm | Recorded | Deal) -> tuple[int, str]:
    return fact.time_ms, fact.id


def _captured(
    evidence: Sequence[Evidence], forms: Sequence[PlatformForm], records: Sequence[Recorded], deals: Sequence[Deal]
) -> Capture | None:
    """Give the earliest evidence by time and id; records in their order."""
    told: list[Evidence | PlatformForm] = [*evidence, *forms]
    best = min(told, key=_by_time, default=None)
    first = next((one for one in records if one.action not in OF_DEALS), None)
    if first is not None and (best is None or _by_time(first) < _by_time(best)):
        return _recorded(first, records)
    if best is not None:
        method = best.method if isinstance(best, Evidence) else "ad_platform"
        return Capture(
            best.time_ms, best.id, method, best.channel, best.campaign, best.action, best.offer_stage, best.offer,
            best.offer_type, best.event, best.country, best.region, best.product, best.campaign_id,
        )  # fmt: skip
    if records:
        return _recorded(records[0], records)
    if deals:
        deal = min(deals, key=_by_time)
        return Capture(deal.time_ms, deal.id, "import", "offline", "")
    return None


def _recorded(first: Recorded, records: Sequence[Recorded]) -> Capture:
    """Make a capture of a record; if one says that the lead was created, it is that one which says how."""
    told = next((one for one in records if one.action == "lead_created"), first)
    return Capture(
        first.time_ms, first.id, told.method or "import", told.channel, told.campaign, event=told.event,
        country=told.country, region=told.region, product=told.product, campaign_id=told.campaign_id,
    )  # fmt: skip


def _mails(found: Gathered, mails: Sequence[Mailed]) -> None:
    hits, lead_ms, cut_ms = found.plan.families.get("mail", _NOTHING), found.lead.time_ms, found.cut_ms
    newest_ms, active_ms = found.newest_ms, found.active_ms
    for mail in mails:
        time_ms, what = mail.time_ms, mail.what
        if time_ms < cut_ms:
            continue
        if time_ms > newest_ms:
            newest_ms = time_ms
        if what == "delivered":
            found.delivered.append(time_ms)
            if mail.nurtures and time_ms > lead_ms and not 0 < found.nurtured_ms < time_ms:
                found.nurtured_ms = time_ms
        elif what != "unsubscribed":
            found.opened.append(time_ms)
            if time_ms > active_ms:
                active_ms = time_ms
        if what in hits:
            found.hit(hits[what], time_ms)
    found.newest_ms, found.active_ms = newest_ms, active_ms


def _visits(found: Gathered, visits: Sequence[Visit], held: Sequence[Visit]) -> None:
    for visit in visits:
        if visit.start_ms >= found.cut_ms:
            _visit(found, visit)
            if visit.pricing_ms:
                found.hit(found.hits("page", "pricing"), visit.pricing_ms)
            if visit.cart_ms:
                found.hit(found.hits("page", "cart"), visit.cart_ms)
    for visit in held:
        _visit(found, visit)


def _visit(found: Gathered, visit: Visit) -> None:
    start_ms = visit.start_ms
    found.touches.append((start_ms, visit.channel, visit.campaign, visit.campaign_id))
    found.alive(start_ms)
    found.known(start_ms)
    if not 0 < found.first_session_ms < start_ms:
        found.first_session_ms = start_ms


def _submits(found: Gathered, submits: Sequence[Submitted]) -> None:
    for form in submits:
        if form.time_ms >= found.cut_ms:
            found.hit(found.hits("form", form.form_type), form.time_ms)
            found.hit(found.hits("form_stage", form.offer_stage), form.time_ms)
            _form(found, form)


def _forms(found: Gathered, forms: Sequence[PlatformForm], held: Sequence[PlatformForm]) -> None:
    for form in forms:
        found.hit(found.hits("form", form.action), form.time_ms)
        found.hit(found.hits("form_stage", form.offer_stage), form.time_ms)
    for form in (*forms, *held):
        found.touches.append((form.time_ms, form.channel, form.campaign, form.campaign_id))
        _form(found, form)


def _form(found: Gathered, form: Submitted | PlatformForm) -> None:
    if form.event and not 0 < found.registered.get(form.event, 0) < form.time_ms:
        found.registered[form.event] = form.time_ms
    found.alive(form.time_ms)
    found.known(form.time_ms)


def _records(found: Gathered, fresh: Sequence[Recorded], held: Sequence[Recorded]) -> None:
    for record in fresh:
        found.hit(found.hits("crm_action", record.action), record.time_ms)
        if record.action == "stage_changed":
            found.hit(found.hits("crm", record.to), record.time_ms)
    for record in held:
        found.began("crm_action", record.action, record.time_ms)
        if record.action == "stage_changed":
            found.began("crm", record.to, record.time_ms)
    for record in found.records:
        found.alive(record.time_ms)
        found.known(record.time_ms)
        if record.action == "lead_created":
            found.touches.append((record.time_ms, record.channel, record.campaign, record.campaign_id))


def _appointments(
    found: Gathered, what: str, chats: Sequence[Booked | Cancelled], records: Sequence[Recorded], past: Collection[str]
) -> None:
    """Count an appointment once, however often chats and records tell of it; without a name each record is one."""
    times: dict[str, int] = {}
    for chat in chats:
        if chat.time_ms >= found.cut_ms:
            found.alive(chat.time_ms)
            found.known(chat.time_ms)
            times[chat.appointment] = min(chat.time_ms, times.get(chat.appointment, chat.time_ms))
    action = f"appointment_{what}"
    for record in records:
        if record.action == action:
            name = record.appointment or record.id
            times[name] = min(record.time_ms, times.get(name, record.time_ms))
    for name, time_ms in times.items():
        if name not in past:
            found.hit(found.hits(what), time_ms)


def _companies(found: Gathered) -> None:
    companies = found.plan.families.get("company", _NOTHING)
    for one in found.told:
        found.known(one.time_ms)
        for field in COMPANY_FIELDS if companies else ():
            if value := getattr(one, field):
                found.hit(found.hits("company", f"{field}={value}"), one.time_ms)


def _settled(found: Gathered, pasts: Sequence[Settled], score_hash: str) -> None:
    """Take what has been settled: days in place of times. By other rules crossings are worked out anew, by days."""
    found.settled = pasts
    found.sure_ms = max((past.sure_ms for past in pasts if past.rules == score_hash), default=0)
    found.early = {time_ms for times in found.times.values() for time_ms in times if time_ms < found.sure_ms}
    places = found.plan.places
    for past in pasts:
        found.alive(past.active_ms)
        found.known(past.newest_ms)
        if past.first_session_ms and not 0 < found.first_session_ms < past.first_session_ms:
            found.first_session_ms = past.first_session_ms
        if past.nurtured_ms and not 0 < found.nurtured_ms < past.nurtured_ms:
            found.nurtured_ms = past.nurtured_ms
        for fact, time_ms in past.began:
            family, _, value = fact.partition(":")
            if family == "event":
                found.registered[value] = min(time_ms, found.registered.get(value, time_ms))
            else:
                found.began(family, value, time_ms)
        for rule, days in past.scored:
            if rule in places:
                times = found.times[places[rule]]
                for day, often in days:
                    times.extend([day * DAY_MS] * often)
        found.waiting += [(places[rule], since_ms) for rule, since_ms in past.waiting if rule in places]


def _deals(found: Gathered, deals: Sequence[Deal]) -> None:
    for deal in deals:
        if deal.won_ms:
            found.hit(found.hits("won"), deal.won_ms)
        for time_ms in (deal.won_ms, deal.lost_ms):
            found.alive(time_ms)
            found.known(time_ms)
