"""Layout: which topics there are, and which of them form a shard together.

In:  the topic prefix, and the groups of kinds that are folded together.
Out: topic names, and for a topic the group and the source name under which its records are folded.

A shard (group, p) reads partition p of every source topic of its group, keeps its state in partition p of
`leadpulse.state.<group>` and reports to partition p of `leadpulse.deltas.<group>`; so all of these have the same
number of partitions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final, NamedTuple, Protocol

from stream.contract.records import HANDOVER, MAPPED, REROUTE, TOUCHES


class TopicGroup(Protocol):
    """What there is to know of a group of kinds to name its topics."""

    @property
    def name(self) -> str: ...
    @property
    def kinds(self) -> tuple[str, ...]: ...
    @property
    def optional(self) -> bool:
        """Whether a worker does without it where its topics are missing."""

    @property
    def partitions(self) -> int | None:
        """How many its topics shall have, if not as many as the others."""

    @property
    def fed_by(self) -> tuple[str, ...]:
        """The groups that hand something over to it."""

    @property
    def told_by(self) -> tuple[str, ...]:
        """The groups that tell it of people."""

    @property
    def mapped(self) -> tuple[str, ...]:
        """Topics of others that it makes events of, by their whole names: no prefix, any number of partitions."""

    @property
    def maps(self) -> tuple[str, ...]:
        """The kinds of these events."""

    @property
    def optional_kinds(self) -> tuple[str, ...]:
        """The kinds that it does without where their topics are missing."""


#: Topics of what is known of each person now, and of what happened.
RESULTS: Final = ("leads", "lead_events")

#: The group of one shard that adds up what all others report.
ROLLUP: Final = "rollup"


class ShardId(NamedTuple):
    """A shard's name: its group and its partition number."""

    group: str
    shard: int

    def __str__(self) -> str:
        return f"{self.group}/{self.shard}"


