"""Gather: the facts of a lead by what they speak for.

In:  facts in any order, rules.
Out: Gathered: who it is and since when; first times of what rules name; the times that have points; touches, mails,
     records, deals. None where nobody is a lead.

What a visitor did, or was mailed, more than 35 days before becoming a lead counts for nothing: it is not remembered of
those who are no lead yet.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from collections.abc import Set as AbstractSet
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
#: Records that move a lead, or close it.
MOVES: Final = ("stage_changed", "deal_lost", "disqualified")
_NONE_HELD: Final[dict[type, list[Any]]] = {}


class Gathered:
    """What the facts of one lead speak for; filled by `gather`."""

    counted: tuple[Counted | PlatformForm, ...] = ()
    records: Sequence[Recorded] = ()  # by time and id
    told: Sequence[Told] = ()
    deals: Sequence[Deal] = ()
    refunds: Sequence[Refund] = ()
    settled: Sequence[Settled] = ()
    sure_ms = 0  # before it days are all that is known
    early: AbstractSet[int] = frozenset()  # times before it that are known all the same
    waiting: Sequence[tuple[int, int]] = ()  # a rule of silence, since when a mail lies unopened
    first_session_ms = 0
    nurtured_ms = 0
    moves = False  # are there records that move the lead, or close it
    deals_told = False  # are there records of deals

    def __init__(self, lead: Capture, plan: Plan) -> None:
        self.lead, self.plan = lead, plan
        self.cut_ms = lead.time_ms - REMEMBERED_MS
        self.active_ms = self.newest_ms = lead.time_ms
        self.firsts: dict[int, int] = {}  # when each fact that rules name first held
        self.times: defaultdict[int, list[int]] = defaultdict(list)  # by rule: whenever it has points
        self.delivered: list[int] = []
        self.opened: list[int] = []  # and clicked, and replied
        self.touches: list[Touch] = []
        self.registered: dict[str, int] = {}
        self.appointments: list[Recorded] = []  # records of them that have not been settled

    def hit(self, hits: Hits, time_ms: int) -> None:
        """Note that what these hits stand for happened."""
        firsts = self.firsts
        for place in hits.facts:
            if place not in firsts or time_ms < firsts[place]:
                firsts[place] = time_ms
        for rule in hits.rules:
            self.times[rule].append(time_ms)

    def began(self, hits: Hits, time_ms: int) -> None:
        """Note the same of what has its points among those of the settled past."""
        self.hit(Hits(hits.facts), time_ms)

    def alive(self, time_ms: int) -> None:
        """Note a sign of life."""
        if time_ms > self.active_ms:
            self.active_ms = time_ms
        if time_ms > self.newest_ms:
            self.newest_ms = time_ms

    def known(self, time_ms: int) -> None:
        """Note a fact that is no sign of life."""
        if time_ms > self.newest_ms:
            self.newest_ms = time_ms


def gather(facts: Collection[Fact], rules: Rules) -> Gathered | None:
    """Sort facts by what they speak for."""
    by: defaultdict[type, list[Any]] = defaultdict(list)
    for fact in facts:
        by[fact.__class__].append(fact)
    held: dict[type, list[Any]] = _NONE_HELD
    if Held in by:
        held = defaultdict(list)
        for one in by[Held]:
            held[one.fact.__class__].append(one.fact)
    records: list[Recorded] = by.get(Recorded, []) + held.get(Recorded, [])
    if len(records) > 1:
        records.sort(key=_by_time)
    forms: list[PlatformForm] = by.get(PlatformForm, []) + held.get(PlatformForm, [])
    lead = _captured(by.get(Evidence, []) + forms, records, by.get(Deal, ()))
    if lead is None:
        return None
    found = Gathered(lead, rules.plan)
    found.counted = _counted(by.get(Counted, []), forms)
    if Mailed in by:
        _mails(found, by[Mailed])
    if Visit in by or held:
        _visits(found, by.get(Visit, ()), held.get(Visit, ()))
    if Submitted in by:
        _submits(found, by[Submitted])
    if Evidence in by:
        found.alive(max(evidence.time_ms for evidence in by[Evidence]))
    if forms:
        _forms(found, by.get(PlatformForm, ()), held.get(PlatformForm, ()))
    if records:
        found.records = records
        _records(found, by.get(Recorded, ()), held.get(Recorded, ()))
    if Booked in by or Cancelled in by or found.appointments:
        pasts: Sequence[Settled] = by.get(Settled, ())
        _appointments(found, "booked", by.get(Booked, ()), pasts)
        _appointments(found, "cancelled", by.get(Cancelled, ()), pasts)
    if Told in by:
        _tell(found, by[Told])
    if Settled in by:
        _settled(found, by[Settled], rules.score_hash)
    if Deal in by:
        _deals(found, by[Deal])
    if Refund in by:
        found.refunds = by[Refund]
        found.known(max(refund.time_ms for refund in found.refunds))
    if "lead" in found.plan.alone:
        found.hit(found.plan.alone["lead"], lead.time_ms)
    found.touches.sort()
    return found


def _by_time(fact: Counted | Evidence | PlatformForm | Recorded | Deal) -> tuple[int, str]:
    return fact.time_ms, fact.id


def _captured(
    told: Sequence[Evidence | PlatformForm], records: Sequence[Recorded], deals: Sequence[Deal]
) -> Capture | None:
    """Give the earliest evidence by time and id; records in their order."""
    best = min(told, key=_by_time) if told else None
    for first in records:
        if first.action not in OF_DEALS:
            if best is None or _by_time(first) < _by_time(best):
                return _recorded(first, records)
            break
    if best is not None:
        return Capture(
            best.time_ms, best.id, best.method if isinstance(best, Evidence) else "ad_platform", best.channel,
            best.campaign, best.action, best.offer_stage, best.offer, best.offer_type, best.event, best.country,
            best.region, best.product, best.campaign_id,
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
    method = told.method if told.action == "lead_created" else ""
    return Capture(
        first.time_ms, first.id, method or "import", told.channel, told.campaign, event=told.event,
        country=told.country, region=told.region, product=told.product, campaign_id=told.campaign_id,
    )  # fmt: skip


def _counted(visitors: list[Counted], forms: Sequence[PlatformForm]) -> tuple[Counted | PlatformForm, ...]:
    if len(visitors) == 1 and not forms:
        return (visitors[0],)
    counted: list[Counted | PlatformForm] = [*visitors, *(form for form in forms if form.counted)]
    return tuple(sorted(counted, key=_by_time))


def _mails(found: Gathered, mails: Sequence[Mailed]) -> None:
    family, lead_ms, cut_ms = found.plan.mail, found.lead.time_ms, found.cut_ms
    firsts, newest_ms, opened_ms, nurtured_ms = found.firsts, 0, 0, 0
    for mail in mails:
        time_ms, what = mail.time_ms, mail.what
        if time_ms < cut_ms:
            continue
        if time_ms > newest_ms:
            newest_ms = time_ms
        if what == "delivered":
            found.delivered.append(time_ms)
            if mail.nurtures and time_ms > lead_ms and (not nurtured_ms or time_ms < nurtured_ms):
                nurtured_ms = time_ms
        elif what != "unsubscribed":
            found.opened.append(time_ms)
            if time_ms > opened_ms:
                opened_ms = time_ms
        if what in family:
            for place in family[what].facts:
                if place not in firsts or time_ms < firsts[place]:
                    firsts[place] = time_ms
            for rule in family[what].rules:
                found.times[rule].append(time_ms)
    found.nurtured_ms = nurtured_ms
    found.known(newest_ms)
    found.alive(opened_ms)


def _visits(found: Gathered, visits: Sequence[Visit], held: Sequence[Visit]) -> None:
    cut_ms, page = found.cut_ms, found.plan.page
    starts: list[Touch] = [
        (visit.start_ms, visit.channel, visit.campaign, visit.campaign_id)
        for visit in ((*visits, *held) if held else visits)
        if visit.start_ms >= cut_ms
    ]
    if starts:
        found.touches += starts
        found.first_session_ms = min(starts)[0]
        found.alive(max(starts)[0])
    for visit in visits:
        if (visit.pricing_ms or visit.cart_ms) and visit.start_ms >= cut_ms:
            if visit.pricing_ms:
                found.hit(page.get("pricing", NO_HITS), visit.pricing_ms)
            if visit.cart_ms:
                found.hit(page.get("cart", NO_HITS), visit.cart_ms)


def _submits(found: Gathered, submits: Sequence[Submitted]) -> None:
    plan = found.plan
    for form in submits:
        if form.time_ms >= found.cut_ms:
            found.hit(plan.form.get(form.form_type, NO_HITS), form.time_ms)
            found.hit(plan.form_stage.get(form.offer_stage, NO_HITS), form.time_ms)
            _form(found, form)


def _forms(found: Gathered, forms: Sequence[PlatformForm], held: Sequence[PlatformForm]) -> None:
    plan = found.plan
    for form in forms:
        found.hit(plan.form.get(form.action, NO_HITS), form.time_ms)
        found.hit(plan.form_stage.get(form.offer_stage, NO_HITS), form.time_ms)
    for form in (*forms, *held):
        found.touches.append((form.time_ms, form.channel, form.campaign, form.campaign_id))
        _form(found, form)


def _form(found: Gathered, form: Submitted | PlatformForm) -> None:
    if form.event and not 0 < found.registered.get(form.event, 0) < form.time_ms:
        found.registered[form.event] = form.time_ms
    found.alive(form.time_ms)


def _records(found: Gathered, fresh: Sequence[Recorded], held: Sequence[Recorded]) -> None:
    plan = found.plan
    for note, records in ((found.hit, fresh), (found.began, held)):
        for record in records:
            action, time_ms = record.action, record.time_ms
            if action in plan.crm_action:
                note(plan.crm_action[action], time_ms)
            if action == "stage_changed":
                note(plan.crm.get(record.to, NO_HITS), time_ms)
            elif action == "lead_created":
                found.touches.append((time_ms, record.channel, record.campaign, record.campaign_id))
            if action in MOVES:
                found.moves = True
            if action in OF_DEALS:
                found.deals_told = True
                if action == "deal_won" and not record.deal:  # a deal of its own
                    note(plan.alone.get("won", NO_HITS), time_ms)
            elif action.startswith("appointment_") and records is fresh:
                found.appointments.append(record)
    found.alive(found.records[-1].time_ms)


def _appointments(found: Gathered, what: str, chats: Sequence[Booked | Cancelled], pasts: Sequence[Settled]) -> None:
    """Count an appointment once, however often chats and records tell of it; without a name each record is one."""
    times: dict[str, int] = {}
    for chat in chats:
        if chat.time_ms >= found.cut_ms:
            found.alive(chat.time_ms)
            times[chat.appointment] = min(chat.time_ms, times.get(chat.appointment, chat.time_ms))
    action = f"appointment_{what}"
    for record in found.appointments:
        if record.action == action:
            name = record.appointment or record.id
            times[name] = min(record.time_ms, times.get(name, record.time_ms))
    if times:
        for past in pasts:
            for name in past.booked if what == "booked" else past.cancelled:
                times.pop(name, None)
        for time_ms in times.values():
            found.hit(found.plan.alone.get(what, NO_HITS), time_ms)


def _tell(found: Gathered, told: Sequence[Told]) -> None:
    found.told = [one for one in told if one.time_ms >= found.cut_ms]
    for one in found.told:
        found.known(one.time_ms)
        for field in COMPANY_FIELDS if found.plan.company else ():
            if value := getattr(one, field):
                found.hit(found.plan.company.get(f"{field}={value}", NO_HITS), one.time_ms)


def _settled(found: Gathered, pasts: Sequence[Settled], score_hash: str) -> None:
    """Take what has been settled: days in place of times. By other rules crossings are worked out anew, by days."""
    plan = found.plan
    found.settled = pasts
    found.sure_ms = max((past.sure_ms for past in pasts if past.rules == score_hash), default=0)
    found.early = {time_ms for times in found.times.values() for time_ms in times if time_ms < found.sure_ms}
    sessions = [past.first_session_ms for past in pasts] + [found.first_session_ms]
    found.first_session_ms = min(filter(None, sessions), default=0)
    nurtured = [past.nurtured_ms for past in pasts] + [found.nurtured_ms]
    found.nurtured_ms = min(filter(None, nurtured), default=0)
    waiting: list[tuple[int, int]] = []
    for past in pasts:
        found.alive(past.active_ms)
        found.known(past.newest_ms)
        for fact, time_ms in past.began:
            family, _, value = fact.partition(":")
            if family == "event":
                found.registered[value] = min(time_ms, found.registered.get(value, time_ms))
            else:
                found.began(plan.hits(fact), time_ms)
        for rule, days in past.scored:
            if rule in plan.places:
                times = found.times[plan.places[rule]]
                for day, often in days:
                    times.extend([day * DAY_MS] * often)
        waiting += [(plan.places[rule], since_ms) for rule, since_ms in past.waiting if rule in plan.places]
    found.waiting = waiting


def _deals(found: Gathered, deals: Sequence[Deal]) -> None:
    found.deals = deals
    for deal in deals:
        if deal.won_ms:
            found.hit(found.plan.alone.get("won", NO_HITS), deal.won_ms)
        found.alive(deal.won_ms)
        found.alive(deal.lost_ms)
