"""Incremental way: the difference that a common case makes, written without looking at the whole row.

In:  a row and a person's facts, by time.
Out: the row changed, the difference in the accumulator, and how many facts were dealt with; the first one that is not
     a common case (`admissible`), and all behind it, are left to the reference way.

A common case comes later than everything the row knows and moves nothing but the end of the open session; or
it is a page view that opens a session, or one that comes late into the newest session and changes nothing that was
said about it.
"""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Callable
from struct import Struct
from typing import Any, Final

from stream.changes.accumulator import Accumulator
from stream.changes.cells import Cell
from stream.changes.panes import Grid
from stream.stages.visitors.admissible import Admissible, Open
from stream.stages.visitors.bounds import Bounds
from stream.stages.visitors.contribution import PERSON, Contributions, step_of_landing, ways
from stream.stages.visitors.facts import Fact, Facts, Form, View
from stream.stages.visitors.incremental_deeds import IncrementalDeeds
from stream.stages.visitors.numbers import Numbers, OriginCells
from stream.stages.visitors.row import UNKNOWN, Packed, Row
from stream.stages.visitors.sessions import GAP_MS

_tick: Final = Struct("=I").pack
_FIRST_TICK: Final = _tick(1)
_DIRECT: Final = (None, None, None, None)


class Incremental:
    """Writes the differences of common cases into an accumulator."""

    def __init__(self, grid: Grid, labels: Facts, contributions: Contributions, bounds: Bounds) -> None:
        self.grid = grid
        self._contributions = contributions
        self._bounds = bounds
        self._admissible = Admissible(bounds, labels)
        self._deeds = IncrementalDeeds(labels, contributions)
        self._accumulator = Accumulator()
        self._numbers = Numbers(self._accumulator.ids)
        self._newcomers: defaultdict[str, list[int]] = defaultdict(list)  # site → panes
        self._add: Callable[[Cell, int, int], None] = self._accumulator.add

    def into(self, accumulator: Accumulator) -> None:
        """Write to `accumulator` from now on."""
        if self._numbers.ids is not accumulator.ids:
            self._numbers = Numbers(accumulator.ids)
        self._accumulator = accumulator
        self._add = self._contributions.add

    def flush(self) -> None:
        """Count the new people since the last call, by what everybody's first page view counts for."""
        for site, panes in self._newcomers.items():
            for pane, n in Counter(panes).items():
                self._add(("newcomer", site), pane, n)
                self._add(("step_from", site, "first_view", "form_start"), pane, n)
                self._add(("step_from", site, "first_view", "lead"), pane, n)
        self._newcomers.clear()

    def begin(self, site: str, facts: list[Fact]) -> tuple[Row, int]:
        """Make the row of a new person; give it and how many facts it holds."""
        if self._admissible.why_not_first(facts[0]) is not None:
            return Row(0, 0, 0, []), 0
        view: Any = facts[0]
        time_ms = view.time_ms
        session = opened(view)
        row = Row(time_ms, time_ms, time_ms, [session])
        up, ids = self._accumulator.up, self._accumulator.ids
        pane = (time_ms - self.grid.origin_ms) // self.grid.pane_ms
        self._newcomers[site].append(pane)
        up(ids["session", site, session.channel or "direct", session.engine, session.domain] + pane)
        up(ids["content_view", site, view.group, view.content] + pane)
        cells = self._numbers[site, session.channel, session.campaign]
        up(cells.view + pane)
        if cells.landed >= 0:
            up(cells.landed + pane)
        if len(facts) > 1:
            return row, self._extend(Open(site, row, self._bounds, fresh=True), facts, 1)
        self._arrive(site, session, cells, 1, pane)
        return row, 1

    def extend(self, site: str, row: Row, facts: list[Fact]) -> int:
        """Fold facts into a row that has a session; give the place of the first one left over."""
        return self._extend(Open(site, row, self._bounds), facts, 0)

    def _extend(self, here: Open, facts: list[Fact], at: int) -> int:
        why_not = self._admissible.why_not
        cells = self._numbers[here.site, here.session.channel, here.session.campaign]
        up, ids = self._accumulator.up, self._accumulator.ids
        pane_ms, origin = self.grid.pane_ms, self.grid.origin_ms
        for fact in facts[at:] if at else facts:
            if why_not(here, fact) is not None:
                break
            at += 1
            time_ms = fact.time_ms
            if time_ms - here.end > GAP_MS:
                self._close(here, cells)
                here = self._reopen(here.site, here.row, fact)
                cells = self._numbers[here.site, here.session.channel, here.session.campaign]
                continue
            if here.events == 1 == here.views and not here.fresh:
                self._accumulator.down(cells.bounce + self.grid.pane(here.start))
            if type(fact) is View:
                if fact.name not in here.viewed:
                    here.viewed = here.viewed[:-1] + fact.name
                    if here.session.deeds is not None:
                        self._convert_to(here, fact)
                pane = (time_ms - origin) // pane_ms
                up(cells.view + pane)
                up(ids["content_view", here.site, fact.group, fact.content] + pane)
                here.ticks.append(2 * (time_ms - here.start) + 1)
                here.views += 1
            else:
                here.session.viewed = here.viewed
                (self._deeds.form if type(fact) is Form else self._deeds.chat)(here, fact)
                here.ticks.append(2 * (time_ms - here.start))
            here.events += 1
            if time_ms > here.end:
                here.end = time_ms
        self._close(here, cells)
        if self._deeds.talked:
            self._deeds.settle(here.site)
        return at

    def _convert_to(self, here: Open, view: View) -> None:
        """Count what a person views for the first time, if they are converted in this session."""
        if last_key := here.session.last_key:
            self._add(("content_converted", here.site, view.group, view.content), self.grid.pane(last_key), 1)

    def _close(self, here: Open, cells: OriginCells) -> None:
        """Store the session; move the person, in every way that it counts them, from one pane to a later one."""
        site, session, ticks, fresh, end = here.site, here.session, here.ticks, here.fresh, here.end
        if ticks:
            session.ticks += _tick(ticks[0]) if len(ticks) == 1 else array("I", ticks).tobytes()
            session.events, session.views, session.viewed = here.events, here.views, here.viewed
            here.row.last = session.end = end
        pane_ms, origin = self.grid.pane_ms, self.grid.origin_ms
        old, new = (here.before - origin) // pane_ms, (end - origin) // pane_ms
        if fresh:
            self._arrive(site, session, cells, here.events, new)
        elif old != new:
            ids, up, down = self._accumulator.ids, self._accumulator.up, self._accumulator.down
            country = ids["country_person", site, session.country or UNKNOWN]
            up(cells.visit + new)
            down(cells.visit + old)
            up(country + new)
            down(country + old)
            if session.group is not None:
                landing = ids["landing_person", site, session.group, session.content]
                up(landing + new)
                down(landing + old)

    def _arrive(self, site: str, session: Packed, cells: OriginCells, events: int, pane: int) -> None:
        """Count a new person in the pane of their last event, and a bounce if it was the only one."""
        ids, up = self._accumulator.ids, self._accumulator.up
        up(cells.visit + pane)
        up(ids["country_person", site, session.country or UNKNOWN] + pane)
        up(ids["landing_person", site, session.group, session.content] + pane)
        if events == 1:
            up(cells.bounce + pane)

    def _count_opening(self, site: str, session: Packed, pane: int) -> None:
        """Contribute a session of one page view."""
        add, channel = self._add, session.channel or "direct"
        add(("session", site, channel, session.engine, session.domain), pane, 1)
        add(("bounce", site, channel), pane, 1)
        add(("view", site, channel), pane, 1)
        add(("content_view", site, session.group, session.content), pane, 1)

    def _reopen(self, site: str, row: Row, fact: Any) -> Open:
        """Open a later session of a known person, and contribute the difference."""
        add, pane = self._add, self.grid.pane
        session = opened(fact)
        here = pane(session.start)
        before = [(other.end, ways(*other.dimensions)) for other in row.sessions]
        for way in ways(*session.dimensions):
            latest = max([end for end, others in before if way in others], default=0)
            cell = (PERSON[way[0]], site, *way[1:])
            if latest:
                add(cell, pane(latest), -1)
            add(cell, here, 1)
        if session.channel is not None and (step := step_of_landing(session.channel)) is not None:
            if all(
                other.channel is None or other.group is None or step_of_landing(other.channel) != step
                for other in row.sessions
            ):
                add(("step_from", site, step, "lead"), here, 1)
        if not row.first_view:
            row.first_view = session.start
            add(("step_from", site, "first_view", "form_start"), here, 1)
            add(("step_from", site, "first_view", "lead"), here, 1)
        row.sessions.append(session)
        row.last = session.start
        self._count_opening(site, session, here)
        return Open(site, row, self._bounds)


def opened(view: View) -> Packed:
    """Make a session of one page view."""
    channel, campaign, engine, domain = view.touch or _DIRECT
    return Packed(
        view.time_ms, view.time_ms, 1, 1, _FIRST_TICK, view.event_id, channel, campaign, engine, domain,
        view.country, view.group, view.content, view.name,
    )  # fmt: skip
