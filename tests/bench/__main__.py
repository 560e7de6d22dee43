"""Bench: the figures that the project promises, measured on this machine.

Run:  python -m tests.bench [drain|memory|leads|restore|latency|fixed|rto|steps|commits|rollup|sources …] [--events N] [--visitors N] [--scattered]
Out:  throughput beside a plain reader, memory a visitor and a lead, the restore of leads, latency, what an idle worker costs,
      restart, µs by step, the rollup; an overview at the end. Without a name all, one after the other. `--table` runs nothing and writes what was measured last
      (build/bench.json, build/peers.json) into docs/performance.md, docs/scaling.md and the README.

`python -m tests.bench.peers` compares with other engines.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import subprocess
import sys

from tests.bench import drain, figures, fixed, latency, leads, memory, overview, page, restore, rollup, rto, sources
from tests.bench.mix import Options
from tests.bench.peers import table
from tests.integration.brokers import choose_broker
from tests.integration.supervisor import python

STAGES = ("drain", "memory", "leads", "restore", "latency", "fixed", "rto", "steps", "commits", "rollup", "sources")


def main() -> None:
    """Run the stages that are asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("stages", nargs="*", metavar="STAGE", help=f"any of {', '.join(STAGES)}; default: all")
    parser.add_argument("--events", type=int, default=1_000_000, help="records of the backlog, and of the leads stage")
    parser.add_argument("--visitors", type=int, default=200_000)
    parser.add_argument("--scattered", action="store_true", help="spread each visitor's events over the whole time")
    parser.add_argument("--remembered", type=int, default=1_000_000, help="visitors of the memory stage")
    parser.add_argument("--leads", type=int, default=1_000_000, help="leads of the restore stage")
    parser.add_argument("--rate", type=int, default=10_000, help="events a second of the latency stage")
    parser.add_argument("--seconds", type=int, default=60, help="length of the latency stage")
    parser.add_argument("--partitions", type=int, nargs="+", default=fixed.PARTITIONS, help="of the fixed stage")
    parser.add_argument("--rates", type=int, nargs="+", default=fixed.RATES, help="events a second of the fixed stage")
    parser.add_argument("--each", type=int, default=20, help="seconds that the fixed stage measures at each of them")
    parser.add_argument("--table", action="store_true", help="write what was measured last into the pages; run nothing")
    args = parser.parse_args()
    if args.table:
        if said := overview.speed(figures.read(), table.read()):
            page.fill(page.README, {"speed": said})
        page.fill(page.PERFORMANCE, overview.of_performance(figures.read()))
        page.fill(page.SCALING, overview.of_scaling(figures.read()))
        return
    stages = args.stages or STAGES
    if unknown := set(stages) - set(STAGES):
        parser.error(f"no stage is called {', '.join(sorted(unknown))}; there are {', '.join(STAGES)}")
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # that new topics have no leader yet is no news
    if "memory" in stages:
        memory.run(args.remembered)
    if "leads" in stages:
        leads.run(args.events)
    if "restore" in stages:
        restore.run(args.leads)
    if "sources" in stages:
        sources.run()
    if "steps" in stages:
        subprocess.run([*python("-m"), "tests.bench.fold"], check=True)
    if "commits" in stages:
        subprocess.run([*python("-m"), "tests.bench.commits"], check=True)
    if "rollup" in stages:
        rollup.run()
    if {"drain", "latency", "fixed", "rto"} & set(stages):
        with choose_broker(lasting=True) as broker:
            guarantee = "transactions" if broker.transactions else "no transactions (at least once)"
            print(f"broker: {broker.kind}, {guarantee}")
            if "drain" in stages:
                mix = Options(events=args.events, visitors=args.visitors, scattered=args.scattered)
                asyncio.run(drain.run(broker, mix))
            if "latency" in stages:
                asyncio.run(latency.run(broker, args.rate, args.seconds))
            if "fixed" in stages:
                asyncio.run(fixed.run(broker, args.partitions, args.rates, args.each))
            if "rto" in stages:
                asyncio.run(rto.run(broker, Options(events=args.events, visitors=args.visitors)))
    print(f"\n{overview.overview(figures.read())}")


if __name__ == "__main__":
    main()
