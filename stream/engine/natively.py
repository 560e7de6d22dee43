"""Natively: the way of what is common through the flow of a shard, beside that of the rest.

    take → (the rest goes its way; repeats of both are asked for together) → settle → fold

In:  records of one source; the steps of the flow that both have in common.
Out: what is left for the Python; bookings; facts for the stage.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from stream.contract.kinds import KindName
from stream.contract.packed import Packed
from stream.contract.records import REROUTE, Record
from stream.engine.account import Account
from stream.engine.options import FoldOptions
from stream.engine.repeats import Repeats
from stream.ingest.columns import Columns
from stream.ingest.native import Home, Native, Taken
from stream.ingest.timing import Flags
from stream.kernels.native import chosen, found
from stream.stages.stage import Stage

__all__ = ["Natively", "Place", "found"]


class Natively:
    """What one shard leaves to the native core; all of it goes the other way where there is none."""

    def __init__(self, stage: Stage, repeats: Repeats, account: Account, options: FoldOptions, place: Place) -> None:
        self._stage, self._repeats, self._account = stage, repeats, account
        self.core = _core_of(stage, options, place)
        self._open: Taken | None = None
        self._repeated: Flags | None = None

    @property
    def seen(self) -> Mapping[str, Sequence[int]]:
        """Kind → records so far, and those that went this way."""
        return {} if self.core is None else self.core.seen

    def take(self, kind: KindName, records: Sequence[Record], source: str) -> Sequence[Record]:
        """Take what is common; give the rest. What was forwarded once stays here."""
        core = self.core
        if core is None or kind not in core.kinds or self._stage.looks_closer:
            return records
        forwarded, since = source == REROUTE, self._repeats.heard(kind)
        taken = core.take(kind, records, self._stage.known, since, routed=not forwarded)
        self._open, self._repeated = taken, None
        if forwarded:
            self._repeats.forwarded(kind, records, zip(taken.places.tolist(), taken.times.tolist(), strict=True))
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
        if taken is None or self.core is None:
            return
        if self._repeated is None:
            self._repeated = self._repeats.alone(taken)
        self._account.book(taken.kind, len(taken), taken.clock_ahead, self.core.settle(self._repeated))

    def hand_over(self) -> None:
        """Give the stage what was kept."""
        if self.core is not None:
            self._stage.take_natively(self.core)


class Place(NamedTuple):
    """Which shard it is: of the kinds of its group, its number, of how many."""

    kinds: Sequence[KindName]
    shard: int
    shards: int


def _core_of(stage: Stage, options: FoldOptions, place: Place) -> Native | None:
    """Give the core of a shard; None where there is none, none is wanted, or the stage has no use for it."""
    said, core = stage.natively(), chosen(options.native)
    if core is None or said is None or options.partitioner != "murmur2":
        return None
    home = Home(
        place.shard, place.shards, place.kinds,
        said.labels, said.touch_of, said.facts, (options.grid.origin_ms, options.grid.pane_ms),
        options.require_consent, bool(options.leads), said.telling,
    )  # fmt: skip
    return Native(core, home, options.limits)
