"""Bundles: cells that leads count for together, made once for all leads that are alike.

In:  what a part of a lead is labelled by.
Out: its cells, the same object each time, so that whoever counts them can know them by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from stream.changes.cells import LEFT, REACHED, WAITS, Cell
from stream.stages.leads.view import MODELS

#: Bundles of a kind that are remembered.
_MOST: Final = 8_192
SEGMENTS: Final = ("industry", "size_band", "revenue_band", "country", "region", "product", "offer_type")


class Bundle:
    """Cells that come together, at one moment and each as often."""

    __slots__ = ("cells",)

    def __init__(self, cells: Sequence[Cell]) -> None:
        self.cells = tuple(cells)


@lru_cache(_MOST)
def of_stage(
    site: str, stage: str, ladder: tuple[str, ...], entered: tuple[str, ...], nurtured: str, ended: bool
) -> Bundle:
    """Give what a lead counts for by having entered a stage: there, and on the way to each later one."""
    first = "first" if stage == ladder[0] else None
    cells: list[Cell] = [("stage", site, stage)]
    for later in ladder[ladder.index(stage) + 1 :]:
        fate = REACHED if later in entered else LEFT if ended else WAITS
        cells.append(("pair", site, stage, later, first, nurtured, fate))
    return Bundle(cells)


@lru_cache(_MOST)
def of_segments(site: str, values: tuple[str, ...], fate: int) -> Bundle:
    """Give what a lead counts for among those of its kind, one segment at a time."""
    return Bundle([("segment", site, name, value, fate) for name, value in zip(SEGMENTS, values, strict=True)])


@lru_cache(_MOST)
def standing(site: str, band: str, stage: str, rep: str, waits: bool) -> Bundle:
    """Give what stands of a lead that is open; `waits`: nobody has answered it yet."""
    cells: list[Cell] = [("band", site, band), ("open_all", site, stage), ("rep_open", site, rep)]
    return Bundle([*cells, ("unanswered_all", site)] if waits else cells)


@lru_cache(_MOST)
def of_credit(site: str, channel: str, campaign: str, campaign_id: str | None, paid: str | None) -> Bundle:
    """Give what a lead counts for where all models give all credit to one touch."""
    return Bundle([("credit", site, model, channel, campaign, campaign_id, paid) for model in MODELS])
