"""The chain: what shards tell those of leads comes whole, once and in order, and no clock runs ahead of it."""

from __future__ import annotations

import random
from collections import defaultdict
from typing import Any

import msgspec
import orjson
import pytest

from stream.changes.deltas import Delta, unpack
from stream.changes.panes import DAY_MS
from stream.contract.records import TOUCHES, Record
from stream.engine.chain import TELL_MS, BrokenChain, Chain
from stream.engine.commit import Commit, ShardReport
from stream.engine.groups import Group
from stream.engine.options import FoldOptions
from stream.engine.shard import ShardFold
from stream.identity import messages
from stream.ingest.route import partitions_of
from stream.kafka.layout import Layout, ShardId
from stream.worker.outputs import Outputs
from tests.unit.engine.telling import GROUPS, Leads, expected
from tests.unit.golden.events import Envelope, at_ms, mail

NOON = at_ms("12:00")
MAILS, LEADS = 3, 2
SHARDS = {"mails": MAILS, "leads": LEADS}
OPTIONS = FoldOptions(leads=LEADS, told_by=SHARDS)
LAYOUT = Layout("", GROUPS.values())


def record(event: Envelope) -> Record:
    return 0, NOON, None, orjson.dumps(event), ()


class Installation:
    """All shards, their logs and the topics between them, in memory."""

    def __init__(self, seed: int, options: FoldOptions = OPTIONS) -> None:
        self.random, self.options, self.now_ms = random.Random(seed), options, NOON
        self.topics: dict[tuple[str, int], list[Record]] = defaultdict(list)
        self.shards = [ShardId(group, number) for group, count in SHARDS.items() for number in range(count)]
        self.logs: dict[ShardId, dict[bytes, bytes]] = {id: {} for id in self.shards}
        self.positions: dict[ShardId, dict[str, int]] = {id: {} for id in self.shards}
        self.deltas: dict[ShardId, Delta] = {}
        self.folds = {id: self.restored(id) for id in self.shards}
        self.read: dict[ShardId, dict[str, int]] = {id: {} for id in self.shards}
        self.clocks: list[int] = []

    def restored(self, id: ShardId) -> ShardFold:
        fold = ShardFold(id.group, id.shard, SHARDS[id.group], self.options, GROUPS)
        for key, value in self.logs[id].items():
            fold.load(key, value)
        return fold

    def sources(self, id: ShardId) -> dict[str, list[Record]]:
        return {name: self.topics[topic, id.shard] for name, topic in LAYOUT.sources[id.group].items()}

    def turn(self, id: ShardId, most: int, *, crash: float = 0.0) -> bool:
        """Let a shard read, fold and commit; or crash before it has. Tell whether there was anything to read."""
        at, inputs = self.positions[id], dict[str, list[Record]]()
        for name, there in self.sources(id).items():
            inputs[name] = there[at.get(name, 0) : at.get(name, 0) + most]
        fold = self.folds[id]
        fold.fold([(name, some) for name, some in inputs.items() if some])
        if self.random.random() < crash:
            self.folds[id] = self.restored(id)
            return True
        for name, some in inputs.items():
            at[name] = at.get(name, 0) + len(some)
        lag = {name: len(there) - at[name] for name, there in self.sources(id).items()}
        seq = self.deltas[id].seq + 1 if id in self.deltas else 1
        report = ShardReport(not any(lag.values()), self.now_ms, lag, life="a")
        self.write(id, fold.changes(seq, report))
        return any(inputs.values())

    def write(self, id: ShardId, commit: Commit) -> None:
        outputs = Outputs(LAYOUT, id, SHARDS)
        for topic, partition, rows in outputs.parts(commit, (b"\x00position", b"", None, [])):
            for key, value, _, headers in rows:
                self.topics[topic, partition].append((0, self.now_ms, key, value, tuple(headers)))
                if topic == LAYOUT.state(id.group) and key is not None and value is not None:
                    self.logs[id][key] = value
        self.deltas[id] = unpack(commit.deltas[-1])

    def run(self, *, crash: float = 0.0) -> None:
        """Let shards take turns as chance will have it, until nothing is left to read."""
        for _ in range(150):
            self.turn(self.random.choice(self.shards), self.random.choice((1, 3, 50)), crash=crash)
            self.now_ms += self.random.randrange(1_500)
        while any(self.turn(id, 1_000) for id in self.shards):
            pass

    def notes(self) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for id, fold in self.folds.items():
            if id.group == "leads":
                assert isinstance(fold.stage, Leads)
                out |= fold.stage.notes()
        return out


def fed(world: Installation, count: int = 30) -> dict[str, str]:
    """Put messages into topics, some of them twice or into a partition that is not theirs; give whom they went to."""
    sent = {f"m{n}": world.random.choice(("lead-a", "lead-b", "lead-all", "anna", "abba")) for n in range(count)}
    for message, lead in sent.items():
        for _ in range(world.random.choice((1, 1, 2))):
            event = mail("10:00", message, "sent", id=message, lead_id=lead)
            world.topics["email", world.random.randrange(MAILS)].append(record(event))
    return sent


