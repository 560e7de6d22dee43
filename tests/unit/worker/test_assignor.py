"""Shards are dealt whole, evenly and stably."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.engine.groups import GROUPS
from stream.errors import SettingsError, TopicError
from stream.kafka.layout import Layout
from stream.worker.assignor import deal, shard_assignor
from stream.worker.neighbours import Said
from tests.topics import Topics

TOPICS = Layout("x.", [GROUPS[name] for name in ("visitors", "emails", "ads")]).assigned()


ALL = [topic for topics in TOPICS.values() for topic in topics]


class Cluster:
    """Partition counts, as aiokafka's metadata gives them."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        self.counts = counts

    def partitions_for_topic(self, topic: str) -> set[int] | None:
        return set(range(self.counts[topic])) if topic in self.counts else None


def cluster(visitors: int, emails: int, ads: int, **changed: int) -> Cluster:
    counts = {"visitors": visitors, "emails": emails, "ads": ads, "rollup": 1}
    return Cluster({topic: counts[group] for group, topics in TOPICS.items() for topic in topics} | changed)


def assign(where: Cluster, members: Mapping[str, str]) -> dict[str, dict[str, list[int]]]:
    """Let the group's leader assign; members is member id → instance id. Gives member → topic → partitions."""
    metadata = {
        member: shard_assignor(TOPICS, Said(instance or "")).metadata(ALL) for member, instance in members.items()
    }
    out = shard_assignor(TOPICS).assign(where, metadata)
    return {member: {topic: list(found) for topic, found in mine.assignment} for member, mine in out.items()}


@given(st.integers(1, 20), st.integers(1, 20), st.integers(1, 20), st.integers(1, 12))
def test_every_shard_goes_to_one_member_with_all_its_topics(visitors, emails, ads, members):
    given_out = assign(cluster(visitors, emails, ads), {f"m{i}": "" for i in range(members)})
    for group, count in {"visitors": visitors, "emails": emails, "ads": ads, "rollup": 1}.items():
        for shard in range(count):
            owners = [
                {member for member, mine in given_out.items() if shard in mine.get(topic, [])}
                for topic in TOPICS[group]
            ]
            assert all(len(owner) == 1 for owner in owners), "no partition twice, none left out"
            assert len(set.union(*owners)) == 1, "all topics of a shard at one member"


@given(st.dictionaries(st.sampled_from("abcd"), st.integers(0, 30), min_size=1), st.integers(1, 9))
def test_members_differ_by_one_shard_at_most(counts, members):
    hands = deal(counts, members)
    sizes = [sum(map(len, hand.values())) for hand in hands]
    assert max(sizes) - min(sizes) <= 1
    for group in counts:
        sizes = [len(hand[group]) for hand in hands]
        assert max(sizes) - min(sizes) <= 1


def test_a_static_member_keeps_its_shards_under_a_new_member_id():
    where = cluster(6, 6, 6)
    before = assign(where, {"id-3": "b", "id-1": "c", "id-2": "a"})
    after = assign(where, {"id-9": "c", "id-2": "a", "id-3": "b"})
    assert before["id-1"] == after["id-9"]
    assert before["id-2"] == after["id-2"]


def test_more_members_than_shards_leaves_some_idle():
    given_out = assign(cluster(1, 1, 1), {f"m{i}": "" for i in range(6)})
    assert sorted(len(mine) > 0 for mine in given_out.values()) == [False, False, True, True, True, True]


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"x.form": 4}, "x.form: 4"),
        ({"x.leadpulse.reroute.visitors": 3}, "x.leadpulse.reroute.visitors: 3"),
        ({"x.chatbot": 0}, "x.chatbot: 0"),
    ],
)
def test_topics_of_a_group_with_different_counts_are_refused_by_name(changed, named):
    with pytest.raises(TopicError) as refused:
        assign(cluster(6, 6, 6, **changed), {"m": ""})
    assert named in str(refused.value)


