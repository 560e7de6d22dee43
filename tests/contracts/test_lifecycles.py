"""Logs of lifecycles from elsewhere: who got where, how long it took, with those who still wait, by brute force."""

from __future__ import annotations

import tomllib
from datetime import timedelta
from functools import cache
from itertools import combinations, pairwise
from statistics import median_low

import pytest

from stream.contract.readings import Reading
from stream.lifecycle.read import made
from stream.reference.leads.survival import bounds_ms, curve
from stream.replay.replay import ReplayOptions, replay
from tests.realdata import lifecycles
from tests.realdata.lifecycles import LADDER, Case

WINDOW = "400d"
END = lifecycles.BEGUN + timedelta(days=lifecycles.DAYS)


@cache
def log() -> list[Case]:
    return lifecycles.cases(seed=12, n=2_500)


@cache
def readings() -> dict[tuple[str, ...], Reading]:
    options = ReplayOptions(
        now_ms=1_900_000_000_000,
        at_ms=round(END.timestamp() * 1_000),
        windows=(WINDOW,),
        rules=made(tomllib.loads(lifecycles.RULES), "rules"),
    )
    answered = replay(lifecycles.lines(log()), options)
    assert answered.account.counted == answered.account.accepted
    return {
        (one.metric, *(value for name, value in sorted(one.labels.items()) if name != "site")): one
        for one in answered.readings
    }


@pytest.mark.parametrize(("start", "end"), list(combinations(LADDER, 2)))
def test_conversion_and_drop_are_those_of_the_cases(start: str, end: str) -> None:
    begun = [case for case in log() if start in case.entered]
    reached = sum(end in case.entered for case in begun)
    refused = sum(end not in case.entered and case.refused is not None for case in begun)
    for metric, n in (("stage_conversion_ratio", reached), ("stage_drop_ratio", refused)):
        one = readings()[metric, start, end]
        assert (one.numerator, one.denominator) == (n, len(begun))
    assert len(begun) > 200


@pytest.mark.parametrize(("start", "end"), [*pairwise(LADDER), (LADDER[0], LADDER[-1])])
def test_medians_of_those_who_got_there_are_within_two_percent(start: str, end: str) -> None:
    took = [
        (case.entered[end] - case.entered[start]).total_seconds()
        for case in log()
        if start in case.entered and end in case.entered
    ]
    assert readings()["time_in_stage_seconds", start, "0.5", end].value == pytest.approx(median_low(took), rel=0.02)


@pytest.mark.parametrize(("start", "end"), list(pairwise(LADDER)))
def test_medians_with_those_who_wait_are_within_a_step_of_the_textbooks_curve(start: str, end: str) -> None:
    samples = []
    for case in log():
        if start not in case.entered:
            continue
        until = case.entered.get(end) or case.refused or END
        samples.append((round((until - case.entered[start]).total_seconds() * 1_000), end in case.entered))
    low_ms, high_ms = bounds_ms(curve(samples))
    one = readings().get(("stage_median_seconds", start, end))
    if low_ms is None:
        assert one is None or one.value is None
        return
    assert one is not None
    assert one.value * 1_000 >= low_ms * 0.96
    assert high_ms is None or one.value * 1_000 <= high_ms * 1.04


def test_cases_that_were_refused_are_lost_where_they_stood() -> None:
    lost: dict[tuple[str, str], int] = {}
    for case in log():
        if case.refused is not None:
            *_, stage = case.entered
            lost["refused", stage] = lost.get(("refused", stage), 0) + 1
    assert {key[1:]: one.value for key, one in readings().items() if key[0] == "leads_lost"} == lost
