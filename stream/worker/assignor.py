"""Assignor: who gets which shard.

In:  the members of the consumer group and the partition counts of the topics.
Out: for each member its partitions: partition p of all topics of a group that somebody reads goes to one member.

Faust without tables uses aiokafka's round robin, which deals the partitions of one shard out to different members as
soon as the counts do not divide (4 or 5 members): every visitor would be split.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, ClassVar

from aiokafka.coordinator.assignors.abstract import AbstractPartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment, ConsumerProtocolMemberMetadata

from stream.contract.records import SOURCES
from stream.errors import SettingsError, TopicError
from stream.worker.neighbours import Said, said_by, say, unlike

VERSION = 0
_PARTS = "\x1f"


def _raise(error: SettingsError) -> None:
    raise error


def shard_assignor(
    groups: Mapping[str, tuple[str, ...]],
    mine: Said = Said(),
    refused: Callable[[SettingsError], None] = _raise,
    shards: Mapping[str, int] | None = None,
    optional: Collection[str] = (),
) -> type[AbstractPartitionAssignor]:
    """Make the assignor of one member; `groups` is group → topics, what it says of itself goes with the subscription.

    Who leads the group was there first: members with other settings than its own get no shard, and are told why, by
    a call of `refused`. `shards` is group → number of shards where that is known; nobody gets partitions beyond.

    Optional topics, and those of optional groups, are known to those who found them when they started. A shard goes to
    members that know all topics of its group that any of them knows: whoever knows fewer would leave records unread.
    """

    class ShardAssignor(AbstractPartitionAssignor):
        name: ClassVar[str] = "leadpulse-shards"  # type: ignore[misc]

        @classmethod
        def metadata(cls, topics: Iterable[str]) -> ConsumerProtocolMemberMetadata:
            return ConsumerProtocolMemberMetadata(VERSION, sorted(topics), say(mine))

        @classmethod
        def assign(
            cls, cluster: Any, members: Mapping[str, ConsumerProtocolMemberMetadata]
        ) -> dict[str, ConsumerProtocolMemberAssignment]:
            # a static member keeps its place, and so its shards, when it comes back with a new member id
            order = sorted(members, key=lambda member: (_instance(members[member].user_data), member))
            others = {member: why for member in order if (why := _unlike(members[member].user_data, mine))}
            reads = {member: set(members[member].subscription) for member in order if member not in others}
            known = set[str]().union(*reads.values())
            read = {
                group: [topic for topic in topics if topic in known or topic not in optional]
                for group, topics in groups.items()
            }
            able = {
                group: [at for at, member in enumerate(order) if member in reads and reads[member].issuperset(topics)]
                for group, topics in read.items()
            }
            met = {group: topics for group, topics in read.items() if able[group]}
            counts = partition_counts(met, cluster.partitions_for_topic, shards)
            dealt = deal(counts, len(order), able)
            return {
                member: ConsumerProtocolMemberAssignment(
                    VERSION,
                    [
                        (topic, some)
                        for group, dealt_to in dealt[place].items()
                        for topic in read[group]
                        if (some := _of_topic(group, dealt_to, cluster.partitions_for_topic(topic)))
                    ],
                    others.get(member, "").encode(),
                )
                for place, member in enumerate(order)
            }

        @classmethod
        def on_assignment(cls, assignment: ConsumerProtocolMemberAssignment) -> None:
            """Remember nothing: the next assignment depends on the members alone. Tell what the leader refused."""
            if assignment.user_data:
                what, where, do = bytes(assignment.user_data).decode().split(_PARTS)
                refused(SettingsError(what, where=where, do=do))

    return ShardAssignor


def _of_topic(group: str, shards: list[int], partitions: Collection[int] | None) -> list[int]:
    """Give the partitions of a topic that go with shards of its group: of topics of others those that there are."""
    return [shard for shard in shards if shard < len(partitions or ())] if group == SOURCES else shards


def _instance(data: bytes | None) -> str:
    """Read a member's instance id; in an older release it was all that a member said."""
    said = said_by(data)
    return said.instance if said is not None else bytes(data or b"").decode(errors="replace")


def _unlike(data: bytes | None, mine: Said) -> str:
    """Say what, where, what to do and which fields where a member has other settings; nothing where it has not."""
    said = said_by(data)
    wrong = unlike(mine.settings, said.settings, "the workers that were there first") if said is not None else None
    return "" if wrong is None else _PARTS.join((wrong.what, wrong.where, wrong.do))


def partition_counts(
    groups: Mapping[str, Sequence[str]], partitions_of: Any, shards: Mapping[str, int] | None = None
) -> dict[str, int]:
    """Count the shards of each group; its topics must agree, or have no fewer partitions than there are shards."""
    counts: dict[str, int] = {}
    for group, topics in groups.items():
        found = {topic: len(partitions_of(topic) or ()) for topic in topics}
        known = None if shards is None else shards.get(group)
        if group == SOURCES:
            # topics of others have as many partitions as they have: each is read by the shards that there are for it
            counts[group] = max(found.values()) if known is None else known
            continue
        if known is not None and min(found.values()) >= known:
            counts[group] = known
            continue
        if len(set(found.values())) != 1 or 0 in found.values() or known is not None:
            listed = ", ".join(f"{topic}: {count}" for topic, count in found.items())
            raise TopicError(
                f"Topics of the group {group} must exist and have the same number of partitions"
                f"{'' if known is None else f', {known} as its state'}.",
                where=listed,
                do="Run `leadpulse topics verify`.",
            )
        counts[group] = next(iter(found.values()))
    return counts


def deal(
    counts: Mapping[str, int], members: int, able: Mapping[str, Sequence[int]] | None = None
) -> list[dict[str, list[int]]]:
    """Deal the shards of all groups round the members, one after the other.

    Each group is dealt evenly, and the next one goes on where the last one stopped, so the sums are even too. With
    `able`, group → places of the members that know it, nobody else gets a shard of it.

    >>> deal({"visitors": 3, "emails": 2}, 2)
    [{'visitors': [0, 2], 'emails': [1]}, {'visitors': [1], 'emails': [0]}]
    >>> deal({"visitors": 2, "leads": 2}, 2, {"visitors": [0, 1], "leads": [1]})
    [{'visitors': [0], 'leads': []}, {'visitors': [1], 'leads': [0, 1]}]
    """
    hands: list[dict[str, list[int]]] = [{group: [] for group in counts} for _ in range(members)]
    place = 0
    for group, count in counts.items():
        places = range(members) if able is None else able[group]
        for shard in range(count if places else 0):
            hands[places[place % len(places)]][group].append(shard)
            place += 1
    return hands
