"""Chaos: the fault suite. Real Kafka, real worker processes, real signals; what needs no broker is simulated.

Run:  python -m tests.chaos [--long] [--list] [--table] [ID …]
Out:  a line for each scenario; build/chaos.json; exit code 1 if one failed. What cannot run here says why.

Two scenarios go on side by side: those that run tests beside those that run workers, which wait more than they work;
who is through with workers goes on with tests. The simulation has what time they leave. Those that run tests share a broker,
as the tests of one run do.
"""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress

from tests.chaos import nodes, report
from tests.chaos.ground import Ground
from tests.chaos.outcome import NotHere, Outcome, Row, Scenario
from tests.chaos.table import BY_ID, SCENARIOS
from tests.integration import shared


def main() -> int:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("ids", nargs="*", metavar="ID", help="only these scenarios; default: all")
    parser.add_argument("--long", action="store_true", help="all columns: hours, not minutes")
    parser.add_argument("--list", action="store_true", help="show the scenarios and run nothing")
    parser.add_argument("--table", action="store_true", help="write what was found last into docs/reliability.md")
    chosen = parser.parse_args()
    if unknown := [id for id in chosen.ids if id not in BY_ID]:
        parser.error(f"no scenario is called {', '.join(unknown)}; --list shows all")
    if chosen.list:
        for one in SCENARIOS:
            print(f"{one.id:4} {one.what}: {one.passes}")
        return 0
    if chosen.table:
        page = report.PAGE.read_text(encoding="utf-8")
        report.PAGE.write_text(report.into_page(report.table(SCENARIOS, report.read()), page), encoding="utf-8")
        return 0
    for client in ("aiokafka", "kafka"):  # those of the load tell at length of brokers that are away on purpose
        logging.getLogger(client).setLevel(logging.CRITICAL)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # brokers and workers must not outlive the run
    wanted = [one for one in SCENARIOS if not chosen.ids or one.id in chosen.ids]
    began = time.monotonic()
    rows = _all(wanted, chosen.long)
    counts = {verdict: sum(row.verdict == verdict for row in rows) for verdict in ("passed", "failed", "not run")}
    told = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
    print(f"{told}; {time.monotonic() - began:.0f} s; {report.JSON.relative_to(report.ROOT)}")
    return 1 if counts["failed"] else 0


def _all(wanted: list[Scenario], long: bool) -> list[Row]:
    """Run in two lanes; write after each scenario, so that an end in between loses nothing."""
    ground, rows, lock = Ground(), list[Row](), threading.Lock()

    def lane(*sides: deque[Scenario]) -> None:
        for one in _in_turn(sides):
            row = _one(one, ground, long)
            with lock:
                rows.append(row)
                report.write(rows, SCENARIOS)
                after = "" if row.rto_s is None else f", right again after {row.rto_s:.1f} s"
                why = f"\n     {row.why}" if row.why else ""
                print(f"{row.id:4} {row.verdict} in {row.seconds:.0f} s{after}{why}", flush=True)

    shared.begin()
    aside = deque(one for one in wanted if one.aside)
    tests = deque(one for one in wanted if one.run is None)
    workers = deque(one for one in wanted if one.run is not None and not one.aside)
    beside = [threading.Thread(target=lane, args=(side,), daemon=True) for side in (tests, aside)]
    for one in beside:
        one.start()
    try:
        lane(workers, tests)
        for one in beside:
            one.join()
    finally:
        ground.close()
        shared.end()
    return rows


def _in_turn(sides: Iterable[deque[Scenario]]) -> Iterator[Scenario]:
    """Give what is left on one side, then on the next; others take from them meanwhile."""
    for side in sides:
        while side:
            with suppress(IndexError):  # somebody else was quicker
                yield side.popleft()


def _one(scenario: Scenario, ground: Ground, long: bool) -> Row:
    began = time.monotonic()
    if scenario.run is None and not scenario.nodes:
        return Row(scenario.id, "not run", why=scenario.why_not or "nothing runs it yet")
    try:
        outcome = scenario.run(ground, long) if scenario.run is not None else nodes.run(scenario, long)
    except NotHere as lack:
        return Row(scenario.id, "not run", why=str(lack), seconds=time.monotonic() - began)
    except Exception as error:
        traceback.print_exc()
        outcome = Outcome([f"{type(error).__name__}: {error}"])
    wrong = list(outcome.wrong())
    return Row(
        scenario.id,
        "failed" if wrong else "passed",
        outcome.injected,
        None if outcome.rto_s is None else round(outcome.rto_s, 1),
        "\n".join(wrong),
        time.monotonic() - began,
    )


if __name__ == "__main__":
    sys.exit(main())
