"""Outputs: where each part of a commit goes, and in which order."""

from __future__ import annotations

import pytest
from kafka.partitioner import murmur2

from stream.contract.records import CLAIM, ERASE, KIND_HEADER
from stream.engine.commit import Commit, Forward
from stream.ingest.route import PARTITIONERS, partitions_of
from stream.kafka.layout import Layout, ShardId
from stream.stages.stage import EVERY, HandOver, Result
from stream.worker.outputs import Outputs, Part
from tests.topics import Topics

LAYOUT = Layout("x.", [Topics("mails", ("email",)), Topics("sums", (), fed_by=("mails",)),
                       Topics("leads", ("crm",), told_by=("mails", "leads"))])  # fmt: skip
SHARDS = {"mails": 3, "leads": 4, "sums": 2}
PLACE = (b"position", b"here", None, [])


def parts(commit: Commit, layout: Layout = LAYOUT) -> list[tuple[str, int, list[tuple[bytes | None, bytes | None]]]]:
    return shown(Outputs(layout, ShardId("leads", 1), SHARDS, 2).parts(commit, PLACE))


def shown(parts: list[Part]) -> list[tuple[str, int, list[tuple[bytes | None, bytes | None]]]]:
    return [(topic, partition, [row[:2] for row in rows]) for topic, partition, rows in parts]


def test_what_is_told_goes_before_the_state_and_the_position_goes_last() -> None:
    commit = Commit(
        [(b"s", b"1")], [b"d"], [(b"k", b"letter", [])], [Forward(2, b"f", b"forward", [])],
        [HandOver("sums", b"a", b"over", 1)], [(3, b"t1"), (0, b"t2"), (3, b"t3")],
        [Result("leads", "l", b"{}"), Result("lead_events", "l", b"e"), Result("leads", "m", None)],
    )  # fmt: skip
    assert parts(commit) == [
        ("x.leadpulse.deltas.leads", 1, [(None, b"d")]),
        ("x.leadpulse.dead_letter", 1, [(b"k", b"letter")]),
        ("x.leadpulse.reroute.leads", 2, [(b"f", b"forward")]),
        ("x.leadpulse.leads", 0, [(b"l", b"{}"), (b"m", None)]),
        ("x.leadpulse.lead_events", 0, [(b"l", b"e")]),
        ("x.leadpulse.handover.sums", 1, [(b"a", b"over")]),
        ("x.leadpulse.touches", 3, [(None, b"t1"), (None, b"t3")]),
        ("x.leadpulse.touches", 0, [(None, b"t2")]),
        ("x.leadpulse.state.leads", 1, [(b"s", b"1"), (b"position", b"here")]),
    ]


def test_results_lie_where_kafkas_own_clients_would_put_their_keys_in_their_order() -> None:
    keys = [f'["s1","lead_id","l{n % 7}"]' for n in range(20)]
    commit = Commit(results=[Result("leads", key, b"%d" % n) for n, key in enumerate(keys)])
    for partitioner in PARTITIONERS:  # which one the producers of sources use says nothing of results
        outputs = Outputs(LAYOUT, ShardId("leads", 1), SHARDS, 2, partitioner, {"x.leadpulse.leads": 5})
        places = shown(outputs.parts(commit, PLACE))[1:-1]
        assert {topic for topic, *_ in places} == {"x.leadpulse.leads"}
        for _, partition, rows in places:
            there = [(n, key) for n, key in enumerate(keys) if (murmur2(key.encode()) & 0x7FFFFFFF) % 5 == partition]
            assert rows == [(key.encode(), b"%d" % n) for n, key in there]
        assert sum(len(rows) for *_, rows in places) == len(keys)


def test_what_ends_where_it_lay_before_goes_ahead_of_what_is_told_anew() -> None:
    ended: Part = ("x.leadpulse.leads", 3, [(b"l", None, None, [])])
    outputs = Outputs(LAYOUT, ShardId("leads", 1), SHARDS, 2)
    parts = shown(outputs.parts(Commit(results=[Result("leads", "l", b"{}")]), PLACE, [ended]))
    assert parts[1:3] == [("x.leadpulse.leads", 3, [(b"l", None)]), ("x.leadpulse.leads", 0, [(b"l", b"{}")])]


@pytest.mark.parametrize(
    ("over", "places"),
    [
        (
            HandOver("mails", b"m1", b"", None, ((KIND_HEADER, CLAIM),)),
            [("reroute.mails", int(partitions_of(["m1"], 3)[0]))],
        ),
        (HandOver("mails", b"", b"", EVERY, ((KIND_HEADER, ERASE),)), [("reroute.mails", at) for at in range(3)]),
        (HandOver("mails", b"", b"", 2, ((KIND_HEADER, ERASE),)), [("reroute.mails", 2)]),
        (HandOver("mails", b"m1", b""), []),  # nobody feeds it
        (HandOver("sums", b"", b"", EVERY), [("handover.sums", 0), ("handover.sums", 1)]),
        (HandOver("sums", b"", b"", 1, ((KIND_HEADER, ERASE),)), []),  # it has no events, and so no rows of people
        (HandOver("nobody", b"", b"", 1, ((KIND_HEADER, ERASE),)), []),
    ],
)
def test_an_order_goes_the_way_of_forwarded_records(over: HandOver, places: list[tuple[str, int]]) -> None:
    written = parts(Commit(hand_overs=[over]))[1:-1]
    assert [(topic.removeprefix("x.leadpulse."), partition) for topic, partition, _ in written] == places
