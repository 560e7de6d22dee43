"""Contribution: what a row counts for, as a pure function of the row.

In:  a row of facts.
Out: cells; a change of a row is the contribution after less the contribution before.

Sessions contribute one by one, so that what an event does not touch is not taken back and given again; people, chats
and submissions as a whole. What events add for good (page views, by themselves) is not here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from stream.changes.accumulator import Accumulator
from stream.changes.cells import Cell
from stream.changes.panes import Grid
from stream.stages.visitors import chats, forms, people
from stream.stages.visitors.look_back import looking_back
from stream.stages.visitors.loose import attached
from stream.stages.visitors.row import Loose, Packed, Row
from stream.stages.visitors.sessions import ENGAGED_MS
from stream.stages.visitors.steps import Cells, step


class Contributions:
    """Writes contributions into an accumulator.

    `add(cell, pane, n)` is bound anew for each fold: the accumulator changes between commits.
    """

    def __init__(self, grid: Grid, look_back_ms: int = 0) -> None:
        self.grid, self.look_back_ms = grid, look_back_ms
        self.pane = grid.pane
        self.add: Callable[[Cell, int, int], None]

    def into(self, accumulator: Accumulator) -> None:
        """Write to `accumulator` from now on."""
        counts, ids, up, down = accumulator.counts, accumulator.ids, accumulator.up, accumulator.down

        def add(cell: Cell, pane: int, n: int) -> None:
            if n == 1:
                up(ids[cell] + pane)
            elif n == -1:
                down(ids[cell] + pane)
            else:
                counts[ids[cell] + pane] += n

        self.add = add

    def put(self, cells: Cells, sign: int) -> None:
        """Contribute what is listed."""
        add = self.add
        for cell, pane, n in cells:
            add(cell, pane, sign * n)

    def change(self, before: Cells, after: Cells) -> None:
        """Contribute a difference; what is the same on both sides comes to nothing in the accumulator."""
        if before != after:
            self.put(before, -1)
            self.put(after, 1)


def contribution(site: str, row: Row, pane: Callable[[int], int], look_back_ms: int = 0) -> Cells:
    """List all that a row counts for."""
    sessions, alone = counted(row, look_back_ms)
    out = [cell for session in sessions for cell in of_session(site, session, pane)]
    return out + of_person(site, row, sessions, alone, pane) + of_talks(site, row, pane) + of_forms(site, row, pane)


def counted(row: Row, look_back_ms: int) -> tuple[Sequence[Packed], list[Loose]]:
    """Give the sessions of a row as they count: with what joined them, and by the touch that they go by."""
    sessions, alone = attached(row)
    if look_back_ms:
        folded = row.extra.folded if row.extra is not None else None
        return looking_back(sessions, folded, look_back_ms), alone
    return sessions, alone


def of_person(
    site: str, row: Row, sessions: Sequence[Packed], alone: Sequence[Loose], pane: Callable[[int], int]
) -> Cells:
    """List what a person counts for as a whole, and what stands alone."""
    out = people.cells(site, row, sessions, pane)
    for form, at in {(loose.form, loose.time_ms) for loose in alone if loose.form is not None}:
        out.append((("form_view", site, form), pane(at), 1))
    return out


def of_talks(site: str, row: Row, pane: Callable[[int], int]) -> Cells:
    """List what the chats of a person count for."""
    if row.extra is None or not row.extra.talks:
        return []
    return chats.cells(site, (chats.unpacked(stored, row.source) for stored in row.extra.talks), pane)


def of_forms(site: str, row: Row, pane: Callable[[int], int]) -> Cells:
    """List what the submissions of a person count for."""
    return [] if row.extra is None else forms.cells(site, row.extra.submissions, pane)


def of_session(site: str, session: Packed, pane: Callable[[int], int]) -> Cells:
    """List what belongs to a session alone: itself, what kind it is, its page views and its forms."""
    start, channel = pane(session.start), session.channel or "direct"
    out: Cells = [(("session", site, channel, session.engine, session.domain), start, 1)]
    if session.is_bounce:
        out.append((("bounce", site, channel), start, 1))
    if is_engaged(session):
        out.append((("engaged", site, channel), start, 1))
    if session.views:
        out.append((("session_view", site, channel), start, session.views))
    if session.deeds is None:
        return out
    end = pane(session.end)
    for form, (viewed, started, *submits) in session.deeds.forms.items():
        if viewed:
            out.append((("form_view", site, form), pane(viewed), 1))
        cohort = started or (submits[0] if submits else 0)
        if not cohort:
            continue
        out.append((("form_start", site, form), pane(cohort), 1))
        out.append((("form_begun", site, form), end, 1))
        out.append((("form_submit" if submits else "form_abandoned", site, form), pane(cohort) if submits else end, 1))
        if started:
            taken = next((at for at in submits if at >= started), 0)
            step(out, pane, site, "form_start", "form_submit", started, taken)
    return out


def is_engaged(session: Packed) -> bool:
    """Tell whether somebody stayed for ten seconds, looked at two pages or had a key event."""
    return (
        session.views > 1
        or session.engaged >= ENGAGED_MS
        or session.end - session.start >= ENGAGED_MS
        or session.first_key is not None
    )
