"""What `leadpulse erase` writes, and what it says will happen."""

from __future__ import annotations

import json

import pytest

from stream.cli.erase import what_happens, wish
from stream.cli.named import Named
from stream.contract.times import format_ms
from stream.ingest.decode import decode
from stream.ingest.route import canonical_keys
from stream.kafka.topic_spec import DEAD_LETTER, LEAD_EVENTS, TOUCHES
from tests.events import TIME_MS

DAY_MS = 86_400_000


@pytest.mark.parametrize(
    ("field", "value"), [("visitor_id", "v1"), ("lead_id", "meta:1"), ("user_id", "ü"), ("email_hash", "0a" * 32)]
)
def test_the_record_is_one_that_the_contract_takes_with_the_ids_value_as_key(field: str, value: str) -> None:
    record = wish(Named("shop", field, value), "e1", TIME_MS)
    assert (record["id"], record["type"], record["time"]) == ("e1", "privacy", format_ms(TIME_MS))
    read = decode("privacy", [(0, TIME_MS, value.encode(), json.dumps(record).encode(), ())])
    assert read.rejects == []
    data = read.events[0].data
    assert (data.action, data.site_id, getattr(data, field)) == ("erase", "shop", value)
    assert canonical_keys("privacy", read.events) == [value]


def test_what_keeps_data_is_told_with_the_retention_that_topics_are_made_with() -> None:
    said = "\n".join(what_happens(Named("shop", "lead_id", "l\u202e1"), "eu."))
    for topic, configs in (("dead_letter", DEAD_LETTER), ("touches", TOUCHES), ("lead_events", LEAD_EVENTS)):
        assert f"eu.leadpulse.{topic}  {int(configs['retention.ms']) // DAY_MS} d" in said
    assert "a minute after" in said
    assert "a day later" in said
    assert "l\\u202e1" in said


@pytest.mark.parametrize(("field", "says"), [("visitor_id", "A lead that"), ("user_id", "every row of the person")])
def test_a_device_is_not_the_person(field: str, says: str) -> None:
    assert says in "\n".join(what_happens(Named("shop", field, "x1"), ""))
