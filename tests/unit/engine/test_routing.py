"""Routing: what belongs to another shard goes there with its kind; who has a row here stays."""

from __future__ import annotations

from collections.abc import Container

import orjson
import pytest

from stream.contract.records import ARRIVAL_HEADER, FROM_HEADER, KIND_HEADER, Record
from stream.engine.commit import ShardReport
from stream.engine.options import FoldOptions
from stream.engine.routing import Router, by_kind
from stream.engine.shard import ShardFold
from stream.ingest.columns import Columns, columns_of
from stream.ingest.decode import Limits, decode
from stream.ingest.route import partitions_of
from tests.unit.golden.events import Envelope, ad, at_ms, view

NOON = at_ms("12:00")
NAMES = [f"v{n}" for n in range(12)]
HOMES = partitions_of(NAMES, 3).tolist()


def read(events: list[Envelope], kind: str = "page_view", arrival_ms: int = NOON) -> Columns:
    records: list[Record] = [
        (n, arrival_ms, b"key", orjson.dumps({**event, "id": f"e{n}"}), (("h", b"1"),))
        for n, event in enumerate(events)
    ]
    batch = columns_of(kind, decode(kind, records))
    batch.records = records
    return batch


def views() -> Columns:
    return read([view("11:00", name) for name in NAMES])


@pytest.mark.parametrize("shard", range(3))
def test_each_record_stays_in_one_shard_and_the_others_send_it_there(shard: int) -> None:
    router = Router(shard, 3, "murmur2", {})
    batch = views()
    stays, forwarded, ahead = router.part(batch)
    assert [event.data.visitor_id for event in stays.events] == [
        n for n, home in zip(NAMES, HOMES, strict=True) if home == shard
    ]
    assert (forwarded, ahead) == (len(NAMES) - len(stays), 0)
    sent = router.forwards()
    assert [one.partition for one in sent] == [home for home in HOMES if home != shard]
    offsets = [at for at, home in enumerate(HOMES) if home != shard]
    assert [one.value for one in sent] == [batch.records[at][3] for at in offsets], "whole, as it came"
    assert {(one.key, *one.headers) for one in sent} == {
        (b"key", (KIND_HEADER, b"page_view"), (FROM_HEADER, b"%d" % shard), (ARRIVAL_HEADER, b"%d" % NOON))
    }
    assert router.forwards() == []


@pytest.mark.parametrize(
    ("known", "stays"),
    [
        ({f"s1\x1f{name}" for name in NAMES}, 12),
        ({f"s2\x1f{name}" for name in NAMES}, HOMES.count(0)),
        (set(), HOMES.count(0)),
    ],
    ids=["all have a row here", "rows of another site", "nobody is known"],
)
def test_who_has_a_row_here_stays(known: Container[str], stays: int) -> None:
    assert len(Router(0, 3, "murmur2", known).part(views())[0]) == stays


def test_a_clock_that_ran_ahead_is_told_by_whoever_counts_the_record() -> None:
    _, forwarded, ahead = Router(0, 3, "murmur2", {}).part(read([view("12:10", name) for name in NAMES]))
    assert forwarded == ahead == len(NAMES) - HOMES.count(0)


def test_places_of_campaigns_are_remembered_and_forgotten_without_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stream.engine.routing._MOST_PLACES", 4)
    names = [f"c{n}" for n in (*range(20), *range(30), *range(10))]
    homes = partitions_of(names, 3).tolist()
    router = Router(1, 3, "murmur2", None)
    for first in range(0, 60, 20):
        some = names[first : first + 20]
        router.part(read([ad("11:00", "click", campaign=name) for name in some], "ad"))
        assert [one.partition for one in router.forwards()] == [home for home in homes[first : first + 20] if home != 1]
        assert len(router._places) <= 20, "as many as of one batch"


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ((), "page_view"),
        (((KIND_HEADER, b"form"),), "form"),
        (((KIND_HEADER, b"ad"),), "page_view"),  # of another group
        (((KIND_HEADER, b"\xff"),), "page_view"),
        (((KIND_HEADER, None),), "page_view"),
    ],
)
def test_a_forwarded_record_is_of_the_kind_in_its_header_or_of_the_first(
    headers: tuple[tuple[str, bytes], ...], kind: str
) -> None:
    record: Record = (0, NOON, None, b"{}", headers)
    assert by_kind([record, record], ("page_view", "form")) == [(kind, [record, record])]


def test_what_is_too_large_to_be_forwarded_is_a_dead_letter_and_no_forward() -> None:
    batch = views()
    router = Router(0, 3, "murmur2", {})
    batch.records = [(*record[:3], b"x" * 800_000, record[4]) for record in batch.records]
    stays, forwarded, _ = router.part(batch)
    assert (len(stays), forwarded, router.forwards()) == (HOMES.count(0), 0, [])
    assert [reject.reason for reject in router.too_large] == ["too_large"] * (len(NAMES) - HOMES.count(0))
    assert router.part(views())[1] == len(NAMES) - HOMES.count(0)
    assert router.too_large == []


def test_a_record_that_is_too_large_to_be_forwarded_is_accepted_and_dead_lettered_here() -> None:
    fold = ShardFold("visitors", 0, 3, FoldOptions(limits=Limits(max_bytes=1 << 20)))
    spaces = b" " * 800_000
    records: list[Record] = [
        (n, NOON, b"key", orjson.dumps({**view("11:00", name), "id": f"e{n}"}) + spaces, ())
        for n, name in enumerate(NAMES)
    ]
    fold.fold([("page_view", records)])
    away = len(NAMES) - HOMES.count(0)
    assert fold.account.outcomes["page_view/accepted"] == len(NAMES)
    assert fold.account.outcomes["page_view/dead_lettered/too_large"] == away
    assert fold.account.outcomes["page_view/counted"] == HOMES.count(0)
    assert fold.pending_bytes > away * 512 * 1024
    commit = fold.changes(1, ShardReport(caught_up=True, now_ms=NOON))
    assert (len(commit.dead_letters), commit.forwards, fold.pending_bytes) == (away, [], 0)
    assert max(len(value) for _, value, _ in commit.dead_letters) < 800_000


@pytest.mark.parametrize(
    ("headers", "arrived_ms"),
    [
        ((), NOON),  # forwarded by a former release, which kept it as the record's own time
        (((ARRIVAL_HEADER, b"5"),), 5),
        (((ARRIVAL_HEADER, b"-1"),), -1),
        (((ARRIVAL_HEADER, b"9" * 18),), int("9" * 18)),
        (((ARRIVAL_HEADER, b"7"), (ARRIVAL_HEADER, b"5")), 5),  # the last is ours
        *((((ARRIVAL_HEADER, told),), NOON) for told in (None, b"", b"5.0", b"\xff", b"9" * 5_000, "٣".encode())),
    ],
)
def test_a_forwarded_record_arrived_when_its_header_says(
    headers: tuple[tuple[str, bytes], ...], arrived_ms: int
) -> None:
    ((_, [record]),) = by_kind([(0, NOON, None, b"{}", headers)], ("page_view",))
    assert record == (0, arrived_ms, None, b"{}", headers)
