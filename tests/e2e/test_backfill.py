"""Back-fill end to end: a file of events becomes the past of a real Prometheus, by the commands that docs/operations.md shows.

      25 h ago      23 h ago                 2 h ago          end
events |───────────────────────────────────────────────────────|
parts     |────────────|                        |──────────────|      two histories, one data folder

Then each series is, at several moments, what `leadpulse replay --at` says, and the overview shows the past.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from stream.catalog import BY_NAME
from stream.contract.times import format_ms
from stream.serve.prometheus import PREFIX
from tests.contracts.grafana import queries
from tests.e2e.prometheus import Prometheus, program, prometheus

pytestmark = [pytest.mark.prometheus, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[2]
OVERVIEW = ROOT / "deploy" / "grafana" / "dashboards" / "leadpulse-overview.json"
CONFIG = "global: {evaluation_interval: 1h}\n"
STEP_S, HOUR_S = 300, 3_600
#: A Wednesday afternoon: at night an hour may pass without a single chat, and its panel would rightly be empty.
END = datetime(2026, 3, 11, 15, tzinfo=UTC)
#: What only a worker can show; so are what is usual of a figure, and its limit.
NOT_OF_EVENTS = {"Unread records", "States of the sites' figures", "Alerts"}
OF_THE_JUDGE = "leadpulse_judged_"

Key = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Filled:
    """A Prometheus with a past, and the file that it was made of."""

    server: Prometheus
    events: Path
    end_s: int

    def at(self, moment_s: int) -> dict[Key, float]:
        """Give the samples of a moment: not those that are still shown after it."""
        answer = self.server.instant('{__name__=~"leadpulse_.+"}[4m]', moment_s)
        return {
            frozenset(series["metric"].items()): float(value)
            for series in answer
            for stamp, value in series["values"]
            if stamp == moment_s
        }


def command(*words: str) -> bytes:
    done = subprocess.run(words, cwd=ROOT, capture_output=True, check=False, timeout=120)
    assert done.returncode == 0, (words, done.stderr.decode()[-2_000:])
    return done.stdout


def leadpulse(*words: str) -> bytes:
    return command(sys.executable, "-m", "stream", *words)


def moment(at_s: int) -> str:
    return format_ms(at_s * 1_000)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    folder = tmp_path_factory.mktemp("backfill")
    promtool, data, events = program("promtool"), folder / "data", folder / "events.ndjson"
    end_s = int(END.timestamp())
    leadpulse("simulate", "--rate", "0.15", "--for", "26h", "--end", moment(end_s + 1), "--out", str(events))
    for first_h, last_h in ((25, 23), (2, 0)):
        part = folder / f"history-{first_h}.om"
        span = ("--from", moment(end_s - first_h * HOUR_S), "--at", moment(end_s - last_h * HOUR_S))
        part.write_bytes(leadpulse("replay", "--format", "openmetrics", "--every", "5m", *span, str(events)))
        command(promtool, "tsdb", "create-blocks-from", "openmetrics", str(part), str(data))
    with prometheus(folder, CONFIG) as server:  # blocks are taken at the start, or within a minute
        yield Filled(server, events, end_s)


def replayed(events: Path, at_s: int) -> dict[Key, float]:
    """Give the series of a replay: a reading is one, a ratio three, one of a cohort four, a summary two and its quantiles."""
    out: dict[Key, float] = {}

    def put(name: str, labels: dict[str, str], value: float | None) -> None:
        if value is not None:
            out[frozenset({"__name__": PREFIX + name, **labels}.items())] = value

    for line in leadpulse("replay", "--format", "ndjson", "--at", moment(at_s), str(events)).splitlines()[:-1]:
        row: dict[str, Any] = json.loads(line)
        name, kind = row["metric"], BY_NAME[row["metric"]].kind
        labels = {label: value for label, value in row["labels"].items() if value}  # an empty label is none
        if row["window"]:
            labels["window"] = row["window"]
        put(name, labels, row["value"])
        if kind == "summary":
            whole = {label: value for label, value in labels.items() if label != "quantile"}
            put(f"{name}_sum", whole, row["numerator"] or 0)
            put(f"{name}_count", whole, row["n"])
        elif row["numerator"] is not None:
            put(f"{name}_numerator", labels, row["numerator"])
            put(f"{name}_denominator", labels, row["denominator"])
        put(f"{name}_maturity", labels, row.get("maturity"))
    put("as_of_timestamp_seconds", {}, at_s)
    return out


@pytest.mark.parametrize("ago_s", [0, 40 * 60, 23 * HOUR_S, 25 * HOUR_S - STEP_S])
def test_every_series_is_what_a_replay_of_that_moment_says(filled: Filled, ago_s: int) -> None:
    at_s = filled.end_s - ago_s
    found, expected = filled.at(at_s), replayed(filled.events, at_s)
    assert len(expected) > 3_000
    assert {key: found.get(key) for key in expected} == expected
    # what was taken back before that moment is still a series, at 0
    assert {key: value for key, value in found.items() if key not in expected and value} == {}


def test_the_parts_hold_their_steps_and_nothing_between(filled: Filled) -> None:
    seen = filled.server.instant("leadpulse_complete[2d]", filled.end_s)
    ago_h = [(filled.end_s - stamp) / HOUR_S for series in seen for stamp, _ in series["values"]]
    assert ago_h == [n / 12 for n in (*range(300, 275, -1), *range(24, -1, -1))]


def test_the_overview_shows_the_past(filled: Filled) -> None:
    board = json.loads(OVERVIEW.read_text())
    empty = set()
    for query in queries({"overview": board}):
        if query.instant:
            found = filled.server.instant(query.expr, filled.end_s)
        else:
            found = filled.server.range(query.expr, filled.end_s - HOUR_S // 2, filled.end_s, STEP_S)
        if not found and (OF_THE_JUDGE not in query.expr or query.panel in NOT_OF_EVENTS):
            empty.add(query.panel)
    assert empty == NOT_OF_EVENTS
