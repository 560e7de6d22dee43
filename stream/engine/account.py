"""Account: where each record of a shard ended, booked once.

In:  batches, as the steps of the flow part them, and what the stage refuses in the end.
Out: accepted = counted + duplicate + filtered + dead-lettered, by kind; the same by site and pane as cells; dead
     letters.

What goes on to the stage waits until the stage has folded it: only a person's row can tell that an event is flood.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from stream.changes.accumulator import PANE_MASK, Accumulator
from stream.changes.panes import Grid
from stream.contract.records import UNIT
from stream.contract.rejects import Reject
from stream.engine.commit import Letter
from stream.ingest.columns import Columns
from stream.ingest.native import Settled
from stream.stages.stage import Refused
from stream.state.keys import ACCOUNT
from stream.state.labels import Labels
from stream.state.table import LogRecord

#: Makes a dead letter of a reject and the batch that it is of.
Bury = Callable[[Reject, Columns], Letter]


class Figures(msgspec.Struct, array_like=True):
    """What is stored of an account: totals since the shard began. Append new fields at the end."""

    outcomes: dict[str, int] = {}  # kind/outcome or kind/outcome/reason → records
    newest_ms: dict[str, int] = {}  # kind → time of its newest event
    oldest_ms: int | None = None


#: What a dead letter takes in memory beside its value.
_LETTER_BYTES: Final = 512

_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(Figures).decode


class Account:
    """The account of one shard."""

    prefix = ACCOUNT.prefix

    def __init__(self, accumulator: Accumulator, sites: Labels, grid: Grid, bury: Bury) -> None:
        self.figures = Figures()
        self._accumulator, self._sites, self._grid, self._bury = accumulator, sites, grid, bury
        self._stored = b""
        self._letters: list[Letter] = []
        self.letter_bytes = 0  # of the dead letters since the last call, about
        self._open: list[tuple[str, str, int, int]] = []  # kind, site, pane, events that the stage has
        self._ignored: dict[tuple[str, str], Sequence[str]] = {}  # kind and name of such an event → its ignored fields

    @property
    def outcomes(self) -> dict[str, int]:
        """Records by kind/outcome or kind/outcome/reason."""
        return self.figures.outcomes

    @property
    def newest_ms(self) -> int:
        """The time of the newest event of all kinds; 0 before the first."""
        return max(self.figures.newest_ms.values(), default=0)

    # state ------------------------------------------------------------------------------------------------

    def load(self, key: bytes, value: bytes | None) -> None:
        """Take a record of the state log."""
        if value is not None:
            self.figures, self._stored = _decode(value), value

    def changes(self) -> list[LogRecord]:
        """Give the figures if they changed: a batch of nothing but duplicates changes nothing else."""
        now = _encode(self.figures)
        if now == self._stored:
            return []
        self._stored = now
        return [(self.prefix, now)]

    def letters(self) -> list[Letter]:
        """Give the dead letters since the last call."""
        letters, self._letters, self.letter_bytes = self._letters, [], 0
        return letters

    # where records end ------------------------------------------------------------------------------------

    def accept(self, batch: Columns, forwarded: int, clock_ahead: int) -> None:
        """Open the account of a batch, but for what was forwarded: whoever counts that has it in their account."""
        kind = batch.kind
        self._add(f"{kind}/rerouted", forwarded)
        self._add(f"{kind}/accepted", len(batch.records) - forwarded)
        self._add(f"{kind}/clock_ahead", clock_ahead)

    def reject(self, batch: Columns, rejects: Sequence[Reject]) -> None:
        """Bury records that cannot be counted, each with its reason."""
        for reject in rejects:
            self._add(f"{batch.kind}/dead_lettered/{reject.reason}", 1)
            arrival_ms = batch.records[reject.index][1]
            self._accumulator.add(("refused", self._sites[reject.site], batch.kind), self._grid.pane(arrival_ms), 1)
            letter = self._bury(reject, batch)
            self._letters.append(letter)
            self.letter_bytes += len(letter[1]) + _LETTER_BYTES

    def repeat(self, again: Columns) -> None:
        """Count events that came before."""
        self._tally("refused", again, again.arrivals)
        self._add(f"{again.kind}/duplicate", len(again))

    def filter(self, refused: Columns, reasons: Sequence[str]) -> None:
        """Count events that say of themselves that they do not count; `reasons` has one for each."""
        kind, pane, sites = refused.kind, self._grid.pane, self._sites
        for site, time_ms, reason in zip(refused.sites, refused.times.tolist(), reasons, strict=True):
            self._add(f"{kind}/filtered/{reason}", 1)
            if reason != "no_consent":
                self._accumulator.add(("traffic", sites[site], kind, reason), pane(time_ms), 1)
        self._tally("refused", refused, refused.arrivals)

    def take(self, batch: Columns) -> None:
        """Take what goes on to the stage: it is counted when the account closes, unless the stage refuses it."""
        kind, grid, figures = batch.kind, self._grid, self.figures
        for code, pane, n in batch.tallies(batch.arrivals, grid.origin_ms, grid.pane_ms):
            self._open.append((kind, batch.named[code], pane, n))
        if batch.ignored:
            for place, event in zip(batch.index, batch.events, strict=True):
                if place in batch.ignored:
                    self._ignored[kind, event.source + UNIT + event.id] = batch.ignored[place]
        self._tally("traffic", batch, batch.times, "human")
        newest, oldest = int(batch.times.max()), int(batch.times.min())
        figures.newest_ms[kind] = max(newest, figures.newest_ms.get(kind, 0))
        if figures.oldest_ms is None or oldest < figures.oldest_ms:
            figures.oldest_ms = oldest

    def book(self, kind: str, taken: int, clock_ahead: int, settled: Settled) -> None:
        """Book what the native core took of a batch: accepted, and counted or repeated."""
        self._add(f"{kind}/accepted", taken)
        self._add(f"{kind}/clock_ahead", clock_ahead)
        self._add(f"{kind}/duplicate", settled.again)
        self._put("refused", kind, settled.repeats)
        if not settled.counted:
            return
        self._open += [(kind, site, pane, n) for site, pane, n in settled.by_arrival]
        self._put("traffic", kind, settled.by_time, "human")
        figures = self.figures
        figures.newest_ms[kind] = max(settled.newest_ms, figures.newest_ms.get(kind, 0))
        if figures.oldest_ms is None or settled.oldest_ms < figures.oldest_ms:
            figures.oldest_ms = settled.oldest_ms

    def close(self, refused: Sequence[Refused], noted: Mapping[str, int]) -> None:
        """Count what was taken, but for what the stage refused, and what it noted beside."""
        for name, n in noted.items():
            self._add(name, n)
        for event in refused:
            self._ignored.pop((event.kind, event.name), None)
        for (kind, _), paths in self._ignored.items():
            for path in paths:
                self._add(f"{kind}/ignored/{path}", 1)
        self._ignored.clear()
        counted: Counter[tuple[str, str, int]] = Counter()
        for kind, site, pane, n in self._open:
            counted[kind, site, pane] += n
        self._open.clear()
        for event in refused:
            pane = self._grid.pane(event.arrival_ms)
            counted[event.kind, event.site, pane] -= 1
            self._add(f"{event.kind}/filtered/{event.reason}", 1)
            self._accumulator.add(("refused", self._sites[event.site], event.kind), pane, 1)
        for (kind, site, pane), n in counted.items():
            self._add(f"{kind}/counted", n)
            self._accumulator.add(("counted", self._sites[site], kind), pane, n)

    def _add(self, name: str, n: int) -> None:
        if n:
            outcomes = self.figures.outcomes
            outcomes[name] = outcomes.get(name, 0) + n

    def _put(self, what: str, kind: str, tallies: Sequence[tuple[str, int, int]], *labels: str) -> None:
        counts, ids, sites = self._accumulator.counts, self._accumulator.ids, self._sites
        for site, pane, n in tallies:
            counts[ids[(what, sites[site], kind, *labels)] + min(max(pane, 0), PANE_MASK)] += n

    def _tally(self, what: str, batch: Columns, moments: NDArray[np.int64], *labels: str) -> None:
        """Count a batch by site and pane."""
        grid, counts, ids, sites = self._grid, self._accumulator.counts, self._accumulator.ids, self._sites
        cells = [ids[(what, sites[site], batch.kind, *labels)] for site in batch.named]
        for code, pane, n in batch.tallies(moments, grid.origin_ms, grid.pane_ms):
            counts[cells[code] + min(max(pane, 0), PANE_MASK)] += n
