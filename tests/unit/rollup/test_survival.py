"""Survival: where half of a cohort has got there, exactly half is enough, whatever floats make of it."""

from __future__ import annotations

import numpy as np
import pytest

from stream.reference.leads.survival import bounds_ms, curve, median_ms
from stream.rollup.survival import median_s

NONE = np.zeros(0), np.zeros(0, np.int64)


@pytest.mark.parametrize("size", range(2, 200, 2))
def test_the_median_is_there_once_exactly_half_have_arrived(size: int) -> None:
    half, hours = size // 2, np.arange(1.0, size + 1) * 3_600
    left_s, left = hours[-1:], np.array([half])
    exists = median_s(hours[:half], np.ones(half, np.int64), left_s, left)
    assert exists == pytest.approx(hours[half - 1], rel=0.05)
    assert median_s(hours[: half - 1], np.ones(half - 1, np.int64), left_s, left + 1) is None


@pytest.mark.parametrize("size", range(2, 200, 2))
def test_the_reference_says_so_too(size: int) -> None:
    half = size // 2
    samples = [(hour, hour <= half) for hour in range(1, size + 1)]
    assert median_ms(curve(samples)) == half
    assert bounds_ms(curve(samples)) == (max(1, half - 1), None)
    assert median_ms(curve([(hour, hour < half) for hour in range(1, size + 1)])) is None


def test_of_none_there_is_no_median() -> None:
    assert median_s(*NONE, *NONE) is None
