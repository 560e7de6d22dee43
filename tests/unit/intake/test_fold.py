"""Fold: records of others go on as events to the shards that count them, and every item is in the account."""

from __future__ import annotations

from typing import Any

import msgspec
import orjson

from stream.changes.deltas import unpack
from stream.contract.records import MAPPED, Record
from stream.engine.commit import Commit, ShardReport
from stream.engine.groups import chosen
from stream.engine.shard import ShardFold
from stream.ingest.route import partitions_of
from stream.intake.figures import NAMES_MOST, SourceFigures
from stream.intake.fold import ITEMS_AT_ONCE, LETTERS_A_RECORD, IntakeOptions, SourcesFold
from stream.rollup.mapped import Mapped
from stream.sources import Source, crm, form, page_view
from stream.sources.mapper import Outcome
from stream.sources.wire.schemas import Schemas

KEY = b"k" * 32
SHARDS = {"visitors": 3, "emails": 2, "ads": 1, "sources": 4}
NOW_MS = 1_772_400_000_000
TIME = "2026-03-01T21:00:00Z"
TOPIC = "acme.views"


def source(**said: Any) -> Source:
    made = Source("acme", topics=[TOPIC], site="shop", each=".", named="kind", **said)

    @made.event
    def read(record: Any, about: Any) -> Any:
        if record["kind"] == "VIEW":
            yield page_view(id=record["id"], time=TIME, visitor_id=record.get("who"), page={"path": "/"})
        elif record["kind"] == "BOTH":
            yield page_view(id=record["id"], time=TIME, visitor_id=record["who"], page={"path": "/"})
            yield form(id=record["id"], time=TIME, visitor_id=record["who"], action="submit", form_id="f")
        elif record["kind"] == "LEAD":
            yield crm(id=record["id"], time=TIME, action="lead_created", lead_id="l")
        elif record["kind"] == "BAD":
            raise KeyError(record["who"])

    return made


def fold(*sources: Source, shard: int = 2, schemas: dict[str, Schemas] | None = None) -> SourcesFold:
    reads = {TOPIC: sources or (source(),)}
    return SourcesFold(shard, SHARDS, IntakeOptions(reads, KEY, schemas=schemas), chosen("off"))


def records(*values: Any) -> list[tuple[str, list[Record]]]:
    packed = [value if isinstance(value, bytes) else orjson.dumps(value) for value in values]
    return [(f"{MAPPED}{TOPIC}", [(at, NOW_MS + at, b"their key", value, ()) for at, value in enumerate(packed)])]


def committed(made: SourcesFold, *values: Any) -> Commit:
    made.fold(records(*values))
    return made.changes(1, ShardReport(True, NOW_MS, {f"{MAPPED}{TOPIC}": 0}, life="x"))


def view(who: str, id: str = "1") -> dict[str, str]:
    return {"kind": "VIEW", "id": id, "who": who}


def test_an_event_goes_to_the_shard_of_its_key_with_its_kind_arrival_and_origin() -> None:
    commit = committed(fold(), [{"kind": "OTHER"}, view("ann")])
    (forward,) = commit.forwards
    assert (forward.group, forward.key) == ("visitors", None)
    assert forward.partition == int(partitions_of(["ann"], 3)[0])
    assert dict(forward.headers) == {
        "leadpulse-kind": b"page_view", "leadpulse-from": b"sources/2", "leadpulse-arrival": str(NOW_MS).encode(),
        "leadpulse-item": b"acme.views-2-0-1",
    }  # fmt: skip


def test_all_events_of_a_record_are_of_one_commit_and_each_goes_its_own_way() -> None:
    commit = committed(fold(), [{"kind": "BOTH", "id": str(n), "who": f"v{n}"} for n in range(50)])
    assert len(commit.forwards) == 100
    assert {forward.partition for forward in commit.forwards} == {0, 1, 2}


def test_what_the_contract_will_refuse_goes_on_and_is_refused_where_it_arrives() -> None:
    commit = committed(fold(), [view("", "1"), view("ann", "2")])
    assert len(commit.forwards) == 2
    lost = next(forward for forward in commit.forwards if b'"visitor_id"' not in forward.value)
    home = ShardFold("visitors", lost.partition, 3)
    home.fold([("reroute", [(7, NOW_MS + 5, lost.key, lost.value, tuple(lost.headers))])])
    assert home.account.outcomes == {"page_view/accepted": 1, "page_view/dead_lettered/missing_field": 1}
    (letter,) = home.account.letters()
    assert letter[0] == b"acme.views-2-0-0"
    assert orjson.loads(letter[1])["value"] is not None


def test_a_mapped_event_counts_as_one_that_was_sent() -> None:
    (forward,) = committed(fold(), [view("ann")]).forwards
    home = ShardFold("visitors", forward.partition, 3)
    record = (7, NOW_MS + 99_999, forward.key, forward.value, tuple(forward.headers))
    home.fold([("reroute", [record, record])])
    assert home.account.outcomes == {"page_view/accepted": 2, "page_view/duplicate": 1, "page_view/counted": 1}


