"""One group feeds another: what a commit hands over arrives, counts once, and survives a restart."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec
import numpy as np
import orjson

from stream.changes.deltas import Delta, unpack
from stream.contract.records import HANDOVER, Record
from stream.engine.commit import Commit, ShardReport
from stream.engine.shard import ShardFold
from stream.kafka.layout import Layout, ShardId
from stream.replay.replay import Replay, ReplayOptions
from stream.worker.outputs import Outputs
from tests.unit.engine.feeding import GROUPS
from tests.unit.golden.events import Envelope, at_ms, mail

NOON = at_ms("12:00")
REPORT = ShardReport(caught_up=True, now_ms=NOON)
SHARDS = {"mails": 1, "clicks": 3}
EVENTS = [
    mail("10:00", "m1", "sent", campaign="spring", id="a"),
    mail("10:01", "m1", "clicked", campaign="spring", id="b"),
    mail("10:02", "m1", "clicked", campaign="spring", id="c"),
    mail("10:03", "m2", "clicked", campaign="autumn", id="d"),
    mail("10:04", "m3", "clicked", campaign="spam", id="e"),
]


def records(events: list[Envelope]) -> list[Record]:
    return [(n, NOON, None, orjson.dumps(event), ()) for n, event in enumerate(events)]


def delivered(commit: Commit) -> dict[tuple[str, int], list[Record]]:
    """Carry hand-overs as the shell does: topic and partition → records."""
    outputs = Outputs(Layout("", GROUPS.values()), ShardId("mails", 0), SHARDS)
    out: dict[tuple[str, int], list[Record]] = {}
    for topic, partition, rows in outputs.parts(commit, (b"\x00position", b"", None, [])):
        if topic == "leadpulse.handover.clicks":
            out["clicks", partition] = [(0, NOON, key, value, tuple(headers)) for key, value, _, headers in rows]
    return out


def add(counted: Counter[str], delta: Delta) -> None:
    """Add the clicks of a delta by campaign."""
    for at, n in zip(np.frombuffer(delta.name_index, np.int32), np.frombuffer(delta.amounts, np.int64), strict=True):
        counted[str(delta.names[at][2])] += int(n)


def fed(counted: Counter[str]) -> tuple[ShardFold, list[ShardFold], list[dict[bytes, bytes]]]:
    """Fold all events in one shard, and what it hands over in those of the other group."""
    mails = ShardFold("mails", 0, 1, groups=GROUPS)
    clicks = [ShardFold("clicks", number, 3, groups=GROUPS) for number in range(3)]
    logs: list[dict[bytes, bytes]] = [{} for _ in clicks]
    for seq, some in enumerate((EVENTS[:2], EVENTS[1:]), 1):  # one of them comes twice
        mails.fold([("email", records(some))])
        commit = mails.changes(seq, REPORT)
        for (_, number), told in delivered(commit).items():
            clicks[number].fold([(HANDOVER, told)])
        for number, fold in enumerate(clicks):
            changes = fold.changes(seq, REPORT)
            add(counted, unpack(changes.deltas[0]))
            logs[number].update({key: value for key, value in changes.state if value is not None})
    return mails, clicks, logs


def test_what_is_handed_over_counts_once_in_the_shard_of_its_key() -> None:
    counted: Counter[str] = Counter()
    _, clicks, _ = fed(counted)
    assert counted == {"spring": 2, "autumn": 1}
    keys = [key for fold in clicks for key in fold.stage.tables[0].encoded]  # type: ignore[attr-defined]
    assert sorted(keys) == ["s1\x1fautumn", "s1\x1fspring"], "a campaign is in one shard"
    assert all(fold.account.outcomes == {} for fold in clicks), "only events are accounted for"


def test_what_a_stage_refuses_is_never_counted() -> None:
    mails, _, _ = fed(Counter())
    assert mails.account.outcomes == {
        "email/accepted": 6,
        "email/duplicate": 1,
        "email/counted": 4,
        "email/filtered/spam": 1,
    }
    assert list(mails.stage.hand_over()) == [], "given once"


def test_a_stage_is_told_the_time_and_its_gauges_and_marks_go_with_the_delta() -> None:
    _, clicks, _ = fed(Counter())
    deltas = [unpack(fold.changes(3, REPORT).deltas[0]) for fold in clicks]
    assert sum(delta.gauges["campaigns"] for delta in deltas) == 2
    assert [delta.marks for delta in deltas] == [{"advanced": NOON}] * 3


def test_a_fed_group_is_restored_from_its_log() -> None:
    _, clicks, logs = fed(Counter())
    again: dict[str, Any] = {}
    for number, log in enumerate(logs):
        fold = ShardFold("clicks", number, 3, groups=GROUPS)
        for key, value in log.items():
            fold.load(key, value)
        assert fold.stage.tables[0].encoded == clicks[number].stage.tables[0].encoded  # type: ignore[attr-defined]
        again |= fold.stage.tables[0].encoded  # type: ignore[attr-defined]
    assert {key: msgspec.msgpack.decode(value)[1] for key, value in again.items()} == {
        "s1\x1fspring": 2,
        "s1\x1fautumn": 1,
    }


def test_a_replay_carries_hand_overs_too() -> None:
    told = Replay(ReplayOptions(now_ms=NOON, windows=("24h",)), groups=GROUPS).run(map(orjson.dumps, EVENTS))
    found = {r.labels["campaign"]: r.value for r in told.readings if r.metric == "email_clicks"}
    assert found == {"spring": 2, "autumn": 1}
