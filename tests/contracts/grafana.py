"""Grafana's side of the dashboards: its variables, its schema, and a Prometheus that holds made-up data.

In:  rendered dashboards; fabricated readings.
Out: queries as Grafana would send them; what the TypeScript compiler says; series of two owners in a real Prometheus.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from stream.catalog import BY_NAME, version
from stream.contract.alert import EXAMPLE, AlertRecord, Verdict
from stream.judge.plan import judged
from stream.judge.settings import Settings
from stream.serve.judged import families
from stream.serve.prometheus import Exposition, Labels, Snapshot, series_text
from stream.serve.telemetry import Telemetry
from stream.serve.views import AlertsView, JudgedFigure, ShardView, WorkerView
from tests.e2e.backfill import Column, write
from tests.fabric import label_sets, readings

STEP_S, HOUR_S = 900, 3_600
SITES = ("shop", "blog")
#: What Grafana puts in place of its variables; windows so that a day of history is enough.
VARIABLES = {
    "${datasource}": "prometheus", "$site": ".+", "$window": "1h", "$step_window": "1h", "$session_window": "1h", "$content_window": "24h",
    "$money_window": "24h", "$leads_window": "24h",
}  # fmt: skip
#: Seconds that a dashboard shows → step and `$__rate_interval` as Grafana has them at 1,000 points and scrapes of 15 s.
SCRAPE_S = 15
RANGES = {900: (15, "60s"), 3_600: (15, "60s"), 21_600: (20, "60s"), 86_400: (60, "75s"), 604_800: (600, "615s")}
PACKAGES = ("@grafana/schema@13.2.3", "typescript@5.9.3")
CACHE = Path(__file__).resolve().parents[2] / ".cache" / "grafana-schema"
#: Fields that the plugins add and the schema leaves open, by where they stand.
ANNOTATION_FIELDS = ("expr", "step", "titleFormat", "textFormat", "tagKeys")
VARIABLE_FIELDS = ("auto", "auto_min", "auto_count")
TYPES = """import type { Dashboard } from './node_modules/@grafana/schema/dist/types/raw/dashboard/x/types.gen';
// An enum's member is not a string to the compiler; JSON has only strings.
type Plain<T> = T extends string ? `${T}` : T extends number ? number : T extends readonly (infer U)[] ? Plain<U>[]
  : T extends object ? { [K in keyof T]: Plain<T[K]> } : T;
"""


class Query(NamedTuple):
    """A query of a panel, with Grafana's variables replaced."""

    board: str
    panel: str
    ref: str
    expr: str
    instant: bool


