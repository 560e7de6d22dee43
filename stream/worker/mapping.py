"""Mapping: joins the sources of an installation to the shards that map their records.

In:  settings; what the broker has of the topics that sources name.
Out: the groups that run; folds; what a shard must know beside its fold: which topics have its partition, where reading
     of each begins, and whether all schemas are known.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from stream.contract.records import MAPPED, SOURCES, Record
from stream.contract.times import parse_ms
from stream.engine.groups import Group, mapping
from stream.errors import TopicError
from stream.ingest.decode import Limits
from stream.intake.fold import IntakeOptions, SourcesFold
from stream.kafka import mapped
from stream.kafka.layout import Layout
from stream.kafka.security import Link
from stream.sources.hashed import keyed
from stream.sources.load import load
from stream.sources.source import Source
from stream.worker.registry import Registries

if TYPE_CHECKING:
    from stream.settings.fields import Settings

log = logging.getLogger("leadpulse.sources")

LOOK_S = 60.0
_MARK_HEX = 16


class Start(NamedTuple):
    """Where reading of a topic begins that was never read."""

    start: str
    start_ms: int | None


@dataclass(frozen=True)
class Intake:
    """The sources of an installation, and the topics that each of them reads."""

    sources: tuple[Source, ...]
    topics: Mapping[str, Sequence[str]]
    counts: Mapping[str, int]
    settings: Settings
    registries: Registries

    @classmethod
    def of(cls, settings: Settings, link: Link, groups: Mapping[str, Group]) -> Intake:
        """Read the definitions, and look up their topics; raises where one is wrong."""
        sources = tuple(load(settings.sources))
        found = _topics(settings, link, groups, sources)
        for name, topics in found.items():
            if not topics:
                log.warning("the source %s: no topic fits its patterns yet; they are looked at once a minute", name)
        counts = mapped.counts(link, {topic for topics in found.values() for topic in topics})
        return cls(sources, found, counts, settings, Registries(sources))

    def groups(self, groups: Mapping[str, Group]) -> dict[str, Group]:
        """Give the groups with that of the sources, if there is anything to read."""
        kinds = (kind for source in self.sources for kind in source.kinds)
        return mapping((topic for topics in self.topics.values() for topic in topics), groups, kinds)

    @property
    def shards(self) -> int:
        """How many shards it takes: as many as the largest of the topics has partitions."""
        return max(self.counts.values(), default=0)

    def fold(self, shard: int, shards: Mapping[str, int], limits: Limits, groups: Mapping[str, Group]) -> SourcesFold:
        """Make the fold of a shard."""
        reads: dict[str, list[Source]] = {}
        for source in self.sources:
            for topic in self.topics[source.name]:
                reads.setdefault(topic, []).append(source)
        settings = self.settings
        options = IntakeOptions(
            reads,
            settings.hash_key,
            settings.source_record_bytes,
            limits,
            settings.partitioner,
            self.registries.schemas,
        )
        return SourcesFold(shard, shards, options, groups)

    def of_shard(self, shard: int, fold: object) -> ShardMapping:
        """Give what a shard must know beside its fold."""
        assert isinstance(fold, SourcesFold)
        settings, starts = self.settings, dict[str, Start]()
        for source in self.sources:
            said = source.definition.start
            start = Start(said, parse_ms(said)) if said else Start(settings.start, settings.start_ms)
            starts.update((f"{MAPPED}{topic}", start) for topic in self.topics[source.name])
        topics = {f"{MAPPED}{topic}": topic for topic, count in self.counts.items() if count > shard}
        return ShardMapping(topics, starts, fold, self.registries)

    def made_with(self) -> dict[str, str]:
        """Give what mapped events mean by: kept with the state of each shard. The key itself is nowhere."""
        mark = _mark(self.settings)
        return {"email_hash_key": mark} if mark else {}

    def changed(self, link: Link, groups: Mapping[str, Group]) -> str:
        """Say what is new of the topics since the start, "" where nothing is: a worker that begins again reads it.

        Raises TopicError where own topics have too few partitions for that.
        """
        found = _topics(self.settings, link, groups, self.sources)
        names = {topic for topics in found.values() for topic in topics}
        counts = mapped.counts(link, names)
        new = sorted(topic for topic, count in counts.items() if count != self.counts.get(topic))
        if not new:
            return ""
        own = Layout(self.settings.topic_prefix, mapping(names, groups).values(), self.settings.generation)
        room = mapped.counts(link, [own.state(SOURCES)]).get(own.state(SOURCES), 0)
        if max(counts.values()) > room:
            raise TopicError(
                f"Topics of sources have more partitions than leadpulse's own: {', '.join(new)}.",
                where=own.state(SOURCES),
                do="Run `leadpulse topics create`, which adds them; until then these records are not read.",
            )
        return ", ".join(new)


@dataclass(frozen=True)
class ShardMapping:
    """What one shard must know beside its fold: source → topic of those that have its partition, and the rest."""

    topics: Mapping[str, str]
    starts: Mapping[str, Start]
    fold: SourcesFold
    registries: Registries

    @property
    def most_records(self) -> int:
        """How many records are folded at once."""
        return self.fold.most_records

    async def ready(self, waiting: Sequence[tuple[str, Sequence[Record]]]) -> bool:
        """Tell whether all schemas of what waits are known; those that are not are asked for."""
        # nothing comes in between the last look and the fold
        while wanted := self.fold.missing(waiting) if self.registries.schemas else {}:
            if not await self.registries.fetch(wanted):
                return False
        return True


def shared(settings: Settings) -> str:
    """Give what workers that run together must have alike: names of sources, the topics that they read, and the key."""
    named = sorted((source.name, *sorted(source.definition.topics)) for source in load(settings.sources))
    return repr((named, _mark(settings)))


def _mark(settings: Settings) -> str:
    """Give what tells a key from others and lets nobody guess it."""
    return "" if settings.hash_key is None else keyed(settings.hash_key)("leadpulse")[:_MARK_HEX]


def _topics(
    settings: Settings, link: Link, groups: Mapping[str, Group], sources: Sequence[Source]
) -> dict[str, tuple[str, ...]]:
    own = Layout(settings.topic_prefix, groups.values(), settings.generation)
    return mapped.on_broker(link, own, {source.name: source.definition.topics for source in sources})
