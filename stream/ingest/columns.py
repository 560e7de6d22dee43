"""Columns: a batch of events on its way through the pipeline, with what is known of each side by side.

In:  a decoded batch.
Out: events with their keys, sites, times and arrivals; fewer with each step that takes some out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress, repeat
from typing import Any, Final

import numpy as np

from stream.contract.kinds import KINDS, KindName
from stream.contract.records import UNIT, Record
from stream.ingest.decode import Decoded
from stream.ingest.timing import Flags, Millis
from stream.kernels import sums

# below this many the calls into NumPy cost more than they save: 40 µs however many, and 0.5 to 1 µs for each by itself
_FEW: Final = 32
# beyond so many places for each event it is cheaper to put them in order than to count in a table
_SPARSE: Final = 8


@dataclass(slots=True)
class Columns:
    """Events of one kind; `index` is the place of each in the batch of records that it came in.

    `keys` name the row that an event belongs to, as its kind says: site and visitor, or site and message; "" where
    it has none.
    `codes` are numbers of sites: places in `named`.
    """

    kind: KindName
    events: list[Any]
    index: list[int]
    keys: list[str]
    sites: list[str]
    named: list[str]
    codes: Millis
    times: Millis
    arrivals: Millis
    #: The batch of records that `index` points into, the source they were read from, and how many clocks ran ahead.
    records: Sequence[Record] = ()
    source: str = ""
    clock_ahead: int = 0
    #: Place in the batch of records → fields of the event that could not be used.
    ignored: Mapping[int, Sequence[str]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.events)

    def only(self, flags: Flags) -> Columns:
        """Give the events whose flag is set."""
        kept = flags.tobytes()
        return Columns(
            self.kind,
            list(compress(self.events, kept)),
            list(compress(self.index, kept)),
            list(compress(self.keys, kept)),
            list(compress(self.sites, kept)),
            self.named,
            self.codes[flags],
            self.times[flags],
            self.arrivals[flags],
            self.records,
            self.source,
            self.clock_ahead,
            self.ignored,
        )

    def tallies(self, moments: Millis, origin_ms: int, pane_ms: int) -> Iterator[tuple[int, int, int]]:
        """Count events by site and the pane of a moment each: (code of the site, pane, count)."""
        panes = (moments - origin_ms if origin_ms else moments) // pane_ms
        sites = len(self.named)
        if len(panes) < _FEW:
            counted = Counter(zip(panes.tolist(), self.codes.tolist(), strict=True))
            return ((code, pane, n) for (pane, code), n in sorted(counted.items()))
        low, high = int(panes.min()), int(panes.max())
        keys = panes - low
        if sites > 1:
            keys = keys * sites + self.codes
        if (high - low + 1) * sites <= _SPARSE * len(keys):
            counts = np.bincount(keys)
            found = counts.nonzero()[0]
            counts = counts[found]
        else:
            found, counts = sums.counted(keys)
        if sites == 1:
            return zip(repeat(0), (found + low).tolist(), counts.tolist(), strict=False)
        panes, codes = np.divmod(found, sites)
        return zip(codes.tolist(), (panes + low).tolist(), counts.tolist(), strict=True)


def columns_of(kind: KindName, decoded: Decoded, records: Sequence[Record] = (), source: str = "") -> Columns:
    """Put a decoded batch side by side with its keys and sites, and say of which records and source it is."""
    datas = [event.data for event in decoded.events]
    sites = [data.site_id for data in datas]
    named = list(dict.fromkeys(sites))
    codes = np.zeros(len(sites), np.int64)
    if len(named) > 1:  # mostly a batch is of few sites
        numbers = {site: number for number, site in enumerate(named)}
        codes = np.fromiter(map(numbers.__getitem__, sites), np.int64, len(sites))
    keys = KINDS[kind].row_keys(datas)
    return Columns(
        kind, decoded.events, decoded.index, keys, sites, named, codes, decoded.times, decoded.arrivals,
        records, source, decoded.clock_ahead, decoded.ignored,
    )  # fmt: skip


def names_of(kind: KindName, events: Sequence[Any]) -> list[str]:
    """Name events of a kind by what makes them the same: source and id, which another kind may use again."""
    return [f"{kind}{UNIT}{event.source}{UNIT}{event.id}" for event in events]
