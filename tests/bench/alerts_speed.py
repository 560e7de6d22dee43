"""Speed of the rules: how long one round takes a real Prometheus, with a past of four weeks behind every series.

Run:  python -m tests.bench.alerts_speed [--series N] [--rounds N]
Out:  seconds of a round by group, and the slowest rules; exit code 1 above 2 s at 500 series.

A series is one ratio of one channel, campaign, form … in one window. The recorded past has a sample a minute for
seven days, since looking back over them is most of the work, and the minutes around the same hour of four weeks.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import numpy as np

from stream.export import rules
from stream.export.alerts import ratios, servers
from stream.export.alerts.entries import Judged, judged
from stream.export.alerts.promql import WEEKS, Timings
from stream.export.yaml import document
from tests.e2e import backfill
from tests.e2e.prometheus import prometheus, wait_until

LIMIT_S: Final = 2.0
LIMIT_SERIES: Final = 500
MINUTE_S, DAY_S, WEEK_S = 60, 86_400, 604_800


def chosen(count: int) -> list[tuple[Judged, str, str]]:
    """Name so many series: ratio, window and the value of its labels; ratios with labels by turns."""
    entries = [e for e in judged(Timings()) if e.rule in ("wilson", "poisson") and e.by]
    out: list[tuple[Judged, str, str]] = []
    number = 0
    while len(out) < count:
        for entry in entries:
            out += [(entry, window, f"v{number}") for window in entry.windows]
        number += 1
    return out[:count]


def labels_of(entry: Judged, window: str, value: str) -> dict[str, str]:
    """Give the labels as a worker shows them."""
    return dict.fromkeys(entry.metric.labels, value) | {"site": "shop", "window": window}


def exposition(series: list[tuple[Judged, str, str]]) -> str:
    """Write what a worker shows."""
    lines = ["leadpulse_complete 1"]
    for entry, window, value in series:
        labels = ",".join(f'{k}="{v}"' for k, v in labels_of(entry, window, value).items())
        lines.append(f"leadpulse_{entry.metric.name}_numerator{{{labels}}} 50")
        lines.append(f"leadpulse_{entry.metric.name}_denominator{{{labels}}} 1000")
    return "\n".join(lines) + "\n"


def past(data: Path, series: list[tuple[Judged, str, str]], now_s: int) -> int:
    """Write what was recorded; give the number of samples."""
    now_s -= now_s % MINUTE_S
    # Prometheus writes the last hours itself
    times = list(range(now_s - 7 * DAY_S, now_s - 3 * 3_600, MINUTE_S))
    around = [now_s - week * WEEK_S + at for week in reversed(WEEKS) for at in range(-600, 3_600, MINUTE_S)]
    times = sorted({*times, *around})
    chance = np.random.default_rng(1)
    columns = []
    for entry, window, value in series:
        by = f'by="{"/".join(entry.by)}",value="{"/".join([value] * len(entry.by))}"'
        labels = f'{{ratio="{entry.metric.name}",site="shop",{by},window="{window}"}}'
        trials = chance.poisson(1_000, len(times))
        columns.append(backfill.Column(ratios.TRIALS + labels, trials))
        columns.append(backfill.Column(ratios.SUCCESSES + labels, chance.binomial(trials, 0.05)))
    return backfill.write(columns, times, data)


@contextmanager
def exposed(text: str) -> Iterator[int]:
    """Serve a text as /metrics."""
    body = text.encode()

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


def measure(folder: Path, count: int, rounds: int) -> float:
    """Run the rules over so many series; print and give the seconds of the median round."""
    series = chosen(count)
    samples = past(folder / "data", series, int(time.time()))
    print(f"{count} series, {samples:,} samples of past")
    timings = Timings(interval="10s")
    files = {Path(path).name: text for path, text in rules.render(timings).items() if "/rules/" in path}
    with exposed(exposition(series)) as port:
        config = servers.prometheus(timings.interval, (f"127.0.0.1:{port}",))
        config["rule_files"] = ["leadpulse-*.yml"]
        config["global"]["scrape_interval"] = "5s"
        del config["alerting"]
        with prometheus(folder, document(config), files) as server:
            wait_until(lambda: len(server.instant(f"{ratios.STATE} > -2")) == count, 120, "every series has a state")
            seen: list[dict[str, float]] = []
            for _ in range(rounds):
                time.sleep(10)
                groups = server.groups()
                seen.append({name: float(group["evaluationTime"]) for name, group in groups.items()})
            slow = sorted(
                ((float(r["evaluationTime"]), r["name"]) for g in groups.values() for r in g["rules"]), reverse=True
            )
            judged_now = server.instant(f"count({ratios.USUAL})")[0]["value"][1]
    totals = sorted(sum(of_groups.values()) for of_groups in seen)
    for name in seen[-1]:
        print(f"  {name:<22}{sorted(of[name] for of in seen)[rounds // 2]:.3f} s")
    print("  slowest: " + ", ".join(f"{name} {seconds:.3f} s" for seconds, name in slow[:5]))
    median = totals[rounds // 2]
    print(
        f"one round: {median:.2f} s (least {totals[0]:.2f}, most {totals[-1]:.2f}); {judged_now} of {count} with a usual value"
    )
    return median


def main() -> None:
    """Measure and compare with the bar."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.alerts_speed")
    parser.add_argument("--series", type=int, default=LIMIT_SERIES)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="leadpulse-rules-") as folder:
        (Path(folder) / "data").mkdir()
        seconds = measure(Path(folder), options.series, options.rounds)
    sys.exit(1 if options.series <= LIMIT_SERIES and seconds > LIMIT_S else 0)


if __name__ == "__main__":
    main()
