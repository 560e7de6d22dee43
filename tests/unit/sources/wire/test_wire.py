"""Wire: records of every format, taken apart into items, and bounds on what they may unpack to."""

from __future__ import annotations

import gzip
import io
import json
import tracemalloc
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import fastavro
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from stream.errors import SettingsError
from stream.sources.faults import Fault, Unfit
from stream.sources.wire.schemas import Schema, Schemas, protobuf
from stream.sources.wire.wire import MOST_ITEMS, Shape, Wire

ITEM = {"a": 1}
PACKED = json.dumps(ITEM).encode()


def items(value: bytes, most_bytes: int = 8 << 20, headers: Any = (), **shape: Any) -> list[Any]:
    return [item for _, item in Wire(Shape(**shape), most_bytes=most_bytes).items(value, headers)]


def reason(value: bytes, **shape: Any) -> str:
    with pytest.raises(Fault) as fault:
        items(value, **shape)
    return fault.value.reason


@pytest.mark.parametrize(
    ("unwrap", "value"),
    [
        (("gzip",), gzip.compress(PACKED, mtime=0)),
        (("gzip",), PACKED),
        (("form:events",), urlencode({"x": "1", "events": PACKED.decode()}).encode()),
        (("form:events",), PACKED),
        (("connect",), json.dumps({"schema": {}, "payload": ITEM}).encode()),
        (("connect",), PACKED),
        (("debezium",), json.dumps({"schema": {}, "payload": {"op": "u", "before": None, "after": ITEM}}).encode()),
        (("debezium",), json.dumps({"op": "d", "before": ITEM, "after": None}).encode()),
        (("debezium",), PACKED),
        (("sns",), json.dumps({"Type": "Notification", "Message": PACKED.decode()}).encode()),
        (("sns",), PACKED),
        (("in:data.row",), json.dumps({"data": {"row": ITEM}}).encode()),
        (("in:data",), PACKED),
        (("gzip", "sns", "in:x"), gzip.compress(json.dumps({"Type": "Notification", "Message": json.dumps({"x": ITEM})}).encode(), mtime=0)),
    ],
)  # fmt: skip
def test_a_wrapper_is_taken_off_and_one_that_is_not_there_is_not_missed(unwrap: tuple[str, ...], value: bytes) -> None:
    assert items(value, unwrap=unwrap) == [ITEM]


def test_json_inside_a_text_is_read_in_place() -> None:
    value = json.dumps({"event": {"properties": '{"b": 2}', "other": "x"}}).encode()
    assert items(value, unwrap=("json:event.properties",)) == [{"event": {"properties": {"b": 2}, "other": "x"}}]


def test_what_stood_around_an_item_is_given_with_it() -> None:
    wire = Wire(Shape(unwrap=("in:data",), each="rows"))
    around = {"data": {"rows": [1, 2]}, "sent": 7}
    assert wire.items(json.dumps(around).encode()) == [({"rows": [1, 2]}, 1), ({"rows": [1, 2]}, 2)]
    assert Wire(Shape(unwrap=("debezium",))).items(b'{"op":"c","after":{"a":1}}') == (
        ({"op": "c", "after": ITEM}, ITEM),
    )


@pytest.mark.parametrize(
    ("shape", "value", "why"),
    [
        ({}, b"{", "not_json"),
        ({"unwrap": ("gzip",)}, b"\x1f\x8bxx", "not_json"),
        ({"unwrap": ("gzip",)}, gzip.compress(PACKED, mtime=0)[:-4], "not_json"),
        ({"unwrap": ("form:e",)}, b"x=1", "missing_field"),
        ({"unwrap": ("sns",)}, b'{"Type":"Notification","Message":"{"}', "not_json"),
        ({"each": "."}, json.dumps([0] * (MOST_ITEMS + 1)).encode(), "too_large"),
        ({"format": "tsv", "columns": ("a", "b")}, b"1", "wrong_type"),
        ({"format": "csv", "columns": ("a", "b")}, b"1,2,3", "wrong_type"),
        ({"format": "tsv", "columns": ("a",)}, b"\xff", "not_json"),
        ({"format": "avro"}, b"{}", "wrong_type"),
        ({"format": "avro"}, b"\x00\x00\x00\x00\x07x", "unknown_schema"),
        ({"format": "json_schema"}, b"\x00\x00\x00\x00\x07{", "not_json"),
    ],
)
def test_what_cannot_be_taken_apart_is_a_fault(shape: dict[str, Any], value: bytes, why: str) -> None:
    assert reason(value, **shape) == why


def test_a_bomb_is_never_unpacked_past_its_bound() -> None:
    bomb = gzip.compress(b" " * 60_000_000, 1)
    tracemalloc.start()
    try:
        assert reason(bomb, unwrap=("gzip",), most_bytes=1 << 20) == "too_large"
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()
    assert reason(b"x" * 101, most_bytes=100) == "too_large"


