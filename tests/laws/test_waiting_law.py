"""Those who wait: medians, maturity and ages out of added cells are what one works out from each one's time.

The textbook's curve falls by a step at each arrival; a bucket of durations is 4 % wide and a pane lasts hours. So the
median lies no further from the textbook's than one step of its curve, a bucket and a pane. In time that may be much
where the curve is flat near a half: nobody can tell there. With 100 and more at risk it is 2 % at most.
"""

from __future__ import annotations

import json
import random
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.changes.panes import DAY_MS, HOUR_MS
from tests.ladder import Lead, Told, small_catalog

NOW_MS = 20_000 * DAY_MS + 5 * HOUR_MS
FIXTURE = Path(__file__).parents[1] / "fixtures/survival/lifelines.json"
COHORTS = json.loads(FIXTURE.read_text(encoding="utf-8"))["cohorts"]
WINDOWS = (("30d", 30 * DAY_MS), ("90d", 90 * DAY_MS), ("365d", 365 * DAY_MS))
#: How far off the age of somebody who waits may be, by the panes that it is read from.
PANES_MS = 6 * HOUR_MS


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    small_catalog(monkeypatch)


def median_s(told: Told, window: str) -> tuple[float | None, float | None]:
    exact, panes = told.read("median_seconds", window)
    first, second = ([one.value for one in some] for some in (exact, panes))
    return (first[0] if first else None), (second[0] if second else None)


@pytest.mark.parametrize("cohort", COHORTS, ids=lambda cohort: f"{cohort['median_s']}")
def test_medians_are_those_of_lifelines(cohort: dict[str, list[int]]) -> None:
    told, wanted = Told(NOW_MS), cohort["median_s"]
    leads = [Lead(NOW_MS - s * 1_000 - 1, took_ms=s * 1_000) for s in cohort["took"]]
    leads += [Lead(NOW_MS - s * 1_000 - 1, gave_up_ms=s * 1_000) for s in cohort["gave_up"]]
    leads += [Lead(NOW_MS - s * 1_000 - 1) for s in cohort["waits"]]
    told.tell(cell for lead in leads for cell in lead.cells())
    for found in median_s(told, "365d"):
        assert found == (wanted if wanted is None else pytest.approx(wanted, rel=0.02))


def passes(times: list[tuple[int, bool]], sign: int) -> int | None:
    """Give when the textbook's curve passes a half, give or take one step of it; a step is one of those at risk."""
    share = 1.0
    for time in sorted({time for time, arrived in times if arrived}):
        at_risk = sum(one >= time for one, _ in times)
        step = share / at_risk
        share *= 1 - sum(one == time and arrived for one, arrived in times) / at_risk
        if share <= 0.5 + sign * (step + 1e-9):
            return time
    return None


@given(st.integers(0, 1 << 32), st.integers(5, 120), st.floats(0.1, 1.5), st.floats(0.0, 0.9))
def test_medians_are_no_further_from_the_textbook_than_a_step_of_its_curve(
    seed: int, size: int, speed: float, lose: float
) -> None:
    draw = random.Random(seed)
    leads: list[Lead] = []
    for _ in range(size):
        age = draw.randrange(1, draw.choice((2, 20, 90, 360)) * DAY_MS)
        took = int(draw.lognormvariate(0, 1) * 20 * DAY_MS / speed)
        gave_up = draw.randrange(60 * DAY_MS) if draw.random() < lose else None
        if took < age and (gave_up is None or took < gave_up):
            leads.append(Lead(NOW_MS - age, took))
        elif gave_up is not None and gave_up < age:
            leads.append(Lead(NOW_MS - age, None, gave_up))
        else:
            leads.append(Lead(NOW_MS - age))
    told = Told(NOW_MS)
    told.tell(cell for lead in leads for cell in lead.cells())
    for window, length_ms in WINDOWS:
        for found_s, exact in zip(median_s(told, window), (True, False), strict=True):
            start_ms = NOW_MS - length_ms if exact else told.panes._table.span((window, 0))[0]
            inside = [lead for lead in leads if lead.entered_ms >= start_ms]
            times = [
                (lead.took_ms, True) if lead.took_ms is not None
                else (lead.gave_up_ms if lead.gave_up_ms is not None else NOW_MS - lead.entered_ms, False)
                for lead in inside
            ]  # fmt: skip
            low, high = passes(times, 1), passes(times, -1)
            if found_s is None:
                assert high is None, window
            else:
                found = found_s * 1_000
                assert low is not None, window
                assert found >= low * 0.958 - PANES_MS, window
                assert high is None or found <= high * 1.042 + PANES_MS, window


