"""Letters: dead letters of the records of one shard.

In:  rejects, and the batches that they are of.
Out: key, value and headers of each, with the topic that it was read from.
"""

from __future__ import annotations

from dataclasses import dataclass

from stream.contract import dead_letter
from stream.contract.records import ITEM_HEADER, REROUTE
from stream.contract.rejects import Reject
from stream.engine.commit import Letter
from stream.ingest.columns import Columns


@dataclass(frozen=True, slots=True)
class Letters:
    """Makes dead letters of one shard's records."""

    group: str
    shard: int
    prefix: str  # of all topics

    def __call__(self, reject: Reject, batch: Columns) -> Letter:
        """Make one."""
        own = batch.source == REROUTE
        topic = f"{self.prefix}leadpulse.reroute.{self.group}" if own else f"{self.prefix}{batch.kind}"
        record = batch.records[reject.index]
        key, value, headers = dead_letter.encode(reject, record, batch.kind, topic, self.shard)
        # what was made of somebody else's record is found by the place of that
        origin = dict(record[4]).get(ITEM_HEADER) if own and record[4] else None
        return origin or key, value, headers
