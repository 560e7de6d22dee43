"""Replay: the account is that of the lines, whatever their order; of two copies the first to arrive counts."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import orjson
import pytest

from stream.replay.replay import Replayed, ReplayOptions, replay
from tests.events import TIME_MS, data_of, event


def read(*bodies: dict[str, Any], at_ms: int | None = None) -> Replayed:
    lines = [orjson.dumps(body) for body in bodies]
    return replay(lines, ReplayOptions(now_ms=TIME_MS, at_ms=at_ms, windows=("24h",)))


@pytest.mark.parametrize("time", ["soon", 5, None, "", "2025-06-15T12:00:00", "1999-12-31T23:59:59Z"])
def test_a_line_without_a_time_that_can_be_is_part_of_every_account(time: Any) -> None:
    bodies = [
        event("page_view", id="before", time="2025-06-15T10:00:00Z"),
        {**event("page_view", id="never"), "time": time},
        event("page_view", id="after", time="2025-06-15T11:00:00Z"),
    ]
    told = []
    for order in permutations(bodies):
        account = read(*order, at_ms=TIME_MS - 5_400_000).account
        told.append((account.accepted, account.counted, account.dead_lettered.total(), account.left_out))
    assert told == [(2, 1, 1, 1)] * 6


def test_of_two_copies_the_first_to_arrive_counts() -> None:
    late = event("page_view", data_of("page_view", geo={"country": "FR"}), recordedtime="2025-06-15T12:00:09Z")
    soon = event("page_view", data_of("page_view", geo={"country": "DE"}), recordedtime="2025-06-15T12:00:01Z")
    for order in ((late, soon), (soon, late)):
        answer = read(*order)
        found = {one.labels["country"]: one.value for one in answer.readings if one.metric == "country_visitors"}
        assert (found, answer.account.duplicates) == ({"DE": 1}, 1)


@pytest.mark.parametrize("id", ["1", 1, 1.0])
def test_the_copy_that_arrived_first_counts_though_another_says_an_earlier_time(id: Any) -> None:
    def copy(country: str, time: str, recorded: str, name: Any) -> dict[str, Any]:
        data = data_of("page_view", geo={"country": country})
        return {
            **event("page_view", data, time=f"2025-06-15T{time}Z", recordedtime=f"2025-06-15T{recorded}Z"),
            "id": name,
        }

    first, other = copy("DE", "10:00:00", "10:01:00", "1"), copy("FR", "09:00:00", "10:05:00", id)
    for order in ((first, other), (other, first)):
        answer = read(*order, at_ms=TIME_MS)
        found = {one.labels["country"]: one.value for one in answer.readings if one.metric == "country_visitors"}
        assert (found, answer.account.duplicates) == ({"DE": 1}, 1)
        # a copy says nothing before the one that counts
        assert read(*order, at_ms=TIME_MS - 2 * 3_600_000 - 1_800_000).account.left_out == 2
