"""Repeats: which events came before, and which are so old that nobody can tell.

In:  batches of one kind; the ids of all events that could still come again.
Out: what is left of a batch; the account is told of the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from stream.changes.panes import HOUR_MS
from stream.contract.kinds import KindName
from stream.contract.records import REROUTE, Record
from stream.contract.rejects import Reject
from stream.engine.account import Account
from stream.engine.retention import Oldest, Retention
from stream.ingest.columns import Columns, names_of
from stream.ingest.decode import Limits
from stream.ingest.native import Taken
from stream.ingest.timing import Flags
from stream.state.known_ids import KnownIds, hash_ids
from stream.state.own_ids import OwnIds


class Repeats:
    """Two steps of the flow of one shard."""

    def __init__(self, known_ids: KnownIds, own_ids: OwnIds, account: Account, retention: Retention) -> None:
        self._common, self._own = known_ids, own_ids.of
        self._account, self._retention = account, retention

    def too_old(self, batch: Columns) -> Columns:
        """Take out events of hours whose ids were forgotten: nobody can tell whether they are repeats."""
        before = self._of(batch.kind).forgotten_before_hour(batch.kind)
        if batch.source == REROUTE:
            self.forwarded(batch.kind, batch.records, zip(batch.index, batch.times.tolist(), strict=True))
        if before is None or not len(batch) or int(batch.times.min()) >= before * HOUR_MS:
            return batch
        early = batch.times < before * HOUR_MS
        old = batch.only(early)
        pairs = zip(old.index, old.sites, strict=True)
        self._account.reject(old, [Reject(at, "too_late", "time", site) for at, site in pairs])
        return batch.only(~early)

    def repeated(self, batch: Columns) -> Columns:
        """Take out events that came before."""
        hashes = hash_ids(names_of(batch.kind, batch.events))
        return self._without(batch, self._of(batch.kind).check(hashes, batch.times // HOUR_MS, batch.kind))

    def repeated_beside(self, taken: Taken, batch: Columns) -> tuple[Columns, Flags]:
        """Do the same for a batch and what was taken of it before; say of the latter, too, which came before.

        Both are asked for together and in their order: of two copies the first counts, whoever read it.
        """
        hashes, hours = taken.hashes, taken.hours
        left = np.array(taken.left, np.int64)[batch.index]
        order = np.argsort(np.concatenate((taken.places, left)))
        hashes = np.concatenate((hashes, hash_ids(names_of(batch.kind, batch.events))))[order]
        hours = np.concatenate((hours, batch.times // HOUR_MS))[order]
        repeated = np.empty(len(order), np.bool_)
        repeated[order] = self._of(batch.kind).check(hashes, hours, batch.kind)
        return self._without(batch, repeated[len(taken) :]), repeated[: len(taken)]

    def forwarded(self, kind: str, records: Sequence[Record], times: Iterable[tuple[int, int]]) -> None:
        """Note that shards forwarded records here: as places, and times of their events."""
        self._retention.forwarded(kind, records, times)

    def alone(self, taken: Taken) -> Flags:
        """Say which of what was taken came before, where nothing is left beside it."""
        return self._of(taken.kind).check(taken.hashes, taken.hours, taken.kind)

    def heard(self, kind: str) -> int | None:
        """Note that records of a kind came; give the hour since which repeats of it are known, None: all are."""
        self._retention.heard(kind)
        return self._of(kind).forgotten_before_hour(kind)

    def _without(self, batch: Columns, repeated: Flags) -> Columns:
        if not repeated.any():
            return batch
        self._account.repeat(batch.only(repeated))
        return batch.only(~repeated)

    def forget(self, oldest: Oldest, now_ms: int) -> None:
        """Forget ids of hours of which nothing is still to come."""
        pairs = [(self._common, oldest.common_ms), *((ids, oldest.own_ms.get(kind)) for kind, ids in self._own.items())]
        for ids, oldest_ms in pairs:
            if oldest_ms is not None:
                ids.expire(oldest_ms // HOUR_MS - 1, now_ms)

    def horizon_ms(self, kinds: Sequence[KindName], newest_ms: Mapping[str, int], limits: Limits) -> int:
        """Give how far back repeats are known: as far as events may be late, unless there was no room for so many."""
        horizons = []
        for kind in kinds:
            horizons.append(limits.lateness_of(kind))
            dropped = self._of(kind).dropped_before_hour
            newest = newest_ms.get(kind, 0) if kind in self._own else max(newest_ms.values(), default=0)
            if dropped is not None:
                horizons.append(max(0, newest - dropped * HOUR_MS))
        return min(horizons, default=limits.lateness_ms)

    def _of(self, kind: str) -> KnownIds:
        return self._own.get(kind, self._common)
