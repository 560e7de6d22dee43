"""Look-back: a direct session has the channel of the last one that was not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.stages.visitors.look_back import last_non_direct

DAY = 86_400_000


@pytest.mark.parametrize(
    ("sessions", "look_back_days", "places"),
    [
        #  day, channel
        ([], 30, []),
        ([(0, None)], 30, [0]),  # nothing came before
        ([(0, "email"), (1, None)], 30, [0, 0]),
        ([(0, "email"), (1, "referral"), (2, None)], 30, [0, 1, 1]),  # the newest counts, not the first
        ([(0, "email"), (30, None)], 30, [0, 0]),  # to the millisecond
        ([(0, "email"), (31, None)], 30, [0, 1]),
        ([(0, "email"), (20, None), (40, None)], 30, [0, 0, 2]),  # a direct session hands nothing on
        ([(0, None), (1, "email")], 30, [0, 1]),  # what comes later says nothing of before
        ([(0, "email"), (1, None)], 0, [0, 1]),
    ],
)
def test_a_direct_session_looks_back(
    sessions: list[tuple[int, str | None]], look_back_days: int, places: list[int]
) -> None:
    starts = [day * DAY for day, _ in sessions]
    assert last_non_direct(starts, [channel for _, channel in sessions], look_back_days * DAY) == places


@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.sampled_from([None, "email", "referral"])),
        max_size=12,
        unique_by=lambda s: s[0],
    ),
    st.integers(1, 40),
)
def test_it_is_the_newest_within_reach_looked_for_one_by_one(
    sessions: list[tuple[int, str | None]], look_back: int
) -> None:
    sessions.sort()
    starts, channels = [start for start, _ in sessions], [channel for _, channel in sessions]
    for place, found in enumerate(last_non_direct(starts, channels, look_back)):
        within = [i for i in range(place + 1) if channels[i] and starts[place] - starts[i] <= look_back]
        assert found == (max(within) if within else place)
