"""The simulator's traffic: the promised shares, the same for the same seed, and true to the contract."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import replace
from functools import cache
from random import Random

import orjson
import pytest

from stream.demo.faults import FAULTS
from stream.demo.produce import write
from stream.demo.traffic import KINDS, Options, Record, Traffic
from stream.ingest.classify import classify
from stream.ingest.decode import decode
from stream.ingest.touches import Channels

HOUR_MS = 3_600_000
DAY = Options(seed=7, length_ms=24 * HOUR_MS, rate=0.4)


@cache
def day() -> list[Record]:
    return list(Traffic(DAY))


def share(of: int) -> float:
    return of / len(day())


@pytest.mark.parametrize(
    ("what", "least", "most"),
    [
        # promised: at least 3 % bots, 2 % duplicates, 1 % out of order, 0.5 % broken, 0.2 % with a wrong key
        ("bot", 0.03, 0.10),
        ("duplicate", 0.02, 0.05),
        ("delayed", 0.01, 0.03),
        ("dead_lettered", 0.005, 0.02),
        ("wrong_key", 0.002, 0.01),
        ("internal", 0.001, 0.03),
        ("test", 0.001, 0.03),
        ("ahead", 0.0005, 0.01),
    ],
)
def test_a_day_holds_the_promised_share_of_what_is_not_plain(what: str, least: float, most: float) -> None:
    found = sum(what in (r.truth.outcome, r.truth.reason, r.truth.fault) for r in day())
    assert least <= share(found) <= most


def test_duplicates_come_next_to_each_other_and_far_apart() -> None:
    arrived: dict[str, int] = {}
    gaps: Counter[str] = Counter()
    for record in day():
        name = record.truth.name
        if record.truth.outcome == "duplicate":
            gaps["near" if record.time_ms - arrived[name] < 100 else "far"] += 1
        elif name:
            arrived[name] = record.time_ms
    assert min(gaps["near"], gaps["far"]) > 50


def test_delayed_events_are_minutes_behind_others_that_arrived_before_them() -> None:
    delays = [r.time_ms - r.truth.happened_ms for r in day() if r.truth.fault == "delayed"]
    assert min(delays) >= 60_000
    assert max(delays) <= 600_000


def test_events_are_broken_for_every_reason_of_the_contract_but_a_crash() -> None:
    reasons = {r.truth.reason for r in day() if r.truth.outcome == "dead_lettered"}
    assert reasons == {
        "not_json", "too_large", "too_deep", "missing_field", "wrong_type", "out_of_range", "unknown_kind",
        "bad_time", "too_late", "personal_data",
    }  # fmt: skip


def test_all_kinds_are_there_and_page_views_are_most() -> None:
    kinds = Counter(r.kind for r in day())
    assert set(kinds) == set(KINDS)
    assert kinds.most_common(1)[0][0] == "page_view"


def test_ad_totals_are_restated_with_higher_revisions() -> None:
    revisions: dict[tuple[str, ...], set[int]] = {}
    for record in day():
        data = record.truth.data or {}
        if "revision" in data:
            key = tuple(str(data[name]) for name in ("site_id", "campaign_id", "action", "period_start"))
            revisions.setdefault(key, set()).add(data["revision"])
    assert sum(len(found) > 1 for found in revisions.values()) > len(revisions) / 2


def test_records_come_in_order_of_arrival() -> None:
    times = [r.time_ms for r in day()]
    assert times == sorted(times)


def test_the_rate_is_met_over_a_day_within_a_fifth() -> None:
    assert len(day()) / 86_400 == pytest.approx(DAY.rate, rel=0.2)


def test_the_rate_is_met_at_once_where_days_have_no_rhythm() -> None:
    n = sum(1 for _ in Traffic(replace(DAY, rate=10, length_ms=HOUR_MS // 2, rhythm=False)))
    assert n / 1_800 == pytest.approx(10, rel=0.2)


def test_nights_are_quieter_than_days() -> None:
    by_hour = Counter(r.time_ms // HOUR_MS % 24 for r in day())
    assert sum(by_hour[h] for h in range(12, 17)) > 2 * sum(by_hour[h] for h in range(5))


def test_history_is_thin_and_what_follows_is_not() -> None:
    start = DAY.start_ms
    options = replace(DAY, live_ms=start + HOUR_MS, history_rate=0.1, rate=5, length_ms=HOUR_MS * 3 // 2, rhythm=False)
    past = sum(r.time_ms < start + HOUR_MS for r in Traffic(options))
    live = sum(start + HOUR_MS <= r.time_ms < start + 2 * HOUR_MS for r in Traffic(options))
    assert past < 900
    assert live > 6_000


def digest(options: Options) -> str:
    found = hashlib.sha256()
    for record in Traffic(options):
        found.update(repr(record[:4]).encode())
    return found.hexdigest()


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    short = replace(DAY, length_ms=HOUR_MS)
    assert digest(short) == digest(short)
    assert digest(short) != digest(replace(short, seed=8))


def test_without_faults_everything_counts_or_is_filtered() -> None:
    plain = Traffic(replace(DAY, length_ms=HOUR_MS, faults=False))
    assert {r.truth.outcome for r in plain} == {"counted", "filtered"}


def test_lines_of_a_file_are_one_record_each(tmp_path: pytest.TempPathFactory) -> None:
    path = tmp_path / "traffic.ndjson"  # type: ignore[operator]
    told: list[str] = []
    n = write(Traffic(replace(DAY, blanks=False)), str(path), lambda kind, truth, at: told.append(kind))
    assert len(path.read_bytes().split(b"\n")) == n + 1 == len(told) + 1


@pytest.mark.parametrize("wrong", [{"sites": 0}, {"sites": 101}, {"rate": 0}, {"history_rate": 0}])
def test_options_that_make_no_sense_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must be"):
        replace(DAY, **wrong)  # type: ignore[arg-type]


# -- what the simulator means is what leadpulse makes of it


@pytest.mark.parametrize("kind", KINDS)
def test_the_decoder_refuses_just_what_was_broken_and_for_that_reason(kind: str) -> None:
    records = [r for r in day() if r.kind == kind]
    decoded = decode(kind, [(i, r.time_ms, r.key, r.value, ()) for i, r in enumerate(records)])
    refused = {reject.index: (reject.reason, reject.site) for reject in decoded.rejects}
    broken = {i: (r.truth.reason, r.truth.site) for i, r in enumerate(records) if r.truth.outcome == "dead_lettered"}
    assert refused == broken
    times = [min(records[i].truth.happened_ms, records[i].time_ms) for i in decoded.index]
    assert decoded.times.tolist() == times


def test_a_total_of_a_period_is_refused_for_the_reason_of_its_fault_and_no_other() -> None:
    totals = [r for r in day() if r.truth.outcome == "counted" and b"period_start" in (r.value or b"")]
    for number, total in enumerate(totals[:200]):
        for name, fault in FAULTS.items():
            broken = fault(Random(number), orjson.loads(total.value or b""), total.time_ms)
            (reject,) = decode("ad", [(0, total.time_ms, total.key, broken.value, ())]).rejects
            assert (reject.reason, reject.site) == broken[1:], name
    assert len(totals) > 100


@pytest.mark.parametrize("kind", KINDS)
def test_the_classifier_filters_just_what_is_meant_to_be_no_human(kind: str) -> None:
    records = [r for r in day() if r.kind == kind]
    decoded = decode(kind, [(i, r.time_ms, r.key, r.value, ()) for i, r in enumerate(records)])
    found = classify(kind, decoded.events)
    for i, reason in zip(decoded.index, found, strict=True):
        if records[i].truth.outcome != "duplicate":
            assert reason == (records[i].truth.reason or None)


@pytest.mark.parametrize("kind", ["page_view", "form", "chatbot"])
def test_the_channel_found_is_the_channel_meant(kind: str) -> None:
    records = [r for r in day() if r.kind == kind and r.truth.outcome == "counted"]
    decoded = decode(kind, [(i, r.time_ms, r.key, r.value, ()) for i, r in enumerate(records)])
    for i, found in zip(decoded.index, Channels().touches(decoded.events), strict=True):
        meant = records[i].truth.touch
        if meant is None:
            assert found.channel == "direct"
        else:
            assert (meant.channel, meant.campaign, meant.engine or None, meant.domain or None) == tuple(found)