def panels(board: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Give the panels of a dashboard, without its rows."""
    yield from (panel for panel in board["panels"] if panel["type"] != "row")


def queries(boards: dict[str, dict[str, Any]], rate_interval: str = "1h") -> list[Query]:
    """Give every query of every panel."""
    return [
        Query(uid, panel["title"], target["refId"], filled(target["expr"], rate_interval), bool(target.get("instant")))
        for uid, board in boards.items()
        for panel in panels(board)
        for target in panel["targets"]
    ]


def filled(expr: str, rate_interval: str = "1h") -> str:
    """Put values in place of variables."""
    for name, value in {**VARIABLES, "$__rate_interval": rate_interval}.items():
        expr = expr.replace(name, value)
    assert "$" not in expr, f"a variable is left in {expr}"
    return expr


def compile_against_schema(boards: dict[str, dict[str, Any]]) -> str:
    """Let the TypeScript compiler compare dashboards with Grafana's own types; give what it says."""
    if shutil.which("npm") is None:
        pytest.skip("there is no npm to fetch Grafana's schema with")
    CACHE.mkdir(parents=True, exist_ok=True)
    if not (CACHE / "node_modules" / "typescript" / "bin" / "tsc").exists():
        command = ["npm", "install", "--prefix", str(CACHE), "--no-save", "--no-audit", "--no-fund", "--silent"]
        if subprocess.run([*command, *PACKAGES], check=False, timeout=240).returncode:
            pytest.skip("npm could not fetch @grafana/schema")
    text = "\n".join(
        f"export const b{n}: Plain<Dashboard> = {json.dumps(_core(b))};" for n, b in enumerate(boards.values())
    )
    (CACHE / "boards.ts").write_text(TYPES + text)
    tsc = ["node", "node_modules/typescript/bin/tsc", "--noEmit", "--strict", "--skipLibCheck",
           "--module", "nodenext", "--moduleResolution", "nodenext", "boards.ts"]  # fmt: skip
    return subprocess.run(tsc, cwd=CACHE, capture_output=True, text=True, check=False, timeout=240).stdout


def _core(board: dict[str, Any]) -> dict[str, Any]:
    core = json.loads(json.dumps(board))
    for annotation in core["annotations"]["list"]:
        for name in ANNOTATION_FIELDS:
            annotation.pop(name, None)
    for variable in core["templating"]["list"]:
        for name in VARIABLE_FIELDS:
            variable.pop(name, None)
    return core


# -- a Prometheus with data


def load(folder: Path, now_s: int) -> None:
    """Write a day of history in which the figures moved to another worker, and both showed them for a while."""
    # what stands is compared with the week before, growth with the month before
    long_ago = [at_s for days in (30, 7) for at_s in _until(now_s - days * 24 * HOUR_S)]
    every = [
        *long_ago,
        *range(now_s - 26 * HOUR_S, now_s - 23 * HOUR_S, STEP_S),
        *range(now_s - 4 * HOUR_S, now_s + 1, STEP_S),
    ]
    moved_s = now_s - HOUR_S
    columns: dict[str, list[float]] = {}
    for at_s in every:
        for name, labels, value in _samples(at_s):
            columns.setdefault(series_text(name, labels), []).append(value)
    for owner, first, last in (("w1", 0, moved_s + 2 * STEP_S), ("w2", moved_s, now_s)):
        chosen = [at for at, at_s in enumerate(every) if first <= at_s <= last]
        found = [
            Column(_on(owner, text), _Numbers([values[at] for at in chosen]))
            for text, values in columns.items()
            if len(values) == len(every)
        ]
        write(found, [every[at] for at in chosen], folder)


def load_scrapes(folder: Path, now_s: int) -> None:
    """Write what the scrapes of the last half hour brought of everything that counts up."""
    every = list(range(now_s - 1_800, now_s + 1, SCRAPE_S))
    columns: dict[str, list[float]] = {}
    for at_s in every:
        made = readings(at_s * 1_000, SITES, names=frozenset())  # the account alone
        for family in Exposition(BY_NAME).families(Snapshot(tuple(made), at_s * 1_000)):
            for _, name, labels, value in family.samples:
                columns.setdefault(series_text(name, labels), []).append(value)
        for name, labels, value in _of_worker(at_s):
            columns.setdefault(series_text(name, labels), []).append(value)
    found = [Column(_on("w1", text), _Numbers(values)) for text, values in columns.items() if len(values) == len(every)]
    write(found, every, folder)


def _until(end_s: int) -> range:
    return range(end_s - 3 * HOUR_S, end_s + 1, STEP_S)


class _Numbers(list[float]):
    def tolist(self) -> list[float]:
        return self


def _on(owner: str, text: str) -> str:
    """Add the labels that a scrape adds."""
    name, _, inside = text.strip().partition("{")
    inside = inside.removesuffix("}")
    return f'{name}{{{inside}{"," if inside else ""}instance="{owner}",job="leadpulse"}}'


def _samples(at_s: int) -> Iterator[tuple[str, Labels, float]]:
    made = readings(at_s * 1_000, SITES, windows=("1h", "24h", "now"))
    growth = readings(at_s * 1_000, SITES, names=frozenset({"revenue_growth_ratio"}))
    made += [reading for reading in growth if reading.window is not None]
    for family in Exposition(BY_NAME).families(Snapshot(tuple(made), at_s * 1_000)):
        for _, name, labels, value in family.samples:
            yield name, labels, value
    for name, labels, value in _of_worker(at_s):
        yield name, labels, value
    yield "up", (), 1
    for family in families(AlertsView((_FIRES,), SITES, Settings(), at_s * 1_000), _judged()):
        for _, name, labels, value in family.samples:
            yield name, labels, value


#: What fires at the shop.
_FIRES = msgspec.convert(EXAMPLE, AlertRecord)


def _judged() -> Iterator[JudgedFigure]:
    """Give a verdict of everything that is judged."""
    for entry in judged():
        by = tuple(label for label in entry.metric.labels if label in entry.by)
        found = {
            (labels["site"], ",".join(labels[label] for label in by)) for labels in label_sets(entry.metric, SITES)
        }
        for site, value in sorted(found):
            for window in entry.windows:
                verdict = Verdict("ok", usual=0.05, limit=0.045, needed=843, weeks=4)
                yield JudgedFigure(entry.metric.series, site, ",".join(by), value, window, verdict)


def _of_worker(at_s: int) -> Iterator[tuple[str, Labels, float]]:
    telemetry = Telemetry(version())
    shard = ShardView(
        "visitors", 0, "running", True, {"page_view": 3}, at_s, at_s, at_s * 1_000, 0.02, 1.5, 10, False, 2.0, 9
    )
    telemetry.show_worker(WorkerView((shard,), owns_rollup=True, rebalances=1, ready=True, clock_skew_ms=120))
    telemetry.requests.labels("/metrics", "200").inc(at_s)
    for family in text_string_to_metric_families(telemetry.text().decode()):
        for sample in family.samples:
            yield sample.name, tuple(sample.labels.items()), sample.value
