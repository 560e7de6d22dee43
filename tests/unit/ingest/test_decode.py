"""Decode: what comes out of a batch, its times, and the order of things."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from stream.contract.kinds import KINDS
from stream.contract.records import Record
from stream.contract.rejects import Reject
from stream.contract.times import DAY_MS, format_ms
from stream.ingest.decode import Limits, decode
from tests.events import TIME, TIME_MS, data_of, event, total

MINUTE_MS = 60_000


def record(body: Any, arrival_ms: int = TIME_MS, offset: int = 0) -> Record:
    return (offset, arrival_ms, b"key", body if isinstance(body, bytes) else orjson.dumps(body), ())


@pytest.mark.parametrize("kind", KINDS)
def test_a_valid_event_of_each_kind_is_read(kind: str) -> None:
    decoded = decode(kind, [record(event(kind))])
    (read,) = decoded.events
    assert isinstance(read, KINDS[kind].struct)
    assert (read.id, read.source, read.type, read.time) == ("e1", "web/shop", kind, TIME)
    assert read.data.site_id == "shop"
    assert (decoded.times.tolist(), decoded.index, decoded.rejects, decoded.clock_ahead) == ([TIME_MS], [0], [], 0)


def test_every_field_of_a_page_view_arrives() -> None:
    data = data_of(
        "page_view",
        lead_id="l1",
        session_id="s1",
        click_ids={"gclid": "g", "li_fat_id": "li"},
        referrer={"url": "https://a.example/x", "domain": "a.example"},
        device={"class": "mobile", "os": "ios"},
        traffic={"class": "internal", "reasons": ["vpn"]},
        consent={"analytics": False},
        engagement_ms=1_200,
        scroll_pct=87.5,
    )
    (read,) = decode("page_view", [record(event("page_view", data))]).events
    assert read.data.page.path == "/pricing"
    assert read.data.campaign.medium == "cpc"
    assert read.data.click_ids.li_fat_id == "li"
    assert read.data.device.class_ == "mobile"
    assert (read.data.traffic.class_, read.data.traffic.reasons) == ("internal", ["vpn"])
    assert (read.data.consent.analytics, read.data.consent.ads) == (False, None)
    assert (read.data.engagement_ms, read.data.scroll_pct) == (1_200, 87.5)
    assert read.data.user_agent is None


def test_defaults_are_those_of_the_contract() -> None:
    (form,) = decode("form", [record(event("form"))]).events
    (ad,) = decode("ad", [record(event("ad"))]).events
    assert (form.data.platform, ad.data.count) == ("site", 1)


def test_unknown_fields_are_ignored_at_every_level() -> None:
    body = event("page_view", data_of("page_view", page={"path": "/", "new": {"deep": [1]}}, new=1), new="x")
    plain = event("page_view", data_of("page_view", page={"path": "/"}))
    (with_new,) = decode("page_view", [record(body)]).events
    (without,) = decode("page_view", [record(plain)]).events
    assert orjson.dumps(with_new, default=_fields) == orjson.dumps(without, default=_fields)


def _fields(struct: Any) -> dict[str, Any]:
    return {name: getattr(struct, name) for name in struct.__struct_fields__}


def test_both_lanes_keep_the_order_of_the_batch() -> None:
    """Every third record takes the open lane, every fifth is rejected."""
    records = []
    for i in range(100):
        body = event("page_view", id=f"e{i}")
        if i % 3 == 0:
            body["new"] = i
        records.append(record(b"{}" if i % 5 == 0 else body, offset=i))
    decoded = decode("page_view", records)
    assert decoded.index == [i for i in range(100) if i % 5]
    assert [read.id for read in decoded.events] == [f"e{i}" for i in range(100) if i % 5]
    assert [reject.index for reject in decoded.rejects] == [i for i in range(100) if i % 5 == 0]


def test_an_empty_batch_is_an_empty_result() -> None:
    decoded = decode("ad", [])
    assert (decoded.events, decoded.times.tolist(), decoded.index, decoded.rejects) == ([], [], [], [])


@pytest.mark.parametrize(
    ("stated", "arrival_ms", "event_ms", "ahead"),
    [
        (TIME, TIME_MS + 5, TIME_MS, 0),
        (TIME, TIME_MS, TIME_MS, 0),
        (TIME, TIME_MS - 1, TIME_MS - 1, 1),  # a clock ahead is set back to the arrival
        (TIME, TIME_MS - DAY_MS, TIME_MS - DAY_MS, 1),  # a day is still a clock
        (TIME, TIME_MS + DAY_MS, TIME_MS, 0),  # the last moment that is not late
        ("2025-06-15T12:00:00.9999Z", TIME_MS + 5_000, TIME_MS + 999, 0),  # cut, not rounded
        ("2025-06-15T14:00:00+02:00", TIME_MS + 5, TIME_MS, 0),
    ],
)
def test_event_time_is_the_stated_one_but_never_after_the_arrival(
    stated: str, arrival_ms: int, event_ms: int, ahead: int
) -> None:
    decoded = decode("page_view", [record(event("page_view", time=stated), arrival_ms)])
    assert (decoded.times.tolist(), decoded.clock_ahead, decoded.rejects) == ([event_ms], ahead, [])


@pytest.mark.parametrize(
    ("arrival_ms", "reason"),
    [
        (TIME_MS + DAY_MS + 1, "too_late"),
        (TIME_MS - DAY_MS - 1, "bad_time"),  # more than a day ahead is no clock
        (-1, "bad_time"),  # the broker keeps no time
        (2**62, "too_late"),
    ],
)
def test_times_too_far_from_the_arrival_are_rejected(arrival_ms: int, reason: str) -> None:
    decoded = decode("page_view", [record(event("page_view"), arrival_ms)])
    assert decoded.rejects == [Reject(0, reason, "time", "shop")]  # type: ignore[arg-type]
    assert (decoded.events, decoded.times.tolist(), decoded.index, decoded.clock_ahead) == ([], [], [], 0)


def test_lateness_is_a_setting() -> None:
    late = [record(event("page_view"), TIME_MS + MINUTE_MS + 1)]
    assert decode("page_view", late, Limits(lateness_ms=MINUTE_MS)).rejects[0].reason == "too_late"
    assert decode("page_view", late, Limits(lateness_ms=MINUTE_MS + 1)).rejects == []


def test_lateness_of_a_total_looks_at_its_time_and_never_at_its_period() -> None:
    old = total(period_start="2024-12-01T00:00:00Z", period_end="2024-12-02T00:00:00Z")
    assert decode("ad", [record(event("ad", old))]).rejects == []


def test_a_replay_holds_times_against_the_wall_clock() -> None:
    """A time after the recorded one is corrected, whatever the distance, up to a day from now."""
    now_ms = TIME_MS + 10 * DAY_MS
    limits = Limits(now_ms=now_ms)
    for stated_ms, reason in (
        (TIME_MS + 5 * DAY_MS, None),
        (now_ms + DAY_MS, None),
        (now_ms + DAY_MS + 1, "bad_time"),
    ):
        decoded = decode("page_view", [record(event("page_view", time=format_ms(stated_ms)), TIME_MS)], limits)
        assert [reject.reason for reject in decoded.rejects] == ([reason] if reason else [])
        assert decoded.times.tolist() == ([] if reason else [TIME_MS])


def test_rejects_name_the_site_where_the_record_does() -> None:
    bodies: list[Any] = [
        event("page_view", time="soon"),
        event("page_view", specversion="9"),
        event("page_view", data_of("page_view", site_id=5)),
        event("page_view", data_of("page_view", site_id="x" * 65)),
        event("page_view", data_of("page_view", site_id="a\u0007")),
        {"type": "form", "data": {"site_id": "other"}},
        {"type": "page_view", "data": [1]},
        b'{"data":{"site_id":"shop"}',
    ]
    sites = [reject.site for reject in decode("page_view", [record(body) for body in bodies]).rejects]
    assert sites == ["shop", "shop", "unknown", "unknown", "unknown", "other", "unknown", "unknown"]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"data": {"visitor_id": "v"}}, "data.site_id"),
        ({"data": data_of("page_view", page={})}, "data.page.path"),
        ({"data": data_of("page_view", page={"path": 1})}, "data.page.path"),
        ({"data": data_of("page_view", geo={"country": 49})}, "data.geo.country"),
        ({"data": data_of("page_view", traffic={"reasons": ["a", 2]})}, "data.traffic.reasons[1]"),
        ({"data": data_of("page_view", device={"class": 2})}, "data.device.class"),
        ({"specversion": 1}, "specversion"),
        ({"type": "x"}, "type"),
        ({"time": 1}, "time"),
    ],
)
def test_a_reject_names_the_path_of_the_field(change: dict[str, Any], path: str) -> None:
    (reject,) = decode("page_view", [record({**event("page_view"), **change})]).rejects
    assert reject.path == path
