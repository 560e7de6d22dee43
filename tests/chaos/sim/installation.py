"""Installation: what all runs with the same shards have in common, made once.

In:  the groups that run, and how many shards each has.
Out: names and settings of topics, options, and the entries of the catalog that are shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from types import ModuleType
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from stream import catalog
from stream.engine.groups import GROUPS, following
from stream.engine.options import FoldOptions
from stream.identity import ids
from stream.ingest import route
from stream.kafka.layout import Layout
from stream.kafka.topic_plan import TopicPlan
from stream.kernels.murmur2 import partitions_by_murmur2
from stream.kernels.native import Wanted
from stream.rollup import rollup, series
from stream.rollup.budget import families
from stream.rollup.rollup import RollupOptions
from stream.rollup.room import readings_of
from stream.rollup.wanted import windows_of

Shards = Mapping[str, int]

#: Shards of runs in which nobody is followed; one alone is what an installation begins with, and costs the least.
PLAIN: Final[tuple[Shards, ...]] = (
    {"ads": 2}, {"visitors": 2}, {"emails": 2}, {"visitors": 1, "ads": 1}, {"emails": 1, "ads": 1},
    {"ads": 1}, {"visitors": 1}, {"emails": 1},
)  # fmt: skip
#: Shards of runs in which people are followed.
FOLLOWED: Final[tuple[Shards, ...]] = (
    {"emails": 1, "leads": 2}, {"visitors": 2, "leads": 1}, {"visitors": 1, "emails": 1, "leads": 2},
)  # fmt: skip

#: A few of each group are enough to tell a wrong count.
FIGURES: Final = ("page_views", "visitors", "leads", "conversations", "emails_sent", "ad_impressions", "ad_clicks")
#: What people amount to who are followed; all of it lies in the long window.
LEAD_FIGURES: Final = ("stage_leads", "attributed_leads", "merged_leads", "key_events")
SHORT: Final = "1h"
LONG: Final = "30d"

_WANTED: Final[tuple[Wanted, ...]] = ("auto", "off")


class Installation:
    """One set of shards."""

    def __init__(self, shards: Shards) -> None:
        self.shards = shards
        self.layout = Layout("", [GROUPS[group] for group in shards])
        told = tuple(group for group in shards if GROUPS[group].told_by)
        #: Whether shards tell others of people.
        self.followed = bool(told)
        self.configs = {spec.name: spec.configs for spec in TopicPlan(self.layout, shards).specs}
        #: With the compiled core, where there is one, and without.
        self.folds = {wanted: following(FoldOptions(native=wanted), shards) for wanted in _WANTED}
        self.windows = (SHORT, LONG) if self.followed else (SHORT,)
        self.rollup = RollupOptions(shards, windows=self.windows, label_limit=1_000, told=told)
        figures = {*FIGURES, *LEAD_FIGURES} if self.followed else set(FIGURES)
        self.places = tuple((group, shard) for group, count in shards.items() for shard in range(count))
        metrics = tuple(metric for metric in catalog.METRICS if metric.name in figures)
        windows, of_family = windows_of(metrics, self.windows), families(metrics)
        readings = readings_of(metrics, of_family)
        #: What stands in for parts of modules: a catalog of these figures, and what each rollup would work out anew.
        self.swaps: tuple[tuple[ModuleType, str, Any], ...] = (
            (catalog, "METRICS", metrics),
            (catalog, "version", lambda: "simulated"),
            (rollup, "windows_of", lambda *_: windows),
            (series, "families", lambda *_: of_family),
            (series, "readings_of", lambda *_: readings),
            (route, "partitions_by_murmur2", _partitions),
            (ids, "partitions_by_murmur2", _partitions),
        )


def _partitions(keys: Sequence[str], n: int) -> npt.NDArray[np.int32]:
    """Give the partition of each key; runs have the same few keys, of which the kernel would hash one at a time."""
    return np.array([_partition(key, n) for key in keys], np.int32)


@cache
def _partition(key: str, n: int) -> int:
    return int(partitions_by_murmur2([key], n)[0])


@cache
def installation(number: int, followed: bool) -> Installation:
    """Give one of those with people followed, or without."""
    return Installation((FOLLOWED if followed else PLAIN)[number])