@pytest.mark.parametrize("seed", range(12))
def test_everything_told_arrives_once_whatever_the_order_and_however_often_a_shard_crashes(seed: int) -> None:
    world = Installation(seed)
    sent = fed(world)
    world.run(crash=0.2)
    assert world.notes() == expected(sent)


def test_what_was_sent_and_what_was_taken_is_told_with_each_delta() -> None:
    world = Installation(1)
    fed(world)
    world.run()
    sent = {
        (str(id), receiver): seq for id, delta in world.deltas.items() for receiver, seq in delta.sent.items() if seq
    }
    taken = {(sender, id.shard): seq for id, delta in world.deltas.items() for sender, seq in delta.taken.items()}
    assert sent == taken
    assert {sender for sender, _ in sent} == {str(id) for id in world.shards}, "who has nothing to say says so"


def test_orders_are_no_records_of_the_account_and_reach_every_shard_that_they_are_for() -> None:
    world = Installation(2)
    world.topics["email", 0].append(record(mail("10:00", "m1", "sent", id="a", lead_id="lead-all")))
    world.run()
    folds = [world.folds[id] for id in world.shards if id.group == "mails"]
    assert [fold.stage.orders for fold in folds] == [["s1\x1fm1"]] * MAILS  # type: ignore[attr-defined]
    assert sum(fold.account.outcomes.get("email/accepted", 0) for fold in folds) == 1
    assert not any("dead_lettered" in name for fold in folds for name in fold.account.outcomes)


def test_what_stands_in_the_result_topics_lies_where_its_key_says() -> None:
    world = Installation(3)
    sent = fed(world)
    world.run(crash=0.2)
    told = {
        key.decode(): (shard, msgspec.msgpack.decode(value or b"")[1])
        for shard in range(LEADS)
        for _, _, key, value, _ in world.topics["leadpulse.leads", shard]
        if key is not None
    }
    assert {lead: row for lead, (_, row) in told.items()} == expected(sent)
    assert [partition for partition, _ in told.values()] == partitions_of(list(told), LEADS).tolist()


def test_nothing_is_told_where_leads_are_off() -> None:
    fold = ShardFold("mails", 0, 1, FoldOptions(), GROUPS)
    fold.fold([("email", [record(mail("10:00", "m1", "sent", id="a"))])])
    assert len(fold.stage.tables[0].encoded) == 1  # type: ignore[attr-defined]
    commit = fold.changes(1, ShardReport(True, NOON))
    assert commit.touches == []
    assert unpack(commit.deltas[0]).sent == {}
    assert not [key for key, _ in commit.state if key == Chain.prefix]


# gaps -----------------------------------------------------------------------------------------------------


def touch(seq: int, prev: int, life: str = "a", reached_ms: int = 0, group: str = "mails") -> Record:
    some = [messages.encode(["met", "lead-b", f"m{seq}"])]
    return 0, 0, None, messages.pack(messages.Touches(group, 0, life, seq, prev, reached_ms, some))[0], ()


def leads(options: FoldOptions = FoldOptions(leads=1)) -> ShardFold:
    return ShardFold("leads", 0, 1, options, GROUPS)


@pytest.mark.parametrize(
    ("records", "why"),
    [
        ([touch(1, 0), touch(4, 1), touch(5, 4)], None),  # others were told what lies between
        ([touch(1, 0), touch(3, 2)], "mails/0 told number 3 behind 2, but number 1 came last"),
        ([touch(2, 1)], "mails/0 told number 2 behind 1, but nothing came last"),
        ([touch(1, 0), touch(1, 0)], "mails/0 told number 1 behind nothing, but number 1 came last"),
        ([touch(1, 0), touch(1, 0, "b")], "mails/0 began anew"),
        ([touch(1, 0), (0, 0, None, b"{}", ()), (0, 0, None, None, ()), touch(2, 1)], None),
    ],
)
def test_a_record_that_is_missing_is_seen(records: list[Record], why: str | None) -> None:
    fold = leads()
    if why is None:
        fold.fold([(TOUCHES, records)])
        return
    with pytest.raises(BrokenChain, match=why):
        fold.fold([(TOUCHES, records)])


def test_where_a_crash_may_repeat_records_they_are_taken_again() -> None:
    fold = leads(FoldOptions(leads=1, once=False))
    fold.fold([(TOUCHES, [touch(1, 0), touch(3, 2), touch(1, 0), touch(2, 1)])])
    assert fold.chain.taken == {"mails/0": 3}
    assert isinstance(fold.stage, Leads)
    assert fold.stage.notes()["lead-b"]["met"] == ["m1", "m2", "m3"]


