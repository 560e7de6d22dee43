"""Topic spec: one topic as it should be, one as it is, and what is wrong with its settings.

In:  settings that results depend on, or that make things faster; what a broker says of a topic.
Out: specs; findings, each saying what, where and what to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

DAY_MS: Final = 86_400_000

TIME_TYPE: Final = "message.timestamp.type"
#: What leadpulse writes carries the broker's time: no record and no worker's clock then says when a record was written,
#: so that none is refused for its time, deleted too early, or moves a window.
STAMPED: Final = {TIME_TYPE: "LogAppendTime"}
#: What topics of leadpulse are created to take, and the most that it writes at once: a batch and what goes with it.
MESSAGE_BYTES: Final = 1_048_588
WRITTEN_BYTES: Final = (768 + 16) << 10

#: With the brokers' defaults nothing is compacted before a segment of 1 GiB is full.
COMPACTED: Final = {
    **STAMPED,
    "cleanup.policy": "compact",
    "segment.bytes": str(64 << 20),
    "segment.ms": "600000",
    "min.cleanable.dirty.ratio": "0.1",
    "max.compaction.lag.ms": "1800000",
}
#: The rollup reads deltas on from its last snapshot; a week lets it be away over holidays.
DELTAS: Final = {**STAMPED, "cleanup.policy": "delete", "retention.ms": str(7 * DAY_MS)}
HANDOVER: Final = DELTAS
#: When a forwarded record first arrived stands in a header.
REROUTE: Final = DELTAS
TOUCHES: Final = DELTAS
LEAD_EVENTS: Final = {**STAMPED, "cleanup.policy": "delete", "retention.ms": str(90 * DAY_MS)}
DEAD_LETTER: Final = {**STAMPED, "cleanup.policy": "delete", "retention.ms": str(14 * DAY_MS)}
#: Of topics of others: what is worth a word, and nothing that would be set.
MAPPED: Final = {"retention.ms": str(7 * DAY_MS), **STAMPED}
SOURCE: Final = {
    "cleanup.policy": "delete",
    "retention.ms": str(7 * DAY_MS),
    **STAMPED,
}

#: Roles of topics that are read on from where reading stopped.
READ_ON: Final = ("source", "reroute", "handover", "touches", "deltas")
#: Settings that decide whether results are right; the others of a plan are advice.
BINDING: Final = frozenset({"cleanup.policy", TIME_TYPE})


@dataclass(frozen=True)
class TopicSpec:
    """One topic as it should be."""

    name: str
    role: str  # source, reroute, handover, touches, state, deltas, history, result, dead_letter
    group: str
    partitions: int
    configs: Mapping[str, str]
    optional: bool = False  # a worker does without its group where it is missing
    kind: str = ""  # the optional kind that a worker does without where this source is missing
    mapped: bool = False  # somebody else's: never made, changed or deleted

    @property
    def dispensable(self) -> bool:
        """Whether a worker starts without it."""
        return self.optional or bool(self.kind)


@dataclass(frozen=True)
class Found:
    """One topic as it is; `configs` is empty and `operations` is None where the broker does not tell."""

    partitions: int
    replication: int = 1
    configs: Mapping[str, str] = field(default_factory=dict)
    operations: frozenset[str] | None = None  # what this user may do with it


@dataclass(frozen=True)
class Finding:
    """Something to know about a topic."""

    what: str
    where: str
    do: str
    fatal: bool = True  # a worker would not start, or count wrongly
    usual: bool = False  # as many have it on purpose: worth no warning

    def __str__(self) -> str:
        return f"{'problem' if self.fatal else 'notice'}: {self.what}\n  where: {self.where}\n  do:    {self.do}"


def setting_findings(spec: TopicSpec, there: Found) -> Iterable[Finding]:
    """Compare the settings of a topic with those that it should have."""
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
        elif name == TIME_TYPE and spec.role != "source":
            yield Finding(
                f"{name} is {has}; it must be {wanted}: what is written would carry the clock of a worker.",
                spec.name,
                "Run `leadpulse topics create`, which sets it.",
            )
        elif name == TIME_TYPE:
            yield Finding(
                "Arrival is the producer's clock (CreateTime): a wrong clock moves events and decides what is late.",
                spec.name,
                "Set message.timestamp.type=LogAppendTime, unless the records are copied with their old times.",
                fatal=False,
            )
        elif name in BINDING and spec.role != "source":
            yield Finding(f"{name} is {has}; it must be {wanted}.", spec.name, f"Set {name}={wanted}.")
        elif name == "max.message.bytes":
            if int(has) < WRITTEN_BYTES:
                yield Finding(
                    f"max.message.bytes is {has}: leadpulse writes up to {WRITTEN_BYTES} bytes at once.",
                    spec.name,
                    f"Set max.message.bytes={wanted} on the topic (where it is not set, the broker's message.max.bytes "
                    f"holds): kafka-configs.sh --bootstrap-server HOST:9092 --alter --topic {spec.name} "
                    f"--add-config max.message.bytes={wanted}.",
                )
        elif spec.role == "state" and name != "cleanup.policy":
            yield Finding(
                f"{name} is {has}; restoring is faster with {wanted}.", spec.name, f"Set {name}={wanted}.", fatal=False
            )
    if has_bounded_size(spec, there):
        yield Finding(
            f"retention.bytes is {there.configs['retention.bytes']}: under load records vanish before their time.",
            spec.name,
            "Set retention.bytes=-1, or so much that retention.ms is reached first.",
            fatal=False,
        )
    if has_short_retention(spec, there):
        yield Finding(
            f"retention.ms is {there.configs['retention.ms']}: a worker that is away longer loses records.",
            spec.name,
            f"Set retention.ms={spec.configs['retention.ms']} or more.",
            fatal=False,
        )


def has_bounded_size(spec: TopicSpec, there: Found) -> bool:
    """Say whether a topic that must be read on later forgets by size, however young its records are."""
    return spec.role in READ_ON and there.configs.get("retention.bytes", "-1") != "-1"


def has_short_retention(spec: TopicSpec, there: Found) -> bool:
    """Say whether a topic that must be read on later forgets within two days."""
    retention_ms = int(there.configs.get("retention.ms", "-1"))
    return spec.role in READ_ON and 0 <= retention_ms < 2 * DAY_MS


def replication_findings(spec: TopicSpec, there: Found, brokers: int) -> Iterable[Finding]:
    """Say where a disk that is lost would take what cannot be made again."""
    if brokers >= 3 and spec.role != "source" and there.replication < 3:
        yield Finding(
            f"{there.replication} replica(s) on a cluster of {brokers} brokers: losing a disk loses state.",
            spec.name,
            "Raise its replication to 3 and set min.insync.replicas=2.",
            fatal=False,
        )
