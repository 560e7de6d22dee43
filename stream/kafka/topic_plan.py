"""Topic plan: every topic of an installation with its partitions and settings, and what is wrong with those there are.

In:  the topic prefix, partition counts, and what a broker has.
Out: topics to create; or findings, each saying what, where and what to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from stream.kafka.layout import GROUPS, Layout

DAY_MS: Final = 86_400_000
DEFAULT_PARTITIONS: Final = 12

#: With the brokers' defaults nothing is compacted before a segment of 1 GiB is full.
COMPACTED: Final = {
    "cleanup.policy": "compact",
    "segment.bytes": str(64 << 20),
    "segment.ms": "600000",
    "min.cleanable.dirty.ratio": "0.1",
    "max.compaction.lag.ms": "1800000",
}
#: The rollup reads deltas on from its last snapshot; a week lets it be away over holidays.
DELTAS: Final = {"cleanup.policy": "delete", "retention.ms": str(7 * DAY_MS)}
#: A forwarded record keeps the time at which it first arrived.
REROUTE: Final = {**DELTAS, "message.timestamp.type": "CreateTime"}
DEAD_LETTER: Final = {"cleanup.policy": "delete", "retention.ms": str(14 * DAY_MS)}
SOURCE: Final = {
    "cleanup.policy": "delete",
    "retention.ms": str(7 * DAY_MS),
    "message.timestamp.type": "LogAppendTime",
}

#: Settings that decide whether results are right; the others of a plan are advice.
BINDING: Final = frozenset({"cleanup.policy", "message.timestamp.type"})


@dataclass(frozen=True)
class TopicSpec:
    """One topic as it should be."""

    name: str
    role: str  # source, reroute, state, deltas, result, dead_letter
    group: str
    partitions: int
    configs: Mapping[str, str]


@dataclass(frozen=True)
class Found:
    """One topic as it is; `configs` is empty where the broker does not tell."""

    partitions: int
    replication: int = 1
    configs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """Something to know about a topic."""

    what: str
    where: str
    do: str
    fatal: bool = True  # a worker would not start, or count wrongly

    def __str__(self) -> str:
        return f"{'problem' if self.fatal else 'notice'}: {self.what}\n  where: {self.where}\n  do:    {self.do}"


class TopicPlan:
    """All topics of one installation."""

    def __init__(self, layout: Layout, partitions: Mapping[str, int] | int = DEFAULT_PARTITIONS) -> None:
        """Take the number of partitions of each group, or one number for all."""
        counts = dict.fromkeys(GROUPS, partitions) if isinstance(partitions, int) else dict(partitions)
        self.layout = layout
        specs: list[TopicSpec] = []
        for group, count in counts.items():
            specs += [TopicSpec(layout.sources[group][kind], "source", group, count, SOURCE) for kind in GROUPS[group]]
            specs.append(TopicSpec(layout.reroute(group), "reroute", group, count, REROUTE))
            specs.append(TopicSpec(layout.state(group), "state", group, count, COMPACTED))
            specs.append(TopicSpec(layout.deltas(group), "deltas", group, count, DELTAS))
        specs.append(TopicSpec(layout.rollup, "state", "rollup", 1, COMPACTED))
        specs.append(TopicSpec(layout.metrics, "result", "rollup", 1, COMPACTED))
        specs.append(TopicSpec(layout.dead_letter, "dead_letter", "", max(counts.values()), DEAD_LETTER))
        self.specs: tuple[TopicSpec, ...] = tuple(specs)

    @classmethod
    def fitting(cls, layout: Layout, found: Mapping[str, Found], partitions: int = DEFAULT_PARTITIONS) -> TopicPlan:
        """Plan around what exists: the counts of the sources decide, else of our own topics, else `partitions`."""
        counts: dict[str, int] = {}
        for group, kinds in GROUPS.items():
            sources = [layout.sources[group][kind] for kind in kinds]
            ours = [layout.state(group), layout.deltas(group), layout.reroute(group)]
            there = [found[name].partitions for name in sources if name in found] or [
                found[name].partitions for name in ours if name in found
            ]
            counts[group] = max(there, default=partitions)
        return cls(layout, counts)

    def missing(self, found: Mapping[str, Found]) -> list[TopicSpec]:
        """Give the topics that must be created."""
        return [spec for spec in self.specs if spec.name not in found]

    def findings(self, found: Mapping[str, Found], brokers: int = 1) -> list[Finding]:
        """Compare what is with what should be; what is fatal comes first."""
        findings = [*self._counts(found)]
        for spec in self.specs:
            there = found.get(spec.name)
            if there is None:
                findings.append(_missing(spec))
            else:
                findings += _config(spec, there)
                findings += _replication(spec, there, brokers)
        return sorted(findings, key=lambda finding: not finding.fatal)

    def _counts(self, found: Mapping[str, Found]) -> Iterable[Finding]:
        for group, kinds in GROUPS.items():
            sources = [self.layout.sources[group][kind] for kind in kinds]
            listed = {name: found[name].partitions for name in sources if name in found}
            if len(set(listed.values())) > 1:
                yield Finding(
                    "Topics that share visitors have different partition counts: a visitor would be split over shards.",
                    ", ".join(f"{name}: {count}" for name, count in listed.items()),
                    f"Create them anew with {max(listed.values())} partitions each (adding partitions moves keys).",
                )
        for spec in self.specs:
            there = found.get(spec.name)
            if there is None or spec.role in ("source", "dead_letter") or there.partitions == spec.partitions:
                continue
            yield Finding(
                f"The topic has {there.partitions} partitions; with its sources it must have {spec.partitions}.",
                spec.name,
                "Restore the partition count of the sources, or empty all leadpulse.* topics and create them anew.",
            )


def _missing(spec: TopicSpec) -> Finding:
    return Finding(
        f"The topic is missing ({spec.role}, {spec.partitions} partitions).",
        spec.name,
        "Create it with `leadpulse topics create`.",
    )


def _config(spec: TopicSpec, there: Found) -> Iterable[Finding]:
    for name, wanted in spec.configs.items():
        has = there.configs.get(name)
        if has is None or has == wanted:
            continue
        if name == "cleanup.policy" and spec.role == "source" and "compact" in has:
            yield Finding(
                f"cleanup.policy is {has}: records of a key would vanish before they are counted.",
                spec.name,
                "Set cleanup.policy=delete.",
            )
        elif name == "message.timestamp.type" and spec.role == "source":
            yield Finding(
                "Arrival is the producer's clock (CreateTime): a wrong clock moves events and decides what is late.",
                spec.name,
                "Set message.timestamp.type=LogAppendTime, unless the records are copied with their old times.",
                fatal=False,
            )
        elif name in BINDING and spec.role != "source":
            yield Finding(f"{name} is {has}; it must be {wanted}.", spec.name, f"Set {name}={wanted}.")
        elif spec.role == "state" and name != "cleanup.policy":
            yield Finding(
                f"{name} is {has}; restoring is faster with {wanted}.", spec.name, f"Set {name}={wanted}.", fatal=False
            )
    if has_short_retention(spec, there):
        yield Finding(
            f"retention.ms is {there.configs['retention.ms']}: a worker that is away longer loses records.",
            spec.name,
            f"Set retention.ms={spec.configs['retention.ms']} or more.",
            fatal=False,
        )


def has_short_retention(spec: TopicSpec, there: Found) -> bool:
    """Say whether a topic that must be read on later forgets within two days."""
    retention_ms = int(there.configs.get("retention.ms", "-1"))
    return spec.role in ("source", "reroute", "deltas") and 0 <= retention_ms < 2 * DAY_MS


def _replication(spec: TopicSpec, there: Found, brokers: int) -> Iterable[Finding]:
    if brokers >= 3 and spec.role != "source" and there.replication < 3:
        yield Finding(
            f"{there.replication} replica(s) on a cluster of {brokers} brokers: losing a disk loses state.",
            spec.name,
            "Raise its replication to 3 and set min.insync.replicas=2.",
            fatal=False,
        )
