"""Alerts end to end: a real worker on a real Kafka, a real Prometheus and Alertmanager, and a webhook that is told.

past      usual: 5 % of 2,000 visitors an hour
drop      4,000 come and none becomes a lead   → told, and told again when leads come back
silence   forms stop, then leads               → told of the source, not of the ratio
death     the only worker is killed            → told of the worker, and of nothing else
move      the rollup's owner is killed         → every figure stays one series
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator

import pytest

from stream.render.alerts import ratios, texts
from tests.e2e.prometheus import program, wait_until
from tests.e2e.stand import ALERT, LEADS, RATIO, TIMINGS, VISITORS, Stand, stand
from tests.integration.shared import shared_broker

pytestmark = [pytest.mark.kafka, pytest.mark.prometheus, pytest.mark.slow, pytest.mark.timeout(600)]

HOUR = f'{{ratio="{RATIO}",site="shop",window="1h"}}'
TOLD_WITHIN_S, CLEARED_WITHIN_S = 120, 300


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    for name in ("promtool", "prometheus", "prometheus-alertmanager"):
        program(name)
    broker = shared_broker()
    if not broker.transactions:
        pytest.skip("needs a broker with transactions: a Docker daemon, or Java and Maven")
    with stand(broker, tmp_path_factory.mktemp("stand")) as made:
        made.worker()
        made.watch(*made.ports)
        made.visits("usual", VISITORS, LEADS, spread_s=3_000)
        wait_until(
            lambda: made.value(f"{ratios.STATE}{HOUR}") == ratios.OK, 120,
            "the ratio is judged and as usual", 1,
        )  # fmt: skip
        yield made


def test_a_drop_is_told_and_so_is_its_end(watched: Stand) -> None:
    began = time.monotonic()
    watched.visits("idle", 2 * VISITORS, 0)
    seconds = watched.told(ALERT, "firing", began, TOLD_WITHIN_S)
    labels, notes = next((seen, said) for _, _, seen, said in watched.webhook.told if seen["alertname"] == ALERT)
    assert labels["severity"] == "critical"
    assert "usual: 5%" in notes["description"]
    assert notes["runbook_url"].endswith(f"#{ALERT.lower()}")

    mended = time.monotonic()
    watched.visits("eager", 4 * LEADS, 4 * LEADS)
    cleared = watched.told(ALERT, "resolved", mended, CLEARED_WITHIN_S)
    print(f"\ndrop told after {seconds:.0f} s, its end after {cleared:.0f} s")
    assert watched.since(began) == {ALERT}
    watched.settle()


def test_a_silent_source_is_told_and_no_ratio_that_needs_it(watched: Stand) -> None:
    began = time.monotonic()
    watched.beside.remove("form")
    seconds = watched.told(texts.SILENT, "firing", began, TOLD_WITHIN_S)
    print(f"\nsilence told after {seconds:.0f} s")
    watched.visits("lost", 5 * VISITORS, 0)
    below = f"{ratios.UPPER}{HOUR} < {TIMINGS.windows[0].part} * {ratios.USUAL}"
    wait_until(lambda: watched.prometheus.instant(below), 60, "the ratio is below the usual", 1)
    time.sleep(30)
    assert watched.value(f"{ratios.STATE}{HOUR}") == ratios.TOO_LITTLE
    assert watched.since(began) == {texts.SILENT}

    back = time.monotonic()
    watched.beside.add("form")
    cleared = watched.told(texts.SILENT, "resolved", back, CLEARED_WITHIN_S)
    print(f"its end after {cleared:.0f} s")
    # the hole is in the window still
    assert watched.value(f"{ratios.STATE}{HOUR}") == ratios.TOO_LITTLE
    assert watched.since(began) == {texts.SILENT}


def test_a_killed_worker_is_told_and_nothing_else(watched: Stand) -> None:
    began = time.monotonic()
    watched.site.workers[0].kill(signal.SIGKILL)
    seconds = watched.told(texts.DOWN, "firing", began, TOLD_WITHIN_S)
    print(f"\ndeath told after {seconds:.0f} s")
    time.sleep(60)
    assert watched.since(began) == {texts.DOWN}


def test_the_rollup_moves_and_every_figure_stays_one_series(watched: Stand) -> None:
    workers = [watched.worker(restart=True), watched.worker(restart=True)]
    watched.watch(*watched.ports[-2:])
    wait_until(
        lambda: watched.value("count(up == 1)") == 2 and watched.value("max(leadpulse_complete)") == 1, 120,
        "both workers run and all is caught up", 1,
    )  # fmt: skip
    time.sleep(6)
    began = int(time.time())
    for sig in (signal.SIGKILL, signal.SIGTERM):
        owners = watched.prometheus.instant("leadpulse_rollup_owner == 1")
        at = [f"127.0.0.1:{port}" for port in watched.ports[-2:]].index(owners[0]["metric"]["instance"])
        workers[at].kill(sig)
        time.sleep(25)
        wait_until(lambda: watched.value("count(leadpulse_rollup_owner == 1)") == 1, 60, "a worker owns the rollup", 1)
    counted = watched.prometheus.range(f"count({ratios.TRIALS}{HOUR})", began, int(time.time()) - 2, 2)
    assert {value for _, value in counted[0]["values"]} == {"1"}
    assert len(counted) == 1
    assert len(counted[0]["values"]) >= (time.time() - 2 - began) // 2 - 1
    owners = watched.prometheus.range("leadpulse_rollup_owner == 1", began, int(time.time()), 2)
    assert len({series["metric"]["instance"] for series in owners}) == 2
