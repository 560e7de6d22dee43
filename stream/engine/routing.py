"""Routing: records that reached a shard they do not belong to, and the way on for them.

In:  batches of one kind.
Out: what stays; forwards, each with the kind of the topic that it was read from in a header.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from typing import Final

import numpy as np

from stream.contract.forwarded import carried
from stream.contract.kinds import KindName, is_kind
from stream.contract.records import ARRIVAL_HEADER, FROM_HEADER, KIND_HEADER, ORDERS, Record, arrival_ms
from stream.contract.rejects import Reject
from stream.contract.times import parse_ms
from stream.engine.commit import Forward
from stream.ingest.columns import Columns
from stream.ingest.route import canonical_keys, partitions_of

_MOST_PLACES: Final = 16_384
#: What a forward takes in memory beside its value.
_FORWARD_BYTES: Final = 512


class Router:
    """Knows which shard of its group an event belongs to."""

    def __init__(self, shard: int, shards: int, partitioner: str, known: Container[str] | None) -> None:
        """Take `known`, the keys that have a row here and so stay here; without them places are remembered by key."""
        self._shard, self._shards, self._partitioner, self._known = shard, shards, partitioner, known
        self._places: dict[str, int] = {}
        self._forwards: list[Forward] = []
        self.bytes = 0  # of the forwards since the last call, about
        self.too_large: list[Reject] = []

    def part(self, batch: Columns) -> tuple[Columns, int, int]:
        """Forward what belongs elsewhere; give what stays, how much went, and how much of that ran ahead of us.

        What is too large to go is neither: `too_large` then has its rejects.
        """
        self.too_large = []
        known, events = self._known, batch.events
        unsure = (
            list(range(len(events)))
            if known is None
            else [at for at, here in enumerate(map(known.__contains__, batch.keys)) if not here]
        )
        if not unsure:
            return batch, 0, 0
        places = self._places_of(canonical_keys(batch.kind, [events[at] for at in unsure]))
        if places.count(self._shard) == len(places):
            return batch, 0, 0
        stays, ahead = np.ones(len(events), np.bool_), 0
        tags = (KIND_HEADER, batch.kind.encode()), (FROM_HEADER, str(self._shard).encode())
        for at, place in zip(unsure, places, strict=True):
            if place != self._shard:
                stays[at] = False
                record = batch.records[batch.index[at]]
                going = carried(record)
                if going is None:
                    self.too_large.append(Reject(batch.index[at], "too_large", "", batch.sites[at]))
                    continue
                key, value, headers = going
                arrival = ARRIVAL_HEADER, str(record[1]).encode()
                self._forwards.append(Forward(place, key, value, [*headers, *tags, arrival]))
                self.bytes += len(value or b"") + _FORWARD_BYTES
                ahead += (parse_ms(events[at].time) or 0) > record[1]
        return batch.only(stays), len(events) - int(stays.sum()) - len(self.too_large), ahead

    def forwards(self) -> list[Forward]:
        """Give the forwards since the last call."""
        forwards, self._forwards, self.bytes = self._forwards, [], 0
        return forwards

    def _places_of(self, keys: list[str]) -> list[int]:
        if self._known is not None:
            return partitions_of(keys, self._shards, self._partitioner).tolist()  # type: ignore[no-any-return]
        places = self._places  # few campaigns make many events
        fresh = list({key for key in keys if key not in places})
        if fresh:
            if len(places) > _MOST_PLACES:
                places.clear()
                fresh = list(set(keys))
            places.update(zip(fresh, partitions_of(fresh, self._shards, self._partitioner).tolist(), strict=True))
        return [places[key] for key in keys]


def without_orders(records: Sequence[Record], receive: Callable[[Sequence[Record]], None]) -> Sequence[Record]:
    """Hand orders to whoever receives them, and give the other records: those are events.

    >>> order, event = (0, 0, b"v1", b"", ((KIND_HEADER, b"erase"),)), (1, 0, None, b"a", ((KIND_HEADER, b"form"),))
    >>> without_orders([order, event], print) == [event]
    [(0, 0, b'v1', b'', (('leadpulse-kind', b'erase'),))]
    True
    """
    ordered = [dict(record[4]).get(KIND_HEADER) in ORDERS for record in records]
    if True not in ordered:
        return records
    receive([record for record, one in zip(records, ordered, strict=True) if one])
    return [record for record, one in zip(records, ordered, strict=True) if not one]


def by_kind(records: Sequence[Record], kinds: Sequence[KindName]) -> list[tuple[KindName, list[Record]]]:
    """Part forwarded records by the kind in their header; without one of the group's they are of its first.

    Each is given with the time at which it first arrived.

    >>> by_kind([(0, 0, None, b"a", ((KIND_HEADER, b"form"),)), (1, 0, None, b"b", ())], ("page_view", "form"))
    [('form', [(0, 0, None, b'a', (('leadpulse-kind', b'form'),))]), ('page_view', [(1, 0, None, b'b', ())])]
    """
    out: dict[KindName, list[Record]] = {}
    for record in records:
        named = (dict(record[4]).get(KIND_HEADER) or b"").decode("ascii", "replace")
        offset, _, key, value, headers = record
        at = offset, arrival_ms(record), key, value, headers
        out.setdefault(named if is_kind(named) and named in kinds else kinds[0], []).append(at)
    return list(out.items())
