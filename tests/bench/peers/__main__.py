"""Peers: one job on every engine, on one broker, in one sitting; each answer held against an independent fold.

Run:  python -m tests.bench.peers [--events N] [--rounds N] [--light] [--only NAME]… [--no-live] [--table]
Out:  CPU seconds per million events of each process, its ratio to leadpulse's, peak memory, in what its answer deviates; then what
      each takes of a core idle and at a steady rate. build/peers.json; --table runs nothing and writes that into docs/performance.md.

CPU seconds of two machines do not compare, ratios of one sitting do: engines take turns, and medians count. What a machine
cannot have is named with the reason. With --only nothing is kept.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from tests.bench import figures, page
from tests.bench.peers import live, own, table, topics
from tests.bench.peers.engines import ENGINES, OWN, Engine
from tests.bench.peers.environments import NotHere
from tests.bench.peers.job import Job
from tests.bench.peers.program import Program, Run
from tests.bench.peers.reference import Answer, Order, Told, answer, deviation, told
from tests.integration.brokers import Broker, NoBroker, choose_broker


class Sitting:
    """Everything that is measured on one broker."""

    def __init__(self, broker: Broker, job: Job, engines: Sequence[Engine], *, light: bool) -> None:
        self.broker, self.job, self.engines, self.light = broker, job, engines, light
        self.runs: dict[str, list[Run]] = defaultdict(list)
        self.wrong: dict[str, str] = {}
        self.why_not: dict[str, str] = {}
        self.loads: list[table.Row] = []
        self._expected: dict[tuple[int, Order], Answer] = {}

    def events_of(self, engine: Engine) -> int:
        """Count the events that an engine gets."""
        return round(self.job.events * (engine.light if self.light else 1))

    def prepare(self) -> None:
        """Make environments, events and answers."""
        for engine in self.engines:
            if engine.command is not None:
                try:
                    engine.command()
                except NotHere as error:
                    self._lacks(engine, error)
        sizes = {self.events_of(engine) for engine in self.engines if engine.name != OWN}
        if sizes:
            asyncio.run(topics.fill(self.broker, self.job, sizes))
        events = list(told(event.value for _, event in self.job.records()))
        for engine in self.engines:
            self._expect(events, self.events_of(engine), engine.order)

    def _expect(self, events: Sequence[Told], count: int, order: Order) -> None:
        if (count, order) not in self._expected:
            self._expected[count, order] = answer(events[:count], order)

    def round(self, number: int) -> None:
        """Run each engine once."""
        for engine in self.engines:
            if engine.name in self.why_not:
                continue
            events = self.events_of(engine)
            expected = self._expected[events, engine.order]
            name = f"{topics.PREFIX}{engine.name}.{number}-{int(time.time())}."
            try:
                run, wrong = self._run(engine, events, expected, name)
            except (NotHere, RuntimeError) as error:  # a worker that does not start is an engine that is not had
                self._lacks(engine, error)
                continue
            finally:
                topics.drop(self.broker, name)
            self.runs[engine.name].append(run)
            self.wrong[engine.name] = wrong or self.wrong.get(engine.name, "")
            cost = run.cpu_s / events * 1e6
            print(f"{number}. {engine.title}: {cost:.1f} CPU s per million of {events:,}, {run.peak_mb:.0f} MB", end="")
            print(
                f", {events / run.wall_s:,.0f} events/s; deviation: {wrong or 'none' if engine.answers else 'no answer'}"
            )

    def _run(self, engine: Engine, events: int, expected: Answer, name: str) -> tuple[Run, str]:
        limit_s = 600 + events * 3e-3
        if engine.command is None:
            return asyncio.run(own.run(self.broker, self.job, expected, name, limit_s))
        variables = {"BROKER": self.broker.bootstrap, "TOPIC": topics.name_of(events), "EVENTS": events}
        with Program(engine.command(), variables | {"GROUP": f"{name}job"}) as program:
            run = program.run(events, limit_s)
        assert run.answer is not None
        return run, deviation(run.answer, expected) if engine.answers else ""

    def live(self, rate: int, seconds: int) -> None:
        """Measure what each takes of a core."""
        job = Job(max(100_000, rate * seconds))
        for engine in self.engines:
            found: table.Row = {
                "name": engine.name,
                "title": engine.title,
                "why_not": self.why_not.get(engine.name, ""),
            }
            if not found["why_not"]:
                try:
                    load = asyncio.run(live.run(self.broker, engine, job, rate, seconds))
                    found |= {"idle": load.idle, "busy": load.busy, "peak_mb": load.peak_mb}
                    print(f"{engine.title}: idle {load.idle:.1f} %, at {rate:,}/s {load.busy:.1f} % of a core")
                except (NotHere, RuntimeError) as error:  # it ended, or does not keep up
                    found["why_not"] = str(error).splitlines()[0][:200]
                    print(f"{engine.title}: not at {rate:,}/s: {found['why_not']}")
            self.loads.append(found)

    def _lacks(self, engine: Engine, error: Exception) -> None:
        self.why_not[engine.name] = str(error).splitlines()[0][:200]
        print(f"{engine.title}: not had here: {error}")

    def told(self, rate: int) -> dict[str, Any]:
        """Give everything that was measured."""
        rows = [
            table.row(one, self.runs[one.name], self.wrong.get(one.name, ""), self.why_not.get(one.name, ""))
            for one in self.engines
            if self.runs[one.name] or one.name in self.why_not
        ]
        return {
            "at": figures.now(),
            "machine": figures.machine(),
            "broker": self.broker.kind,
            "events": self.job.events,
            "light": self.light,
            "rounds": max((len(runs) for runs in self.runs.values()), default=0),
            "rows": rows,
            "rate": rate,
            "loads": self.loads,
        }


@contextmanager
def _broker() -> Iterator[Broker]:
    """Start a broker that has transactions; raises NoBroker with all that was in the way."""
    reasons: list[str] = []
    with ExitStack() as stack:
        for kind in ("docker", "kafka"):
            try:
                broker = stack.enter_context(choose_broker(kind, lasting=True))
            except NoBroker as error:
                reasons.append(str(error))
                continue
            yield broker
            return
    raise NoBroker("; ".join(reasons))


def tables(sitting: dict[str, Any]) -> dict[str, str]:
    """Write the tables of a sitting, by their marks in the page."""
    if not sitting:
        return {}
    how = f"{sitting['machine']}; {sitting['at']}; medians of {sitting['rounds']} rounds, engines in turn"
    less = "; slow engines with fewer events, the first ones" if sitting["light"] else ""
    found = {"peers": f"{table.costs(sitting['rows'])}\n\n{how}{less}."}
    if sitting["loads"]:
        found["peers-live"] = (
            f"{table.loads(sitting['loads'], sitting['rate'])}\n\n{sitting['machine']}; {sitting['at']}."
        )
    return found


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.peers")
    parser.add_argument("--events", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=3, help="runs of each engine, in turn")
    parser.add_argument("--light", action="store_true", help="slow engines get a part of the events")
    parser.add_argument("--only", action="append", metavar="NAME", help=", ".join(engine.name for engine in ENGINES))
    parser.add_argument("--rate", type=int, default=1_000, help="events a second of the second table")
    parser.add_argument("--seconds", type=int, default=40, help="how long that rate lasts")
    parser.add_argument("--no-live", action="store_true", help="without the second table")
    parser.add_argument(
        "--table", action="store_true", help="write the last sitting into docs/performance.md; run nothing"
    )
    args = parser.parse_args()
    if unknown := set(args.only or ()) - {engine.name for engine in ENGINES}:
        parser.error(f"no engine is called {', '.join(sorted(unknown))}")
    if args.table:
        if not (found := tables(table.read())):
            parser.error(f"nothing was measured yet: there is no {table.JSON.name}")
        page.fill(page.PERFORMANCE, found)
        return
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # that new topics have no leader yet is no news
    engines = [engine for engine in ENGINES if not args.only or engine.name in args.only]
    try:
        with _broker() as broker:
            sitting = Sitting(broker, Job(args.events), engines, light=args.light)
            sitting.prepare()
            for number in range(1, args.rounds + 1):
                sitting.round(number)
                if not args.only:
                    table.write(sitting.told(args.rate))
            if not args.no_live:
                sitting.live(args.rate, args.seconds)
    except NoBroker as error:
        sys.exit(f"no broker to measure on: {error}")
    if not args.only:
        table.write(sitting.told(args.rate))
    print("", *tables(sitting.told(args.rate)).values(), sep="\n")


if __name__ == "__main__":
    main()
