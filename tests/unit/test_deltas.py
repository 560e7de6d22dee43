"""Deltas: gathered, packed and unpacked again, whatever was counted."""

from __future__ import annotations

import numpy as np
import pytest

from stream.tables import deltas
from stream.tables.deltas import Delta, Sink, Spread, pack, unpack


def gathered(sink: Sink) -> list[tuple[object, ...]]:
    names, index, panes, amounts, _ = sink.take()
    return sorted((*names[i], p, n) for i, p, n in zip(index.tolist(), panes.tolist(), amounts.tolist(), strict=True))


def test_changes_of_one_cell_and_pane_add_up_and_what_comes_to_nothing_is_left_out() -> None:
    sink = Sink()
    sink.add(("view", "s1"), 7)
    sink.add(("view", "s1"), 7, 2)
    sink.add(("view", "s1"), 8)
    sink.add(("view", "s1"), 8, -1)
    sink.add(("view", "s2"), 7, -4)
    assert gathered(sink) == [("view", "s1", 7, 3), ("view", "s2", 7, -4)]


def test_taking_empties() -> None:
    sink = Sink()
    sink.add(("view", "s1"), 7)
    sink.spreads.append(Spread(("ad_click",), 0, 10, 5, 1))
    sink.take()
    assert gathered(sink) == []
    assert sink.take()[4] == []


def test_the_hot_way_writes_the_same_as_add() -> None:
    sink = Sink()
    sink.counts[sink.ids["view", "s1"] + 7] += 1
    sink.add(("view", "s1"), 7)
    assert gathered(sink) == [("view", "s1", 7, 2)]


@pytest.mark.parametrize(("pane", "kept"), [
    (-1, 0), (0, 0), (4_398_046_511_103, 4_398_046_511_103), (4_398_046_511_104, 4_398_046_511_103),
    (1 << 62, 4_398_046_511_103), (-(1 << 62), 0),
])  # fmt: skip
def test_a_pane_that_no_key_holds_becomes_the_nearest_one_and_no_other_cell(pane: int, kept: int) -> None:
    """Arrivals are what the broker or a producer says they are."""
    sink = Sink()
    for name in "abc":
        sink.add((name,), 5)
    sink.add(("b",), pane)
    assert sorted([("a", 5, 1), ("b", 5, 1), ("c", 5, 1), ("b", kept, 1)]) == gathered(sink)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_sum_too_large_for_a_record_is_held_at_the_largest(sign: int) -> None:
    sink = Sink()
    for _ in range(2_000):
        sink.add(("ad_click", "s1"), 5, sign * ((1 << 53) - 1))
    sink.add(("ad_click", "s2"), 5, 3)
    (one, other) = gathered(sink)
    assert other == ("ad_click", "s2", 5, 3)
    assert 1 << 61 < sign * int(str(one[3])) < 1 << 63


def test_names_are_forgotten_when_they_become_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deltas, "_MOST_NAMES", 10)
    sink = Sink()
    for number in range(25):
        sink.add(("view", f"s{number}"), 1)
    assert len(gathered(sink)) == 25
    assert len(sink.ids) == 0
    sink.add(("view", "s3"), 1)
    assert gathered(sink) == [("view", "s3", 1, 1)]


def test_a_delta_comes_back_as_it_was_packed() -> None:
    sink = Sink()
    sink.add(("session", "s1", "direct", None, 3), 5, -2)
    sink.spreads.append(Spread(("ad_spend", "s1"), 0, 10, 1 << 60, -1))
    names, index, panes, amounts, spreads = sink.take()
    delta = Delta(
        "visitors", 3, 9, names, index.tobytes(), panes.tobytes(), amounts.tobytes(), spreads,
        {"form": 5}, None, True, 7, {"form": 1}, ["chatbot"], {"form/counted": 2}, {"g": 1.5}, {"spend/x": 4},
    )  # fmt: skip
    again = unpack(pack(delta))
    assert again == delta
    assert again.names == [("session", "s1", "direct", None, 3)]  # tuples, so that they can be looked up
    assert isinstance(again.spreads[0].cell, tuple)
    assert np.frombuffer(again.amounts, np.int64).tolist() == [-2]
