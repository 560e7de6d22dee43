"""Spells: when an alert fires: two looks that follow each other, then until it is over.

In:  what holds and what stays at some moments, and what fires.
Out: what fires at each of these moments, since when.

    hold   .  x  x  x  .  .        x: holds   -: stays
    stay   .  -  -  -  -  .
    fires  .  .  F  F  F  F  .     since the first x; over 15 minutes after it last held

A look that could not be made is neither yes nor no. What fires is state, so a restart tells nothing twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec
import numpy as np

from stream.changes.panes import DAY_MS, MINUTE_MS
from stream.judge.history import Bools, Ints

#: A firing alert ends so long after it last held.
OVER_MS: Final = 15 * MINUTE_MS
#: Looks so far apart are each enough by themselves.
COARSE_MS: Final = 30 * MINUTE_MS
#: An alert that could not be looked at for so long is over.
LOST_MS: Final = DAY_MS


class Spell(msgspec.Struct, array_like=True):
    """One condition that held of late: since when, whether it fires, when it last held and was last looked at."""

    first_ms: int
    fires: bool
    held_ms: int
    looked_ms: int


class Fires(NamedTuple):
    """What fires: conditions × moments; and since when, 0 where it does not."""

    fires: Bools
    since_ms: Ints


def coarse(moments_ms: Ints, before_ms: Sequence[int]) -> Bools:
    """Say at which moments one look is enough: the last two steps were half an hour or more.

    >>> hour = 3_600_000
    >>> coarse(np.array([2, 3]) * hour, [0, hour]).tolist(), coarse(np.array([60_000]), [0]).tolist()
    ([True, True], [False])
    """
    every = np.concatenate([np.array(before_ms[-2:], np.int64), moments_ms])
    steps = np.diff(every) >= COARSE_MS
    out = np.zeros(len(moments_ms), np.bool_)
    for at in range(len(moments_ms)):
        last = len(every) - len(moments_ms) + at  # place of this moment among all
        out[at] = last >= 2 and steps[last - 1] and steps[last - 2]
    return out


def run(spells: list[Spell], moments_ms: Ints, holds: Bools, stays: Bools, made: Bools, once: Bools) -> Fires:
    """Carry conditions over moments, one after the other; `spells` are changed to what stands after the last one."""
    first, held, looked = (np.array([getattr(s, name) for s in spells], np.int64) for name in
                           ("first_ms", "held_ms", "looked_ms"))  # fmt: skip
    fires = np.array([spell.fires for spell in spells], np.bool_)
    out = Fires(np.zeros(holds.shape, np.bool_), np.zeros(holds.shape, np.int64))
    for at, now in enumerate(moments_ms.tolist()):
        there, yes = made[:, at], holds[:, at] & made[:, at]
        again = (yes | stays[:, at]) & there
        held = np.where(again & fires | yes, now, held)
        over = fires & np.where(there, ~again & (now - held >= OVER_MS), now - looked >= LOST_MS)
        fires &= ~over
        follows = (first > 0) & (now - looked <= COARSE_MS)
        begins = yes & ~fires & ~over & (follows | once[at])
        first = np.where(fires, first, np.where(yes, np.where(follows, first, now), np.where(there | over, 0, first)))
        fires |= begins
        looked = np.where(there, now, looked)
        out.fires[:, at] = fires
        out.since_ms[:, at] = np.where(fires, first, 0)
    for place, spell in enumerate(spells):
        spell.first_ms, spell.fires = int(first[place]), bool(fires[place])
        spell.held_ms, spell.looked_ms = int(held[place]), int(looked[place])
    return out
