"""What is known: everything that was told of one person, before it is asked what that amounts to.

In:  nothing.
Out: the types. Times are milliseconds; an absent text is empty.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

from stream.reference.leads.names import Id


class Way(NamedTuple):
    """How somebody came; a campaign goes by its name, else its id, and has both where both were told."""

    channel: str
    campaign: str = ""
    campaign_id: str = ""


class Visit(NamedTuple):
    """A session."""

    at_ms: int
    visitor: str
    way: Way
    pages: frozenset[str] = frozenset()  # groups of the pages that were seen


class Evidence(NamedTuple):
    """What shows that somebody is a lead."""

    at_ms: int
    name: str
    method: str
    way: Way
    action: str = ""
    offer_stage: str = ""
    offer: str = ""
    offer_type: str = ""
    event: str = ""
    country: str = ""
    region: str = ""
    product: str = ""
    of_crm: bool = False
    of_deal: bool = False  # a record of a deal, which shows it only where nothing else does
    created: bool = False  # a record that creates a lead


class Form(NamedTuple):
    """A form that was submitted, once a session for its type, stage and event."""

    at_ms: int
    form_type: str
    stage: str = ""
    event: str = ""


class Appointment(NamedTuple):
    """An appointment that was made, or called off; the same by chat and by the crm is one."""

    at_ms: int
    appointment: str


class Mail(NamedTuple):
    """The first time that something became of a message."""

    at_ms: int
    message: str
    what: str
    nurtures: bool = False


class Company(NamedTuple):
    """What a form told of the company, and of how ready the lead is."""

    at_ms: int
    name: str
    framework: str
    known: frozenset[str]
    industry: str
    size_band: str
    revenue_band: str


class Crm(NamedTuple):
    """A record of the crm."""

    at_ms: int
    name: str
    action: str
    data: dict[str, Any]


class Deal(NamedTuple):
    """A deal that was won: amount and currency where both were told."""

    at_ms: int
    name: str  # of the record that first told of the winning
    deal: str
    amount: int | None
    currency: str
    told_new: bool | None


class Refund(NamedTuple):
    """Money that was given back."""

    at_ms: int
    name: str
    deal: str
    amount: int
    currency: str


class Counted(NamedTuple):
    """A key event, or a form on an ad platform, by which the readers of events counted somebody as a lead."""

    at_ms: int
    name: str


@dataclass
class Known:
    """All of one person; `visitor` for one who has no id but that of a device."""

    site: str
    ids: frozenset[Id]
    visits: list[Visit] = field(default_factory=list)
    evidence: list[Evidence] = field(default_factory=list)
    counted: list[Counted] = field(default_factory=list)
    forms: list[Form] = field(default_factory=list)
    elsewhere: list[tuple[int, Way]] = field(default_factory=list)  # touches that are no sessions
    booked: list[Appointment] = field(default_factory=list)
    cancelled: list[Appointment] = field(default_factory=list)
    mails: list[Mail] = field(default_factory=list)
    companies: list[Company] = field(default_factory=list)
    crm: list[Crm] = field(default_factory=list)
    deals: list[Deal] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)

    def times(self) -> Iterator[int]:
        """Give the moment of all that is known."""
        for _, told in self._lists():
            yield from (one[0] for one in told)

    def within(self, keeps: Callable[[int], bool]) -> Known:
        """Give what is known of some moments only."""
        return self._of({name: [one for one in told if keeps(one[0])] for name, told in self._lists()})

    def without(self, names: Collection[str], before_ms: int) -> Known:
        """Give all but what some lists hold of the time before a moment."""
        kept = ((name, before_ms if name in names else 0, told) for name, told in self._lists())
        return self._of({name: [one for one in told if one[0] >= least_ms] for name, least_ms, told in kept})

    def _of(self, told: dict[str, list[Any]]) -> Known:
        out = Known(self.site, self.ids)
        for name, some in told.items():
            setattr(out, name, some)
        return out

    def _lists(self) -> Iterator[tuple[str, list[Any]]]:
        for name in _LISTS:
            yield name, getattr(self, name)


_LISTS = tuple(each.name for each in fields(Known) if each.name not in ("site", "ids"))
