"""Cases from life in which a judge errs easily: a gap in what was kept, the week after a special day, a later mailing.

Nothing is wrong in any of them. Each has a twin in which something is, so that silence means something.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner

from stream.cli.alerts import alerts
from stream.judge.told import iso

HOUR_MS = 3_600_000
#: Monday 2 March 2026, 0 h UTC: what is looked at begins there, five weeks are before it.
MONDAY_MS = 1_772_409_600_000
FROM_H, UNTIL_H = -36 * 24, 7 * 24
WINDOWS = {"1h": 1, "6h": 6, "24h": 24, "7d": 168}
JUDGED = ("--from", iso(MONDAY_MS), "--format", "ndjson")


class Hour(NamedTuple):
    """What happens in an hour: trials, and what became of them."""

    trials: float
    successes: float


Course = Callable[[int], Hour]  # of the hour that begins so many hours after Monday
Site = tuple[tuple[str, dict[str, str], Course], ...]


def told(site: Site, kept: Callable[[int], bool] = lambda _: True) -> Iterator[dict[str, Any]]:
    """Tell figures at each full hour at which something was kept."""
    for seq, at in enumerate(range(FROM_H, UNTIL_H + 1), 1):
        if not kept(at):
            continue
        at_ms = MONDAY_MS + at * HOUR_MS
        for metric, labels, course in site:
            for window, hours in WINDOWS.items():
                whole = [course(hour) for hour in range(at - hours, at)]
                bottom, top = round(sum(one.trials for one in whole)), round(sum(one.successes for one in whole))
                ratio = metric.endswith("_ratio")
                yield {
                    "metric": metric, "labels": {"site": "shop", **labels}, "window": window,
                    "value": (top / bottom if bottom else None) if ratio else bottom,
                    "numerator": top if ratio else None, "denominator": bottom if ratio else None, "n": bottom,
                    "window_start": iso(at_ms - hours * HOUR_MS), "window_end": iso(at_ms), "as_of": iso(at_ms),
                    "complete": True, "data_since": "2025-12-01T00:00:00Z", "seq": seq, "catalog_version": "v",
                }  # fmt: skip


def backtest(folder: Path, readings: Iterator[dict[str, Any]]) -> set[tuple[str, str]]:
    """Give (severity, alert) of all that would have been told since Monday to somebody."""
    path = folder / "readings.ndjson"
    path.write_text("".join(json.dumps(one) + "\n" for one in readings))
    result = CliRunner().invoke(alerts, ["backtest", str(path), *JUDGED])
    assert result.exception is None, result.output
    *records, summary = map(json.loads, result.output.splitlines())
    assert summary["summary"]["site_weeks"] == pytest.approx(1, abs=0.02)
    return {(one["severity"], one["alert"]) for one in records if one["state"] == "firing" and not one["held"]}


def visits(course: Course) -> Site:
    """Have everybody come by themselves."""
    return (
        ("visitors", {}, course),
        ("visit_to_lead_ratio", {}, course),
        ("channel_visit_to_lead_ratio", {"channel": "direct"}, course),
    )


def nights(hour: int) -> Hour:
    """Have 2,000 visitors an hour at 5 % by day, 500 at 3 % by night."""
    return Hour(500, 15) if hour % 24 < 8 else Hour(2_000, 100)


def dead_by_night(hour: int) -> Hour:
    return Hour(nights(hour).trials, 0) if 24 <= hour < 32 else nights(hour)


@pytest.mark.parametrize(("course", "right"), [(nights, set()), (dead_by_night, {("page", "visit_to_lead_drop")})])
@pytest.mark.parametrize("weeks", [(1,), (1, 2), (4,)])
def test_a_gap_in_what_was_kept_is_no_drop_weeks_later(
    tmp_path: Path, weeks: tuple[int, ...], course: Course, right: set[tuple[str, str]]
) -> None:
    """Ten hours of the night to Tuesday were not kept some weeks ago."""
    lost = {22 + hour - 168 * week for week in weeks for hour in range(10)}
    assert backtest(tmp_path, told(visits(course), lambda at: at not in lost)) == right


def steady(hour: int) -> Hour:
    return Hour(900, 36)


def special(hour: int) -> Hour:
    """Bring six times as many on Wednesday of last week, who convert less."""
    return Hour(5_400, 130) if 48 - 168 <= hour < 72 - 168 else steady(hour)


def few_after(hour: int) -> Hour:
    return Hour(300, 12) if 58 <= hour < 64 else special(hour)


@pytest.mark.parametrize(
    ("course", "right"), [(steady, set()), (special, set()), (few_after, {("page", "visitors_drop")})]
)
def test_an_ordinary_day_after_a_special_one_is_no_drop(
    tmp_path: Path, course: Course, right: set[tuple[str, str]]
) -> None:
    assert backtest(tmp_path, told(visits(course))) == right


def mailing(send_at: Callable[[int], int], open_share: Callable[[int], float] = lambda _: 0.25) -> Site:
    """Send 5,000 on each Tuesday and 60 mails in every other hour; cohorts stand as they are when the horizon is over.

    `send_at` and `open_share` are by week, 0 the one that is judged.
    """

    def sent(hour: int) -> Hour:
        week = math.floor(hour / 168)
        if hour % 168 == 24 + send_at(week):
            return Hour(5_060, 5_000 * open_share(week) + 18)
        return Hour(60, 18)

    def old_enough(hour: int) -> Hour:
        return sent(hour - 24)

    labels = {"campaign": "news", "purpose": "marketing", "variant": "a"}
    return (
        ("emails_sent", {"purpose": "marketing"}, sent),
        ("email_open_ratio", labels, sent),
        ("email_open_in_time_ratio", labels, old_enough),
    )


def test_a_mailing_an_hour_later_is_no_drop(tmp_path: Path) -> None:
    assert backtest(tmp_path, told(mailing(lambda week: 11 if week == 0 else 10))) == set()


def test_a_mailing_that_few_open_is_one(tmp_path: Path) -> None:
    few = told(mailing(lambda _: 10, lambda week: 0.02 if week == 0 else 0.25))
    assert backtest(tmp_path, few) == {("ticket", "email_open_in_time_drop")}