def test_rows_of_tables() -> None:
    assert items(b"1\t\t3\n", format="tsv", columns=("a", "b", "c")) == [{"a": "1", "b": None, "c": "3"}]
    assert items(b"1\t2\t3", format="tsv", columns=("a", "b", "c"), reads=frozenset({"b"})) == [{"b": "2"}]
    assert items(b'1,"x, ""y"""', format="csv", columns=("a", "b")) == [{"a": "1", "b": 'x, "y"'}]


def test_a_cloud_event_is_one_object_in_either_mode() -> None:
    headers = (("ce_specversion", b"1.0"), ("ce_type", b"view"))
    whole = {"specversion": "1.0", "type": "view", "data": ITEM}
    assert items(PACKED, headers=headers, format="cloudevents") == [whole]
    assert items(json.dumps(whole).encode(), format="cloudevents") == [whole]


AVRO = {
    "type": "record", "name": "View", "fields": [
        {"name": "id", "type": "string"},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    ],
}  # fmt: skip


def test_avro_is_read_by_the_schema_that_its_record_names() -> None:
    packed = io.BytesIO(b"\x00\x00\x00\x00\x07")
    packed.seek(5)
    fastavro.schemaless_writer(packed, AVRO, {"id": "x", "at": 1_772_359_200_000})
    value = packed.getvalue()
    schemas = Schemas()
    assert schemas.missing([value, b"{}", None]) == {7}
    schemas.known[7] = Schema("AVRO", json.dumps(AVRO))
    assert schemas.missing([value]) == set()
    ((_, item),) = Wire(Shape(format="avro"), schemas).items(value)
    assert item["id"] == "x"
    assert item["at"].isoformat() == "2026-03-01T10:00:00+00:00"
    schemas.known[8] = None
    with pytest.raises(Fault, match="unknown_schema"):
        Wire(Shape(format="avro"), schemas).items(b"\x00\x00\x00\x00\x08" + value[5:])
    with pytest.raises(Fault, match="wrong_type"):
        Wire(Shape(format="avro"), schemas).items(value[:6])


def test_avro_that_refers_to_another_schema() -> None:
    inner = {"type": "record", "name": "Who", "fields": [{"name": "id", "type": "string"}]}
    outer = {"type": "record", "name": "View", "fields": [{"name": "who", "type": "Who"}]}
    named: dict[str, Any] = {}
    fastavro.parse_schema(inner, named)
    packed = io.BytesIO()
    fastavro.schemaless_writer(packed, fastavro.parse_schema(outer, named), {"who": {"id": "v"}})
    schemas = Schemas({1: Schema("AVRO", json.dumps(outer), (json.dumps(inner),))})
    assert schemas.read(b"\x00\x00\x00\x00\x01" + packed.getvalue()) == {"who": {"id": "v"}}


def described(folder: Path) -> tuple[Path, Any]:
    file = descriptor_pb2.FileDescriptorProto(name="acme.proto", package="acme", syntax="proto3")
    message = file.message_type.add(name="View")
    message.field.add(name="event_id", number=1, type=9, label=1)
    message.field.add(name="at_ms", number=2, type=3, label=1)
    path = folder / "acme.desc"
    path.write_bytes(descriptor_pb2.FileDescriptorSet(file=[file]).SerializeToString())
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return path, message_factory.GetMessageClass(pool.FindMessageTypeByName("acme.View"))


def test_protobuf_is_read_by_a_descriptor_of_ones_own(tmp_path: Path) -> None:
    path, made = described(tmp_path)
    data = made(event_id="x", at_ms=5).SerializeToString()
    wire = Wire(Shape(format="protobuf"), protobuf=protobuf(path, "acme.View"))
    for indexes in (b"\x00", b"\x02\x00", b"\x04\x00\x02"):
        assert wire.items(b"\x00\x00\x00\x00\x07" + indexes + data) == ((None, {"event_id": "x", "at_ms": "5"}),)
    with pytest.raises(Fault, match="wrong_type"):
        wire.items(b"\x00\x00\x00\x00\x07\x00\xff\xff")


def test_a_descriptor_that_has_no_such_message_is_one_message(tmp_path: Path) -> None:
    path, _ = described(tmp_path)
    with pytest.raises(SettingsError, match=r"no message acme\.Form"):
        protobuf(path, "acme.Form")
    with pytest.raises(SettingsError, match="cannot be read"):
        protobuf(tmp_path / "absent", "acme.View")


@pytest.mark.parametrize(
    "shape",
    [{"unwrap": ("gzipp",)}, {"unwrap": ("sns", "gzip")}, {"unwrap": ("in:",)}, {"format": "xml"}, {"each": "a..b"}],
)
def test_a_shape_that_cannot_be_is_refused(shape: dict[str, Any]) -> None:
    with pytest.raises(Unfit):
        Wire(Shape(**shape))
