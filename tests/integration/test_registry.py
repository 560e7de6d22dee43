"""Records in the wire format of a real schema registry: read by their schemas, and waited for while it is away."""

from __future__ import annotations

import io
import json
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastavro
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from kafka import KafkaProducer
from kafka.admin import NewTopic

from stream.engine.groups import chosen, mapping
from stream.kafka import topics
from stream.kafka.layout import Layout
from tests import patience
from tests.integration.engine import Engine
from tests.integration.registry import NoRegistry, Registry

pytestmark = [pytest.mark.kafka, pytest.mark.registry, pytest.mark.slow]

DEFINITION = """
preset = "fields"
name = "{format}"
site = "acme"
topics = ["{prefix}{format}"]
format = "{format}"
{more}
[[event]]
kind = "page_view"
id = "id"
time = "at"
visitor_id = "who.id"
page.path = "path"
{unit}
"""
PLAIN = {"$schema": "http://json-schema.org/draft-07/schema#", "type": "object"}
WHO = {"type": "record", "name": "Who", "namespace": "acme", "fields": [{"name": "id", "type": "string"}]}
VIEW = {
    "type": "record", "name": "View", "namespace": "acme", "fields": [
        {"name": "id", "type": "string"},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "who", "type": "acme.Who"},
        {"name": "path", "type": "string"},
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    try:
        made = Registry(tmp_path_factory.mktemp("registry"))
    except NoRegistry as error:
        pytest.skip(str(error))
    yield made
    made.stop()


def framed(number: int, data: bytes) -> bytes:
    return b"\0" + struct.pack(">I", number) + data


def packed(schema: Any, named: dict[str, Any], value: Any) -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(schema, dict(named)), value)
    return out.getvalue()


def message(folder: Path) -> Any:
    """Write the descriptor of a message, and give its class."""
    file = descriptor_pb2.FileDescriptorProto(name="acme.proto", package="acme", syntax="proto3")
    who = file.message_type.add(name="Who")
    who.field.add(name="id", number=1, type=9, label=1)
    view = file.message_type.add(name="View")
    for number, name in enumerate(("id", "path"), 1):
        view.field.add(name=name, number=number, type=9, label=1)
    view.field.add(name="at", number=3, type=3, label=1)
    view.field.add(name="who", number=4, type=11, label=1, type_name=".acme.Who")
    (folder / "acme.desc").write_bytes(descriptor_pb2.FileDescriptorSet(file=[file]).SerializeToString())
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("acme.View"))


def test_three_formats_are_read_and_a_registry_that_is_away_is_waited_for(
    site, registry: Registry, tmp_path: Path
) -> None:
    engine = Engine(site(partitions=2))
    prefix = engine.site.prefix
    (tmp_path / "defs").mkdir()
    made = message(tmp_path / "defs")
    for form, more, unit in (
        ("avro", f'registry = "{registry.address}"', ""),
        ("json_schema", "", 'time_unit = "ms"'),
        ("protobuf", 'descriptor = "acme.desc"\nmessage = "acme.View"', 'time_unit = "ms"'),
    ):
        text = DEFINITION.format(format=form, prefix=prefix, more=more, unit=unit)
        (tmp_path / "defs" / f"{form}.toml").write_text(text)
    forms = ("avro", "json_schema", "protobuf")
    with topics.admin(engine.site.link) as client:
        client.create_topics([NewTopic(prefix + form, 2, 1) for form in forms], wait_for_metadata=True)
    layout = Layout(prefix, mapping((prefix + form for form in forms), chosen("off")).values())
    topics.create(engine.site.link, layout, partitions=2)
    engine.site.settings |= {"LEADPULSE_SOURCES": tmp_path / "defs"}

    registry.register("who", json.dumps(WHO))
    avro = registry.register(
        "view", json.dumps(VIEW), references=[{"name": "acme.Who", "subject": "who", "version": 1}]
    )
    plain = registry.register("plain", json.dumps(PLAIN), "JSON")
    named: dict[str, Any] = {}
    fastavro.parse_schema(WHO, named)
    now_ms = int(time.time() * 1_000) - 60_000
    producer = KafkaProducer(bootstrap_servers=engine.site.broker.bootstrap, acks="all")

    def send(first: int, count: int, number: int = avro) -> None:
        for i in range(first, first + count):
            value = {"id": str(i), "at": now_ms, "who": {"id": f"v{i % 7}"}, "path": "/a"}
            producer.send(prefix + "avro", framed(number, packed(VIEW, named, value)), key=b"k")
            producer.send(prefix + "json_schema", framed(plain, json.dumps(value).encode()), key=b"k")
            data = made(id=str(i), at=now_ms, path="/a", who={"id": "v"}).SerializeToString()
            producer.send(prefix + "protobuf", framed(plain, b"\0" + data), key=b"k")
        producer.flush(60)

    def items() -> dict[tuple[str, str], int]:
        found = engine.readings().items()
        return {
            (dict(labels)["source"], dict(labels)["outcome"]): int(reading["value"] or 0)
            for (metric, labels, _), reading in found
            if metric == "source_items_total"
        }

    def wait(wanted: dict[tuple[str, str], int], limit_s: float = 60) -> dict[tuple[str, str], int]:
        until = patience.until(limit_s)
        while (found := items()) != wanted and time.monotonic() < until:
            time.sleep(0.5)
        return found

    worker = engine.worker()
    send(0, 300)
    counted = {(form, "mapped"): 300 for form in forms}
    assert wait(counted) == counted, worker.log()[-2_000:]

    later = registry.register(
        "later",
        json.dumps({**VIEW, "doc": "as before"}),
        references=[{"name": "acme.Who", "subject": "who", "version": 1}],
    )
    assert later != avro
    registry.freeze()
    try:
        send(300, 50, later)
        time.sleep(12)
        found = items()
        assert found[("avro", "mapped")] == 300, "it waits, and makes no dead letters of what it cannot read"
        assert ("avro", "dead_lettered") not in found
        assert "does not answer" in worker.log()
        assert worker.exits == [], "it lives"
    finally:
        registry.go_on()
    counted = {(form, "mapped"): 350 for form in forms}
    assert wait(counted) == counted, worker.log()[-2_000:]

    send(350, 10, 987_654)
    counted = {
        ("avro", "mapped"): 350,
        ("avro", "dead_lettered"): 10,
        ("json_schema", "mapped"): 360,
        ("protobuf", "mapped"): 360,
    }
    assert wait(counted) == counted
    letters = [json.loads(letter.value) for letter in engine._read(layout.dead_letter)]
    assert {letter["reason"] for letter in letters} == {"unknown_schema"}
