"""Straight: what records come to if one shard of each group folds all of them at once, and nothing ever happens to it.

In:  records by kind, as a broker has them.
Out: readings by metric, labels and window, people followed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from stream.changes.panes import Grid
from stream.contract.kinds import KindName
from stream.contract.readings import Reading
from stream.contract.records import Record
from stream.engine.groups import GROUPS, Group
from stream.engine.options import FoldOptions
from stream.ingest.decode import Limits
from stream.ingest.ladder import Ladder
from stream.lifecycle.read import shipped
from stream.replay.folds import Folds
from stream.rollup.rollup import Rollup, RollupOptions

Series = tuple[str, tuple[tuple[str, str], ...], str | None]


def straight(
    records: Mapping[KindName, Sequence[Record]],
    groups: Mapping[str, Group] = GROUPS,
    *,
    exact: bool = True,
    **options: object,
) -> dict[Series, Reading]:
    """Read right after the newest event, with `exact` to the millisecond, else in the panes of a worker.

    Options are those of the rollup.
    """
    grid = Grid(pane_ms=1) if exact else Grid()
    rules = shipped()
    limits = Limits(ladder=Ladder(rules.ladder))
    folds = Folds(FoldOptions(limits=limits, grid=grid, rules=rules), groups, leads=True)
    rollup = Rollup(
        RollupOptions(
            dict.fromkeys(groups, 1),
            exact=exact,
            label_limit=1_000,
            most_readings=100_000,
            told=tuple(name for name, group in groups.items() if group.told_by),
            periods=rules.periods,
            **options,  # type: ignore[arg-type]
        )
    )
    folds.fold(records)
    at_ms = folds.newest_ms + 1
    folds.advance(at_ms)
    for delta in folds.deltas():
        rollup.add(delta)
    rollup.read_at(at_ms)  # where events give the time, a worker reads at this moment, too
    return {(one.metric, tuple(sorted(one.labels.items())), one.window): one for one in rollup.readings(None)}
