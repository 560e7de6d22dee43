"""Back-fill: a past for a Prometheus, written by promtool.

In:  series as columns of numbers; recording rules.
Out: blocks below a data folder: first of the series, then of the rules, evaluated by a real Prometheus over them.

Rules that read other rules are evaluated after them, so there is one pass for each depth.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from stream.render.yaml import document
from tests.e2e.prometheus import program, prometheus

#: promtool writes one block for each span of this length (twice a power of three hours). It reads its input once
#: a block, and asks for a block of a rule at once: at steps of 5 min no more than the 11,000 points of a query.
BLOCK, RULE_BLOCK = "1458h", "486h"

NO_TARGETS = "global: {evaluation_interval: 1h}\n"


class Numbers(Protocol):
    """A column of numbers."""

    def tolist(self) -> list[float]: ...


class Column(NamedTuple):
    """A series: its name with labels as they are written, and its values at the steps of the time axis."""

    series: str
    values: Numbers


def write(columns: Iterable[Column], times_s: list[int], data: Path) -> int:
    """Write columns as blocks; give the number of samples."""
    samples = 0
    with tempfile.TemporaryDirectory(dir=data.parent) as folder:
        text = Path(folder) / "history.om"
        stamps = [f" {at}\n" for at in times_s]
        with text.open("w") as out:
            for column in columns:
                head = f"{column.series} "
                out.write("".join([f"{head}{v!r}{t}" for v, t in zip(column.values.tolist(), stamps, strict=True)]))
                samples += len(stamps)
            out.write("# EOF\n")
        _promtool(["tsdb", "create-blocks-from", "openmetrics", "-q", f"--max-block-duration={BLOCK}", str(text),
                   str(data)])  # fmt: skip
    return samples


def passes(groups: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Order recording rules by what they read; each pass reads only what the passes before it wrote."""
    rules = [rule for group in groups for rule in group["rules"]]
    names = {rule["record"] for rule in rules}
    reads: dict[str, set[str]] = {name: set() for name in names}
    for rule in rules:
        reads[rule["record"]] |= set(re.findall(r"leadpulse:[a-z0-9_]+:[a-z0-9_]+", rule["expr"])) & names - {
            rule["record"]
        }
    done: set[str] = set()
    out = []
    while len(done) < len(names):
        ready = {name for name in names - done if reads[name] <= done}
        if not ready:
            raise ValueError(f"rules read each other in a circle: {sorted(names - done)}")
        out.append([rule for rule in rules if rule["record"] in ready])
        done |= ready
    return out


def evaluate(
    folder: Path, groups: list[dict[str, Any]], start_s: int, end_s: int, step_s: int, later_s: int | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> None:  # fmt: skip
    """Write what the rules give at each step, for a Prometheus whose data are folder/data.

    The first pass makes the history that the others look back on; these may begin later.
    """
    for number, rules in enumerate(passes(groups), 1):
        began = time.monotonic()
        from_s = start_s if number == 1 or later_s is None else later_s
        _pass(folder, rules, from_s, end_s, step_s)
        names = sorted({rule["record"] for rule in rules})
        say(f"pass {number}: {len(rules)} rules in {time.monotonic() - began:.0f} s: {', '.join(names)}")


def phase_s(folder: Path, at_s: int, step_s: int) -> int:
    """Tell when within a step rules are evaluated: Prometheus spreads groups by a hash of their name and file."""
    _pass(folder, [{"record": "leadpulse:proof:phase", "expr": "vector(1)"}], at_s, at_s + 3 * step_s, step_s)
    with prometheus(folder, NO_TARGETS, more=wide(step_s)) as server:
        seen = server.instant("timestamp(leadpulse:proof:phase)", at_s + 3 * step_s)
    return int(float(seen[0]["value"][1])) % step_s


def _pass(folder: Path, rules: list[dict[str, Any]], start_s: int, end_s: int, step_s: int) -> None:
    (folder / "pass.yml").write_text(document({"groups": [{"name": "pass", "rules": rules}]}))
    with prometheus(folder, NO_TARGETS, more=wide(step_s)) as server:
        _promtool([
            "tsdb", "create-blocks-from", "rules", f"--url={server.url}", f"--start={start_s}", f"--end={end_s}",
            f"--eval-interval={step_s}s", "--output-dir=written", f"--max-block-duration={RULE_BLOCK}", "pass.yml",
        ], folder)  # fmt: skip
    for block in (folder / "written").glob("*"):
        shutil.move(str(block), folder / "data" / block.name)


def wide(step_s: int) -> list[str]:
    """Give what a Prometheus needs to read samples that lie a step apart, and many of them at once."""
    return [
        "--query.max-samples=1000000000",
        "--query.timeout=20m",
        f"--query.lookback-delta={max(300, step_s)}s",
    ]


def _promtool(arguments: list[str], folder: Path | None = None) -> None:
    done = subprocess.run([program("promtool"), *arguments], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(f"promtool {' '.join(arguments)}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
