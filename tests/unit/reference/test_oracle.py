"""The oracle and the books, two programs that share nothing, say the same of the same traffic."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest

from stream.demo.traffic import Options, Record, Traffic
from stream.reference.account import Expected, Reference, Window, window
from tests.oracle import Oracle, Raw

WINDOWS = ("5m", "1h", "6h", "24h", "30d")

#: count of the oracle → ratio of the books, and the side of it
SIDES = {
    "bounces": ("bounce_ratio", "numerator"),
    "sessions_over": ("bounce_ratio", "denominator"),
    "form_starts_over": ("form_abandonment_ratio", "denominator"),
    "funnel_step_from": ("funnel_step_ratio", "denominator"),
    "funnel_step_reached": ("funnel_step_ratio", "numerator"),
    "chat_handoffs": ("chat_handoff_ratio", "numerator"),
    "chat_resolved": ("chat_resolved_ratio", "numerator"),
    "events_accepted": ("valid_event_ratio", "denominator"),
    "events_counted": ("valid_event_ratio", "numerator"),
}


@cache
def both() -> tuple[list[Record], Reference, Oracle]:
    records = list(Traffic(Options(seed=9, length_ms=9 * 3_600_000, rate=0.6)))
    books = Reference()
    for record in records:
        books.tell(record.kind, record.truth, record.time_ms)
    return records, books, Oracle(Raw(r.kind, 0, i, r.time_ms, r.key, r.value) for i, r in enumerate(records))


def test_the_oracle_judges_each_record_as_it_was_meant() -> None:
    _, books, oracle = both()
    assert oracle.places == books.outcomes
    assert oracle.account["accepted"] == sum(n for name, n in oracle.account.items() if name != "accepted")


@pytest.mark.parametrize("name", WINDOWS)
def test_every_count_of_the_oracle_is_the_count_of_the_books(name: str) -> None:
    records, books, oracle = both()
    at_ms = records[-1].time_ms + 1
    span = window(name, at_ms)
    found = oracle.counts({name: (span.start_ms, span.end_ms)})
    wrong: Counter[str] = Counter()
    compared = 0
    for (metric, labels, _), n in found.items():
        if metric in ("emails_undeliverable", "ad_spend_micros"):
            continue  # the books have their complement, and units of money
        ratio, side = SIDES.get(metric, (metric, "value"))
        expected = books.readings(at_ms, [Window(name, *span[1:])], [ratio]).get((ratio, labels, name), Expected(0))
        compared += 1
        wrong[metric] += (getattr(expected, side) or 0) != n
    assert compared > 100
    assert not +wrong


def test_a_restated_total_and_a_repeated_record_count_once() -> None:
    def raw(n: int, **more: object) -> Raw:
        import json

        data = {"site_id": "s", "action": "click", "platform": "p", "campaign_id": "c", **more}
        envelope = {
            "specversion": "1.0",
            "id": str(n),
            "source": "x",
            "type": "ad",
            "time": "2026-01-01T01:00:00Z",
        }
        return Raw("ad", 0, n, 1_767_229_200_000, b"c", json.dumps(envelope | {"data": data}).encode())

    period = {"period_start": "2026-01-01T00:00:00Z", "period_end": "2026-01-01T01:00:00Z"}
    oracle = Oracle([raw(1), raw(1), raw(2, revision=1, count=5, **period), raw(3, revision=2, count=7, **period)])
    start = 1_767_200_000_000
    counts = oracle.counts({"24h": (start, start + 86_400_000)})
    assert oracle.account == {"accepted": 4, "counted": 3, "duplicate": 1}
    assert [n for (metric, _, _), n in counts.items() if metric == "ad_clicks"] == [8]
