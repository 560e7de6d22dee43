"""Readings: what the rollup reads equals what a person would count, for any traffic, in any order, at any moment."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from stream import catalog
from stream.changes.panes import DAY_MS, HOUR_MS, MINUTE_MS, Grid, window_ms
from stream.contract.readings import Reading
from stream.contract.times import format_ms, parse_ms
from stream.engine.commit import ShardReport
from stream.engine.groups import GROUPS
from stream.reference.account import Window
from stream.reference.events import Source
from stream.rollup.rollup import Rollup, RollupOptions
from stream.rollup.wanted import shifts_of
from stream.windows.level import PLAN, level_of
from tests.accounting import reference_of
from tests.laws.traffic import (
    ARRIVAL_MS,
    GROUP_NAMES,
    REPORT,
    START_MS,
    Envelope,
    ads,
    batch,
    chats,
    emails,
    forms,
    named,
    people,
    record,
    shard,
    views,
)

VISITORS = {
    metric.name
    for metric in catalog.METRICS
    if metric.kind != "summary" and metric.area in ("traffic", "conversion", "chatbot", "funnel")
}
#: Where one example is a whole rollup with all of its levels.
HALF = settings(max_examples=settings.default.max_examples // 2)
ANYTHING = st.lists(st.one_of(views(), forms(), chats(), emails(), ads()), min_size=1, max_size=40).map(named)


UTM = {
    ("google", "cpc"): "paid_search",
    ("news", "email"): "email",
    ("facebook", "social"): "organic_social",
    ("google", "organic"): "organic_search",
    ("partner.example", "referral"): "referral",
    ("facebook", "cpc"): "paid_social",
}


def came(data: dict[str, Any]) -> Source | None:
    """Say where a visit of drawn traffic came from."""
    campaign = data.get("campaign")
    if campaign is None:
        return None
    channel = UTM[campaign["source"], campaign["medium"]]
    engine = "google" if channel == "organic_search" else ""
    domain = campaign["source"] if channel == "referral" else ""
    return Source(channel, campaign.get("name", ""), engine, domain)


Told = dict[tuple[str, tuple[tuple[str, str], ...]], Any]


def read(rollup: Rollup, window: str) -> Told:
    """Give the readings of visitors in a window, without what says nothing; seconds as milliseconds."""
    out: Told = {}
    for reading in rollup.readings(None):
        if reading.window == window and reading.metric in VISITORS:
            _note(out, reading.metric, reading.labels.items(), reading.value, reading.numerator, reading.denominator)
    return out


def _note(out: Told, metric: str, labels: Any, value: Any, top: Any, bottom: Any) -> None:
    told = value if bottom is None else (round(top * 1000) if "seconds" in metric else top, bottom)
    if told and not (isinstance(told, tuple) and told[1] == 0):
        out[metric, tuple(sorted(labels))] = told


def told_by_people(events: list[Envelope], now_ms: int, window: str, look_back_ms: int = 0) -> Told:
    """Give what the reference says, for metrics that have this window."""
    length_ms = window_ms(window)
    metrics = [name for name in VISITORS if window in catalog.BY_NAME[name].windows]
    span = Window(window, now_ms - length_ms, now_ms)
    out: Told = {}
    reference = reference_of(events, came, look_back_ms)
    for (metric, labels, _), expected in reference.readings(now_ms, [span], metrics).items():
        _note(out, metric, labels, expected.value, expected.numerator, expected.denominator)
    return out


@given(data=st.data())
def test_readings_of_visitors_equal_brute_force_at_any_moment(data: st.DataObject) -> None:
    events = data.draw(people(max_size=40), label="events")
    fold = shard("visitors", grid=Grid(pane_ms=1))
    rollup = Rollup(RollupOptions({"visitors": 1}, exact=True))
    at = 0
    while at < len(events):
        size = data.draw(st.integers(1, 12), label="batch")
        fold.fold(batch(events[at : at + size]))
        rollup.add(fold.take_delta(at + 1, REPORT) if at == 0 else _next(fold, rollup))
        at += size
    now_ms = ARRIVAL_MS
    for _ in range(3):
        now_ms += data.draw(st.integers(0, 12 * HOUR_MS), label="later")
        rollup.read_at(now_ms)
        for window in ("1h", "6h", "24h", "7d"):
            assert read(rollup, window) == told_by_people(events, now_ms, window), window


def _next(fold: Any, rollup: Rollup) -> Any:
    return fold.take_delta(rollup._standings.of["visitors", 0].seq + 1, REPORT)


@HALF
@given(data=st.data())
def test_windows_of_panes_equal_brute_force_where_edges_meet(data: st.DataObject) -> None:
    events = data.draw(people(max_size=30), label="events")
    fold, rollup = shard("visitors"), Rollup(RollupOptions({"visitors": 1}))
    for seq, event in enumerate(events, 1):
        fold.fold(batch([event]))
        rollup.apply(fold.changes(seq, REPORT).deltas[0])
    for later in sorted(data.draw(st.sets(st.integers(0, 30), min_size=1, max_size=4), label="quarters of a day")):
        now_ms = ARRIVAL_MS + later * 6 * HOUR_MS
        rollup.advance(now_ms)
        rollup.read_at(now_ms)
        for window in ("5m", "1h", "24h", "7d", "30d"):
            told, ours = told_by_people(events, now_ms, window), read(rollup, window)
            for (metric, labels), value in (told | ours).items():
                if edges_meet(metric, window):
                    assert (told.get((metric, labels)), ours.get((metric, labels))) == (value, value), window


def edges_meet(metric: str, window: str) -> bool:
    """Tell whether a window that is shifted ends at an edge of its panes whenever one does that ends now."""
    pane_ms = PLAN[level_of(window_ms(window))][1]
    return all(shift_ms % pane_ms == 0 for shift_ms in shifts_of(catalog.BY_NAME[metric]))


GAPS = st.sampled_from((
    MINUTE_MS, 29 * MINUTE_MS, 30 * MINUTE_MS, 31 * MINUTE_MS, 40 * MINUTE_MS, 5 * HOUR_MS, DAY_MS, 9 * DAY_MS,
    34 * DAY_MS, 35 * DAY_MS, 35 * DAY_MS + 1,
))  # fmt: skip


@HALF
@given(data=st.data())
def test_a_long_history_is_remembered_as_if_it_were_all_kept(data: st.DataObject) -> None:
    """One person over months: sessions are folded together and forgotten, and no count shows it."""
    kinds = data.draw(
        st.lists(st.one_of(views(), views(), views(), forms(), chats()), min_size=1, max_size=25), label="kinds"
    )
    kinds = [event for event in kinds if "platform" not in event["data"]]
    events: list[Envelope] = []
    now_ms = START_MS
    for event in named(kinds * data.draw(st.sampled_from((1, 1, 5)), label="times over")):
        now_ms += data.draw(GAPS, label="gap") if len(events) < 30 else 35 * MINUTE_MS
        events.append({**event, "time": format_ms(now_ms), "data": {**event["data"], "visitor_id": "ann"}})
    events = [{**event, "id": f"e{number:03d}"} for number, event in enumerate(events)]
    results = []
    sizes = data.draw(st.sampled_from(([1], [3, 1], [7], [200])), label="sizes of batches")
    for general in (False, True):
        fold = shard("visitors", general=general, grid=Grid(pane_ms=1))
        rollup = Rollup(RollupOptions({"visitors": 1}, exact=True))
        at = seq = 0
        while at < len(events):
            some = events[at : at + sizes[seq % len(sizes)]]
            batches: dict[str, list[Any]] = {}
            for event in some:
                source, made = record(event, parse_ms(event["time"]) or 0)
                batches.setdefault(source, []).append(made)
            fold.fold(list(batches.items()))
            at, seq = at + len(some), seq + 1
            rollup.add(fold.take_delta(seq, REPORT))
        results.append(rollup)
    for later in (1, 30 * MINUTE_MS, 29 * DAY_MS):
        for rollup in results:
            rollup.read_at(now_ms + later)
            for window in ("1h", "24h", "7d", "30d"):
                assert read(rollup, window) == told_by_people(events, now_ms + later, window), window


# --- laws of any readings ---------------------------------------------------------------------------------


def run(events: list[Envelope], sizes: list[int], options: RollupOptions) -> tuple[list[bytes], Rollup]:
    """Fold events of all groups; give the deltas and a rollup that has added them."""
    folds = {group: shard(group) for group in GROUP_NAMES}
    rollup, deltas = Rollup(options), []
    at = seq = 0
    while at < len(events):
        some = events[at : at + sizes[seq % len(sizes)]]
        at, seq = at + len(some), seq + 1
        for group, fold in folds.items():
            kinds = GROUPS[group].kinds
            fold.fold([(kind, records) for kind, records in batch(some) if kind in kinds])
            deltas.append(fold.changes(seq, REPORT).deltas[0])
            rollup.apply(deltas[-1])
    return deltas, rollup


SHARDS = dict.fromkeys(GROUP_NAMES, 1)


@given(
    ANYTHING,
    st.integers(1, 10),
    st.integers(0, 200 * HOUR_MS),
    st.sampled_from((10_000, 10_000, 700, 300, 100)),
    st.sampled_from((50, 1)),
)
def test_a_proportion_lies_between_0_and_1_and_nothing_is_lost(
    events: list[Envelope], size: int, later_ms: int, most_readings: int, label_limit: int
) -> None:
    """Also where labels are folded together, because they or all readings are too many."""
    options = RollupOptions(SHARDS, most_readings=most_readings, label_limit=label_limit)
    _, rollup = run(events, [size], options)
    for now_ms in (0, ARRIVAL_MS, ARRIVAL_MS + later_ms):
        rollup.advance(now_ms)
        for reading in rollup.readings(None):
            metric = catalog.BY_NAME[reading.metric]
            if metric.proportion and reading.value is not None:
                assert 0 <= reading.value <= 1, reading
                assert reading.numerator >= 0 <= reading.denominator, reading
            if metric.kind in ("count", "amount"):
                assert reading.value >= 0, reading
            if metric.name == "conservation_error":
                assert reading.value == 0


@given(ANYTHING, st.sampled_from((10_000, 500)), st.sampled_from((50, 1)))
def test_a_count_adds_up_over_its_labels_to_the_count_without_them(
    events: list[Envelope], most_readings: int, label_limit: int
) -> None:
    _, rollup = run(events, [7], RollupOptions(SHARDS, most_readings=most_readings, label_limit=label_limit))
    rollup.advance(ARRIVAL_MS)
    sums: Counter[tuple[str, str | None]] = Counter()
    for reading in rollup.readings(None):
        if catalog.BY_NAME[reading.metric].kind == "count":
            sums[reading.metric, reading.window] += reading.value
    for window in catalog.TRAFFIC:
        assert sums["channel_sessions", window] == sums["sessions", window]
        assert sums["channel_page_views", window] == sums["page_views", window]
        assert sums["channel_leads", window] == sums["leads", window]
        assert sums["domain_emails_sent", window] == sums["emails_sent", window]
        assert sums["country_visitors", window] >= sums["visitors", window]
    for window in catalog.CONTENT:
        assert sums["content_views", window] == sums["page_views", window]


def shown(rollup: Rollup) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    """Give all readings without their number, by metric, labels and window."""
    out = {}
    for reading in rollup.readings(None):
        metric, labels, window, *rest = msgspec.structs.astuple(msgspec.structs.replace(reading, seq=0))
        out[metric, *sorted(labels.items()), window] = tuple(rest)
    return out


@HALF
@given(ANYTHING, st.data())
def test_a_rollup_restored_from_its_log_has_the_same_readings_and_the_same_future(
    events: list[Envelope], data: st.DataObject
) -> None:
    deltas, _ = run(events, [data.draw(st.integers(1, 12), label="batch")], RollupOptions(SHARDS))
    whole, rollup, log = Rollup(RollupOptions(SHARDS)), Rollup(RollupOptions(SHARDS)), dict[bytes, bytes]()
    full, now_ms = True, 0
    for delta in deltas:
        whole.apply(delta)
        rollup.apply(delta)
        step = data.draw(st.sampled_from(("go on", "go on", "wall", "snapshot", "restart")), label="then")
        if step == "wall":
            now_ms = max(now_ms, ARRIVAL_MS) + data.draw(st.sampled_from((0, 1_000, 7 * HOUR_MS)), label="later")
            whole.advance(now_ms)
            rollup.advance(now_ms)
        if step in ("snapshot", "restart"):
            for key, value in rollup.snapshot(full):
                if value is None:
                    log.pop(key, None)
                else:
                    assert len(value) < 800_000
                    log[key] = value
            full = False
        if step == "restart":
            rollup, full = Rollup(RollupOptions(SHARDS)), data.draw(st.booleans(), label="full")
            for key, value in data.draw(st.permutations(sorted(log.items())), label="order of the log"):
                rollup.load(key, value)
            rollup.advance(now_ms)
            whole.advance(now_ms)
            assert shown(rollup) == shown(whole)
    rollup.advance(ARRIVAL_MS + DAY_MS)
    whole.advance(ARRIVAL_MS + DAY_MS)
    assert shown(rollup) == shown(whole)


@given(ANYTHING, st.lists(st.tuples(st.sampled_from(("5m", "1h", "24h", None)), st.integers(0, 2 * HOUR_MS))))
def test_readings_of_some_windows_are_those_of_all_that_changed(
    events: list[Envelope], asked: list[tuple[str | None, int]]
) -> None:
    """Whoever keeps the last reading of every series has the same as whoever reads them all anew."""
    folds = {group: shard(group) for group in GROUP_NAMES}
    some, every = Rollup(RollupOptions(SHARDS)), Rollup(RollupOptions(SHARDS))
    kept: dict[tuple[Any, ...], Reading] = {}
    now_ms, at = ARRIVAL_MS, 0

    def name(reading: Reading) -> tuple[Any, ...]:
        return reading.metric, tuple(sorted(reading.labels.items())), reading.window

    for seq, (window, later) in enumerate(asked, 1):
        now_ms += later
        for group, fold in folds.items():
            here = events[at : at + 3]
            fold.fold([(kind, records) for kind, records in batch(here) if kind in GROUPS[group].kinds])
            delta = fold.changes(seq, ShardReport(caught_up=True, now_ms=now_ms)).deltas[0]
            some.apply(delta)
            every.apply(delta)
        at += 3
        some.advance(now_ms)
        every.advance(now_ms)
        windows = None if window is None else {window}
        kept.update((name(reading), reading) for reading in some.readings(windows))
        for reading in every.readings(None):
            if window is None or reading.window == window:
                was = kept[name(reading)]
                assert (was.value, was.numerator, was.denominator, was.n, was.complete) == (
                    reading.value, reading.numerator, reading.denominator, reading.n, reading.complete,
                )  # fmt: skip
