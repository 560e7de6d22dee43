"""Firing: conditions of all windows carried into spells, and what that makes of alerts.

In:  state, judgements of some moments.
Out: for each alert of which anything fires: at which moments, since when, and by which windows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from stream.judge.docket import Case
from stream.judge.history import Bools, Ints
from stream.judge.rules import Ruled
from stream.judge.spells import Spell, coarse, run
from stream.judge.state import Condition, State


class Active(NamedTuple):
    """One condition of an alert that fires at some of the moments; `ruled` is None where nothing judges it any more."""

    window: str
    ruled: Ruled | None
    row: int
    fires: Bools
    since_ms: Ints


#: Alert → its conditions.
Firing = dict[Case, list[Active]]


def carry(state: State, ruled: list[Ruled], moments_ms: Ints) -> Firing:
    """Carry all conditions over the moments; the state has what stands after them."""
    active = _active(state, ruled)
    if not active:
        return {}
    count, length = len(active), len(moments_ms)
    holds, stays, made = (np.zeros((count, length), np.bool_) for _ in range(3))
    for at, (one, row) in enumerate(active.values()):
        if one is not None:
            holds[at], stays[at] = one.judgement.holds[row], one.judgement.stays[row]
            made[at] = one.judgement.made[row]
    spells = [state.spells.get(condition) or Spell(0, False, 0, 0) for condition in active]
    out = run(spells, moments_ms, holds, stays, made, coarse(moments_ms, state.looks))
    firing: Firing = {}
    for at, (condition, (one, row)) in enumerate(active.items()):
        spell = spells[at]
        if spell.fires or spell.first_ms:
            state.spells[condition] = spell
        else:
            state.spells.pop(condition, None)
        if out.fires[at].any():
            firing.setdefault(condition.case, []).append(
                Active(condition.window, one, row, out.fires[at], out.since_ms[at])
            )
    return firing


def _active(state: State, ruled: list[Ruled]) -> dict[Condition, tuple[Ruled | None, int]]:
    """Find the conditions that hold anywhere, and those of which something stands."""
    out: dict[Condition, tuple[Ruled | None, int]] = {}
    waiting = dict(state.spells)
    standing = {(condition.case, condition.window) for condition in waiting}
    for one in ruled:
        some = np.flatnonzero((one.judgement.holds & one.judgement.made).any(axis=1)).tolist()
        rows = dict.fromkeys(some)
        if standing:
            rows.update(
                (row, None)
                for row, place in enumerate(one.places.tolist())
                if (one.cases[place], one.window) in standing
            )
        for row in rows:
            case = one.cases[int(one.places[row])]
            condition = Condition(*case, one.window)
            out[condition] = (one, row)
            waiting.pop(condition, None)
    out.update((condition, (None, 0)) for condition in waiting)
    return out
