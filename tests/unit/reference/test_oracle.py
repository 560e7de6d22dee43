"""What the simulator means and what an oracle finds in its bytes are the same, and so the figures that follow."""

from __future__ import annotations

import json
from functools import cache

import pytest

from stream.demo.traffic import Options, Record, Traffic
from stream.reference.account import Reference, window
from tests.accounting import BY_ORIGIN, told_of
from tests.oracle import Judged, Raw, judge

WINDOWS = ("5m", "1h", "6h", "24h", "30d")
#: Told by the records as they come, and not by the events that count.
BY_RECORD = {"valid_event_ratio", "traffic_events"}


@cache
def both() -> tuple[list[Record], Reference, Judged]:
    records = list(Traffic(Options(seed=9, length_ms=9 * 3_600_000, rate=0.6)))
    reference = Reference()
    for record in records:
        reference.tell(record.kind, record.truth, record.time_ms)
    return records, reference, judge(Raw(r.kind, 0, i, r.time_ms, r.key, r.value) for i, r in enumerate(records))


def test_the_oracle_judges_each_record_as_it_was_meant() -> None:
    _, reference, judged = both()
    assert judged.places == reference.outcomes
    assert judged.places.total() == sum(reference.outcomes.values())


@pytest.mark.parametrize("name", WINDOWS)
def test_the_reference_says_the_same_of_what_was_meant_and_of_what_was_found(name: str) -> None:
    records, reference, judged = both()
    at_ms = records[-1].time_ms + 1
    metrics = reference.metrics() - BY_ORIGIN - BY_RECORD
    meant = reference.readings(at_ms, [window(name, at_ms)], metrics)
    assert told_of(judged).readings(at_ms, [window(name, at_ms)], metrics) == meant
    assert len(meant) > 100


def test_a_restated_total_and_a_repeated_record_count_once() -> None:
    def raw(n: int, **more: object) -> Raw:
        data = {"site_id": "s", "action": "click", "platform": "p", "campaign_id": "c", **more}
        envelope = {
            "specversion": "1.0",
            "id": str(n),
            "source": "x",
            "type": "ad",
            "time": "2026-01-01T02:00:00Z",
        }
        return Raw("ad", 0, n, 1_767_232_800_000, b"c", json.dumps(envelope | {"data": data}).encode())

    period = {"period_start": "2026-01-01T00:00:00Z", "period_end": "2026-01-01T01:00:00Z"}
    judged = judge([raw(1), raw(1), raw(2, revision=1, count=5, **period), raw(3, revision=2, count=7, **period)])
    assert judged.places == {("ad", "counted", ""): 3, ("ad", "duplicate", ""): 1}
    (clicks,) = told_of(judged).readings(1_767_286_400_000, [window("24h", 1_767_286_400_000)], ["ad_clicks"]).values()
    assert clicks.value == 8
