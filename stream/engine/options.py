"""Options: what the fold of a shard depends on beside its records.

In:  settings, by whoever joins the program.
Out: one frozen value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from stream.changes.panes import DAY_MS, Grid
from stream.identity.ids import Namer
from stream.ingest.decode import Limits
from stream.ingest.touches import ChannelOptions
from stream.kernels.native import Wanted
from stream.lifecycle.read import shipped
from stream.lifecycle.rules import Rules
from stream.stages.visitors.bounds import DEFAULT_BOUNDS, Bounds
from stream.state.known_ids import DEFAULT_CAP_BYTES


@dataclass(frozen=True, slots=True)
class FoldOptions:
    """What the fold of a shard depends on, beside its records."""

    limits: Limits = Limits()
    partitioner: str = "murmur2"
    require_consent: bool = False
    topic_prefix: str = ""
    grid: Grid = Grid()
    memory_ms: int = 35 * DAY_MS
    bounds: Bounds = DEFAULT_BOUNDS
    label_limit: int = 1_000
    known_ids_bytes: int = DEFAULT_CAP_BYTES
    channels: ChannelOptions = ChannelOptions()
    leads: int = 0  # shards that follow people; 0: nobody is followed, and nothing is told of anybody
    told_by: Mapping[str, int] = field(default_factory=dict)  # group → shards, of all that tell them
    once: bool = True  # what is written comes once; else a crash may repeat some of it
    rules: Rules = field(default_factory=shipped)
    native: Wanted = "auto"  # whether the compiled core takes what is common; the figures are the same

    def namer(self) -> Namer | None:
        """Give who names people; None where nobody is followed."""
        return Namer(self.leads, self.partitioner, self.rules.ignore) if self.leads else None
