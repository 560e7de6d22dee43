"""Sums: what deltas add up to, and what a shard remembers, in a form that can be compared.

In:  deltas; shards.
Out: {(count, labels, pane): amount}, without zeros; rows as plain values.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec
import numpy as np

from stream import catalog
from stream.changes.accumulator import Accumulator
from stream.changes.cells import CELLS, Cell
from stream.changes.deltas import Delta
from stream.changes.panes import COARSER, Grid
from stream.engine.shard import ShardFold
from stream.stages.visitors.row import Submission, decode, decode_ad_lead, unpack
from stream.state.keys import AD_LEADS, PEOPLE, SIGHTINGS
from stream.state.rows import Rows

Sums = Counter[tuple[Any, ...]]

_rows_of = msgspec.msgpack.Decoder(list[Any]).decode


def counts_of(cell: Cell) -> list[tuple[str, tuple[Any, ...]]]:
    """Name the counts, with labels, that a cell adds to: written apart from the rollup."""
    kind, *values = cell
    says = dict(zip(CELLS[str(kind)].labels, values, strict=True))
    out = []
    for count in catalog.COUNTS.values():
        if kind not in count.cells:
            continue
        if count.fate and not says["fate"] & count.fate:
            continue
        if count.needs in says and says[count.needs] is None:
            continue
        labels = tuple(says[label] for label in count.labels)
        if None not in labels:
            out.append((count.name, labels))
    return out


def add_cells(sums: Sums, cells: list[tuple[Cell, int, int]]) -> None:
    """Add changes of cells, each as (cell, pane, amount)."""
    known: dict[Cell, list[tuple[str, tuple[Any, ...]]]] = {}
    for cell, pane, amount in cells:
        if cell not in known:
            known[cell] = counts_of(cell)
        for name in known[cell]:
            sums[*name, pane] += amount


#: The longest panes in which a shard gathers what is old.
LONG = COARSER[-1][1] // Grid().pane_ms


def add_delta(sums: Sums, delta: Delta, factor: int = 1) -> None:
    """Add what a shard reported; by `factor` panes at once, since how old a change is depends on the commit."""
    index = np.frombuffer(delta.name_index, np.int32).tolist()
    panes, amounts = np.frombuffer(delta.panes, np.int64).tolist(), np.frombuffer(delta.amounts, np.int64).tolist()
    add_cells(sums, [(delta.names[i], p // factor * factor, n) for i, p, n in zip(index, panes, amounts, strict=True)])
    for spread in delta.spreads:
        for name in counts_of(spread.cell):
            sums[*name, spread.start_ms, spread.end_ms] += spread.sign * spread.amount


def taken(accumulator: Accumulator) -> list[tuple[Cell, int, int]]:
    """Empty an accumulator."""
    names, index, panes, amounts, _ = accumulator.take()
    return [(names[i], p, n) for i, p, n in zip(index.tolist(), panes.tolist(), amounts.tolist(), strict=True)]


def nonzero(sums: Sums) -> dict[tuple[Any, ...], int]:
    """Leave out what came to nothing."""
    return {name: n for name, n in sums.items() if n}


def _of_submission(one: Submission) -> tuple[Any, ...]:
    return one.first, one.form, one.id


def remembered(fold: ShardFold) -> dict[str, Any]:
    """Give all rows of a shard, so that equal facts compare equal however they are stored."""
    out: dict[str, Any] = {}
    for rows in fold.stage.tables:
        for key, raw in rows.encoded.items() if isinstance(rows, Rows) else ():
            name = rows.prefix.decode() + key
            if rows.prefix == AD_LEADS.prefix:
                lead = decode_ad_lead(raw)
                lead.submissions.sort(key=_of_submission)
                out[name] = lead
                continue
            if rows.prefix != PEOPLE.prefix:
                out[name] = _rows_of(raw)
                if rows.prefix == SIGHTINGS.prefix:  # when a visitor was last heard of is noted to the day
                    del out[name][0]
                continue
            row = decode(raw)
            held = [unpack(session, row.source) for session in row.sessions]
            for session in held:
                session.ticks.sort()
            extra = row.extra
            if extra is not None:
                extra.talks.sort(key=lambda talk: talk[:2])
                extra.submissions.sort(key=_of_submission)
                extra.loose.sort(key=lambda one: (one.time_ms, one.name))
            out[name] = row.last, held, extra
    return out