def test_a_record_of_a_newer_release_is_not_passed_over() -> None:
    newer = messages.Touches("mails", 0, "a", 1, 0, 0, [], version=messages.VERSION + 1)
    for value in (msgspec.msgpack.encode(newer), msgspec.msgpack.encode(["in", "another", 3, 4, 5, 6, {}, 9])):
        with pytest.raises(BrokenChain, match="newer release"):
            leads().fold([(TOUCHES, [(0, 0, None, value, ())])])


def test_what_is_told_at_once_is_cut_into_records_that_follow_each_other() -> None:
    chain = Chain(GROUPS["mails"], 1, GROUPS.values(), FoldOptions(leads=2))
    large = [messages.encode(["met", "x" * 300_000, n]) for n in range(5)]
    told = chain.tell({0: large, 1: large[:1]}, ShardReport(True, NOON, life="a"))
    told += chain.tell({0: large[:1]}, ShardReport(True, NOON, life="a"))
    read = [(receiver, messages.unpack(record)) for receiver, record in told]
    assert [(receiver, one.prev, one.seq) for receiver, one in read] == [
        (0, 0, 1), (0, 1, 2), (0, 2, 3), (1, 0, 4), (0, 3, 5),
    ]  # fmt: skip
    assert [len(one.messages) for _, one in read] == [2, 2, 1, 1, 1]


# time -----------------------------------------------------------------------------------------------------


def clock(fold: ShardFold, seq: int, report: ShardReport) -> int:
    fold.changes(seq, report)
    assert isinstance(fold.stage, Leads)
    return fold.stage.clock_ms


def test_the_clock_follows_the_slowest_sender_and_stands_until_all_were_heard() -> None:
    fold = leads(FoldOptions(leads=1, told_by={"mails": 2, "leads": 1}))
    live = ShardReport(True, NOON)
    assert clock(fold, 1, live) == 0
    fold.fold([(TOUCHES, [touch(1, 0, reached_ms=NOON - 5)])])
    assert clock(fold, 2, live) == 0, "the other one was not heard"
    second = messages.pack(messages.Touches("mails", 1, "a", 1, 0, NOON - DAY_MS, []))[0]
    fold.fold([(TOUCHES, [(0, 0, None, second, ())])])
    assert clock(fold, 3, live) == NOON - DAY_MS, "that one reads a backlog"
    second = messages.pack(messages.Touches("mails", 1, "a", 2, 1, NOON, []))[0]
    fold.fold([(TOUCHES, [(0, 0, None, second, ())])])
    assert clock(fold, 4, live) == NOON - 5


def test_the_clock_is_kept_with_the_state_and_never_goes_back() -> None:
    fold = leads()
    fold.fold([(TOUCHES, [touch(1, 0, reached_ms=NOON)])])
    state = fold.changes(1, ShardReport(True, NOON)).state
    again = leads()
    for key, value in state:
        again.load(key, value)
    assert clock(again, 2, ShardReport(False, NOON - DAY_MS)) == NOON


def test_shards_of_leads_do_not_wait_for_each_other_for_ever() -> None:
    world = Installation(4)
    world.run()
    for _ in range(4):
        world.now_ms += TELL_MS
        for id in world.shards:
            world.turn(id, 100)
    clocks = [fold.stage.clock_ms for id, fold in world.folds.items() if id.group == "leads"]  # type: ignore[attr-defined]
    assert min(clocks) >= world.now_ms - 2 * TELL_MS


@pytest.mark.parametrize(
    ("lag", "caught_up", "reached_ms"),
    [
        ({"page_view": 0, "form": 0}, True, NOON),
        ({"page_view": 4, "form": 0}, False, 70),
        ({"page_view": 4, "form": 4}, False, 50),
        ({"page_view": 0}, False, 50),  # nobody knows how far the forms go
        ({"page_view": 0, "form": 0, "chatbot": 1}, False, 0),  # none of them was read
        ({"page_view": 0, "form": 0, "reroute": 9}, False, 70),
    ],
)
def test_a_backlog_is_read_up_to_the_newest_event_of_its_slowest_kind(
    lag: dict[str, int], caught_up: bool, reached_ms: int
) -> None:
    group = Group("visitors", ("page_view", "form", "chatbot"), lambda shared, options: Leads(shared))
    chain = Chain(group, 0, GROUPS.values(), FoldOptions())
    report = ShardReport(caught_up, NOON, {"chatbot": 0, **lag})
    chain.clock_ms({"page_view": 70, "form": 50}, report)
    assert chain._reached_ms == reached_ms


def test_an_idle_sender_says_now_and_then_how_far_it_has_come() -> None:
    chain = Chain(GROUPS["mails"], 0, GROUPS.values(), FoldOptions(leads=1))
    told = []
    for second in range(25):
        report = ShardReport(True, NOON + second * 1_000)
        chain.clock_ms({}, report)
        told += [messages.unpack(record).reached_ms - NOON for _, record in chain.tell({}, report)]
    assert told == [0, 10_000, 20_000]
