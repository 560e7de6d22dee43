"""Lag: what cannot be read yet is not read, and nothing is called complete before it is."""

from __future__ import annotations

import time

import pytest
from kafka import KafkaProducer

from tests import patience
from tests.integration.told import Told, accounted, now_ms, page_view, produce, views

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


def transactional(site, name):
    """Give a producer that has a transaction open."""
    producer = KafkaProducer(
        bootstrap_servers=site.broker.bootstrap, transactional_id=site.prefix + name, transaction_timeout_ms=600_000,
        acks="all",
    )  # fmt: skip
    producer.init_transactions()
    producer.begin_transaction()
    return producer


def write(producer, site, number, name="open", partition=0):
    """Send one page view within a transaction."""
    key, value = page_view(number, now_ms(), name)
    producer.send(site.prefix + "page_view", key=key, value=value, partition=partition)
    producer.flush()


@pytest.mark.timeout(180)
def test_what_waits_behind_an_open_transaction_is_a_lag_and_short_ones_change_nothing(site):
    here = Told(site(partitions=1))
    here.worker()
    here.wait("the worker runs", lambda now: now["leadpulse_complete"] == 1)
    sent, dips = 0, []
    for number in range(6):  # two seconds each, and records of others behind it
        with_it = transactional(here.site, f"short{number % 2}")
        write(with_it, here.site, number, "short")
        sent += 1 + produce(
            here.site, "page_view", [(*page_view(n, now_ms(), f"s{number}-"), now_ms()) for n in range(20)]
        )
        until = time.monotonic() + 2
        while time.monotonic() < until:
            dips.append(here.gauges().get("leadpulse_complete"))
            time.sleep(0.25)
        with_it.commit_transaction()
        with_it.close()
    assert set(dips) == {1.0}
    here.wait("all counted", lambda now: accounted(now, "counted") == sent)

    hanging = transactional(here.site, "hanging")
    write(hanging, here.site, 1)
    began = time.monotonic()
    hidden = produce(here.site, "page_view", [(*page_view(n, now_ms(), "behind"), now_ms()) for n in range(300)])
    found = here.wait("it is told", lambda now: now["leadpulse_complete"] == 0, limit_s=25)
    assert time.monotonic() - began > 10, "not at once"
    lag = found['leadpulse_source_lag_records{kind="page_view"}']
    assert lag >= hidden + 1
    assert found['leadpulse_shard_lag_records{group="visitors",shard="0",source="page_view"}'] == lag
    assert accounted(found) == sent
    hanging.abort_transaction()
    hanging.close()
    found = here.wait("and goes on", lambda now: now["leadpulse_complete"] == 1 and accounted(now) == sent + hidden)
    assert (accounted(found, "counted"), views(found, "24h")) == (sent + hidden, sent + hidden)
    assert found['leadpulse_source_lag_records{kind="page_view"}'] == 0
    here.close()


@pytest.mark.timeout(180)
def test_complete_comes_with_figures_of_all_windows_that_are_whole(site):
    here = Told(site(partitions=3))
    at_ms = now_ms()
    count = produce(here.site, "page_view", ((*page_view(n, at_ms), at_ms) for n in range(60_000)))
    here.worker()  # first a backlog, then what comes while it runs
    for step in range(4):
        seen, until = [], patience.until(60)
        while time.monotonic() < until:
            if now := here.gauges():
                whole = [views(now, window) for window in ("5m", "1h", "24h", "7d", "30d")]
                seen.append((now["leadpulse_complete"], accounted(now), whole))
                # what comes in pieces, as it does while a machine is busy, is traffic that goes on: the long windows follow
                if seen[-1][:2] == (1, count) and (not step or whole == [count] * 5):
                    break
            time.sleep(0.05)
        assert seen[-1] == (1, count, [count] * 5)
        behind = [complete for complete, read, _ in seen if read < count]
        assert step or set(behind) <= {0}, "it was not complete while it read"
        at_ms = now_ms()
        count += produce(here.site, "page_view", ((*page_view(n, at_ms, f"s{step}-"), at_ms) for n in range(1_500)))
    here.close()


@pytest.mark.timeout(180)
def test_a_topic_written_once_more_with_its_old_times_counts_once(site):
    """Record times are the events' own, as a back-fill copies them."""
    here = Told(site(LEADPULSE_CLOCK="events"))
    from kafka.admin import ConfigResource, ConfigResourceType

    from stream.kafka import topics

    name = here.site.prefix + "page_view"
    with topics.admin(here.site.link) as client:
        created = {"message.timestamp.type": "CreateTime"}
        client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, created)])
    until = patience.until(10)
    with topics.admin(here.site.link) as client:
        while topics.found(client, [name])[name].configs["message.timestamp.type"] != "CreateTime":
            assert time.monotonic() < until
    worker = here.worker()
    here.wait("the worker runs", lambda now: now["leadpulse_complete"] == 1)
    end_ms, count = now_ms(), 3_000
    times = [end_ms - (count - number) * 3 * 86_400_000 // count for number in range(count)]
    records = [(*page_view(number, time_ms), time_ms) for number, time_ms in enumerate(times)]
    wrong = {key for key, _, _ in records[::10]}
    from kafka.partitioner import murmur2

    def place(key):
        return (murmur2(key) & 0x7FFFFFFF) + (key in wrong)

    produce(here.site, "page_view", records, place)
    here.wait("all counted", lambda now: accounted(now, "counted") == count and now["leadpulse_complete"] == 1)
    here.wait("and shown", lambda now: views(now, "7d") == count, limit_s=5)
    produce(here.site, "page_view", records, place)
    here.wait("the copies are known", lambda now: accounted(now) == 2 * count)
    worker.kill()
    produce(here.site, "page_view", records, place)
    found = here.wait("and after a restart", lambda now: accounted(now) == 3 * count, limit_s=60)
    outcomes = [accounted(found, outcome) for outcome in ("counted", "duplicate", "dead_letter")]
    assert outcomes[0] == count
    assert sum(outcomes) == 3 * count
    assert views(found, "7d") == count
    assert here.site.stop() == [0]
