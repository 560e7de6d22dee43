"""Timing: reading times from text, one by one and many at once, and judging them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.contract.times import DAY_MS, YEAR_2000_MS, format_ms, parse_ms
from stream.ingest.timing import event_times, parse_times
from stream.kernels.times import NO_TIME
from tests.contracts.poison import BAD_TIMES
from tests.events import TIME, TIME_MS

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "time_ms"),
    [
        ("1970-01-01T00:00:00Z", 0),
        (TIME, TIME_MS),
        ("2025-06-15T12:00:00Z", TIME_MS),
        ("2025-06-15t12:00:00z", TIME_MS),
        ("2025-06-15T12:00:00.1Z", TIME_MS + 100),
        ("2025-06-15T12:00:00.12Z", TIME_MS + 120),
        ("2025-06-15T12:00:00.0019999Z", TIME_MS + 1),
        ("2025-06-15T12:00:00.999999999Z", TIME_MS + 999),
        ("2025-06-15T14:00:00+02:00", TIME_MS),
        ("2025-06-15T06:30:00-05:30", TIME_MS),
        ("2025-06-15T12:00:00-00:00", TIME_MS),
        ("2025-06-16T11:59:00+23:59", TIME_MS),
        ("2024-02-29T00:00:00Z", 1_709_164_800_000),
        ("2016-12-31T23:59:60Z", 1_483_228_799_999),  # a leap second stays on its day
        ("2017-01-01T00:59:60.5+01:00", 1_483_228_799_999),
        ("2000-01-01T00:00:00Z", YEAR_2000_MS),
        ("0000-01-01T00:00:00Z", -62_167_219_200_000),
        ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
    ],
)
def test_a_time_is_read_alone_and_in_a_batch(text: str, time_ms: int) -> None:
    assert parse_ms(text) == time_ms
    assert parse_times([text] * 50).tolist() == [time_ms] * 50
    assert parse_times([*[TIME] * 50, text]).tolist() == [*[TIME_MS] * 50, time_ms]


OUT_OF_RANGE = {
    "0000-01-01",
    "0001-01-01",
    "1969-12-31",
    "1999-12-31",
    "2025-06-16",
    "2026-06-15",
    "9999-12-31",
}
NO_TIMES = [text for text in BAD_TIMES if text[:10] not in OUT_OF_RANGE]


@pytest.mark.parametrize("text", NO_TIMES)
def test_what_is_no_time_is_none_in_any_company(text: str) -> None:
    assert parse_ms(text) is None
    assert parse_times([text]).tolist() == [NO_TIME]
    assert parse_times([text] * 50).tolist() == [NO_TIME] * 50
    assert parse_times([*[TIME] * 50, text, TIME]).tolist() == [*[TIME_MS] * 50, NO_TIME, TIME_MS]


@given(st.datetimes().filter(lambda moment: 1 < moment.year < 9999))
def test_a_batch_agrees_with_the_calendar(moment: datetime) -> None:
    moment = moment.replace(tzinfo=UTC)
    time_ms = (moment - EPOCH) // timedelta(milliseconds=1)
    text = moment.isoformat(timespec="microseconds")
    assert parse_times([text] * 20).tolist() == [time_ms] * 20
    assert parse_ms(text) == time_ms
    assert parse_ms(format_ms(time_ms)) == time_ms


@st.composite
def almost_time(draw: st.DrawFn) -> str:
    """A time of some length and zone, often with one character changed, doubled or cut."""
    whole = format_ms(draw(st.integers(YEAR_2000_MS, YEAR_2000_MS + 40_000 * DAY_MS)))[:19]
    text = whole + draw(st.sampled_from(["", ".5", ".123", ".123456789"]))
    text += draw(st.sampled_from(["Z", "z", "+02:00", "-23:59", "+24:00", ""]))
    at = draw(st.integers(0, len(text)))
    return (
        text[:at]
        + draw(st.sampled_from(["", "0", "6", "9", "-", ":", "Z", "\n", "٣", "é"]))
        + text[at + draw(st.integers(0, 1)) :]
    )


@given(st.lists(almost_time(), min_size=16, max_size=60))
def test_a_batch_of_almost_times_agrees_with_each_alone(texts: list[str]) -> None:
    alone = [parse_ms(text) for text in texts]
    assert parse_times(texts).tolist() == [NO_TIME if time_ms is None else time_ms for time_ms in alone]


@pytest.mark.parametrize(
    "texts",
    [
        [TIME + "\n" + TIME, *[TIME] * 20, ""],
        [TIME[:-1], "Z" + TIME, *[TIME] * 20],
        ["", TIME + TIME, *[TIME] * 20],
        [TIME + "\n", TIME[:-1], *[TIME] * 20],
    ],
)
def test_times_cannot_lean_on_their_neighbours(texts: list[str]) -> None:
    """Put together, these have the length and the characters of whole times."""
    read = parse_times(texts).tolist()
    assert read == [NO_TIME if (alone := parse_ms(text)) is None else alone for text in texts]


def ms(*values: int) -> np.ndarray:  # type: ignore[type-arg]
    return np.array(values, dtype=np.int64)


#                    arrival
#   bad?   |  late   |<- lateness ->|      ahead: set back      |  bad
#   2000 ..|.........|..............|.. a day ..................|
@pytest.mark.parametrize(
    ("stated_ms", "flags"),
    [
        (YEAR_2000_MS - 1, "bad"),
        (YEAR_2000_MS, "late"),
        (TIME_MS - 101, "late"),
        (TIME_MS - 100, ""),
        (TIME_MS, ""),
        (TIME_MS + 1, "ahead"),
        (TIME_MS + DAY_MS, "ahead"),
        (TIME_MS + DAY_MS + 1, "bad"),
        (NO_TIME, "bad"),
    ],
)
def test_a_time_breaks_at_most_one_rule(stated_ms: int, flags: str) -> None:
    times = event_times(ms(stated_ms), ms(TIME_MS), lateness_ms=100)
    found = [name for name in ("bad", "late", "ahead") if getattr(times, name)[0]]
    assert found == ([flags] if flags else [])
    assert times.event_ms.tolist() == [min(stated_ms, TIME_MS)]


def test_in_a_replay_the_wall_clock_bounds_times() -> None:
    times = event_times(ms(TIME_MS + 9, TIME_MS + 10), ms(TIME_MS, TIME_MS), lateness_ms=100, latest_ms=TIME_MS + 9)
    assert (times.bad.tolist(), times.ahead.tolist()) == ([False, True], [True, False])


@pytest.mark.parametrize("arrival_ms", [2**63 - 1, 2**62])
def test_an_arrival_of_any_size_only_makes_an_event_late(arrival_ms: int) -> None:
    """Where a producer says when a record came it can say anything."""
    judged = event_times(np.array([TIME_MS]), np.array([arrival_ms]), DAY_MS)
    assert (judged.bad.tolist(), judged.late.tolist(), judged.event_ms.tolist()) == ([False], [True], [TIME_MS])
