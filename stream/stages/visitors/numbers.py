"""Numbers: which cells a session adds to by where it came from, looked up once a session and not once a cell.

In:  site, channel and campaign of a session.
Out: the numbers that an accumulator gave to those cells.
"""

from __future__ import annotations

from typing import Final

import msgspec

from stream.changes.accumulator import CellIds
from stream.changes.cells import Cell
from stream.stages.visitors.contribution import SOCIAL, step_of_landing
from stream.stages.visitors.row import UNKNOWN

_MOST: Final = 16_384


class OriginCells(msgspec.Struct, frozen=True, gc=False):
    """Numbers of the cells that a session adds to by where it came from."""

    visit: int
    view: int
    bounce: int
    #: Of the funnel step that its landing opens; −1: of none.
    landed: int


def visit(site: str, channel: str | None, campaign: str | None) -> Cell:
    """Name the cell by which a session counts its person by where they came from."""
    if channel is None:
        return "visit", site, "direct", UNKNOWN, None
    return "visit", site, channel, campaign, "social" if channel in SOCIAL else None


class Numbers(dict[tuple[str, str | None, str | None], OriginCells]):
    """(site, channel, campaign) of a session → numbers of the cells that it adds to."""

    def __init__(self, ids: CellIds) -> None:
        super().__init__()
        self.ids = ids

    def __missing__(self, origin: tuple[str, str | None, str | None]) -> OriginCells:
        ids, (site, channel, _) = self.ids, origin
        named, step = channel or "direct", step_of_landing(channel) if channel is not None else None
        found = OriginCells(
            ids[visit(*origin)],
            ids["view", site, named],
            ids["bounce", site, named],
            -1 if step is None else ids["step_from", site, step, "lead"],
        )
        if len(self) < _MOST:
            self[origin] = found
        return found