def test_what_cannot_be_mapped_is_a_dead_letter_without_its_bytes() -> None:
    commit = committed(fold(), [view("ann"), {"kind": "BAD", "who": "jo@acme.example"}], b"{")
    letters = {key: orjson.loads(value) for key, value, _ in commit.dead_letters}
    assert set(letters) == {b"acme.views-2-0-1", b"acme.views-2-1-0"}
    one = letters[b"acme.views-2-0-1"]
    assert (one["reason"], one["kind"], one["value"], one["key"], one["site"]) == (
        "mapping",
        "sources/acme",
        None,
        None,
        "shop",
    )
    assert one["path"].endswith("KeyError")
    assert b"jo@" not in b"".join(value for _, value, _ in commit.dead_letters)


def test_a_record_of_many_broken_items_gives_few_letters_and_all_are_counted() -> None:
    made = fold()
    commit = committed(made, [{"kind": "BAD", "who": n} for n in range(1_000)], b"{")
    assert len(commit.dead_letters) == LETTERS_A_RECORD + 1
    assert made._figures.outcomes["source/items/acme/dead_lettered"] == 1_001


def test_raw_bytes_are_kept_where_that_is_asked_for() -> None:
    (letter,) = committed(fold(source(keep="raw")), b"{").dead_letters
    assert orjson.loads(letter[1])["value"] == "ew=="


def test_every_item_is_in_the_account_and_it_goes_on_after_a_restart() -> None:
    made = fold()
    commit = committed(
        made, [view("a"), view("b", "2"), {"kind": "X"}, {"kind": "BAD", "who": 1}], [{"kind": "LEAD", "id": 1}]
    )
    account = {
        "source/items/acme/mapped": 2, "source/items/acme/unmapped": 1, "source/items/acme/dead_lettered": 1,
        "source/items/acme/ignored": 1, "source/unmapped/acme/X": 1, "source/events/acme/page_view": 2,
    }  # fmt: skip
    (delta,) = (unpack(packed) for packed in commit.deltas)
    assert (delta.group, delta.shard, delta.seq, delta.caught_up, delta.account) == ("sources", 2, 1, True, account)
    again = fold()
    for key, value in commit.state:
        again.load(key, value)
    (delta,) = (unpack(packed) for packed in committed(again, [view("c")]).deltas)
    assert delta.account["source/items/acme/mapped"] == 3
    assert again.changes(2, ShardReport(True, NOW_MS)).state == []


def test_a_kind_that_nobody_counts_here_is_ignored_by_name() -> None:
    made = fold()
    made.fold(records([{"kind": "LEAD", "id": 1}]))
    assert made._figures.outcomes == {"source/items/acme/ignored": 1}


def test_a_fold_takes_fewer_records_the_more_items_they_have() -> None:
    made = fold()
    assert made.most_records == ITEMS_AT_ONCE
    made.fold(records([view("a", str(n)) for n in range(500)]))
    assert made.most_records == ITEMS_AT_ONCE // 1_000


def test_what_a_commit_writes_is_known_before_it_grows_too_large() -> None:
    made = fold()
    made.fold(records([view("a", str(n)) for n in range(100)]))
    assert made.pending_bytes > 100 * 512
    made.changes(1, ShardReport(True, NOW_MS))
    assert made.pending_bytes == 0


def test_schemas_that_are_not_known_yet_are_named_by_registry() -> None:
    avro = source(format="avro", registry="http://registry")
    made = fold(avro, schemas={"http://registry": Schemas({7: None})})
    packed = [b"\x00\x00\x00\x00" + bytes([number]) + b"x" for number in (7, 8)]
    assert made.missing(records(*packed)) == {"http://registry": {8}}
    assert fold().missing(records(*packed)) == {}


def test_names_of_what_is_unmapped_are_bounded_in_a_shard_and_where_they_are_shown() -> None:
    figures = SourceFigures()
    out = Outcome()
    out.unmapped.update({f"n{n:04}": n + 1 for n in range(NAMES_MOST + 10)})
    figures.take("acme", out)
    names = {name.split("/", 3)[3]: n for name, n in figures.outcomes.items() if name.startswith("source/unmapped/")}
    assert len(names) == NAMES_MOST + 1
    assert sum(names.values()) == out.unmapped.total()
    again = SourceFigures(msgspec.msgpack.decode(msgspec.msgpack.encode(figures.outcomes)))
    out.unmapped.clear()
    out.unmapped["more"] = 5
    again.take("acme", out)
    assert again.outcomes["source/unmapped/acme/(other)"] == names["(other)"] + 5
    shown = Mapped()
    for name, n in figures.outcomes.items():
        _, what, rest = name.split("/", 2)
        shown.take(what, rest, n)
    told = {labels["event"]: n for metric, labels, n in shown.totals() if metric == "source_unmapped_total"}
    assert len(told) == 51
    assert sum(told.values()) == sum(names.values())
