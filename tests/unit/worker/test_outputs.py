"""Outputs: where each part of a commit goes, and in which order."""

from __future__ import annotations

import pytest

from stream.contract.records import CLAIM, ERASE, KIND_HEADER
from stream.engine.commit import Commit, Forward
from stream.ingest.route import partitions_of
from stream.kafka.layout import Layout, ShardId
from stream.stages.stage import EVERY, HandOver, Result
from stream.worker.outputs import Outputs
from tests.topics import Topics

LAYOUT = Layout("x.", [Topics("mails", ("email",)), Topics("sums", (), fed_by=("mails",)),
                       Topics("leads", ("crm",), told_by=("mails", "leads"))])  # fmt: skip
SHARDS = {"mails": 3, "leads": 4, "sums": 2}
PLACE = (b"position", b"here", None, [])


def parts(commit: Commit, layout: Layout = LAYOUT) -> list[tuple[str, int, list[tuple[bytes | None, bytes | None]]]]:
    outputs = Outputs(layout, ShardId("leads", 1), SHARDS, 2)
    return [(topic, partition, [row[:2] for row in rows]) for topic, partition, rows in outputs.parts(commit, PLACE)]


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
        ("x.leadpulse.handover.sums", 1, [(b"a", b"over")]),
        ("x.leadpulse.touches", 3, [(None, b"t1"), (None, b"t3")]),
        ("x.leadpulse.touches", 0, [(None, b"t2")]),
        ("x.leadpulse.leads", 1, [(b"l", b"{}"), (b"m", None)]),
        ("x.leadpulse.lead_events", 1, [(b"l", b"e")]),
        ("x.leadpulse.state.leads", 1, [(b"s", b"1"), (b"position", b"here")]),
    ]


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
