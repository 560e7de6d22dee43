"""Numbers: which cells a site adds to most, looked up by one short key instead of a tuple of labels each time.

In:  origins of sessions, pages, countries.
Out: the numbers that an accumulator gave to their cells.

None of this grows without bound: each entry stands for a cell, and an accumulator that knows too many begins anew,
and so does all that is here.
"""

from __future__ import annotations

from typing import Final

import msgspec

from stream.changes.accumulator import CellIds
from stream.changes.cells import Cell
from stream.changes.targets import STEP_TARGETS_S
from stream.contract.records import UNIT
from stream.stages.visitors.people import SOCIAL, STRANGER, step_of_landing
from stream.stages.visitors.row import UNKNOWN, Origin

#: A step of a funnel: (from, to).
Step = tuple[str, str]
DIRECT: Final[Origin] = (None, None, None, None)


class OriginCells(msgspec.Struct, frozen=True, gc=False):
    """Numbers of the cells that a session adds to by where it came from."""

    session: int
    visit: int
    #: The same of somebody who is not known.
    stranger: int
    view: int
    session_view: int
    bounce: int
    engaged: int
    #: Of the funnel step that its landing opens; −1: of none.
    landed: int


class PageCells(msgspec.Struct, frozen=True, gc=False):
    """Numbers of the cells of a page: of its views, and of people who landed there."""

    view: int
    landing: int


def visit(site: str, channel: str | None, campaign: str | None, stranger: str | None) -> Cell:
    """Name the cell by which a session counts its person by where they came from."""
    if channel is None:
        return "visit", site, "direct", UNKNOWN, None, stranger
    return "visit", site, channel, campaign, "social" if channel in SOCIAL else None, stranger


class Origins(dict[Origin, OriginCells]):
    """Origin of a session → numbers of the cells that it adds to."""

    def __init__(self, ids: CellIds, site: str) -> None:
        super().__init__()
        self._ids, self._site = ids, site

    def __missing__(self, origin: Origin) -> OriginCells:
        ids, site, (channel, campaign, engine, domain) = self._ids, self._site, origin
        named, step = channel or "direct", step_of_landing(channel) if channel is not None else None
        found = self[origin] = OriginCells(
            ids["session", site, named, engine, domain],
            ids[visit(site, channel, campaign, None)],
            ids[visit(site, channel, campaign, STRANGER)],
            ids["view", site, named],
            ids["session_view", site, named],
            ids["bounce", site, named],
            ids["engaged", site, named],
            -1 if step is None else ids["step_from", site, step, "key_event"],
        )
        return found


class Pages(dict[str, PageCells]):
    """Group and content as a session has viewed them → numbers of the cells of the page."""

    def __init__(self, ids: CellIds, site: str) -> None:
        super().__init__()
        self._ids, self._site = ids, site

    def __missing__(self, viewed: str) -> PageCells:
        ids, site, (group, content) = self._ids, self._site, viewed[1:-1].split(UNIT)
        found = self[viewed] = PageCells(
            ids["content_view", site, group, content], ids["landing_person", site, group, content]
        )
        return found


class Countries(dict[str | None, int]):
    """Country, or None → number of the cell of its people."""

    def __init__(self, ids: CellIds, site: str) -> None:
        super().__init__()
        self._ids, self._site = ids, site

    def __missing__(self, country: str | None) -> int:
        found = self[country] = self._ids["country_person", self._site, country or UNKNOWN]
        return found


class FormCells(msgspec.Struct, frozen=True, gc=False):
    """Numbers of the cells of a form."""

    view: int
    start: int
    submit: int
    begun: int
    abandoned: int


class FormsOfSite(dict[str, FormCells]):
    """Form → numbers of its cells."""

    def __init__(self, ids: CellIds, site: str) -> None:
        super().__init__()
        self._ids, self._site = ids, site

    def __missing__(self, form: str) -> FormCells:
        ids, site = self._ids, self._site
        found = self[form] = FormCells(*[ids[f"form_{what}", site, form] for what in FormCells.__struct_fields__])
        return found


class Buckets(dict[int, int]):
    """Bucket of a duration → number of the cell that ends with it."""

    def __init__(self, ids: CellIds, *labels: str) -> None:
        super().__init__()
        self._ids, self._labels = ids, labels

    def __missing__(self, bucket: int) -> int:
        found = self[bucket] = self._ids[(*self._labels, bucket)]
        return found


class StepCells(msgspec.Struct, frozen=True, gc=False):
    """Numbers of the cells of a funnel step, and the time within which it is taken in time."""

    begun: int
    reached: int
    in_time: int
    ms: int
    seconds: Buckets
    target_ms: int


class StepsOfSite(dict[Step, StepCells]):
    """Step of a funnel → numbers of its cells."""

    def __init__(self, ids: CellIds, site: str) -> None:
        super().__init__()
        self._ids, self._site = ids, site

    def __missing__(self, name: Step) -> StepCells:
        ids, labels = self._ids, (self._site, *name)
        found = self[name] = StepCells(
            ids["step_from", *labels],
            ids["step_reached", *labels],
            ids["step_in_time", *labels],
            ids["step_ms", *labels],
            Buckets(ids, "step_seconds", *labels),
            STEP_TARGETS_S[name] * 1_000,
        )
        return found


class ChatCells(msgspec.Struct, frozen=True, gc=False):
    """Numbers of the cells of conversations with one bot."""

    conversation: int
    ms: int
    lead: int
    handoff: int
    resolved: int
    engaged: int
    seconds: Buckets


class ChatsOfSite(dict[str | None, ChatCells]):
    """Bot, or None → numbers of the cells of conversations with it."""

    def __init__(self, ids: CellIds, site: str) -> None:
        super().__init__()
        self._ids, self._site = ids, site

    def __missing__(self, bot: str | None) -> ChatCells:
        ids, labels = self._ids, (self._site, bot or UNKNOWN)
        found = self[bot] = ChatCells(
            ids["conversation", *labels],
            ids["chat_ms", *labels],
            ids["chat_lead", *labels],
            ids["chat_handoff", *labels],
            ids["chat_resolved", *labels],
            ids["chat_engaged", *labels],
            Buckets(ids, "chat_seconds", *labels),
        )
        return found


class SiteNumbers:
    """The numbers of one site, and the panes in which people were new there since the last `flush`."""

    __slots__ = ("chats", "countries", "forms", "newcomers", "origins", "pages", "site", "steps")

    def __init__(self, ids: CellIds, site: str) -> None:
        self.origins, self.pages, self.countries = Origins(ids, site), Pages(ids, site), Countries(ids, site)
        self.forms, self.steps, self.chats = FormsOfSite(ids, site), StepsOfSite(ids, site), ChatsOfSite(ids, site)
        self.site = site
        self.newcomers: list[int] = []


class Numbers(dict[str, SiteNumbers]):
    """Site → its numbers."""

    def __init__(self, ids: CellIds) -> None:
        super().__init__()
        self.ids = ids

    def __missing__(self, site: str) -> SiteNumbers:
        found = self[site] = SiteNumbers(self.ids, site)
        return found
