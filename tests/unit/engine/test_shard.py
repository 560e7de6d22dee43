"""Shard: the account, hostile numbers, what is forgotten and when."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson
import pytest
from msgspec.structs import replace

from stream.changes.deltas import unpack
from stream.changes.panes import DAY_MS, HOUR_MS
from stream.contract.records import FROM_HEADER, KIND_HEADER, REROUTE, Record
from stream.contract.times import format_ms, parse_ms
from stream.engine.commit import Commit, ShardReport
from stream.engine.groups import GROUPS
from stream.engine.options import FoldOptions
from stream.engine.shard import ShardFold
from stream.rollup.rollup import Rollup, RollupOptions
from stream.stages.visitors.bounds import Bounds
from stream.stages.visitors.row import Extra, Packed, Row, encode
from stream.state.known_ids import KEPT_MS
from tests.events import event as any_event
from tests.laws.sums import LONG, Sums, add_delta
from tests.unit.golden.events import Envelope, ad, ad_form, at_ms, chat, form, mail, view

NOON = at_ms("12:00")
REPORT = ShardReport(caught_up=True, now_ms=NOON)


def record(event: Envelope, arrival_ms: int = NOON) -> Record:
    return 0, arrival_ms, None, orjson.dumps({"id": "e", **event}), ()


class Shard:
    """A shard with its log, and the sum of what it reported."""

    def __init__(self, group: str, **options: Any) -> None:
        self.group, self.options = group, FoldOptions(**options)
        self.fold = ShardFold(group, 0, 1, self.options)
        self.log: dict[bytes, bytes] = {}
        self.sums = Sums()
        self.seq = self.events = 0
        self.reported: list[bytes] = []
        self.now_ms = NOON

    def take(self, *events: Envelope, arrival_ms: int | None = None, report: ShardReport = REPORT) -> Commit:
        """Fold events, each arriving when it happened, and commit, at the time of the last one."""
        for event in events:
            came_ms = (parse_ms(event["time"]) or 0) if arrival_ms is None else arrival_ms
            self.events += 1
            self.fold.fold([(event["type"], [record({"id": f"e{self.events}", **event}, came_ms)])])
        self.now_ms = came_ms if arrival_ms is None else self.now_ms
        return self.commit(replace(report, now_ms=self.now_ms))

    def commit(self, report: ShardReport | None = None) -> Commit:
        self.seq += 1
        changes = self.fold.changes(self.seq, report or replace(REPORT, now_ms=self.now_ms))
        for key, value in changes.state:
            if value is None:
                self.log.pop(key, None)
            else:
                self.log[key] = value
        add_delta(self.sums, unpack(changes.deltas[0]), LONG)
        self.reported += changes.deltas
        return changes

    def restart(self) -> None:
        self.fold = ShardFold(self.group, 0, 1, self.options)
        for key, value in self.log.items():
            self.fold.load(key, value)

    def total(self, count: str) -> int:
        return sum(n for name, n in self.sums.items() if name[0] == count)


# --- what the account says beside ---------------------------------------------------------------------------


def test_recipients_that_found_no_room_are_still_told_of_after_a_restart() -> None:
    shard = Shard("emails")
    both = [mail("10:00", "m", "sent", lead_id=f"l{n}", email_hash=f"{n:064x}") for n in range(1_002)]
    shard.fold.fold([("email", [record({**event, "id": f"{n:04}"}) for n, event in enumerate(both)])])
    rollup = Rollup(RollupOptions({"emails": 1}))
    rollup.apply(shard.commit().deltas[0])
    shard.restart()
    rollup.apply(shard.take({**both[0], "id": "again"}, {**both[1_001], "id": "as well"}, arrival_ms=NOON).deltas[0])
    assert shard.fold.account.outcomes["email/unjoined"] == 3
    rollup.apply(shard.commit().deltas[0])
    rollup.advance(NOON)
    assert [r.value for r in rollup.readings(None) if r.metric == "unjoined_recipients_total"] == [3]


def test_offers_and_contents_that_found_no_room_are_counted_of_events_that_count() -> None:
    shard = Shard("visitors", bounds=Bounds(offers=2, viewed=2, flood_events=4))
    shard.take(*(view(f"10:0{n}", "ann", f"blog/c{n}", offer=f"o{n}", country="Germany") for n in range(6)))
    shard.restart()
    outcomes = shard.fold.account.outcomes
    assert outcomes["page_view/filtered/flood"] == 2
    assert outcomes["page_view/ignored/geo.country"] == 4  # of those that count
    assert outcomes["page_view/ignored/page.content_id"] == outcomes["page_view/ignored/page.offer_id"] == 2


def test_what_a_session_forgets_as_it_is_joined_with_another_is_counted() -> None:
    shard = Shard("visitors", bounds=Bounds(viewed=2))
    shard.take(view("10:00", "ann", "blog/a"), view("10:01", "ann", "blog/b"))
    shard.take(view("10:50", "ann", "blog/c"), view("10:51", "ann", "blog"), arrival_ms=NOON)
    shard.take(view("10:25", "ann", "blog/a"))
    outcomes = shard.fold.account.outcomes
    assert {name: n for name, n in outcomes.items() if "/ignored/" in name} == {"page_view/ignored/page.content_id": 2}


# --- hostile numbers: no record stops a shard ---------------------------------------------------------------


def test_conversations_that_last_for_ever_overflow_no_sum() -> None:
    shard = Shard("visitors")
    for n in range(4):
        shard.take(chat("10:00", "ann", "conversation_ended", f"c{n}", duration_s=9_007_199_254_740_991.0))
    assert shard.total("conversations") == 4
    assert 0 < shard.total("chat_ms") < 1 << 50


def test_counts_too_large_for_any_sum_stop_nothing() -> None:
    shard = Shard("ads")
    shard.fold.fold([("ad", [record({**ad("10:00", "click", count=2**53 - 1), "id": f"{n}"}) for n in range(1_500)])])
    shard.take(ad("11:00", "impression", count=7))
    assert shard.total("ad_impressions") == 7_000_000  # in millionths


@pytest.mark.parametrize("arrival_ms", [-1, 0, -(1 << 62), 1 << 62, 253_402_300_799_999])
@pytest.mark.parametrize("group", [name for name, group in GROUPS.items() if group.kinds])
def test_any_timestamp_of_a_record_is_accounted_for(arrival_ms: int, group: str) -> None:
    event = any_event(GROUPS[group].kinds[0], time=format_ms(NOON - HOUR_MS))
    shard = Shard(group)
    shard.take(event)
    rollup = Rollup(RollupOptions({group: 1}))
    shard.take({**event, "id": "x"}, arrival_ms=arrival_ms)
    shard.take({**event, "id": "y"})
    account = shard.fold.account.outcomes
    kind = event["type"]
    assert account[f"{kind}/accepted"] == 3
    assert account[f"{kind}/counted"] == 2
    assert shard.total("accepted") == 3
    assert {name[0] for name, n in shard.sums.items() if n < 0} == set()
    shard.commit()
    for delta in shard.reported:
        rollup.apply(delta)
    rollup.advance(NOON)
    assert [r.value for r in rollup.readings(None) if r.metric == "conservation_error"] == [0]


def test_a_record_that_says_it_comes_from_the_far_future_makes_nobody_forgotten() -> None:
    shard = Shard("ads")
    first = ad("10:00", "click", count=3, period="06-14 00:00 - 06-15 00:00", id="first")
    shard.take(first)
    shard.take(ad("10:00", "click", id="late"), arrival_ms=253_402_300_799_999)
    for _ in range(5):
        shard.commit()
    assert len(shard.fold.stage.totals.rows) == 1
    shard.take(first)
    assert shard.fold.account.outcomes["ad/duplicate"] == 1


def test_a_record_of_the_far_future_does_not_make_the_present_coarse() -> None:
    shard = Shard("visitors")
    future = record({**view("10:00", "bob"), "time": "9999-12-31T23:00:00Z", "id": "f"}, 253_402_300_799_999)
    shard.fold.fold([("page_view", [future, record({**view("11:59:07", "ann"), "id": "n"})])])
    told = unpack(shard.commit().deltas[0])
    index, panes = np.frombuffer(told.name_index, np.int32), np.frombuffer(told.panes, np.int64)
    seen = [pane for at, pane in zip(index.tolist(), panes.tolist(), strict=True) if told.names[at][0] == "view"]
    assert min(seen) == shard.options.grid.pane(at_ms("11:45")), "as on the day after, and not as in the far future"


def test_a_session_longer_than_its_ticks_can_tell_is_folded_and_moves_only_what_it_can_place() -> None:
    shard = Shard("visitors")
    start = at_ms("05-01 00:00")
    for first in range(0, 30 * 50, 50):
        records = []
        for n in range(first, first + 50):
            time_ms = start + n * 29 * 60_000
            event = view("10:00", "ann") | {"time": format_ms(time_ms), "id": f"e{n}"}
            records.append(record(event, time_ms))
        shard.fold.fold([("page_view", records)])
        shard.commit()
    late = view("10:00", "ann", utm="google/cpc") | {"time": format_ms(start + 1_499 * 29 * 60_000 + 1), "id": "late"}
    shard.fold.fold([("page_view", [record(late, start + 1_499 * 29 * 60_000 + 2)])])
    shard.commit()
    assert shard.total("sessions") == 1
    assert shard.total("channel_page_views") == shard.total("page_views") == 1_501
    assert all(n >= 0 for n in shard.sums.values())


# --- the account --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ago_s", [0, 5, 3_000], ids=["in order", "late", "before the session"])
def test_a_person_with_a_million_events_still_fits_into_a_record_of_the_log(ago_s: int) -> None:
    """Not even a robot that nobody recognises may stop a worker."""
    hour_ms, tick = HOUR_MS, bytes(4 * 20_000)
    sessions = [
        Packed(
            NOON - (64 - n) * 10 * hour_ms, NOON - (64 - n) * 10 * hour_ms + (9 if n < 63 else 10) * hour_ms - 60_000, 20_000,
            20_000, 0, tick, f"e{n}", "email", f"c{n}", None, None, "DE", "g" * 90, "c" * 90, "",
        )
        for n in range(64)
    ]  # fmt: skip
    talks = [[NOON - 600 * hour_ms + n, f"e{n}", f"k{n}" * 20, 1] for n in range(4_000)]
    row = Row(sessions[-1].end, sessions, "test", Extra(talks=talks))
    shard = Shard("visitors")
    shard.fold.load(b"vs1\x1fann", encode(row))
    time = format_ms(NOON - ago_s * 1_000)
    changes = shard.take({**view("12:00", "ann"), "time": time})
    (stored,) = [value for key, value in changes.state if key[:1] == b"v" and value is not None]
    assert len(stored) < 512_000
    assert shard.total("page_views") == 1
    assert shard.total("visitors") == shard.total("sessions") == shard.total("conversations") == 0, "counted before"
    shard.take({**view("12:00", "ann"), "time": format_ms(NOON + 60_000)})
    assert (shard.total("page_views"), shard.total("visitors")) == (2, 0)


def test_an_account_that_only_duplicates_changed_is_stored_too() -> None:
    shard = Shard("visitors")
    shard.take({**view("10:00", "ann"), "id": "a"})
    changes = shard.take({**view("10:00", "ann"), "id": "a"})
    assert [key for key, _ in changes.state] == [b"c"]
    shard.restart()
    assert shard.fold.account.outcomes == {"page_view/accepted": 2, "page_view/counted": 1, "page_view/duplicate": 1}


def test_an_event_that_comes_twice_is_filtered_once_and_repeated_once() -> None:
    shard = Shard("visitors")
    for _ in range(2):
        shard.take(
            {**view("10:00", "ann"), "id": "a", "data": {**view("10:00", "ann")["data"], "traffic": {"class": "test"}}}
        )
    assert shard.fold.account.outcomes == {
        "page_view/accepted": 2, "page_view/filtered/test": 1, "page_view/duplicate": 1,
    }  # fmt: skip


def test_a_replay_that_writes_nothing_keeps_nothing_to_be_written() -> None:
    shard = Shard("visitors")
    shard.fold.fold([("page_view", [record(view("10:00", "ann")), (7, NOON, None, b"no json", ())])])
    shard.fold.take_delta(1, REPORT)
    commit = shard.commit()
    assert commit.dead_letters == []
    assert [key for key, _ in commit.state if key[:1] == b"v"] == []


def test_nothing_new_writes_nothing() -> None:
    shard = Shard("visitors")
    shard.take(view("10:00", "ann"))
    assert shard.commit().state == []
    shard.restart()
    assert shard.commit().state == []


def test_a_reject_is_kept_whole_and_its_account_with_it() -> None:
    shard = Shard("visitors", topic_prefix="p.")
    shard.fold.fold([("page_view", [(7, NOON, b"k", b"no json", (("h", b"v"),))])])
    changes = shard.commit()
    ((key, value, _headers),) = changes.dead_letters
    assert key == b"p.page_view-0-7"
    assert b"not_json" in value
    assert shard.commit().dead_letters == []


def test_label_values_over_the_limit_of_a_shard_are_counted_and_break_no_account() -> None:
    shard = Shard("visitors", label_limit=2)
    shard.take(*[view("10:00", f"v{n}", utm=f"google/cpc/c{n}") for n in range(4)])
    rollup = Rollup(RollupOptions({"visitors": 1}))
    shard.commit()
    for delta in shard.reported:
        rollup.apply(delta)
    readings = {(r.metric, *r.labels.values()): r.value for r in rollup.readings(None) if r.window is None}
    assert readings["conservation_error",] == 0
    assert readings["labels_folded_total", "campaign"] == 2
    assert not [name for name in readings if name[0] == "events_total" and name[2] == "label"]


# --- what is forgotten --------------------------------------------------------------------------------------


def test_a_total_can_be_restated_for_as_long_as_a_window_shows_its_period() -> None:
    shard = Shard("ads")
    period = "03-01 00:00 - 03-02 00:00"
    shard.take(ad("03-02 08:00", "click", count=10, period=period, revision=0))
    for day in range(3, 31):
        shard.take(ad(f"03-{day:02d} 08:00", "impression"))
    for month in ("04", "05"):
        for day in range(1, 29, 3):
            shard.take(ad(f"{month}-{day:02d} 08:00", "impression"))
    shard.take(ad("05-28 09:00", "click", count=12, period=period, revision=1))
    assert shard.total("ad_clicks") == 12_000_000  # in millionths
    for month in ("06", "07", "08"):
        for day in range(1, 29, 3):
            shard.take(ad(f"{month}-{day:02d} 08:00", "impression"))
    assert len(shard.fold.stage.totals.rows) == 1  # the last report was in May
    for _ in range(5):
        shard.take(ad("12-30 08:00", "impression") | {"time": "2026-08-30T08:00:00Z"})
    assert len(shard.fold.stage.totals.rows) == 0


@pytest.mark.parametrize("sweeps", [0, 5])
def test_whether_a_row_was_dropped_already_makes_no_difference(sweeps: int) -> None:
    """When a row is dropped depends on commits; what it says after the memory does not."""
    shard, mails = Shard("visitors"), Shard("emails")
    for one in ("05-01", "06-05"):  # 35 days: known
        shard.take(view(f"{one} 10:00", "ann"))
        mails.take(mail(f"{one} 10:00", "m1", "sent"))
    assert (shard.total("new_visitors"), mails.total("emails_sent")) == (1, 1)
    for n in range(sweeps):
        shard.take(view(f"07-1{n} 10:00", "bob"))
        mails.take(mail(f"07-1{n} 10:00", "m2", "sent"))
    assert ("s1\x1fann" in shard.fold.stage.people.rows.encoded) == (not sweeps)
    shard.take(view("07-15 10:00", "ann"))
    mails.take(mail("07-15 10:00", "m1", "opened"))
    bob = bool(sweeps)
    assert (shard.total("new_visitors"), mails.total("emails_sent")) == (2 + bob, 1 + bob)
    assert mails.total("emails_opened") == 0, "nobody knows any more when it was sent"


def test_a_source_that_went_silent_keeps_nobody_in_memory() -> None:
    shard = Shard("visitors")
    shard.take(chat("01-01 10:00", "old", "message"))
    shard.take(view("01-01 10:00", "old"))
    for day in range(1, 29):
        shard.take(view(f"06-{day:02d} 10:00", "ann"))
    assert list(shard.fold.stage.people.rows.encoded) == ["s1\x1fann"]
    assert len(shard.fold.known_ids) < 4


def test_a_source_that_is_slow_but_not_silent_keeps_its_ids_known() -> None:
    """Old data, one topic after another, and a worker that keeps up: each commit is caught up."""
    shard = Shard("visitors")
    for day in range(1, 29):
        shard.take(view(f"06-{day:02d} 10:00", "ann"))
    shard.now_ms = at_ms("06-29 00:00")
    now = replace(REPORT, now_ms=shard.now_ms)
    for copies in range(3):
        for hour in range(10, 14):
            event = chat(f"06-02 {hour}:00", "ann", "message", id=f"c{hour}")
            shard.fold.fold([("chatbot", [record(event, at_ms(f"06-02 {hour}:00"))])])
            shard.commit(now)
        assert shard.fold.account.outcomes.get("chatbot/duplicate", 0) == 4 * copies


def test_a_source_that_is_behind_holds_everything_back() -> None:
    shard = Shard("visitors")
    shard.take(chat("01-01 10:00", "old", "message"))
    behind = replace(REPORT, caught_up=False, lag_records={"chatbot": 5})
    for day in range(1, 29):
        shard.take(view(f"06-{day:02d} 10:00", "ann"), report=behind)
    assert len(shard.fold.stage.people.rows) == 2
    assert len(shard.fold.known_ids) == 29


def test_a_source_that_was_never_read_and_has_records_holds_everything_back() -> None:
    shard = Shard("visitors")
    behind = replace(REPORT, caught_up=False, lag_records={"form": 1})
    for day in range(1, 29):
        shard.take(view(f"06-{day:02d} 10:00", f"v{day}"), report=behind)
    assert len(shard.fold.known_ids) == 28


def test_events_of_an_hour_whose_ids_went_over_the_cap_are_too_late() -> None:
    shard = Shard("visitors", known_ids_bytes=8 * 4)
    for hour in range(4, 10):
        shard.take(view(f"{hour:02d}:00", "ann"), view(f"{hour:02d}:01", "ann"))
    dropped = shard.fold.known_ids.dropped_before_hour
    assert dropped == at_ms("08:00") // HOUR_MS
    shard.take(view("05:30", "ann"), arrival_ms=at_ms("10:00"))
    account = shard.fold.account.outcomes
    assert account["page_view/dead_lettered/too_late"] == 1
    assert account["page_view/accepted"] == 13
    horizon = unpack(shard.commit().deltas[0]).gauges["dedupe_horizon_seconds"]
    assert horizon == (at_ms("09:01") - at_ms("08:00")) / 1000
    assert horizon < DAY_MS / 1000


# --- forwarded records --------------------------------------------------------------------------------------


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize(
    ("clock", "outcome"),
    [
        ("06-15 12:00", "duplicate"),  # the shard that forwards keeps up
        ("06-16 12:30", "duplicate"),  # a day behind: the id is still known
        ("06-17 12:00", "dead_lettered/too_late"),  # further: nobody knows any more whether it was counted
    ],
)
def test_a_copy_that_went_to_a_wrong_partition_is_counted_once_also_when_the_shards_drift_apart(
    clock: str, outcome: str, restarts: bool
) -> None:
    shard = Shard("visitors")
    copy = record(view("12:00", "ann", id="a"))
    shard.fold.fold([("page_view", [copy])])
    shard.take(view(clock, "bob", id="b"))
    shard.now_ms += KEPT_MS
    shard.commit()
    if restarts:
        shard.restart()
    shard.fold.fold([(REROUTE, [(*copy[:4], ((KIND_HEADER, b"page_view"),))])])
    account = shard.fold.account.outcomes
    assert (account["page_view/counted"], account.get(f"page_view/{outcome}")) == (2, 1)


@pytest.mark.parametrize("restarts", [False, True])
def test_a_topic_written_once_more_with_its_old_times_counts_once(restarts: bool) -> None:
    """Each record says that it arrived when it happened: none is late by itself."""
    shard = Shard("visitors")
    days = [view(f"06-{day:02d} {hour:02d}:00", f"v{day}-{hour}") for day in range(1, 4) for hour in range(24)]
    copies = [{**event, "id": f"e{number}"} for number, event in enumerate(days, 1)]
    shard.take(*({**event} for event in copies))
    assert shard.fold.account.outcomes["page_view/counted"] == 72, "a first reading is counted whole"
    shard.now_ms += KEPT_MS
    shard.commit()
    if restarts:
        shard.restart()
    shard.take(*copies)
    account = shard.fold.account.outcomes
    assert account["page_view/counted"] == 72
    assert account["page_view/duplicate"] + account["page_view/dead_lettered/too_late"] == 72
    assert account["page_view/dead_lettered/too_late"] == 46
    form_ms = at_ms("06-01 05:30")
    shard.fold.fold([("form", [record(form("06-01 05:30", "v1-5", "submit", id="f1"), form_ms)])])
    assert shard.fold.account.outcomes["form/counted"] == 1, "of a topic that is read for the first time"


def test_a_first_reading_that_another_shard_forwards_is_counted_whole() -> None:
    """Some of the records lie on a wrong partition, and come after the shard's own are read to their end."""
    shard = Shard("visitors")
    tags = ((KIND_HEADER, b"page_view"), (FROM_HEADER, b"2"))
    shard.take(*(view(f"06-{day:02d} 10:00", f"v{day}") for day in range(1, 5)))
    shard.now_ms += 30_000
    shard.commit()
    for day in range(1, 5):
        came = record(view(f"06-{day:02d} 11:00", f"w{day}", id=f"w{day}"), at_ms(f"06-{day:02d} 11:00"))
        shard.fold.fold([(REROUTE, [(*came[:4], tags)])])
    assert shard.fold.account.outcomes["page_view/counted"] == 8


