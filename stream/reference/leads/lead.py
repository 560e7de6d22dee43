"""A lead: all that is known of one person, asked what it amounts to at a moment.

In:  what is known of a person, the rules, the clock.
Out: leads: one for each time that the person was not forgotten in between; none where nothing shows a lead.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from stream.reference.events import MEMORY_MS
from stream.reference.leads.credit import credit, split
from stream.reference.leads.known import Deal, Evidence, Known, Way
from stream.reference.leads.ladder import Course, course, entries
from stream.reference.leads.rules import Rules
from stream.reference.leads.score import Points, band_of, crossing, marks_of, score_at

#: What is kept of somebody before they are a lead, for so long only as anybody is remembered.
_BEFORE = ("visits", "forms", "elsewhere", "booked", "cancelled", "mails", "companies")


def leads_of(known: Known, rules: Rules, clock_ms: int) -> Iterator[Lead]:
    """Part what is known where a lead was forgotten, and give the leads that it shows."""
    times = sorted(known.times())
    # for so long it is given up, for twice that it is forgotten
    edges = [later for earlier, later in pairwise(times) if later - earlier > 2 * rules.forget_after_ms]
    for start_ms, end_ms in pairwise([times[0], *edges, times[-1] + 1] if times else []):
        part = known.within(lambda at_ms, low=start_ms, high=end_ms: low <= at_ms < high)  # type: ignore[misc]
        if part.evidence:
            shown_ms = min(part.evidence, key=_rank).at_ms
            yield Lead(part.without(_BEFORE, before_ms=shown_ms - MEMORY_MS), rules, clock_ms)


def _rank(one: Evidence) -> tuple[bool, int, str]:
    """Order evidence: a record of a deal shows a lead only where nothing else does."""
    return one.of_deal, one.at_ms, one.name


@dataclass
class Lead:
    """One lead, as of a moment."""

    known: Known
    rules: Rules
    clock_ms: int

    @cached_property
    def evidence(self) -> Evidence:
        """Give what shows it first.

        Of a lead that the crm told of first, the first record that creates one says where it came from.
        """
        first = min(self.known.evidence, key=_rank)
        created = [one for one in self.known.evidence if one.created]
        if first.of_crm and created:
            said = min(created, key=lambda one: (one.at_ms, one.name))
            return said._replace(at_ms=first.at_ms, name=first.name)
        return first

    @property
    def at_ms(self) -> int:
        return self.evidence.at_ms

    @cached_property
    def marks(self) -> list[Points]:
        return marks_of(self.known, self.rules, self.clock_ms)

    @cached_property
    def crossed(self) -> dict[int, int]:
        """Give when the score first reached each threshold."""
        wanted = {self.rules.threshold, *self.rules.what_if}
        times = ((limit, crossing(self.marks, self.at_ms, limit, self.rules)) for limit in wanted)
        return {limit: at_ms for limit, at_ms in times if at_ms is not None}

    @cached_property
    def score(self) -> int:
        return score_at(self.marks, self.clock_ms, self.rules)

    @property
    def band(self) -> str:
        return band_of(self.score, self.rules)

    @cached_property
    def entered(self) -> dict[str, int]:
        return entries(self.known, self.at_ms, self.crossed.get(self.rules.threshold), self.rules)

    @cached_property
    def course(self) -> Course:
        return course(self.known, self.entered, self.rules)

    @cached_property
    def expired_ms(self) -> int | None:
        """Give since when nothing had been heard of it for too long."""
        over_ms = max(self.known.times()) + self.rules.forget_after_ms
        return over_ms if over_ms <= self.clock_ms else None

    @property
    def ended_ms(self) -> int | None:
        """Give since when nothing more is waited for."""
        return self.course.lost_ms if self.course.lost_ms is not None else self.expired_ms

    @property
    def open(self) -> bool:
        return self.ended_ms is None and self.course.stage != self.rules.ladder[-1]

    @cached_property
    def active_ms(self) -> int:
        """Give when it last did something, or something was done with it; that mail arrived is nothing."""
        known = self.known
        active = (known.visits, known.evidence, known.forms, known.elsewhere, known.booked, known.cancelled, known.crm)
        times = [one[0] for told in (*active, known.deals) for one in told]
        return max([*times, *(one.at_ms for one in known.mails if one.what not in ("delivered", "unsubscribed"))])

    def first_ms(self, action: str) -> int | None:
        """Give when the crm first said that something was done."""
        return min((one.at_ms for one in self.known.crm if one.action == action), default=None)

    @cached_property
    def first_visit_ms(self) -> int | None:
        return min((visit.at_ms for visit in self.known.visits), default=None)

    @cached_property
    def credit(self) -> dict[str, Counter[Way]]:
        return credit(self.known, self.at_ms)

    def credit_of(self, deal: Deal) -> dict[str, Counter[Way]]:
        """Split what a deal is worth as the credit for it is, by ways in order."""
        out: dict[str, Counter[Way]] = {}
        for model, shares in credit(self.known, deal.at_ms).items():
            ways = sorted(shares)
            parts = split(deal.amount or 0, [shares[way] for way in ways])
            out[model] = Counter({way: part for way, part in zip(ways, parts, strict=True) if part})
        return out

    @cached_property
    def nurtured(self) -> bool:
        """Tell whether a mail that was no welcome reached it on the way to the deal."""
        until_ms = self.entered.get(self.rules.ladder[-1], self.clock_ms)
        return any(one.nurtures and self.at_ms < one.at_ms <= until_ms for one in self.known.mails)

    @cached_property
    def assigned(self) -> tuple[int, str] | None:
        """Give when and how it was first assigned."""
        told = sorted(
            (one.at_ms, one.name, one.data.get("assignment") or "")
            for one in self.known.crm
            if one.action == "assigned"
        )
        return (told[0][0], told[0][2]) if told else None

    @cached_property
    def rep(self) -> str:
        """Name who it was last assigned to."""
        told = sorted(
            (one.at_ms, one.name, one.data.get("rep_id") or "") for one in self.known.crm if one.action == "assigned"
        )
        return told[-1][2] if told else ""

    @cached_property
    def segments(self) -> dict[str, str]:
        """Name its part of each segmentation: of the company as last told, of the rest as first shown."""
        out = {name: getattr(self.evidence, name) for name in ("country", "region", "product", "offer_type")}
        for name in ("industry", "size_band", "revenue_band"):
            told = sorted(
                (one.at_ms, one.name, getattr(one, name)) for one in self.known.companies if getattr(one, name)
            )
            out[name] = told[-1][2] if told else ""
        return out

    @cached_property
    def qualified(self) -> dict[str, int]:
        """Count the known fields of each framework that was asked by."""
        known: dict[str, set[str]] = defaultdict(set)
        for one in self.known.companies:
            if one.framework:
                known[one.framework] |= one.known
        return {name: len(names) for name, names in known.items()}

    def is_new(self, deal: Deal) -> bool:
        """Tell whether a deal won a customer: as told, else by whether it is the first."""
        if deal.told_new is not None:
            return deal.told_new
        return deal == min(self.known.deals, key=lambda one: (one.at_ms, one.name))

    @property
    def identified(self) -> bool:
        return any(one.type != "v" for one in self.known.ids)
