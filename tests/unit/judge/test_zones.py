"""Zones: the same local hour of former weeks, over changes of clocks."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.judge.zones import local_minute, utc_of, zone

WEEK_H = 168


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1_000)


@pytest.mark.parametrize(
    ("now", "before"),
    [
        # clocks of Berlin went forward on 29 March 2026 at 1 h UTC: 2 h local did not exist
        ("2026-04-01T08:00", "2026-03-25T09:00"),
        ("2026-03-25T09:00", "2026-03-18T09:00"),
        ("2026-04-05T00:30", "2026-03-29T01:30"),  # 2.30 h local a week ago is the next: 3.30 h
        # and back on 25 October at 1 h UTC: 2 h local came twice, and the first is meant
        ("2026-11-01T01:30", "2026-10-25T00:30"),
        ("2026-10-28T09:00", "2026-10-21T08:00"),
    ],
)
def test_the_same_hour_of_the_week_before_in_berlin(now: str, before: str) -> None:
    found = zone("Europe/Berlin", ms(now)).before(np.array([ms(now)]), WEEK_H)
    assert found.tolist() == [ms(before)]


ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/Sao_Paulo"]


@given(st.sampled_from(ZONES), st.integers(ms("2020-01-01"), ms("2030-01-01")))
def test_clocks_show_what_zoneinfo_says(name: str, moment_ms: int) -> None:
    moment_ms -= moment_ms % 60_000
    clock = zone(name, moment_ms)
    at = datetime.fromtimestamp(moment_ms / 1_000, ZoneInfo(name))
    assert clock.local(np.array([moment_ms]))[0] == ms(at.replace(tzinfo=None).isoformat())
    naive = at.replace(tzinfo=None, fold=0)
    assert clock.utc(np.array([ms(naive.isoformat())]))[0] == utc_of(name, naive)
    assert local_minute(name, moment_ms) == at.hour * 60 + at.minute
