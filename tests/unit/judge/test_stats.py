"""Statistics: quantiles of what is known, intervals, how much must be seen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from stream.judge.stats import needed, poisson, quantile, wilson


@pytest.mark.parametrize(
    ("weeks", "third"),
    [
        ([40, 10, 30, 20], 20),  # of four the second lowest
        ([40, np.nan, 30, 20], 20 + 2 / 3 * 10),
        ([40, np.nan, np.nan, 10], 20),
        ([np.nan, 7, np.nan, np.nan], 7),
    ],
)
def test_a_third_of_the_way_up_what_is_known(weeks: list[float], third: float) -> None:
    assert quantile(np.array(weeks)[:, None], 1 / 3)[0] == pytest.approx(third)


@given(
    arrays(np.float64, st.tuples(st.integers(1, 9), st.integers(1, 5)), elements=st.floats(0, 1e6) | st.just(np.nan)),
    st.floats(0, 1),
)
def test_quantiles_are_those_of_numpy(values: np.ndarray, q: float) -> None:
    with np.errstate(all="ignore"):
        mine = quantile(values, q)
    for at in range(values.shape[1]):
        known = values[:, at][~np.isnan(values[:, at])]
        expected = np.quantile(known, q) if len(known) else np.nan
        assert mine[at] == pytest.approx(expected, nan_ok=True, abs=1e-6)


def test_nothing_of_a_hundred_still_may_be_eight_per_cent() -> None:
    # (0 + 9/200 + 3·sqrt(0 + 9/40,000)) / (1 + 9/100) = (0.045 + 0.045) / 1.09
    assert float(wilson(np.array(0.0), np.array(100.0), 1, 3)) == pytest.approx(0.09 / 1.09)


def test_at_no_lead_the_upper_end_is_z_squared_by_what_is_expected() -> None:
    assert float(poisson(np.array(0.0), np.array(9.3), 1, 2.8)) == pytest.approx(2.8**2 / 9.3)


def test_so_many_visitors_tell_that_half_of_five_per_cent_is_lost() -> None:
    # 2.8² · 0.9 · (1 − 0.045) / (0.05 · 0.4²) = 842.3
    assert float(needed(np.array(0.05), 0.9, 2.8, share=True)) == 843
    # and at the needed number a half is just told: the upper end meets part · usual
    upper = wilson(np.array(0.025 * 843), np.array(843.0), 1, 2.8)
    assert float(upper) == pytest.approx(0.9 * 0.05, rel=0.05)
