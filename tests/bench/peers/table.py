"""Table: what was measured, as JSON and as the tables of the page.

In:  the rows of a sitting.
Out: build/peers.json; Markdown. CPU is in seconds per million events, medians of the rounds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from statistics import median
from typing import Any, Final

from tests.bench.peers.engines import OWN, Engine
from tests.bench.peers.program import Run

JSON: Final = Path(__file__).resolve().parents[3] / "build" / "peers.json"

Row = dict[str, Any]


def row(engine: Engine, runs: Iterable[Run], wrong: str, why_not: str = "") -> Row:
    """Make the row of an engine; `why_not` says why it has no runs.

    >>> from tests.bench.peers.engines import ENGINES
    >>> made = row(ENGINES[0], [Run(2_000_000, 40.0, 34.0, 1.0, 400.0), Run(2_000_000, 44.0, 36.0, 1.0, 410.0)], "")
    >>> made["cpu_s_per_million"], made["least"], made["most"], made["peak_mb"]
    (17.5, 17.0, 18.0, 410.0)
    """
    made: Row = {"name": engine.name, "title": engine.title, "promises": engine.promises, "why_not": why_not}
    costs = [run.cpu_s / run.events * 1e6 for run in runs]
    if costs:
        made |= {
            "events": max(run.events for run in runs),
            "cpu_s_per_million": median(costs),
            "least": min(costs),
            "most": max(costs),
            "events_per_s": median(run.events / run.wall_s for run in runs),
            "start_cpu_s": median(run.start_cpu_s for run in runs),
            "peak_mb": max(run.peak_mb for run in runs),
            "deviation": (wrong or "none") if engine.answers else "",
        }
    return made


def costs(rows: Iterable[Row]) -> str:
    """Write what each engine needed, the cheapest first, and below why others are not there.

    >>> own = {"name": "leadpulse", "title": "leadpulse", "promises": "exactly once", "events": 2_000_000, "cpu_s_per_million": 20.0,
    ...        "least": 19.0, "most": 22.0, "peak_mb": 400.0, "deviation": "none", "why_not": ""}
    >>> slow = own | {"name": "faust", "title": "Faust", "events": 20_000, "cpu_s_per_million": 700.0}
    >>> print(costs([slow, own, {"title": "Flink", "why_not": "no java"}]))
    | engine | after a crash | events | CPU s per million (least–most) | events per CPU-second | its CPU ÷ leadpulse's | peak MB | deviation |
    |---|---|---|---|---|---|---|---|
    | **leadpulse** | exactly once | 2,000,000 | 20.0 (19.0–22.0) | 50,000 | 1 | 400 | none |
    | Faust | exactly once | 20,000 | 700 (19.0–22.0) | 1,400 | 35 | 400 | none |
    <BLANKLINE>
    Not had on this machine, and not counted: Flink (no java).
    """
    rows = list(rows)
    had = sorted((one for one in rows if not one["why_not"]), key=lambda one: one["cpu_s_per_million"])
    own = next((one["cpu_s_per_million"] for one in had if one["name"] == OWN), None)
    lines = [
        "| engine | after a crash | events | CPU s per million (least–most) | events per CPU-second | its CPU ÷ leadpulse's | peak MB | deviation |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in had:
        cost = one["cpu_s_per_million"]
        title = f"**{one['title']}**" if one["name"] == OWN else one["title"]
        spread = f"{short(cost)} ({short(one['least'])}–{short(one['most'])})"
        ratio = "" if own is None else "1" if one["name"] == OWN else _two(cost / own)
        lines.append(
            f"| {title} | {one['promises']} | {one['events']:,} | {spread} | {round(1e6 / cost, -2):,.0f} | {ratio} | "
            f"{one['peak_mb']:.0f} | {one['deviation']} |"
        )
    return "\n".join([*lines, *_missing(rows)])


def loads(rows: Iterable[Row], rate: int) -> str:
    """Write what each engine takes of a core, idle and at a rate.

    >>> print(loads([{"title": "a", "idle": 1.25, "busy": 8.0, "peak_mb": 99.6, "why_not": ""}], 1_000))
    | engine | idle | at 1,000 events/s | peak MB |
    |---|---|---|---|
    | a | 1.2 % | 8.0 % | 100 |
    """
    rows = list(rows)
    lines = [f"| engine | idle | at {rate:,} events/s | peak MB |", "|---|---|---|---|"]
    for one in sorted((one for one in rows if not one["why_not"]), key=lambda one: one["busy"]):
        lines.append(f"| {one['title']} | {one['idle']:.1f} % | {one['busy']:.1f} % | {one['peak_mb']:.0f} |")
    return "\n".join([*lines, *_missing(rows)])


def _missing(rows: Iterable[Row]) -> list[str]:
    missing = [f"{one['title']} ({one['why_not']})" for one in rows if one["why_not"]]
    return ["", f"Not had on this machine, and not counted: {'; '.join(missing)}."] if missing else []


def short(number: float) -> str:
    """Write a number with a decimal where it is below a hundred."""
    return f"{number:.1f}" if number < 100 else f"{number:.0f}"


def _two(number: float) -> str:
    return f"{number:.2f}" if number < 10 else f"{number:.0f}"


def write(sitting: Mapping[str, Any], path: Path = JSON) -> None:
    """Keep a sitting."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(sitting, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read(path: Path = JSON) -> dict[str, Any]:
    """Give the last sitting; nothing if there was none."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
