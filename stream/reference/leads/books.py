"""Books of leads: all leads of all sites at one moment of the clock, and what all of them count for.

In:  counted events.
Out: marks, amounts that stand, and spells.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from stream.reference.events import Event, Mark, Series, series
from stream.reference.leads.credit import MODELS
from stream.reference.leads.everybody import Everybody, People
from stream.reference.leads.known import Deal, Known, Refund
from stream.reference.leads.lead import Lead, leads_of
from stream.reference.leads.marks import REACHED, Spell, marks_of, spells_of, standing_of
from stream.reference.leads.rules import DEFAULT, Rules
from stream.reference.people import lead

_FIELDS = {"e": "email_hash", "l": "lead_id", "u": "user_id"}


@dataclass
class Page:
    """What all leads count for at one moment of the clock."""

    clock_ms: int = 0
    marks: list[Mark] = field(default_factory=list)
    standing: Counter[Series] = field(default_factory=Counter)
    spells: dict[Series, list[Spell]] = field(default_factory=lambda: defaultdict(list))
    #: since when the oldest open lead of a stage is in it
    oldest: dict[Series, int] = field(default_factory=dict)
    leads: list[Lead] = field(default_factory=list)


class LeadBooks:
    """Everybody that is or may become a lead."""

    def __init__(self, rules: Rules = DEFAULT, look_back_ms: int = 0) -> None:
        self.rules = rules
        self.everybody = Everybody(rules, look_back_ms)
        self._page: tuple[int, Page] | None = None

    def tell(self, event: Event) -> None:
        """Take an event that counts."""
        self.everybody.tell(event)
        self._page = None

    def page(self, clock_ms: int) -> Page:
        """Work out everything as of a moment, at or after all events."""
        if self._page is None or self._page[0] != clock_ms:
            page = Page(clock_ms)
            for people in self.everybody.people():
                self._enter(page, people, clock_ms)
            self._page = clock_ms, page
        return self._page[1]

    def _enter(self, page: Page, people: People, clock_ms: int) -> None:
        site = people.site
        leads = [one for known in people.known for one in leads_of(known, self.rules, clock_ms)]
        page.leads += leads
        for one in leads:
            page.marks += marks_of(one)
            for which, n in standing_of(one):
                page.standing[which] += n
            for spell in spells_of(one):
                page.spells[spell.series].append(spell)
                page.marks += _cohort(spell)
            if one.open:
                which = series("oldest_open_seconds", site=site, stage=one.course.stage)
                page.oldest[which] = min(one.course.since_ms, page.oldest.get(which, one.course.since_ms))
        page.marks += _strangers(people.nobody)
        page.marks += _deals(people)
        page.standing[series("largest_lead_ids", site=site)] = max(
            (len(one.known.ids) for one in leads if one.identified and one.expired_ms is None), default=0
        )
        for id_ in people.shared:
            page.standing[series("shared_ids", site=site, type=_FIELDS[id_.type])] += 1


def _cohort(spell: Spell) -> Iterator[Mark]:
    name, labels = spell.series
    yield Mark(spell.series, spell.from_ms)
    yield Mark((f"{name}_{spell.fate}", labels), spell.from_ms)
    for fate in {REACHED, "left", "waits"} - {spell.fate}:
        yield Mark((f"{name}_{fate}", labels), spell.from_ms, 0)


def _strangers(nobody: Known) -> Iterator[Mark]:
    """Count those whom the readers counted and of whom nothing else can be known."""
    told = {(one.at_ms, one.name): one for one in nobody.evidence}
    for counted in nobody.counted:
        shown = told[counted.at_ms, counted.name]
        yield from lead(
            nobody.site, shown.at_ms, shown.method, shown.way.channel, shown.action, shown.offer_stage, shown.event
        )


def _deals(people: People) -> Iterator[Mark]:
    """Count deals and refunds, whoever they are of."""
    site = people.site
    for known in (*people.known, people.nobody):
        for deal in known.deals:
            yield Mark(series("deals_won", site=site), deal.at_ms)
            yield Mark(series("deals_without_value", site=site), deal.at_ms, int(deal.amount is None))
            if deal.amount is not None:
                yield Mark(series("revenue", site=site, currency=deal.currency), deal.at_ms, deal.amount)
        for refund in known.refunds:
            yield Mark(series("refunds", site=site, currency=refund.currency), refund.at_ms, refund.amount)
        yield from _over(site, known.deals, known.refunds)
    for deal in people.nobody.deals:
        if deal.told_new is not False:
            yield Mark(series("_new_customers", site=site), deal.at_ms)
        if deal.amount is not None:
            money = {"site": site, "currency": deal.currency}
            for model in MODELS:
                yield Mark(series("attributed_revenue", **money, model=model, channel=""), deal.at_ms, deal.amount)
                yield Mark(
                    series("campaign_attributed_revenue", **money, model=model, campaign=""), deal.at_ms, deal.amount
                )
            labels = {"site": site, "currency": deal.currency, "nurtured": "false"}
            yield Mark(series("_deal_micros", **labels), deal.at_ms, deal.amount)
            yield Mark(series("_deals_valued", **labels), deal.at_ms)
    for at_ms in people.lost:
        yield Mark(series("deals_lost", site=site), at_ms)


def _over(site: str, deals: list[Deal], refunds: list[Refund]) -> Iterator[Mark]:
    """Find refunds with which more was given back than a deal was worth."""
    worth = {deal.deal: deal for deal in deals if deal.amount is not None}
    given: Counter[str] = Counter()
    for refund in sorted(refunds, key=lambda one: (one.at_ms, one.name)):
        deal = worth.get(refund.deal)
        if deal is not None and refund.currency == deal.currency:
            given[refund.deal] += refund.amount
            yield Mark(
                series("refunds_over_value", site=site), refund.at_ms, int(given[refund.deal] > (deal.amount or 0))
            )