class Layout:
    """Name every topic of one installation."""

    def __init__(
        self,
        prefix: str,
        groups: Iterable[TopicGroup],
        generation: int = 1,
        without: Collection[str] = (),
        *,
        keeps: bool = True,
        tells: bool = True,
    ) -> None:
        """Take the generation: a higher one has topics, group and transactions of its own, and the sources with all.

        `without` names kinds that are not there, and are not read; `keeps` is false where history is not kept, `tells`
        where there is no topic for alerts.
        """
        self.prefix, self.generation = prefix, generation
        self.groups = {group.name: group for group in groups}
        self.sources: dict[str, dict[str, str]] = {
            name: {
                **{kind: f"{prefix}{kind}" for kind in group.kinds if kind not in without},
                **({REROUTE: self._own(f"reroute.{name}")} if group.kinds else {}),
                **({HANDOVER: self._own(f"handover.{name}")} if group.fed_by else {}),
                **({TOUCHES: self._own(TOUCHES)} if group.told_by else {}),
                **{f"{MAPPED}{topic}": topic for topic in group.mapped},
            }
            for name, group in self.groups.items()
        }
        self.rollup = self._own("rollup")
        # one for all: whoever reads them need not know of generations
        self.metrics = f"{prefix}leadpulse.metrics"
        #: What figures were at each full hour; None where there is no topic for it.
        self.history: str | None = self._own("history") if keeps else None
        #: What fires, and what fired: one for all generations, as the figures are. Without history nothing is judged.
        self.alerts: str | None = f"{prefix}leadpulse.alerts" if keeps and tells else None
        #: The group that is told of people, if there is one, and what it tells others of them.
        self.told: str | None = next((name for name, group in self.groups.items() if group.told_by), None)
        self.results: dict[str, str] = {name: f"{prefix}leadpulse.{name}" for name in RESULTS if self.told is not None}
        self.dead_letter = self._own("dead_letter")
        self._by_topic = {
            topic: (group, source) for group, topics in self.sources.items() for source, topic in topics.items()
        }

    def running(self, there: Collection[str]) -> Layout:
        """Give the layout of what runs where only these topics are there: optional groups need all of theirs.

        Who is told of people runs where the topic for that is: if another is missing it must not go unnoticed. History
        is kept where there is a topic for it, and figures are judged where there is one for alerts, too.
        """
        kept = [group for group in self.groups.values() if not group.optional or self.needed(group).issubset(there)]
        without = [
            kind for group in kept for kind in group.optional_kinds if self.sources[group.name].get(kind) not in there
        ]
        keeps, tells = self.history in there, self.alerts in there
        return Layout(self.prefix, kept, self.generation, without, keeps=keeps, tells=tells)

    def needed(self, group: TopicGroup) -> set[str]:
        """Name the topics without which an optional group is left out."""
        name = group.name
        if group.told_by:
            return {self.sources[name][TOUCHES]}
        sources = {topic for source, topic in self.sources[name].items() if source not in group.optional_kinds}
        return {*sources, self.state(name), self.deltas(name)}

    @property
    def optional(self) -> frozenset[str]:
        """Name the topics of kinds that a group runs without."""
        return frozenset(f"{self.prefix}{kind}" for group in self.groups.values() for kind in group.optional_kinds)

    def missing(self, group: str) -> tuple[str, ...]:
        """Name the kinds of a group that are not there: neither as a topic nor made of topics of others."""
        made = {kind for each in self.groups.values() for kind in each.maps}
        return tuple(kind for kind in self.groups[group].kinds if kind not in self.sources[group] and kind not in made)

    def former(self) -> Layout | None:
        """Give the layout of the generation before, None for the first."""
        return None if self.generation == 1 else Layout(self.prefix, self.groups.values(), self.generation - 1)

    def _own(self, name: str) -> str:
        return f"{self.prefix}leadpulse.{'' if self.generation == 1 else f'g{self.generation}.'}{name}"

    def state(self, group: str) -> str:
        """Name the compacted log of a group's shards."""
        return self.rollup if group == ROLLUP else self._own(f"state.{group}")

    def deltas(self, group: str) -> str:
        """Name the topic by which a group's shards report to the rollup."""
        return self._own(f"deltas.{group}")

    def reroute(self, group: str) -> str:
        """Name the topic by which records reach the shard of their canonical key."""
        return self.sources[group][REROUTE]

    def handover(self, group: str) -> str | None:
        """Name the topic by which other groups feed a group; None if it does not run or nobody feeds it."""
        return self.sources.get(group, {}).get(HANDOVER)

    @property
    def touches(self) -> str | None:
        """Name the topic by which shards of leads are told of people; None if they do not run."""
        return None if self.told is None else self.sources[self.told][TOUCHES]

    def source_of(self, topic: str) -> tuple[str, str]:
        """Give the group and the source name of a topic that workers subscribe to."""
        return (ROLLUP, ROLLUP) if topic == self.rollup else self._by_topic[topic]

    def topic_of(self, group: str, source: str) -> str:
        """Name the topic of a source; the reverse of `source_of`."""
        return self.rollup if group == ROLLUP else self.sources[group][source]

    def assigned(self) -> dict[str, tuple[str, ...]]:
        """Give the topics of each group that the consumer group shares out.

        The rollup's own log is among them: whoever is given its one partition owns the rollup.
        """
        return {**{group: tuple(topics.values()) for group, topics in self.sources.items()}, ROLLUP: (self.rollup,)}

    def consumer_group(self, group_id: str) -> str:
        """Name the consumer group of the workers, as the broker knows it."""
        return f"{self.prefix}{group_id}{'' if self.generation == 1 else f'-g{self.generation}'}"

    @property
    def transactional_prefix(self) -> str:
        """Give what all transactional ids begin with."""
        return f"{self.prefix}leadpulse-{'' if self.generation == 1 else f'g{self.generation}-'}"

    def transactional_id(self, shard: ShardId) -> str:
        """Name the producer of a shard; the same for every owner, so that a new one fences the old one."""
        return f"{self.transactional_prefix}{shard.group}-{shard.shard}"
