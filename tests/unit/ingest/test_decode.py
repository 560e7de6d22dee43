"""Decode: what comes out of a batch, its times, and the order of things."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from stream.contract.kinds import KINDS, KindName
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
        traffic={"class": "internal"},
        consent={"analytics": False},
        engagement_ms=1_200,
    )
    (read,) = decode("page_view", [record(event("page_view", data))]).events
    assert read.data.page.path == "/pricing"
    assert read.data.campaign.medium == "cpc"
    assert read.data.click_ids.li_fat_id == "li"
    assert (read.data.traffic.class_, read.data.consent.analytics) == ("internal", False)
    assert read.data.engagement_ms == 1_200
    assert read.data.user_agent is None


def test_defaults_are_those_of_the_contract() -> None:
    (form,) = decode("form", [record(event("form"))]).events
    (ad,) = decode("ad", [record(event("ad"))]).events
    assert (form.data.platform, ad.data.count_micros, ad.data.revision) == ("site", 1_000_000, 0)


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
        event("page_view", data_of("page_view", site_id=[])),
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
        ({"data": data_of("page_view", visitor_id=[])}, "data.visitor_id"),
        ({"data": data_of("page_view", note={"to": "ann@example.com"})}, "data"),
        ({"data": data_of("page_view", referrer={"to": "ann@example.com"})}, "data.referrer"),
        ({"specversion": 1}, "specversion"),
        ({"type": "x"}, "type"),
        ({"time": 1}, "time"),
    ],
)
def test_a_reject_names_the_path_of_the_field(change: dict[str, Any], path: str) -> None:
    (reject,) = decode("page_view", [record({**event("page_view"), **change})]).rejects
    assert reject.path == path


@pytest.mark.parametrize(
    ("kind", "sent", "read"),
    [
        ("form", {"action": " Submit", "form_type": "Demo"}, {"action": "submit", "form_type": "demo"}),
        ("form", {"form_type": "callback"}, {"form_type": None}),
        ("form", {"platform": "TikTok", "lead_id": "l"}, {"platform": "tiktok"}),
        ("form", {"value": 19.99, "currency": "eur"}, {"value": 19_990_000, "currency": "EUR"}),
        ("form", {"value": "49,90", "currency": "€"}, {"value": None, "currency": None}),
        ("form", {"value": -5}, {"value": -5_000_000}),
        ("form", {"submission_id": 17.0, "content_id": 3}, {"submission_id": "17", "content_id": "3"}),
        ("form", {"fields_asked": ["a", 1, ""]}, {"fields_asked": ["a"]}),
        ("chatbot", {"actor": "system"}, {"actor": "unknown"}),
        ("chatbot", {"bot_id": " ", "resolved": ""}, {"bot_id": None, "resolved": None}),
        ("email", {"action": "bounced", "bounce_type": "Undetermined"}, {"bounce_type": "unknown"}),
        ("email", {"message_id": "<a1@mail.example>"}, {"message_id": "a1@mail.example"}),
        ("email", {"message_id": " <a1@mail.example> "}, {"message_id": "a1@mail.example"}),
        ("email", {"email_hash": "AB" * 32}, {"email_hash": "ab" * 32}),
        ("email", {"recipient_domain": "Mail.Example"}, {"recipient_domain": "mail.example"}),
        ("ad", {"platform": "Google", "campaign_id": 23843}, {"platform": "google", "campaign_id": "23843"}),
        ("ad", {"count": 0.3333333335}, {"count_micros": 333_333}),
        ("ad", {"count": 0.0000015}, {"count_micros": 2}),  # half to even
        ("ad", {"count": 0.0000025}, {"count_micros": 2}),
        ("ad", {"count": 12.0}, {"count_micros": 12_000_000}),
        ("ad", {"count": -2}, {"count_micros": -2_000_000}),
        ("ad", {"ad_id": 9, "segment": "a\tb"}, {"ad_id": "9", "segment": "a\tb"}),
        ("page_view", {"engagement_ms": 1200.7}, {"engagement_ms": 1_200}),
        ("page_view", {"engagement_ms": -1}, {"engagement_ms": None}),
        ("page_view", {"lead_id": 17}, {"lead_id": "17"}),
    ],
)
def test_odd_values_are_read_as_the_contract_has_them(
    kind: KindName, sent: dict[str, Any], read: dict[str, Any]
) -> None:
    decoded = decode(kind, [record(event(kind, data_of(kind, **sent)))])
    assert decoded.rejects == []
    assert {name: getattr(decoded.events[0].data, name) for name in read} == read


@pytest.mark.parametrize(
    ("sent", "ignored"),
    [
        ({"geo": {"country": "de"}}, []),
        ({"geo": {"country": "UK"}}, []),
        ({"geo": {"country": "T1"}}, ["geo.country"]),
        ({"geo": "DE"}, ["geo"]),
        ({"product": "x" * 4_097}, ["product"]),
        ({"traffic": {"class": "crawler"}}, ["traffic.class"]),
        ({"consent": {"analytics": "denied"}}, ["consent.analytics"]),
        ({"consent": "denied"}, ["consent"]),
        ({"product": "", "geo": None}, []),
        ({"nobody": "knows"}, []),
    ],
)
def test_what_cannot_be_used_is_named(sent: dict[str, Any], ignored: list[str]) -> None:
    decoded = decode(
        "page_view", [record(event("page_view")), record(event("page_view", data_of("page_view", **sent)))]
    )
    assert decoded.rejects == []
    assert decoded.ignored == ({1: ignored} if ignored else {})


def test_a_refusal_in_words_is_a_refusal() -> None:
    for consent in ({"analytics": "denied"}, {"analytics": 0}, "denied"):
        (read,) = decode("page_view", [record(event("page_view", data_of("page_view", consent=consent)))]).events
        assert read.data.consent.analytics is False


@pytest.mark.parametrize(
    ("url", "path"),
    [("https://x.example/a?b=1", "/a"), ("/rel?x", "/rel"), ("https://x.example", "/"), ("//[", "/"), (7, "/")],
)
def test_a_page_without_a_path_has_that_of_its_address(url: Any, path: str) -> None:
    (read,) = decode("page_view", [record(event("page_view", data_of("page_view", page={"url": url})))]).events
    assert read.data.page.path == path


def headers(**attributes: str) -> tuple[tuple[str, bytes], ...]:
    return tuple((name, value.encode()) for name, value in attributes.items())


def test_the_binary_mode_has_its_attributes_in_headers() -> None:
    said = headers(ce_specversion="1.0", ce_id="e1", ce_source="web/shop", ce_type="form", ce_time=TIME)
    value = orjson.dumps(data_of("form"))
    binary, structured = (0, TIME_MS, None, value, (("trace", b"1"), *said)), record(event("form"), offset=1)
    first, second = decode("form", [binary, structured]).events
    assert orjson.dumps(first, default=_fields) == orjson.dumps(second, default=_fields)
    (reject,) = decode("form", [(0, TIME_MS, None, value, said[:-1])]).rejects
    assert (reject.reason, reject.path) == ("missing_field", "time")


@pytest.mark.parametrize(
    ("value", "said", "path"),
    [
        (b"Obj\x01\x04\x14avro.codec", (), "(avro)"),
        (b"\x00\x00\x00\x00\x07\x02\x10", (), "(avro or protobuf)"),
        (b"\x0a\x02ab", headers(**{"content-type": "application/x-protobuf"}), "(protobuf)"),
        (b"\x02\x10", headers(**{"content-type": "application/avro"}), "(avro)"),
        (b"\x1f\x8b\x08", (), "(gzip)"),
        (b"{", (), ""),
    ],
)
def test_a_reject_names_the_format_that_is_not_read(value: bytes, said: Any, path: str) -> None:
    (reject,) = decode("form", [(0, TIME_MS, None, value, said)]).rejects
    assert (reject.reason, reject.path) == ("not_json", path)