def test_a_group_goes_only_to_members_that_know_all_of_its_topics():
    where = cluster(4, 4, 4)
    fewer = [topic for topic in ALL if topic != "x.leadpulse.reroute.ads"]
    metadata = {
        member: shard_assignor(TOPICS).metadata(topics) for member, topics in {"a": fewer, "b": ALL, "c": fewer}.items()
    }
    dealt = {member: dict(mine.assignment) for member, mine in shard_assignor(TOPICS).assign(where, metadata).items()}
    assert dealt["b"]["x.ad"] == dealt["b"]["x.leadpulse.reroute.ads"] == [0, 1, 2, 3]
    assert not [member for member in "ac" if "x.ad" in dealt[member]]
    assert sorted(shard for member in "abc" for shard in dealt[member]["x.email"]) == [0, 1, 2, 3]
    del metadata["b"]
    nobody = shard_assignor(TOPICS).assign(where, metadata)
    assert not [topic for mine in nobody.values() for topic, _ in mine.assignment if topic == "x.ad"]


TOLD = Layout("x.", [Topics("mails", ("email", "bounce"), optional_kinds=("bounce",)),
                     Topics("leads", ("crm",), optional=True, told_by=("mails",), optional_kinds=("crm",))])  # fmt: skip
MAILS, TOUCHES = ["x.email", "x.leadpulse.reroute.mails"], ["x.leadpulse.reroute.leads", "x.leadpulse.touches"]


@pytest.mark.parametrize(
    ("members", "dealt"),
    [
        # who found fewer optional topics is dealt no shard of that group as long as another one found more
        ({"a": MAILS, "b": MAILS}, {"mails": "ab", "leads": ""}),
        ({"a": MAILS, "b": [*MAILS, "x.bounce"]}, {"mails": "b", "leads": ""}),
        ({"a": MAILS, "b": [*MAILS, *TOUCHES]}, {"mails": "ab", "leads": "b"}),
        ({"a": [*MAILS, *TOUCHES], "b": [*MAILS, *TOUCHES, "x.crm"]}, {"mails": "ab", "leads": "b"}),
        ({"a": [*MAILS, "x.bounce"], "b": [*MAILS, *TOUCHES]}, {"mails": "a", "leads": "b"}),
        # all of a group is read by whoever has it
        ({"a": [*MAILS, *TOUCHES, "x.crm", "x.bounce"]}, {"mails": "a", "leads": "a"}),
    ],
)
@pytest.mark.parametrize("shards", [None, {"mails": 4}])
def test_a_shard_goes_to_members_that_read_all_that_anybody_reads_of_its_group(members, dealt, shards):
    counts = dict.fromkeys({topic for topics in members.values() for topic in topics}, 4)
    where = Cluster(counts | {"x.leadpulse.rollup": 1})
    made = shard_assignor(TOLD.assigned(), shards=shards, optional=TOLD.optional)
    given = made.assign(
        where, {name: made.metadata([*topics, "x.leadpulse.rollup"]) for name, topics in members.items()}
    )
    for group, topics in (("mails", {"x.email", "x.bounce"}), ("leads", {"x.leadpulse.touches", "x.crm"})):
        owners = {}
        for name, mine in given.items():
            read = topics & {topic for some in members.values() for topic in some}
            for topic, numbers in mine.assignment:
                if topic in read:
                    owners.setdefault(topic, []).extend((number, name) for number in numbers)
        assert {name for some in owners.values() for _, name in some} == set(dealt[group])
        if dealt[group]:
            assert set(owners) == read
            assert all(sorted(some) == sorted(next(iter(owners.values()))) for some in owners.values()), "all as one"
            assert [number for number, _ in sorted(next(iter(owners.values())))] == [0, 1, 2, 3]


def test_who_has_other_settings_than_the_first_gets_no_shard_and_is_told_why():
    kinds = {
        name: shard_assignor(TOPICS, Said(settings={"partitioner": value}))
        for name, value in {"first": "murmur2", "other": "crc32", "like": "murmur2"}.items()
    }
    kinds["older"] = shard_assignor(TOPICS)
    metadata = {name: kind.metadata(ALL) for name, kind in kinds.items()}
    dealt = kinds["first"].assign(cluster(3, 3, 3), metadata)
    assert [name for name, mine in dealt.items() if not mine.assignment] == ["other"]
    for name in ("first", "like", "older"):
        kinds[name].on_assignment(dealt[name])
    with pytest.raises(SettingsError, match="LEADPULSE_PARTITIONER is murmur2 there and crc32 here") as told:
        kinds["other"].on_assignment(dealt["other"])
    assert "stop all workers, and start all of them with the new ones" in str(told.value)
