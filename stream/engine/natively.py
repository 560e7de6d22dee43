"""Natively: the way of what is common through the flow of a shard, beside that of the rest.

    take → (the rest goes its way; repeats of both are asked for together) → settle → fold

In:  records of one source; the steps of the flow that both have in common.
Out: what is left for the Python; bookings; facts for the stage.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from stream.contract.kinds import KindName
from stream.contract.packed import Packed
from stream.contract.records import Record
from stream.engine.account import Account
from stream.engine.options import FoldOptions
from stream.engine.repeats import Repeats
from stream.ingest.columns import Columns
from stream.ingest.native import READ, Home, Native, Taken
from stream.ingest.timing import Flags
from stream.kernels.native import chosen, found
from stream.stages.stage import Stage

__all__ = ["Natively", "found", "natively"]


class Natively:
    """What one shard leaves to the native core."""

    def __init__(self, core: Native, stage: Stage, repeats: Repeats, account: Account) -> None:
        self._core, self._stage, self._repeats, self._account = core, stage, repeats, account
        self._open: Taken | None = None
        self._repeated: Flags | None = None

    @property
    def seen(self) -> Mapping[str, Sequence[int]]:
        """Kind → records so far, and those that went this way."""
        return self._core.seen

    def takes(self, source: str) -> bool:
        """Say whether records of a source may go this way now."""
        return source in self._core.kinds and not self._stage.looks_closer

    def take(self, kind: KindName, records: Sequence[Record]) -> Sequence[Record]:
        """Take what is common; give the rest."""
        since_hour = self._repeats.since_hour(kind)
        taken = self._core.take(kind, records, self._stage.known, since_hour, routed=True)
        self._open, self._repeated = taken, None
        if isinstance(records, Packed):
            return records.picked(taken.left)
        return records if len(taken.left) == len(records) else [records[at] for at in taken.left]

    def repeated(self, batch: Columns) -> Columns:
        """Take repeats out of the rest, and find them in what was taken."""
        if self._open is None:
            return self._repeats.repeated(batch)
        left, self._repeated = self._repeats.repeated_beside(self._open, batch)
        return left

    def settle(self) -> None:
        """Book what was taken and is no repeat, and keep it for the stage."""
        taken, self._open = self._open, None
        if taken is None:
            return
        if self._repeated is None:
            self._repeated = self._repeats.alone(taken)
        self._account.book(taken.kind, len(taken), taken.clock_ahead, self._core.settle(self._repeated))

    def hand_over(self) -> None:
        """Give the stage what was kept."""
        self._stage.take_natively(self._core)


def natively(
    stage: Stage,
    repeats: Repeats,
    account: Account,
    options: FoldOptions,
    kinds: Sequence[KindName],
    shard: int,
    shards: int,
) -> Natively | None:
    """Give the native way of a shard; None where there is no core, none is wanted, or the stage has no use for it."""
    said, core = stage.natively(), chosen(options.native)
    if core is None or said is None or options.partitioner != "murmur2":
        return None
    kinds = [kind for kind in kinds if kind in READ]
    home = Home(
        shard, shards, kinds, said.labels, said.touch_of, said.facts, (options.grid.origin_ms, options.grid.pane_ms),
        options.require_consent, bool(options.leads), said.telling,
    )  # fmt: skip
    return Natively(Native(core, home, options.limits), stage, repeats, account)