def start_ms(told: Told, window: str, *, exact: bool) -> int:
    return (told.exact if exact else told.panes)._table.span((window, 0))[0]


@given(st.lists(st.tuples(st.integers(1, 500 * DAY_MS), st.integers(1, 500 * DAY_MS)), max_size=40))
def test_ages_and_those_who_are_stale_are_differences_of_windows(drawn: list[tuple[int, int]]) -> None:
    """Open since a while, last heard of not before that."""
    leads = [(max(one, other), min(one, other)) for one, other in drawn]
    told = Told(NOW_MS)
    cells = [(("t_open", "s1", "mql"), NOW_MS - since) for since, _ in leads]
    cells += [(("t_active", "s1", "mql"), NOW_MS - heard) for _, heard in leads]
    told.tell(cells, [(("t_all_open", "s1", "mql"), len(leads))])
    open_leads, stale_leads = told.read("open_leads", "now"), told.read("stale_leads", "now")
    for exact in (True, False):
        edges = [NOW_MS, *(start_ms(told, age, exact=exact) for age in ("1d", "7d", "30d", "90d")), -NOW_MS]
        wanted = [sum(low <= NOW_MS - since < high for since, _ in leads) for high, low in pairwise(edges)]
        found = [one.value for one in open_leads[0 if exact else 1]]
        assert found == (wanted if leads else [])
        stale = [one.value for one in stale_leads[0 if exact else 1]]
        assert stale == ([sum(NOW_MS - heard < edges[3] for _, heard in leads)] if leads else [])


@given(
    st.lists(st.integers(1, 80), max_size=40),
    st.lists(st.integers(1, 500), min_size=1, max_size=20),
)
def test_maturity_is_what_is_not_both_waiting_and_young(took_days: list[int], waiting_days: list[int]) -> None:
    told, half = Told(NOW_MS), DAY_MS // 2
    leads = [Lead(NOW_MS - day * DAY_MS - half, round(day * 0.5 * DAY_MS)) for day in took_days]
    leads += [Lead(NOW_MS - day * DAY_MS + half) for day in waiting_days]
    told.tell(cell for lead in leads for cell in lead.cells())
    ranked = sorted(round(day * 0.5 * DAY_MS) for day in took_days)
    horizon_ms = 30 * DAY_MS if len(ranked) < 20 else ranked[-(-9 * len(ranked) // 10) - 1]
    for window, _ in WINDOWS:
        for readings, exact in zip(told.read("share_ratio", window), (True, False), strict=True):
            cohort = [lead for lead in leads if lead.entered_ms >= start_ms(told, window, exact=exact)]
            assert [one.denominator for one in readings] == [len(cohort)]
            if not cohort:
                continue
            ages = [NOW_MS - lead.entered_ms for lead in cohort if lead.took_ms is None]
            # a horizon comes from a bucket of durations, 2 % off at most, and ages from panes
            slack_ms = horizon_ms * 0.021 + (0 if exact else PANES_MS)
            least, most = (sum(age <= horizon_ms + sign * slack_ms for age in ages) for sign in (-1, 1))
            young = round((1 - (readings[0].maturity or 0)) * len(cohort))
            assert least <= young <= most
