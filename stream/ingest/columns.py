"""Columns: a batch of events on its way through the pipeline, with what is known of each side by side.

In:  a decoded batch.
Out: events with their keys, sites, times and arrivals; fewer with each step that takes some out.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from stream.ingest.decode import Decoded
from stream.ingest.timing import Flags, Millis

UNIT: Final = "\x1f"


class Columns:
    """Events of one kind; `index` is the place of each in the batch of records that it came in.

    `keys` name the row that an event belongs to: site and visitor, or site and message; "" where it has none.
    """

    __slots__ = ("arrivals", "events", "index", "keys", "kind", "sites", "times")

    def __init__(self, kind: str, decoded: Decoded) -> None:
        self.kind = kind
        self.events = decoded.events
        self.index = decoded.index
        self.times: Millis = decoded.times
        self.arrivals: Millis = decoded.arrivals
        datas = [event.data for event in decoded.events]
        self.sites: list[str] = [data.site_id for data in datas]
        self.keys = _keys(kind, datas)

    def __len__(self) -> int:
        return len(self.events)

    def keep(self, flags: Flags) -> None:
        """Leave out the events whose flag is not set."""
        kept = flags.tobytes()
        self.events = list(compress(self.events, kept))
        self.index = list(compress(self.index, kept))
        self.sites = list(compress(self.sites, kept))
        self.keys = list(compress(self.keys, kept))
        self.times, self.arrivals = self.times[flags], self.arrivals[flags]

    def tallies(self, moments: Millis, origin_ms: int, pane_ms: int) -> list[tuple[str, int, int]]:
        """Count events by site and the pane of a moment each: (site, pane, count)."""
        panes = (moments - origin_ms) // pane_ms
        sites = self.sites
        first = sites[0]
        if sites.count(first) == len(sites):  # mostly a batch is of one site
            return [(first, pane, n) for pane, n in _counted(panes)]
        numbers = {site: number for number, site in enumerate(dict.fromkeys(sites))}
        codes = np.fromiter(map(numbers.__getitem__, sites), np.int64, len(sites))
        return [(site, pane, n) for site, code in numbers.items() for pane, n in _counted(panes[codes == code])]


def _counted(panes: npt.NDArray[np.int64]) -> list[tuple[int, int]]:
    found, counts = np.unique(panes, return_counts=True)
    return list(zip(found.tolist(), counts.tolist(), strict=True))


def _keys(kind: str, datas: Sequence[Any]) -> list[str]:
    if kind == "ad":
        return [""] * len(datas)
    if kind == "email":
        return [data.site_id + UNIT + data.message_id for data in datas]
    if kind == "form":  # what was filled in on an ad platform has no visitor
        return [data.site_id + UNIT + data.visitor_id if data.platform == "site" else "" for data in datas]
    return [data.site_id + UNIT + data.visitor_id for data in datas]
