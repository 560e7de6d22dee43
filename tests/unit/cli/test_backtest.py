"""`leadpulse alerts backtest`: what would have been told of readings that were told once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from stream.cli.alerts import alerts
from stream.errors import LeadpulseError
from stream.judge.told import iso

HOUR_MS = 3_600_000
#: Monday 2 March 2026, 0 h UTC; 36 days before it are told, too.
MONDAY_MS = 1_772_409_600_000
HOURS = {"1h": 1, "6h": 6, "24h": 24}

Rate = Callable[[float], float]  # visitors an hour, at hours after Monday


def lines(
    rate: Rate, begin_h: float, end_h: float, step_h: float = 1.0, *, changed: bool = False
) -> Iterator[dict[str, Any]]:
    """Tell the visitors of a site at steps; with `changed` as a worker does: only what is not as it was."""
    last: dict[str, float] = {}
    bins = range(round((end_h - begin_h) * 6) + 24 * 6)  # of ten minutes, from a day before on
    total = [0.0, *accumulate(rate(begin_h - 24 + at / 6) for at in bins)]
    for seq in range(round((end_h - begin_h) / step_h) + 1):
        at_h = begin_h + seq * step_h
        at_ms = MONDAY_MS + round(at_h * HOUR_MS)
        if changed:  # something always is not as it was
            yield {"metric": "page_views", "labels": {"site": "shop"}, "window": "5m", "value": seq, "seq": seq + 1,
                   "as_of": iso(at_ms), "complete": True}  # fmt: skip
        for window, hours in HOURS.items():
            at = round((at_h - begin_h) * 6) + 24 * 6
            value = round((total[at] - total[at - hours * 6]) / 6)
            if changed and last.get(window) == value:
                continue
            last[window] = value
            yield {
                "metric": "visitors", "labels": {"site": "shop"}, "window": window, "value": value, "numerator": None,
                "denominator": None, "n": value, "window_start": iso(at_ms - hours * HOUR_MS), "window_end": iso(at_ms),
                "as_of": iso(at_ms), "complete": True, "data_since": "2026-01-01T00:00:00Z", "seq": seq + 1,
                "catalog_version": "v",
            }  # fmt: skip


def outage(at_h: float) -> float:
    """Have 1,000 visitors an hour, and none from Monday 10 h to 14 h."""
    return 0.0 if 10 <= at_h < 14 else 1_000.0


def written(path: Path, told: Iterator[dict[str, Any]]) -> str:
    path.write_text("".join(json.dumps(line) + "\n" for line in told))
    return str(path)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(alerts, ["backtest", *arguments])


def records(result: Result) -> list[dict[str, Any]]:
    assert result.exception is None, result.exception
    return [json.loads(line) for line in result.output.splitlines()]


@pytest.mark.parametrize(("step_h", "told"), [(1.0, "11:00"), (1 / 2, "10:30"), (1 / 6, "10:40")])
@pytest.mark.parametrize("changed", [False, True])
def test_an_outage_is_one_page_whatever_the_step(tmp_path: Path, step_h: float, told: str, changed: bool) -> None:
    path = written(tmp_path / "r.ndjson", lines(outage, -30 * 24, 48, step_h, changed=changed))
    *found, summary = records(run(path, "--from", "2026-03-02T00:00:00Z", "--format", "ndjson"))
    assert {record["alert"] for record in found} == {"visitors_drop"}
    assert found[0]["at"][11:16] == told or changed  # of a standing figure the first look may be later
    assert [record["state"] for record in found][-1] == "resolved"
    assert (summary["summary"]["pages"], summary["summary"]["tickets"]) == (1, 0)
    assert summary["summary"]["site_weeks"] == pytest.approx(48 / 168, abs=0.01)


def test_the_table_ends_with_a_summary_and_what_was_never_judged(tmp_path: Path) -> None:
    path = written(tmp_path / "r.ndjson", lines(lambda _: 1_000.0, -48, 0))
    result = run(path)
    assert result.exception is None
    assert "0 pages (0 a site-week)" in result.output
    assert "visitors shop 24h: young" in result.output


def test_a_hole_of_a_week_is_no_page(tmp_path: Path) -> None:
    told = [*lines(lambda _: 1_000.0, -30 * 24, -7 * 24), *lines(lambda _: 1_000.0, 0, 24)]
    for seq, line in enumerate(told):
        line["seq"] = seq // 3 + 1
    *found, _ = records(run(written(tmp_path / "r.ndjson", iter(told)), "--format", "ndjson"))
    assert found == []


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda told: [*told[300:600], *told[:300]], "not in order"),
        (lambda told: [line for pair in zip(told, told[30:], strict=False) for line in pair], "not in order"),
        (lambda told: [{**line, "as_of": "2030-01-01T00:00:00Z"} if 300 <= at < 303 else line for at, line in enumerate(told)],
         "Time goes back from 2030-01-01T00:00:00Z"),
        (lambda told: [{**told[0], "as_of": "yesterday"}], "as_of is no time"),
        (lambda told: [{"type": "page_view"}], "nothing to judge"),
        (lambda told: [{**line, "window": "30d"} for line in told], "nothing to judge"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_one_clear_message(tmp_path: Path, spoil: Any, says: str) -> None:
    told = spoil(list(lines(lambda _: 1_000.0, -10 * 24, 0)))
    result = run(written(tmp_path / "r.ndjson", iter(told)))
    assert isinstance(result.exception, LeadpulseError)
    assert says in str(result.exception)
    assert "do:" in str(result.exception)


def test_settings_of_a_file_change_what_is_told(tmp_path: Path) -> None:
    path = written(tmp_path / "r.ndjson", lines(outage, -30 * 24, 24))
    settings = tmp_path / "alerts.toml"
    settings.write_text('[[calendar]]\nsites = ["shop"]\nfrom = 2026-03-02\nto = 2026-03-02\n')
    begin = ["--from", "2026-03-02T00:00:00Z", "--to", "2026-03-02T22:00:00Z", "--format", "ndjson"]
    assert len(records(run(path, *begin))) > 1
    assert len(records(run(path, *begin, "--alerts", str(settings)))) == 1


def test_other_metrics_are_passed_over(tmp_path: Path) -> None:
    told = []
    for line in lines(outage, -30 * 24, 24):
        told += [line, {**line, "metric": "page_views_of_another_release"}, {**line, "window": "5m"}]
    *found, _ = records(run(written(tmp_path / "r.ndjson", iter(told)), "--format", "ndjson"))
    assert {record["alert"] for record in found} == {"visitors_drop"}


def test_a_span_that_is_none_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "r.ndjson", lines(outage, 0, 2))
    result = run(path, "--from", "2026-03-02T00:00:00Z", "--to", "2026-03-01T00:00:00Z")
    assert "Nothing lies between" in str(result.exception)
    assert "--from" in str(run(path, "--from", "soon").exception)
