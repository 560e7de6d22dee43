"""Speed of the rules: how long one round takes a real Prometheus, with a past of four weeks behind every series.

Run:  python -m tests.bench.alerts_speed [--series N] [--rounds N]
Out:  seconds of a round by group, and the slowest rules; exit code 1 above 2 s at 500 series.

A series is one ratio of one channel, campaign, form … in one window. The recorded past has a sample a minute for
seven days, since looking back over them is most of the work, and the minutes around the same hour of four weeks.
Beside them are what every site has: five sources that go on, its volumes, the countries of its visitors.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np

from stream.render import rules
from stream.render.alerts import companions, ratios, servers
from stream.render.alerts.entries import Judged, judged, named
from stream.render.alerts.promql import WEEKS, Timings
from stream.render.yaml import document
from tests.e2e import backfill
from tests.e2e.prometheus import prometheus, wait_until

LIMIT_S: Final = 2.0
LIMIT_SERIES: Final = 500
MINUTE_S, HOUR_S, DAY_S, WEEK_S = 60, 3_600, 86_400, 604_800
COUNTRIES: Final = 50


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
    lines = [f"{named('complete')} 1"]
    for entry, window, value in series:
        labels = ",".join(f'{k}="{v}"' for k, v in labels_of(entry, window, value).items())
        lines.append(f"{named(entry.metric.name)}_numerator{{{labels}}} 50")
        lines.append(f"{named(entry.metric.name)}_denominator{{{labels}}} 1000")
    lines += [f'{named("visitors")}{{site="shop",window="{window}"}} 1000' for window in ("1h", "6h")]
    lines += [f'{named("country_visitors")}{{site="shop",country="c{n}",window="1h"}} 20' for n in range(COUNTRIES)]
    for kind in servers.KINDS:
        lines.append(f'{named("source_lag_records")}{{kind="{kind}"}} 0')
        # one a second, ever since
        lines.append(f'{named("events_total")}{{kind="{kind}",outcome="counted"}} {int(time.time())}')
    return "\n".join(lines) + "\n"


def past(data: Path, series: list[tuple[Judged, str, str]], now_s: int) -> int:
    """Write what was recorded; give the number of samples."""
    now_s -= now_s % MINUTE_S
    # Prometheus writes the last hours itself
    week = range(now_s - WEEK_S, now_s - 3 * HOUR_S, MINUTE_S)
    times = sorted({*week, *_same_hours(now_s, -600, HOUR_S)})
    chance = np.random.default_rng(1)
    columns = []
    for entry, window, value in series:
        by = f'by="{"/".join(entry.by)}",value="{"/".join([value] * len(entry.by))}"'
        labels = f'{{ratio="{entry.metric.name}",site="shop",{by},window="{window}"}}'
        trials = chance.poisson(1_000, len(times))
        columns.append(backfill.Column(ratios.TRIALS + labels, trials))
        columns.append(backfill.Column(ratios.SUCCESSES + labels, chance.binomial(trials, 0.05)))
    return backfill.write(columns, times, data) + _past_beside(data, now_s)


def _past_beside(data: Path, now_s: int) -> int:
    # the longest spell of silence that is looked for, and an hour of the clock to each side
    times = _same_hours(now_s, -8 * HOUR_S, 2 * HOUR_S)
    level = np.ones(len(times), np.int64)
    columns = [
        *(backfill.Column(f'{companions.EVENTS}{{kind="{kind}"}}', np.asarray(times)) for kind in servers.KINDS),
        *(
            backfill.Column(f'{companions.VOLUME}{{metric="visitors",site="shop",window="{window}"}}', level * 1_000)
            for window in ("1h", "6h")
        ),
        *(
            backfill.Column(f'{companions.COUNTRY}{{site="shop",country="c{n}",window="1h"}}', level * 20)
            for n in range(COUNTRIES)
        ),
    ]
    return backfill.write(columns, times, data)


def _same_hours(now_s: int, since_s: int, until_s: int) -> list[int]:
    return [now_s - week * WEEK_S + at for week in reversed(WEEKS) for at in range(since_s, until_s, MINUTE_S)]


@contextmanager
def exposed(text: Callable[[], str]) -> Iterator[int]:
    """Serve a text as /metrics."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(text().encode())

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
    print(f"{count} series, {samples:,} samples of past", flush=True)
    timings = Timings(interval="10s")
    files = {Path(path).name: text for path, text in rules.render(timings).items() if "/rules/" in path}
    with exposed(lambda: exposition(series)) as port:
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
    totals = [sum(of_groups.values()) for of_groups in seen]
    for name in seen[-1]:
        print(f"  {name:<22}{median(of[name] for of in seen):.3f} s")
    print("  slowest rules: " + ", ".join(f"{name} {seconds:.3f} s" for seconds, name in slow[:5]))
    print(f"  {judged_now} of {count} series have a usual value")
    print(f"all groups: {median(totals):.2f} s, the median of {rounds} rounds ({min(totals):.2f} to {max(totals):.2f})")
    return median(totals)


def main() -> None:
    """Measure and compare with the bar."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.alerts_speed")
    parser.add_argument("--series", type=int, default=LIMIT_SERIES)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="leadpulse-rules-") as folder:
        (Path(folder) / "data").mkdir()
        seconds = measure(Path(folder), options.series, options.rounds)
    if options.series <= LIMIT_SERIES and seconds > LIMIT_S:
        print(f"missed: {seconds:.2f} s, more than {LIMIT_S:g} s", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
