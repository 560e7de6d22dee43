"""While no broker answers a worker stays, shows that its figures are the last ones, and goes on exactly afterwards."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests import patience
from tests.integration.brokers import Broker, NoBroker, choose_broker, free_port
from tests.integration.engine import Engine
from tests.integration.proxy import Proxy

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


class Cuttable(NamedTuple):
    """A broker whose clients come through a proxy."""

    broker: Broker
    proxy: Proxy


@pytest.fixture(scope="module")
def cuttable() -> Iterator[Cuttable]:
    port, behind = free_port(), free_port()
    extra = f"advertised.listeners=PLAINTEXT://127.0.0.1:{port}\n"
    try:
        with choose_broker("kafka", extra=extra, listeners=f"PLAINTEXT://127.0.0.1:{behind}"):
            proxy = Proxy(port, f"127.0.0.1:{behind}")
            yield Cuttable(Broker("kafka", proxy.address, True), proxy)
            proxy.cut()
    except NoBroker as error:
        pytest.skip(f"needs Java and Maven: {error}")


def _get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, ""
    except OSError:  # it is about to start
        return 0, ""


def _wait(port: int, line: str, limit_s: float) -> str:
    until = patience.until(limit_s)
    while line not in (text := _get(port, "/metrics")[1]):
        assert time.monotonic() < until, f"{line!r} not within {limit_s} s:\n" + text[-3000:]
        time.sleep(0.3)
    return text


@pytest.mark.parametrize(("way", "away_s"), [("cut", 70), ("hold", 35)])
def test_a_worker_outlives_a_broker_that_is_away(cuttable, site, way, away_s):
    here = site(on=cuttable.broker, partitions=2, LEADPULSE_STALL_TIMEOUT="10s")
    engine = Engine(here)
    worker = engine.worker()
    (port,) = engine.ports
    sent = engine.produce(4_000)
    engine.wait_accounted(sent)
    _wait(port, "leadpulse_complete 1\n", 20)
    before = _get(port, "/metrics")[1]
    figure = next(line for line in before.splitlines() if line.startswith("leadpulse_events_total{"))
    getattr(cuttable.proxy, way)()
    gone = time.monotonic()
    _wait(port, "leadpulse_broker_answers 0.0\n", 40)
    text = _wait(port, "leadpulse_complete 0\n", 5)
    assert figure in text  # the last figures are still there
    while time.monotonic() - gone < away_s:
        assert _get(port, "/healthz")[0] == 200
        assert _get(port, "/readyz")[0] == 503
        assert worker.exits == []
        time.sleep(1)
    cuttable.proxy.mend()
    engine.reconnect()
    back = time.monotonic()
    sent += engine.produce(2_000, seed=2)
    engine.wait_accounted(sent, limit_s=60)
    _wait(port, "leadpulse_complete 1\n", 30)
    print(f"{way}: whole {time.monotonic() - back:.1f} s after the broker was back")
    assert engine.faults() == []
    assert worker.exits == []
    assert worker.log().count("shards are given up") == 1
    assert worker.log().count("a broker answers again") == 1
    assert "Traceback" not in worker.log()
    assert len(worker.log().splitlines()) < 60, worker.log()
    assert here.stop() == [0]


def test_a_worker_that_is_told_to_stop_while_no_broker_answers_ends_in_order(cuttable, site):
    here = site(on=cuttable.broker, partitions=2)
    engine = Engine(here)
    worker = engine.worker()
    engine.wait_accounted(engine.produce(1_000))
    cuttable.proxy.cut()
    _wait(engine.ports[0], "leadpulse_broker_answers 0.0\n", 40)
    began = time.monotonic()
    assert worker.stop() == 0
    assert time.monotonic() - began < 15
    here.workers.clear()
    cuttable.proxy.mend()
