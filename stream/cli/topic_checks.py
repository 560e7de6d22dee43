"""Topic checks: what is found by looking at offsets and records, beside settings and rights.

In:  an inspection of the broker; keys and partitions of some newest records of each source.
Out: findings: what a worker would stop for, and what it would only be slow or wrong for a while with.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from stream.errors import REBUILD
from stream.ingest.route import PARTITIONERS, partitions_of
from stream.kafka.inspect import Inspection, Place
from stream.kafka.layout import Layout
from stream.kafka.topic_spec import Finding

#: Beyond this a clock of a worker is worth a word: it decides when windows end.
SKEW_S: Final = 5.0
#: So many keyed records are needed to say how they are placed.
LEAST_KEYS: Final = 20


def offset_findings(seen: Inspection, layout: Layout) -> Iterable[Finding]:
    """Compare how far the group has read with what the sources hold now."""
    sources = {topic for topics in layout.sources.values() for topic in topics.values()}
    for (topic, number), offset in sorted(seen.committed.items()):
        place: Place = topic, number
        if topic not in sources or place not in seen.ends:
            continue
        where = f"{topic} partition {number}"
        if offset < seen.begins[place]:
            yield Finding(
                f"Records {offset} to {seen.begins[place] - 1} were deleted before they were counted (retention).",
                where,
                f"Lengthen the topic's retention. To go on without them, {REBUILD}.",
            )
        elif offset > seen.ends[place]:
            yield Finding(
                f"The topic ends at offset {seen.ends[place]}, but was read up to {offset}: recreated, or cut off.",
                where,
                f"Restore the topic, or {REBUILD}.",
            )


def clock_findings(seen: Inspection, now_ms: int) -> Iterable[Finding]:
    """Compare the clock of this machine with the times that brokers and workers wrote."""
    newest_ms = max((one.timestamp_ms for one in seen.newest.values()), default=0)
    behind_s = (newest_ms - now_ms) / 1_000
    off_s = seen.ahead_s if seen.ahead_s is not None else -behind_s if behind_s > 0 else 0.0
    if abs(off_s) > SKEW_S:
        yield Finding(
            f"This clock is {abs(off_s):.0f} s {'ahead of' if off_s > 0 else 'behind'} the times in the topics.",
            "clock",
            "Let the machines of brokers, producers and workers take their time from the same source (NTP).",
            fatal=False,
        )


def partitioner_findings(
    records: Mapping[str, Iterable[tuple[int, bytes | None]]], counts: Mapping[str, int], configured: str
) -> Iterable[Finding]:
    """Say where producers place records by another partitioner than the configured one.

    `records` is topic → (partition, key) of its newest records, `counts` topic → number of partitions.
    """
    for topic, some in records.items():
        keyed = [(partition, key.decode("utf-8", "surrogateescape")) for partition, key in some if key]
        if len(keyed) < LEAST_KEYS or counts[topic] < 2:
            continue
        keys = [key for _, key in keyed]
        fits = {
            name: sum(
                int(wanted) == partition
                for (partition, _), wanted in zip(keyed, partitions_of(keys, counts[topic], name), strict=True)
            )
            for name in PARTITIONERS
        }
        best = max(fits, key=lambda name: fits[name])
        if best != configured and fits[best] > len(keyed) * 0.8:
            yield Finding(
                f"Producers place records by {best}, and LEADPULSE_PARTITIONER is {configured}: nearly each record is "
                "forwarded once before it is counted.",
                topic,
                f"Set LEADPULSE_PARTITIONER={best} before the first start; under a state that was made with "
                f"{configured}, {REBUILD}.",
                fatal=False,
            )
