"""Repeats: which events came before, and which are so old that nobody can tell.

In:  batches of one kind; the ids of all events that could still come again.
Out: what is left of a batch; the account is told of the rest.
"""

from __future__ import annotations

from stream.changes.panes import HOUR_MS
from stream.contract.records import REROUTE
from stream.contract.rejects import Reject
from stream.engine.account import Account
from stream.engine.retention import Retention
from stream.ingest.columns import Columns, names_of
from stream.state.known_ids import KnownIds, hash_ids


class Repeats:
    """Two steps of the flow of one shard."""

    def __init__(self, known_ids: KnownIds, account: Account, retention: Retention) -> None:
        self._known_ids, self._account, self._retention = known_ids, account, retention

    def too_old(self, batch: Columns) -> Columns:
        """Take out events of hours whose ids were forgotten: nobody can tell whether they are repeats."""
        before = self._known_ids.forgotten_before_hour(batch.kind)
        if batch.source == REROUTE:
            self._retention.forwarded(batch)
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
        repeated = self._known_ids.check(hashes, batch.times // HOUR_MS, batch.kind)
        if not repeated.any():
            return batch
        self._account.repeat(batch.only(repeated))
        return batch.only(~repeated)

    def horizon_ms(self, newest_ms: int, lateness_ms: int) -> int:
        """Give how far back repeats are known: as far as events may be late, unless there was no room for so many."""
        dropped = self._known_ids.dropped_before_hour
        return lateness_ms if dropped is None else min(lateness_ms, max(0, newest_ms - dropped * HOUR_MS))
