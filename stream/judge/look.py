"""Look: the judge at work: figures of some moments in, alerts and verdicts out.

In:  state, settings, the figures of one moment (a worker) or of many in a row (a back-test, the proof).
Out: records of `leadpulse.alerts`, verdicts of the last moment; the state goes on.

    remember    full hours into history             hold       a page holds its site's tickets, many sites, quiet hours
    judge       every group by its rule             tell       what changed, with what it comes from
    carry       conditions into spells

Many moments at once give what one after the other would: nothing looks at an hour that is still to come.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np

from stream.changes.panes import HOUR_MS, MINUTE_MS
from stream.contract.alert import AlertRecord
from stream.contract.readings import Reading
from stream.judge import rules
from stream.judge.block import Block
from stream.judge.docket import SILENCE, Docket
from stream.judge.firing import carry
from stream.judge.history import Bools, Ints, Pairs
from stream.judge.limits import limits
from stream.judge.marks import Marks
from stream.judge.past import Line, Past
from stream.judge.readings import ABSENT, Names, figures_of
from stream.judge.rules import Ruled, Scene
from stream.judge.settings import Settings
from stream.judge.state import State
from stream.judge.telling import tell
from stream.judge.usual import HOURS
from stream.judge.vanished import vanished
from stream.judge.verdicts import Verdicts
from stream.judge.zones import zone

#: A worker that was down over a full hour fills its slot with what it publishes within this time after it.
LATE_MS: Final = 10 * MINUTE_MS


class Looked(NamedTuple):
    """What came of a look: records to write, in order, and the verdicts of the last moment."""

    records: list[AlertRecord]
    verdicts: Verdicts


@dataclass(slots=True)
class _Known:
    """What is kept while the hour and history are the same."""

    key: tuple[int, int, int]
    past: dict[str, Past]
    usual: dict[Any, Any]


class Judge:
    """Judges by some settings; all that it remembers of looks is the state."""

    def __init__(self, settings: Settings = Settings()) -> None:
        self.settings = settings
        self._names = Names()
        self._marks: Marks | None = None
        self._docket: Docket | None = None
        self._docket_names = -1
        self._known = _Known((0, 0, 0), {}, {})

    def look(
        self, state: State, moment_ms: int, readings: Iterable[Reading], *, seq: int = 0, version: str = ""
    ) -> Looked:
        """Judge the readings of one moment: all that a worker publishes."""
        figures = figures_of(readings, self._names)
        rows = np.array([state.history.row(figure) for figure in figures], np.int64)
        count = state.history.height
        now = np.full((2, count, 1), np.nan)
        waits = np.full((count, 1), ABSENT)
        if figures:
            now[:, rows, 0] = np.array([seen[:2] for seen in figures.values()]).T
            waits[rows, 0] = [seen.waits for seen in figures.values()]
        return self.block(state, Block(np.array([moment_ms]), Pairs(now[0], now[1]), waits, seq, version, whole=True))

    def block(self, state: State, block: Block) -> Looked:
        """Judge moments in a row."""
        with np.errstate(all="ignore"):
            return self._block(state, block)

    def _block(self, state: State, block: Block) -> Looked:
        moments = block.moments_ms
        if state.looks and moments[0] <= state.looks[-1]:
            keep = moments > state.looks[-1]  # a look that was made stands
            block = block._replace(
                moments_ms=moments[keep], now=Pairs(*(side[:, keep] for side in block.now)), waits=block.waits[:, keep]
            )
            moments = block.moments_ms
        if not len(moments):
            return Looked([], Verdicts([], {}, np.zeros(0, np.int64), 0, None))
        docket, marks = self.docket(state, int(moments[-1]))
        _remember(state, block)
        ruled = self._judged(state, docket, block)
        ruled += limits(self.settings, state.history.rows, block.now)
        if block.whole:
            ruled += vanished(state, block.waits[:, -1], int(moments[-1]))
        firing = carry(state, ruled, moments)
        records = tell(self.settings, state, docket, firing, block)
        state.looks = [*state.looks, *moments.tolist()][-2:]
        return Looked(records, Verdicts(ruled, firing, block.waits[:, -1], int(moments[-1]), marks))

    def docket(self, state: State, around_ms: int) -> tuple[Docket, Marks]:
        """Give what is judged, made anew when there are new figures or another year."""
        if self._marks is None or not self._marks.fits(around_ms):
            self._marks, self._docket = Marks(self.settings, around_ms), None
        if self._docket is None or self._docket_names != state.history.names:
            self._docket_names = state.history.names
            self._docket = Docket(state.history.rows, self.settings, self._marks)
            self._known = _Known((0, 0, 0), {}, {})
        return self._docket, self._marks

    def _judged(self, state: State, docket: Docket, block: Block) -> list[Ruled]:
        moments = block.moments_ms
        first, last = int(moments[0]) // HOUR_MS, int(moments[-1]) // HOUR_MS + 1
        key = (first, last, state.history.changes)
        if self._known.key != key:
            self._known = _Known(key, {}, {})
        scenes = {group.zone: self._scene(state, group.zone, first, last, block) for group in docket.groups}
        out: list[Ruled] = []
        silent: dict[tuple[str, str], tuple[Bools, Ints]] = {}
        for group in docket.groups:
            if group.how == SILENCE:
                out += _silences(group, scenes[group.zone], state, silent)
        for group in docket.groups:
            if group.how != SILENCE:
                out += [_held_back(one, silent, moments) for one in rules.judged(group, scenes[group.zone])]
        return out

    def _scene(self, state: State, name: str, first: int, last: int, block: Block) -> Scene:
        past = self._known.past.get(name)
        if past is None:
            clock = zone(name, int(block.moments_ms[0]))
            past = self._known.past[name] = Past(state.history, clock, first, last)
        return Scene(block.now, block.moments_ms, past, Line(past, block.moments_ms), self._known.usual)


def _remember(state: State, block: Block) -> None:
    """Put into history what stands at full hours; what waits is a hole."""
    hours, late_ms = np.divmod(block.moments_ms, HOUR_MS)
    for at in np.flatnonzero(late_ms <= LATE_MS).tolist():
        hour = int(hours[at])
        if late_ms[at] and state.history.is_measured(hour):
            continue
        rows = np.flatnonzero(~np.isnan(block.now.successes[:, at]))
        state.history.put(hour, rows, block.now.successes[rows, at], block.now.trials[rows, at])


def _silences(group: Any, scene: Scene, state: State, silent: dict[tuple[str, str], tuple[Bools, Ints]]) -> list[Ruled]:
    """Judge sources, and say of each at which moments it is silent and when it last surely was (0: never)."""
    out = []
    moments = scene.moments_ms
    for ruled, quiet in rules.silence(group, scene):
        out.append(ruled)
        for row, series in enumerate(group.series):
            key = (series.site, series.value[0])
            before = state.silent.get(key, 0)
            if not before and not quiet.holds[row].any():
                continue
            holds, sure = silent.get(key, (np.zeros(len(moments), np.bool_), np.full(len(moments), before)))
            since = np.maximum.accumulate(np.where(quiet.sure[row], moments, before))
            silent[key] = (holds | quiet.holds[row], np.maximum(sure, since))
    for key, (_, sure) in silent.items():
        if sure[-1]:
            state.silent[key] = int(sure[-1])
    return out


def _held_back(ruled: Ruled, silent: dict[tuple[str, str], tuple[Bools, Ints]], moments: Ints) -> Ruled:
    """Let figures wait whose source is silent, or surely was within their window."""
    if not silent:
        return ruled
    length_ms = HOURS[ruled.window] * HOUR_MS
    now = np.zeros(len(ruled.places), np.bool_)
    for row, place in enumerate(ruled.places.tolist()):
        series = ruled.group.series[place]
        for kind in series.entry.kinds:
            known = silent.get((series.site, kind))
            if known is not None:
                holds, sure = known
                waits = holds | (sure > 0) & (moments - sure < length_ms)
                ruled.judgement.made[row] &= ~waits
                now[row] |= waits[-1]
    return ruled._replace(silent=now)
