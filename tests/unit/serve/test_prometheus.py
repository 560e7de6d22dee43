"""Prometheus: what a snapshot looks like to a scrape."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from stream.catalog import BY_NAME
from stream.contract.readings import Reading
from stream.serve.prometheus import Exposition, Snapshot
from stream.serve.telemetry import Telemetry
from stream.serve.views import RollupView, ShardView, WorkerView


@dataclass(frozen=True)
class Entry:
    kind: str
    help: str = "What it is."


ENTRIES = {
    "sessions": Entry("count"),
    "open_ratio": Entry("ratio"),
    "step_seconds": Entry("summary"),
    "events_total": Entry("total"),
    "conservation_error": Entry("gauge", "A\nB \\ C"),
}


def reading(
    metric: str,
    labels: dict[str, str],
    window: str | None,
    value: int | float | None,
    parts: tuple[int | float | None, int | None] = (None, None),
) -> Reading:
    return Reading(metric, labels, window, value, *parts, parts[1], 0, 1, 1, True, 0, 1, "v")


def lines(*readings: Reading) -> list[str]:
    text = Exposition(ENTRIES).render(Snapshot(readings, as_of_ms=1_500)).decode()
    return [line for line in text.splitlines() if not line.startswith("#") and "as_of" not in line]


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        # a count: its name and a label `window`
        ([reading("sessions", {"site": "s1"}, "1h", 3)], ['leadpulse_sessions{site="s1",window="1h"} 3']),
        # a ratio: unrounded, and its two parts beside it
        (
            [reading("open_ratio", {"site": "s1"}, "1h", 61 / 993, (61, 993))],
            [
                'leadpulse_open_ratio{site="s1",window="1h"} 0.06143001007049345',
                'leadpulse_open_ratio_denominator{site="s1",window="1h"} 993',
                'leadpulse_open_ratio_numerator{site="s1",window="1h"} 61',
            ],
        ),
        # nothing to divide by: the ratio is left out, its parts say why
        (
            [reading("open_ratio", {"site": "s1"}, "1h", None, (0, 0))],
            [
                'leadpulse_open_ratio_denominator{site="s1",window="1h"} 0',
                'leadpulse_open_ratio_numerator{site="s1",window="1h"} 0',
            ],
        ),
        # a cohort: how mature it is, whether or not there is anything to divide by
        (
            [msgspec.structs.replace(reading("open_ratio", {"site": "s1"}, "365d", 0.5, (1, 2)), maturity=0.75)],
            [
                'leadpulse_open_ratio{site="s1",window="365d"} 0.5',
                'leadpulse_open_ratio_denominator{site="s1",window="365d"} 2',
                'leadpulse_open_ratio_maturity{site="s1",window="365d"} 0.75',
                'leadpulse_open_ratio_numerator{site="s1",window="365d"} 1',
            ],
        ),
        # quantiles: one summary, with one sum and one count
        (
            [
                reading("step_seconds", {"site": "s1", "quantile": "0.5"}, "1h", 2.5, (30.5, 7)),
                reading("step_seconds", {"site": "s1", "quantile": "0.9"}, "1h", 9.5, (30.5, 7)),
            ],
            [
                'leadpulse_step_seconds{site="s1",quantile="0.5",window="1h"} 2.5',
                'leadpulse_step_seconds{site="s1",quantile="0.9",window="1h"} 9.5',
                'leadpulse_step_seconds_sum{site="s1",window="1h"} 30.5',
                'leadpulse_step_seconds_count{site="s1",window="1h"} 7',
            ],
        ),
        # totals: no window
        ([reading("events_total", {"kind": "ad"}, None, 5)], ['leadpulse_events_total{kind="ad"} 5']),
        ([reading("conservation_error", {}, None, 0)], ["leadpulse_conservation_error 0"]),
    ],
)
def test_a_reading_is_shown_as(shown: list[Reading], expected: list[str]) -> None:
    assert lines(*shown) == expected


def test_no_sample_has_a_timestamp_and_counters_are_counters() -> None:
    text = Exposition(ENTRIES).render(Snapshot((reading("events_total", {}, None, 5),), 1)).decode()
    assert "# TYPE leadpulse_events_total counter\n" in text
    assert "\nleadpulse_events_total 5\n" in text


label_values = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)


@given(
    st.lists(
        st.tuples(label_values, st.floats(allow_nan=False, allow_infinity=False)),
        max_size=8,
        unique_by=lambda x: x[0],
    )
)
def test_what_is_written_is_what_prometheus_reads(
    values: list[tuple[str, float]],
) -> None:
    snapshot = Snapshot(tuple(reading("sessions", {"site": site}, "1h", value) for site, value in values), 1)
    written = _parsed(Exposition(ENTRIES).render(snapshot).decode())
    assert {(dict(labels)["site"], value) for (name, labels), value in written.items() if "sessions" in name} == set(
        values
    )


def test_a_metric_that_is_not_in_the_catalog_is_an_error() -> None:
    with pytest.raises(KeyError, match="unheard_of"):
        lines(reading("unheard_of", {}, "1h", 1))


@pytest.mark.prometheus
def test_every_metric_of_catalog_and_worker_passes_promtool() -> None:
    promtool = shutil.which("promtool")
    assert promtool is not None
    shown = []
    for name, metric in BY_NAME.items():
        labels = dict.fromkeys(metric.labels, "x")
        if metric.kind == "summary":
            labels["quantile"] = "0.5"
        parts = (1, 2) if metric.denominator else (None, None)
        shown.append(reading(name, labels, metric.windows[0] if metric.windows else None, 0.5, parts))
    telemetry = Telemetry("v")
    telemetry.show_rollup(RollupView(tuple(shown), 1, 1))
    shard = ShardView("visitors", 3, "running", lag_records={"form": 2})
    telemetry.show_worker(WorkerView((shard,), owns_rollup=True, rebalances=1, ready=True))
    telemetry.requests.labels("/metrics", "200").inc()
    assert telemetry.snapshot is not None
    text = Exposition(BY_NAME).render(telemetry.snapshot) + telemetry.text()
    result = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, check=False)
    assert (result.returncode, result.stderr.decode(), result.stdout.decode()) == (0, "", "")


def _parsed(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
