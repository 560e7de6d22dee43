"""Installed: what of an installation a command that reads state must know: its shards, and the options of its folds.

In:  settings, and what the broker has.
Out: groups that run with their shards; options as a worker makes them; state logs, if they can be understood.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from stream.cli.layout import layout_of
from stream.engine.groups import following
from stream.engine.options import FoldOptions
from stream.errors import TopicError, UsageError
from stream.ingest.route import partitions_of
from stream.kafka import security, topics, whole_log
from stream.kafka.layout import Layout
from stream.kafka.security import Link
from stream.kafka.topic_plan import TopicPlan
from stream.settings.fields import Settings
from stream.worker.main import fold_options
from stream.worker.position import Restoring
from stream.worker.shaped import refuse_changed, shard_settings

#: How topics of leads come to be.
MAKE = "`leadpulse topics create --optional`"


@dataclass(frozen=True)
class Installed:
    """An installation: what runs there, in how many shards, and which topics it has with how many partitions."""

    settings: Settings
    link: Link
    layout: Layout
    whole: Layout
    partitions: dict[str, int]

    @property
    def shards(self) -> dict[str, int]:
        """Give group → number of shards, of those whose state log is there."""
        states = {group: self.layout.state(group) for group in self.layout.groups}
        return {group: self.partitions[topic] for group, topic in states.items() if topic in self.partitions}

    @property
    def options(self) -> FoldOptions:
        """Give the options that the folds of a worker have."""
        return following(fold_options(self.settings), self.shards)

    def home(self, group: str, key: str) -> int:
        """Give the shard of a group that a key belongs to."""
        return int(partitions_of([key], self._count(group), self.settings.partitioner)[0])

    def is_begun(self, group: str, shard: int) -> bool:
        """Tell whether a worker ever wrote the state of a shard."""
        self._count(group)
        return whole_log.end(self.link, self.layout.state(group), shard) > 0

    def read(self, group: str, shard: int, load: Callable[[bytes, bytes | None], None]) -> None:
        """Hand a shard's state to `load`, oldest record first.

        Raises TopicError for a state of another release, SettingsError for one of other settings.
        """
        count, topic = self._count(group), self.layout.state(group)
        found = Restoring(load, f"{topic} partition {shard}")
        whole_log.read(self.link, topic, shard, found.take)
        place = found.place()
        if place is not None:
            refuse_changed(place.settings, shard_settings(self.settings.partitioner, count), found.where)

    def must_follow(self, topic: str) -> None:
        """Raise UsageError unless people are followed here and a topic is there, with the command that makes it."""
        if self.settings.leads == "off":
            raise UsageError(
                "People are not followed: LEADPULSE_LEADS is off.",
                where="LEADPULSE_LEADS",
                do=f"To have them followed: set it to on or auto, run {MAKE}, start the workers.",
            )
        if topic not in self.partitions:
            raise UsageError(
                "People are not followed: a topic that this needs is not there, or this user may not see it.",
                where=topic,
                do=f"To have them followed: run {MAKE} and start the workers again.",
            )

    def _count(self, group: str) -> int:
        count = self.shards.get(group)
        if count is None:
            raise TopicError(
                "The topic is missing.", where=self.whole.state(group), do="Create it with `leadpulse topics create`."
            )
        return count


def installed(settings: Settings) -> Installed:
    """Look at the topics of an installation; people are followed if there are topics for that."""
    link, whole = security.link(settings), layout_of(settings)
    with topics.admin(link) as client:
        found = topics.found(client, (spec.name for spec in TopicPlan(whole).specs))
    return Installed(settings, link, whole.running(found), whole, topics.counts(found))
