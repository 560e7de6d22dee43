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
from stream.contract.records import UNIT
from stream.stages.visitors.admissible import Admissible, LookingBack, Open, begun
from stream.stages.visitors.bounds import Bounds
from stream.stages.visitors.contribution import Contributions, is_engaged
from stream.stages.visitors.facts import Fact, Facts, Form, View, is_presence
from stream.stages.visitors.incremental_deeds import Deeds
from stream.stages.visitors.numbers import Numbers, OriginCells
from stream.stages.visitors.people import PERSON, step_of_landing, ways
from stream.stages.visitors.row import UNKNOWN, Packed, Row, short
from stream.stages.visitors.sessions import ENGAGED_MS, GAP_MS

_tick: Final = Struct("=I").pack
_FIRST_TICK: Final = _tick(1)
_DIRECT: Final = (None, None, None, None)


class Incremental:
    """Writes the differences of common cases into an accumulator."""

    def __init__(self, grid: Grid, labels: Facts, contributions: Contributions, bounds: Bounds) -> None:
        self.grid = grid
        self._contributions = contributions
        self._bounds = bounds
        self._admissible = (LookingBack if contributions.look_back_ms else Admissible)(bounds, labels)
        self._deeds = Deeds(labels, contributions, bounds)
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
        view: Any = facts[0]
        if self._admissible.why_not_first(view) is not None:
            return Row(0, []), 0
        time_ms = view.time_ms
        session = opened(view, view.id)
        row = Row(time_ms, [session], view.source)
        up, ids = self._accumulator.up, self._accumulator.ids
        pane = (time_ms - self.grid.origin_ms) // self.grid.pane_ms
        self._newcomers[site].append(pane)
        up(ids["session", site, session.channel or "direct", session.engine, session.domain] + pane)
        up(ids["content_view", site, view.group, view.content] + pane)
        if view.is_download:
            up(ids["content_download", site, view.group, view.content] + pane)
        cells = self._numbers[site, session.channel, session.campaign]
        up(cells.view + pane)
        if cells.landed >= 0:
            up(cells.landed + pane)
        here = Open(site, row, self._bounds, fresh=True)
        if len(facts) > 1:
            return row, self._extend(here, facts, 1)
        self._close(here, cells)
        return row, 1

    def extend(self, site: str, row: Row, facts: list[Fact]) -> int:
        """Fold facts into a row that has a session; give the place of the first one left over."""
        return self._extend(Open(site, row, self._bounds), facts, 0)

    def _extend(self, here: Open, facts: list[Fact], at: int) -> int:
        why_not = self._admissible.why_not
        cells = self._cells(here)
        session = here.session
        for fact in facts[at:] if at else facts:
            if why_not(here, fact) is not None:
                break
            at += 1
            time_ms = fact.time_ms
            if time_ms - session.end > GAP_MS:
                self._close(here, cells)
                here = self._reopen(here.site, here.row, fact)
                session, cells = here.session, self._cells(here)
                continue
            session.events += 1
            if time_ms > here.last:
                here.last = time_ms
            if type(fact) is View:
                self._view(here, fact, cells)
                here.ticks.append(2 * (time_ms - session.start) + 1)
                session.views += 1
                if time_ms > session.end:
                    session.end = time_ms
                continue
            here.ticks.append(2 * (time_ms - session.start))
            if is_presence(fact):
                session.end = time_ms
            if type(fact) is Form:
                self._deeds.form(here, fact)
            else:
                self._deeds.chat(here, fact)
        self._close(here, cells)
        return at

    def _cells(self, here: Open) -> OriginCells:
        """Give the cells that a session adds to by where it came from."""
        return self._numbers[here.site, here.session.channel, here.session.campaign]

    def _view(self, here: Open, view: View, cells: OriginCells) -> None:
        """Count a page view, and of a converted person what they had not viewed before."""
        site, session = here.site, here.session
        if view.viewed not in session.viewed:
            if last_key := session.last_key:
                self._add(("content_converted", site, view.group, view.content), self.grid.pane(last_key), 1)
            session.viewed = session.viewed[:-1] + view.viewed
        if view.engagement_ms:
            session.engaged = min(session.engaged + view.engagement_ms, ENGAGED_MS)
        pane = self.grid.pane(view.time_ms)
        accumulator = self._accumulator
        accumulator.up(cells.view + pane)
        accumulator.up(accumulator.ids["content_view", site, view.group, view.content] + pane)
        if view.is_download:
            self._add(("content_download", site, view.group, view.content), pane, 1)

    def _close(self, here: Open, cells: OriginCells) -> None:
        """Count what a session became, and move its person, in every way it counts them, to a later pane."""
        site, session, ticks, fresh = here.site, here.session, here.ticks, here.fresh
        if ticks:
            session.ticks += _tick(ticks[0]) if len(ticks) == 1 else array("I", ticks).tobytes()
            here.row.last = here.last
        pane_ms, origin = self.grid.pane_ms, self.grid.origin_ms
        accumulator = self._accumulator
        ids, up, down = accumulator.ids, accumulator.up, accumulator.down
        first, end, deeds, views = session.start, session.end, session.deeds, session.views
        start = (first - origin) // pane_ms
        more = views - here.views
        if more == 1:
            up(cells.session_view + start)
        elif more:
            accumulator.counts[cells.session_view + start] += more
        if not here.was_engaged and (
            views > 1
            or end - first >= ENGAGED_MS
            or session.engaged >= ENGAGED_MS
            or (deeds is not None and deeds.first_key is not None)
        ):
            up(cells.engaged + start)
        is_bounce = views == 1 and session.is_bounce
        if is_bounce is not here.was_bounce:
            (up if is_bounce else down)(cells.bounce + start)
        old, new = (here.before - origin) // pane_ms, (end - origin) // pane_ms
        seen = cells.visit if here.key else cells.stranger
        if deeds is not None:
            self._deeds.settle(here)
            if deeds.forms:
                self._move_forms(here, old, new)
            if not here.key and deeds.first_key is not None:  # known from now on
                self._add(("stranger", site), self.grid.pane(deeds.first_key[0]), 1)
                if not fresh:
                    down(seen + old)
                    up(cells.visit + old)
                seen = cells.visit
        elif here.row.extra is not None:
            self._deeds.settle(here)
        if fresh:
            up(seen + new)
            up(ids["country_person", site, session.country or UNKNOWN] + new)
            if session.group is not None:
                up(ids["landing_person", site, session.group, session.content] + new)
        elif old != new:
            country = ids["country_person", site, session.country or UNKNOWN]
            up(seen + new)
            down(seen + old)
            up(country + new)
            down(country + old)
            if session.group is not None:
                landing = ids["landing_person", site, session.group, session.content]
                up(landing + new)
                down(landing + old)

    def _move_forms(self, here: Open, old: int, new: int) -> None:
        """Move the forms of a session to where it ends now."""
        before, after = here.forms, begun(here.session)
        if before == after and old == new:
            return
        add, site = self._add, here.site
        for forms, pane, n in ((before, old, -1), (after, new, 1)):
            for form, is_left in forms:
                add(("form_begun", site, form), pane, n)
                if is_left:
                    add(("form_abandoned", site, form), pane, n)

    def _reopen(self, site: str, row: Row, fact: Any) -> Open:
        """Open a later session of a person who is not known, and contribute the difference."""
        add, pane = self._add, self.grid.pane
        session = opened(fact, short(fact.source + UNIT + fact.id, row.source))
        here = pane(session.start)
        before = [(other.end, ways(*other.dimensions)) for other in row.sessions]
        for way in ways(*session.dimensions):
            latest = max([end for end, others in before if way in others], default=0)
            cell = (PERSON[way[0]], site, *way[1:])
            if latest:
                add(cell, pane(latest), -1)
            add(cell, here, 1)
        channel = session.channel or "direct"
        add(("stranger", site), pane(row.sessions[-1].end), -1)
        add(("stranger", site), here, 1)
        if (step := step_of_landing(channel)) is not None:
            add(("step_from", site, step, "key_event"), here, 1)
        add(("session", site, channel, session.engine, session.domain), here, 1)
        add(("bounce", site, channel), here, 1)
        add(("session_view", site, channel), here, 1)
        if is_engaged(session):
            add(("engaged", site, channel), here, 1)
        add(("view", site, channel), here, 1)
        add(("content_view", site, session.group, session.content), here, 1)
        if fact.is_download:
            add(("content_download", site, session.group, session.content), here, 1)
        row.sessions.append(session)
        row.last = session.start
        return Open(site, row, self._bounds)


def opened(view: View, name: str) -> Packed:
    """Make a session of one page view; `name` is as it is stored."""
    channel, campaign, engine, domain = view.touch or _DIRECT
    return Packed(
        view.time_ms, view.time_ms, 1, 1, min(view.engagement_ms, ENGAGED_MS), _FIRST_TICK, name, channel, campaign,
        engine, domain, view.country, view.group, view.content, view.viewed,
    )  # fmt: skip
