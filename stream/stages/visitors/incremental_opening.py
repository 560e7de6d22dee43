"""Incremental opening: sessions that begin, and direct ones of which an event says where they came from.

In:  a page view behind the open session, or an event with the first touch of a session that is all its person has.
Out: the row changed, the difference in the accumulator.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from typing import Any, Final

from stream.changes.accumulator import Accumulator
from stream.changes.cells import Cell
from stream.changes.panes import Grid
from stream.contract.records import UNIT
from stream.stages.visitors.admissible import Open
from stream.stages.visitors.contribution import is_engaged
from stream.stages.visitors.facts import Fact, View
from stream.stages.visitors.names import short
from stream.stages.visitors.numbers import DIRECT, OriginCells, SiteNumbers
from stream.stages.visitors.people import PERSON, step_of_landing, ways
from stream.stages.visitors.row import NEVER, Deeds, Packed, Row, ticks_of
from stream.stages.visitors.sessions import ENGAGED_MS

_FIRST_TICK: Final = Struct("=I").pack(1)


def opened(view: View, name: str) -> Packed:
    """Make a session of one page view; `name` is as it is stored."""
    channel, campaign, engine, domain = view.touch or DIRECT
    return Packed(
        view.time_ms, view.time_ms, 1, 1, min(view.engagement_ms, ENGAGED_MS), _FIRST_TICK, name, channel, campaign,
        engine, domain, view.country, view.group, view.content, view.viewed,
    )  # fmt: skip


def reopen(add: Callable[[Cell, int, int], None], grid: Grid, site: str, row: Row, fact: Any) -> None:
    """Open a later session of a person who is not known, and contribute the difference."""
    pane = grid.pane
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


def give_channel(here: Open, numbers: SiteNumbers, accumulator: Accumulator, grid: Grid, fact: Fact) -> OriginCells:
    """Move to a channel what a direct session has counted by its own: it is all that its person has."""
    session, pane, start = here.session, grid.pane, grid.pane(here.session.start)
    up, down, counts = accumulator.up, accumulator.down, accumulator.counts
    old = numbers.origins[session.origin]
    session.channel, session.campaign, session.engine, session.domain = touch = fact.touch or DIRECT
    new = numbers.origins[touch]
    down(old.session + start)
    up(new.session + start)
    if new.landed >= 0:
        up(new.landed + start)
    if not here.fresh:
        counts[old.session_view + start] -= here.views
        counts[new.session_view + start] += here.views
        moved = [(old.stranger, new.stranger, pane(here.before))]
        if here.was_bounce:
            moved.append((old.bounce, new.bounce, start))
        if here.was_engaged:
            moved.append((old.engaged, new.engaged, start))
        for was, now, at in moved:
            down(was + at)
            up(now + at)
    was, now = (accumulator.ids["channel_view", here.site, channel] for channel in ("direct", session.channel))
    for tick in (*ticks_of(session), *here.ticks):
        if tick & 1:
            at = pane(session.start + (tick >> 1))
            down(was + at)
            up(now + at)
    row, opener, deeds = here.row, session.opened_by, session.deeds
    if deeds is None:
        deeds = session.deeds = Deeds()
    country = (session.start, opener) if session.country is not None else NEVER
    deeds.said = fact.time_ms, short(fact.name, row.source), *country, session.start, opener
    session.opened_by = ""
    here.after_ms = max(here.last, fact.time_ms)
    return new
