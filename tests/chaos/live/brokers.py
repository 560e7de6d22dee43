"""Brokers that are restarted, away, or hard to reach.

In:  the ground; whether the long form is wanted.
Out: outcomes.
"""

from __future__ import annotations

import signal
import time

from tests.bench.usage import memory_mb
from tests.chaos.ground import Ground
from tests.chaos.outcome import Outcome
from tests.integration.brokers import Broker, free_port
from tests.integration.proxy import Proxy


def restarted(ground: Ground, long: bool) -> Outcome:
    """Stop the broker in order and kill it, in turn, and start it again."""
    times = 10 if long else 2
    with ground.own_broker() as broker, ground.field(on=broker) as field:
        field.wait_owned()
        load = field.load(9_000 * times, 600)
        for number in range(times):
            time.sleep(4)
            broker.kill(signal.SIGTERM if number % 2 else signal.SIGKILL)
            time.sleep(1)
            broker.again()
            time.sleep(6)
        rto_s = field.right_again(load)
        return Outcome(field.differences(), times, rto_s, 30)


def away(ground: Ground, long: bool) -> Outcome:
    """Keep the broker away; memory must not grow meanwhile."""
    away_s = 1_800 if long else 60
    with ground.own_broker() as broker, ground.field(on=broker) as field:
        field.wait_owned()
        field.sent += field.load(6_000).join()
        field.engine.wait_accounted(field.sent)
        before = {worker.name: memory_mb(worker.process.pid, "VmRSS") for worker in field.workers}
        broker.kill()
        grown: list[str] = []
        until = time.monotonic() + away_s
        while time.monotonic() < until:
            time.sleep(2)
            for worker in field.workers:
                if worker.process.poll() is None:
                    more = memory_mb(worker.process.pid, "VmRSS") - before[worker.name]
                    grown += [f"{worker.name} grew by {more:.0f} MB"] if more > 64 * 1.048576 and not grown else []
        broker.again()
        rto_s = field.right_again(field.load(4_000, 1_000))
        return Outcome(grown + field.differences(), 1, rto_s, 30)


def hard_to_reach(ground: Ground, long: bool) -> Outcome:
    """Cut all connections to the broker, let them hang half open, and open them again, under load."""
    rounds = 40 if long else 3
    port, behind = free_port(), free_port()
    extra = f"advertised.listeners=PLAINTEXT://127.0.0.1:{port}\n"
    with ground.own_broker(extra=extra, listeners=f"PLAINTEXT://127.0.0.1:{behind}"):
        proxy = Proxy(port, f"127.0.0.1:{behind}")
        try:
            with ground.field(on=Broker("kafka", proxy.address, True)) as field:
                field.wait_owned()
                field.sent += field.load(4_000).join()
                for number in range(rounds):
                    time.sleep(3)
                    proxy.hold() if number % 2 else proxy.cut()
                    time.sleep(1.5 if number % 3 else 9)
                    proxy.mend()
                rto_s = field.right_again(field.load(4_000, 1_000))
                return Outcome(field.differences(), rounds, rto_s, 60)
        finally:
            proxy.cut()
