"""RTO: how long after the death of a worker another one is ready, with everything that the first one knew.

Run:  python -m tests.bench rto [--events N] [--visitors N]
Out:  seconds from the start of a worker, right behind a `kill -9` of the one before, until /readyz says yes; its CPU until then.

The first worker counts the standard mix first. The second one has its name, as the shipped deployment gives it, and so
Kafka hands it the shards at once (without a name it waits until the session of the dead one is over, 10 s by default).
It restores every row from the compacted topics, and has caught up before it is ready. The account stays exact, or the run
fails.
"""

from __future__ import annotations

import sys
import time
from typing import Final

from tests.bench import figures, usage
from tests.bench.mix import Mix, Options
from tests.bench.site import site
from tests.integration.brokers import Broker

LIMIT_S: Final = 1_200.0
_NAMED: Final = {"LEADPULSE_INSTANCE_ID": "bench"}


async def run(broker: Broker, options: Options) -> None:
    """Measure and print."""
    mix = Mix(options)
    with site(broker, "rto.", settings=_NAMED) as here:
        await here.produce(mix)
        with here.worker() as first:
            before = await here.follow(first, len(mix), LIMIT_S)
            first.kill()
        began = time.monotonic()
        with here.worker() as second:
            await here.ready(second, LIMIT_S)
            ready_s, cpu_s = time.monotonic() - began, usage.cpu_s(second.process.pid)
            after = await here.follow(second, len(mix), LIMIT_S)
    visitors = len({key for key in mix.keys if key.startswith(b"v")})
    print(f"rto: {visitors:,} visitors; ready {ready_s:.1f} s after kill -9, {cpu_s:.1f} CPU seconds")
    if after.ends != before.ends or after.error:
        sys.exit(f"not exact: {before.ends} before and {after.ends} after, conservation error {after.error}")
    figures.keep("rto", {"ready_s": ready_s, "cpu_s": cpu_s, "visitors": visitors, "events": len(mix)})