def test_a_shard_that_forwards_and_is_behind_keeps_the_ids_that_its_copies_need() -> None:
    shard = Shard("visitors")
    copy = record(view("12:00", "ann", id="a"))
    from_two = ((KIND_HEADER, b"page_view"), (FROM_HEADER, b"2"))
    shard.fold.fold([("page_view", [copy])])
    for day, minute in (("16", "01"), ("17", "02"), ("18", "03")):
        # the other shard is days behind, and has come no further than noon
        shard.fold.fold([(REROUTE, [(*record(view(f"12:{minute}", "cat", id=day))[:4], from_two)])])
        shard.take(view(f"06-{day} 12:00", "bob", id=f"b{day}"))
    shard.fold.fold([(REROUTE, [(*copy[:4], from_two)])])
    account = shard.fold.account.outcomes
    assert (account["page_view/counted"], account["page_view/duplicate"]) == (7, 1)


@pytest.mark.parametrize(
    "headers", [(), (("leadpulse-kind", None),), (("leadpulse-kind", b"\xff"),), (("leadpulse-kind", b"ad"),)]
)
def test_a_forwarded_record_without_a_kind_of_the_group_is_a_reject_or_its_first_kind(headers: Any) -> None:
    shard = Shard("visitors")
    _, arrival_ms, key, value, _ = record(view("10:00", "ann"))
    shard.fold.fold([("reroute", [(0, arrival_ms, key, value, headers)])])
    assert shard.fold.account.outcomes["page_view/counted"] == 1


@pytest.mark.parametrize("here", range(3))
def test_a_record_is_forwarded_once_at_most(here: int) -> None:
    """Two shards that do not agree where it belongs would send it to and fro for ever."""
    fold = ShardFold("visitors", here, 3)
    _, arrival_ms, key, value, _ = record(view("10:00", "ann"))
    fold.fold([("reroute", [(0, arrival_ms, key, value, (("leadpulse-kind", b"page_view"),))])])
    assert fold.changes(1, REPORT).forwards == []
    assert fold.account.outcomes == {"page_view/accepted": 1, "page_view/counted": 1}


def test_the_row_of_an_ad_lead_and_of_a_person_never_meet() -> None:
    shard = Shard("visitors")
    shard.take(ad_form("10:00", "meta", "ann"), view("10:00", "ann"))
    assert {key[:1] for key in shard.log} >= {b"v", b"w"}
    assert shard.total("visitors") == 1
