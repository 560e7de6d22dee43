"""Bench: the figures that the project promises, measured on this machine.

Run:  python -m tests.bench [drain|memory|leads|restore|latency|sources …] [--events N] [--visitors N] [--scattered]
Out:  throughput beside a plain reader, memory a visitor and a lead, the restore of leads, latency. Without a name all, one after the other.

`python -m tests.bench.fold` shows what each step costs, without Kafka; `python -m tests.bench.commits` what an event
costs by the size of commits.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys

from tests.bench import drain, latency, leads, memory, restore, sources
from tests.bench.mix import Options
from tests.integration.brokers import choose_broker

STAGES = ("drain", "memory", "leads", "restore", "latency", "sources")


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
    parser.add_argument("--seconds", type=int, default=40, help="length of the latency stage")
    args = parser.parse_args()
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
    if "drain" in stages or "latency" in stages:
        with choose_broker(lasting=True) as broker:
            guarantee = "transactions" if broker.transactions else "no transactions (at least once)"
            print(f"broker: {broker.kind}, {guarantee}")
            if "drain" in stages:
                mix = Options(events=args.events, visitors=args.visitors, scattered=args.scattered)
                asyncio.run(drain.run(broker, mix))
            if "latency" in stages:
                asyncio.run(latency.run(broker, args.rate, args.seconds))


if __name__ == "__main__":
    main()
