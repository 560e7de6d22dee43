"""Durations: quantiles from buckets are at most 2 % off, and buckets add up."""

from __future__ import annotations

import math
from collections import Counter
from fractions import Fraction

from hypothesis import example, given
from hypothesis import strategies as st

from stream.changes.durations import RELATIVE_ERROR, bucket_of, quantile, seconds_of

DURATIONS = st.integers(0, 400 * 86_400_000)


@given(DURATIONS)
@example(1)
@example(2**42)
def test_the_seconds_of_a_bucket_are_at_most_two_percent_off_any_of_its_members(duration_ms: int) -> None:
    assert abs(seconds_of(bucket_of(duration_ms)) * 1000 - duration_ms) <= duration_ms * RELATIVE_ERROR * (1 + 1e-6)


@given(DURATIONS, DURATIONS)
def test_a_longer_duration_is_in_no_lower_bucket(a: int, b: int) -> None:
    assert (bucket_of(a) <= bucket_of(b)) or a > b


@given(st.lists(DURATIONS, min_size=1, max_size=50), st.sampled_from([0.01, 0.5, 0.9, 0.99, 1.0]))
@example([1000] * 10 + [2000] * 90, 0.1)
def test_a_quantile_is_at_most_two_percent_off_the_one_of_the_sorted_list(durations: list[int], q: float) -> None:
    counts = sorted(Counter(map(bucket_of, durations)).items())
    found = quantile([b for b, _ in counts], [n for _, n in counts], q)
    rank = max(1, math.ceil(Fraction(str(q)) * len(durations)))
    true_ms = sorted(durations)[rank - 1]
    assert found is not None
    assert abs(found * 1000 - true_ms) <= true_ms * RELATIVE_ERROR * (1 + 1e-6)


def test_the_rank_is_exact_for_any_number_of_durations() -> None:
    for n in range(1, 20_001):
        for q, exact in ((0.5, -(-n // 2)), (0.9, -(-9 * n // 10))):
            assert quantile([0, 400], [exact - 1, n - exact + 1], q) == seconds_of(400), (n, q)
            assert exact == n or quantile([0, 400], [exact, n - exact], q) == seconds_of(0), (n, q)


def test_nothing_counted_has_no_quantile() -> None:
    assert quantile([], [], 0.5) is None
    assert quantile([3], [0], 0.5) is None
