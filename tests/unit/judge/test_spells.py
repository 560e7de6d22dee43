"""Spells: two looks, stays, ends; and that pieces of time give what the whole does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.judge.spells import Spell, coarse, run

MINUTE_MS = 60_000
BEGIN_MS = 1_000 * 3_600_000


def moments(count: int, step_min: int = 10) -> np.ndarray:
    return BEGIN_MS + np.arange(count) * step_min * MINUTE_MS


def fires(text: str, step_min: int = 10) -> str:
    """`x` holds, `-` stays, `.` neither, `?` no look; F where it fires."""
    at = moments(len(text), step_min)
    holds, stays, made = (np.array([[c in marks for c in text]]) for marks in ("x", "-", "x-."))
    before = [BEGIN_MS - 2 * step_min * MINUTE_MS, BEGIN_MS - step_min * MINUTE_MS]
    out = run([Spell(0, False, 0, 0)], at, holds, stays, made, coarse(at, before))
    return "".join("F" if one else "." for one in out.fires[0])


@pytest.mark.parametrize(
    ("looks", "fired"),
    [
        (".x......", "........"),  # one look is none
        (".xx.....", "..FF...."),  # over 15 minutes after it last held: at the second look
        (".xx.x...", "..FFFF.."),  # a look between does not end it
        (".xx---..", "..FFFFF."),  # stays while it is not over
        (".---....", "........"),  # what only stays never begins
        (".x?x....", "...FF..."),  # a look that could not be made is neither yes nor no
        (".xx????.", "..FFFFF."),
        (".x????x.", "........"),  # but half an hour without one is no following
        (".x.x.x..", "........"),
    ],
)  # fmt: skip
def test_every_ten_minutes(looks: str, fired: str) -> None:
    assert fires(looks) == fired


@pytest.mark.parametrize(("looks", "fired"), [(".x..", ".F.."), (".x-.", ".FF."), (".x?.", ".FF.")])
def test_every_hour_one_look_is_enough(looks: str, fired: str) -> None:
    assert fires(looks, step_min=60) == fired


def test_what_could_not_be_looked_at_for_a_day_is_over() -> None:
    assert fires("xx" + "?" * 200).count("F") == 144  # the second look, and those until a day after it


def test_since_is_the_first_of_the_two_looks() -> None:
    at = moments(3)
    holds = np.array([[False, True, True]])
    out = run([Spell(0, False, 0, 0)], at, holds, holds, np.ones_like(holds), np.zeros(3, np.bool_))
    assert out.since_ms[0].tolist() == [0, 0, at[1]]


@given(st.lists(st.text("x-.?", min_size=1, max_size=12), min_size=1, max_size=5))
def test_pieces_give_what_the_whole_does(pieces: list[str]) -> None:
    text = "".join(pieces)
    at = moments(len(text))
    spells, found, place = [Spell(0, False, 0, 0)], "", 0
    for piece in pieces:
        some = at[place : place + len(piece)]
        holds, stays, made = (np.array([[c in marks for c in piece]]) for marks in ("x", "-", "x-."))
        out = run(spells, some, holds, stays, made, np.zeros(len(piece), np.bool_))
        found += "".join("F" if one else "." for one in out.fires[0])
        place += len(piece)
    assert found == fires(text)
