"""Clocks: those of workers go wrong, and no window moves; a record's own time is none of the broker's business."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from stream.kafka import topics
from stream.kafka.layout import Layout
from tests import patience
from tests.integration.told import Told, accounted, now_ms, page_view, produce, views

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

SHIFTED = Path(__file__).with_name("shifted.py")
HOUR_S, DAY_S = 3_600, 86_400


def shifted(clock: Path, offset_s: float = 0) -> list[str]:
    """Give the command of a worker whose clock is wrong by what the file says."""
    clock.write_text(str(offset_s))
    return [sys.executable, str(SHIFTED), str(clock), "worker"]


def some(site, name, count=120, ahead_ms=0):
    """Send page views of this moment; every tenth on a wrong partition."""
    at_ms = now_ms()
    records = [(*page_view(number, at_ms, name), at_ms + ahead_ms) for number in range(count)]
    wrong = {key for key, _, _ in records[::10]}
    from kafka.partitioner import murmur2

    return produce(site, "page_view", records, lambda key: (murmur2(key) & 0x7FFFFFFF) + (key in wrong))


@pytest.mark.timeout(180)
def test_windows_stand_whatever_the_clocks_of_workers_say(site, tmp_path):
    here = Told(site())
    clocks = tmp_path / "a", tmp_path / "b"
    first = here.worker(shifted(clocks[0], 59 * 60), LEADPULSE_INSTANCE_ID="a")
    here.worker(shifted(clocks[1]), LEADPULSE_INSTANCE_ID="b")
    sent = 0
    steps = [(59 * 60, 0), (HOUR_S, HOUR_S), (0, 0), (-10 * DAY_S, 2 * HOUR_S), (0, 0)]
    for step, offsets in enumerate(steps):
        for clock, offset_s in zip(clocks, offsets, strict=True):
            clock.write_text(str(offset_s))
        time.sleep(2.5)  # commits of all shards by the new time
        sent += some(here.site, f"s{step}-")
        found = here.wait(
            f"all counted with clocks off by {offsets}",
            lambda now, sent=sent: now["leadpulse_complete"] == 1 and accounted(now, "counted") == sent,
        )
        assert (views(found, "5m"), views(found, "1h")) == (sent, sent), offsets
        assert abs(found["leadpulse_as_of_timestamp_seconds"] - time.time()) < 60, offsets
        assert found["leadpulse_conservation_error"] == 0
        skews = [here.gauges(port)["leadpulse_clock_skew_seconds"] for port in here.ports]
        assert skews == pytest.approx(offsets, abs=1.5)
    assert "s ahead of the broker's" in first.log()
    assert "s behind the broker's" in first.log()
    assert "agrees with the broker's again" in first.log()
    here.close()


@pytest.mark.timeout(180)
def test_no_time_of_a_record_stops_a_shard_and_own_topics_get_the_brokers_time(site):
    here = Told(site())
    layout, link = here.site.layout, here.site.link
    with topics.admin(link) as client:
        from kafka.admin import ConfigResource, ConfigResourceType

        def alter(name, **configs):
            wanted = {key.replace("__", "."): value for key, value in configs.items()}
            client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, here.site.prefix + name, wanted)])

        alter("page_view", message__timestamp__type="CreateTime", message__timestamp__after__max__ms=str(2**63 - 1))
        old = "leadpulse.reroute.visitors", "leadpulse.deltas.ads", "leadpulse.metrics"
        for name in old:
            alter(name, message__timestamp__type="CreateTime")
    refused = here.worker()
    until = patience.until(30)
    wrong = "message.timestamp.type is CreateTime; it must be LogAppendTime"
    while not (refused.exits and wrong in refused.log()) and time.monotonic() < until:
        time.sleep(0.2)
    assert wrong in refused.log()
    assert "leadpulse topics create" in refused.log().partition(wrong)[2]
    assert "Traceback" not in refused.log()
    assert sorted(topics.stamp(link, Layout(here.site.prefix, layout.groups.values()))) == sorted(
        here.site.prefix + name for name in old
    )
    at_ms = now_ms()
    times_ms = [at_ms + 2 * HOUR_S * 1_000, at_ms + 20 * DAY_S * 1_000, 2**62, at_ms - 90 * DAY_S * 1_000, 0, at_ms]
    records = [(*page_view(number, min(at_ms, time_ms), "r"), time_ms) for number, time_ms in enumerate(times_ms * 3)]
    from kafka.partitioner import murmur2

    sent = produce(here.site, "page_view", records, lambda key: (murmur2(key) & 0x7FFFFFFF) + 1)  # all of them wrong
    found = here.wait("all accounted for", lambda now: accounted(now) == sent and now["leadpulse_complete"] == 1)
    # two hours ahead, three months old, and of now; the others are too late for their arrival, or no time
    assert accounted(found, "counted") == found['leadpulse_rerouted_total{kind="page_view"}'] == 9
    sent += some(here.site, "then-", count=60)
    found = here.wait("it goes on", lambda now: accounted(now) == sent)
    assert found["leadpulse_conservation_error"] == 0
    here.close()
