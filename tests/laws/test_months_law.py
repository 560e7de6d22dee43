"""Months: a replay says what the account says, over more than a year and of whatever tools write."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from stream.changes.panes import DAY_MS, HOUR_MS, window_ms
from stream.contract.times import parse_ms
from stream.demo.compare import Seen, agrees
from stream.ingest.touches import ChannelOptions
from stream.reference.account import Reference, Window
from stream.replay.replay import Replayed, ReplayOptions, replay
from tests.accounting import reference_of
from tests.laws.months import NOW_MS, Envelope, Months, came

#: Told by records, and not by the events that count.
BY_RECORD = {"valid_event_ratio", "traffic_events"}
SEEDS = st.integers(0, 10**9)
Labels = tuple[tuple[str, str], ...]


def time_of(envelope: Envelope) -> int:
    return parse_ms(envelope["time"]) or 0


def read(lines: list[bytes], at_ms: int, windows: tuple[str, ...], look_back_ms: int = 0) -> Replayed:
    channels = ChannelOptions(look_back_ms=look_back_ms)
    return replay(lines, ReplayOptions(now_ms=NOW_MS, at_ms=at_ms, windows=windows, channels=channels))


def figures(replayed: Replayed) -> dict[tuple[str, Labels, str], Any]:
    return {
        (one.metric, tuple(sorted(one.labels.items())), one.window): one
        for one in replayed.readings
        if one.window is not None and one.metric not in BY_RECORD
    }


def expected(reference: Reference, at_ms: int, windows: tuple[str, ...]) -> dict[Any, Any]:
    spans = [Window(name, at_ms - window_ms(name), at_ms) for name in windows]
    return dict(reference.readings(at_ms, spans, reference.metrics() - BY_RECORD))


@given(
    seed=SEEDS,
    windows=st.sampled_from((("1h", "24h", "7d", "30d", "90d"), ("90m", "50h", "365d", "400d"))),
    look_back_ms=st.sampled_from((0, HOUR_MS, 90 * DAY_MS)),
)
def test_a_replay_reads_what_the_account_says(seed: int, windows: tuple[str, ...], look_back_ms: int) -> None:
    drawn = Months(seed)
    events = drawn.stream()
    times = [time_of(event) for event in events]
    at_ms = drawn.random.choice((max(times), max(times), drawn.random.choice(times))) + 1
    replayed = read([json.dumps(event).encode() for event in events], at_ms, windows, look_back_ms)
    assert not replayed.account.dead_lettered
    told = reference_of([event for event in events if time_of(event) < at_ms], came, look_back_ms)
    ours, theirs = figures(replayed), expected(told, at_ms, windows)
    for key, one in ours.items():
        if key not in theirs:
            assert not one.value, key
            continue
        seen = Seen(one.value, one.numerator, one.denominator, one.n, one.window_start_ms, one.window_end_ms, one.seq)
        assert agrees(one.metric, seen, theirs[key]), (key, seen, theirs[key])
    assert {key for key, one in theirs.items() if one.value and key not in ours} == set()


@given(seed=SEEDS)
def test_how_an_event_is_written_and_where_it_stands_change_nothing(seed: int) -> None:
    drawn = Months(seed)
    events, windows = drawn.stream(), ("1h", "24h", "90d")
    at_ms = max(map(time_of, events)) + 1
    odd = [json.dumps(drawn.odd(event), ensure_ascii=bool(seed % 2)).encode() for event in events]
    Random(seed).shuffle(odd)
    plain, written = (read(lines, at_ms, windows) for lines in ([json.dumps(one).encode() for one in events], odd))
    assert written.account.dead_lettered == {}
    assert _values(written) == _values(plain)


def _values(replayed: Replayed) -> dict[Any, Any]:
    return {key: (one.value, one.numerator, one.denominator) for key, one in figures(replayed).items()}
