"""History on a real broker: kept by whoever owns the rollup, whole after a kill, and filled in while workers run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from stream.changes.panes import HOUR_MS
from stream.contract.times import format_ms
from stream.history.kept import Kept
from stream.judge.history import History
from stream.kafka import topics, whole_log
from tests.integration.conftest import Site
from tests.integration.told import Told, now_ms, page_view, produce

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

MINUTE_MS = 60_000


def known(here: Site) -> History:
    """Read what the topic has."""
    kept = Kept()
    whole_log.read(here.link, here.layout.history, 0, kept.load)
    assert kept.settle() == 0
    assert kept.unreadable == 0
    return kept.history


def visitors(history: History, window: str = "1h") -> dict[int, tuple[float, bool]]:
    """Give hour → visitors of the shop, and whether that was filled in."""
    row = next((row for one, row in history.rows.items() if one.metric == "visitors" and one.window == window), None)
    out = {}
    for hour in history.held():
        for at, top, _, seeded in zip(*(column.tolist() for column in history.hour(hour)), strict=True):
            if at == row:
                out[hour] = top, bool(seeded)
    return out


def people(here: Site, at_ms: int, count: int, name: str, arrival_ms: int | None = None) -> None:
    """Let so many people come at a moment."""
    produce(
        here,
        "page_view",
        [(*page_view(number, at_ms, name), arrival_ms or now_ms()) for number in range(count)],
    )


def keep_times(here: Site, topic: str) -> None:
    """Make a topic anew that keeps the times of its records, as a mirror keeps those of its source, and the oldest."""
    with topics.admin(here.link) as client:
        client.delete_topics([topic])
        until = time.monotonic() + 20
        while topic in client.list_topics() and time.monotonic() < until:
            time.sleep(0.2)
        configs = {"message.timestamp.type": "CreateTime", "retention.ms": "-1"}
        client.create_topics({topic: {"num_partitions": 2, "replication_factor": 1, "configs": configs}})


def told(here: Told, until_ms: int) -> None:
    """Wait until the figures are complete as of a moment."""
    here.wait(
        f"complete as of {format_ms(until_ms)}",
        lambda now: now["leadpulse_complete"] == 1 and now["leadpulse_as_of_timestamp_seconds"] * 1000 >= until_ms,
        90,
    )


def command(here: Site, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "stream", *arguments],
        env={**os.environ, **here.settings}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def wait_known(here: Site, hour: int, limit_s: float = 90) -> dict[int, tuple[float, bool]]:
    """Wait until an hour is known."""
    until = time.monotonic() + limit_s
    while time.monotonic() < until:
        found = visitors(known(here))
        if hour in found:
            return found
        time.sleep(0.5)
    logs = "\n".join(worker.log()[-1500:] for worker in here.workers)
    raise AssertionError(f"hour {hour} is not known: {found}\n{logs}")


def hour_of(here: Told, hour: int, count: int) -> None:
    """Let people come within the hour that ends at `hour`, and somebody a minute after it, who moves the clock."""
    people(here.site, hour * HOUR_MS - 10 * MINUTE_MS, count, f"in-{hour}-")
    told(here, hour * HOUR_MS - 10 * MINUTE_MS)
    people(here.site, hour * HOUR_MS + MINUTE_MS, 1, f"after-{hour}-")
    told(here, hour * HOUR_MS + MINUTE_MS)


@pytest.mark.timeout(400)
def test_history_is_whole_after_its_owner_was_killed(site: Any) -> None:
    """Events move the clock. Who comes a minute after a full hour may or may not be seen with it.

    h:50   h+1:01   h+1:50   h+2:01   kill   h+2:50   h+3:01
     -        3        5        1              2        1
    """
    here = Told(site(partitions=2, LEADPULSE_CLOCK="events"))
    first = now_ms() // HOUR_MS - 8
    people(here.site, (first - 1) * HOUR_MS, 1, "since")  # figures of an hour are whole from here on
    owner = here.worker(LEADPULSE_INSTANCE_ID="a")
    for hour, count in ((first + 1, 3), (first + 2, 5)):
        hour_of(here, hour, count)
        before = wait_known(here.site, hour)
    assert {hour - first: one for hour, one in before.items()}.keys() == {1, 2}
    assert before[first + 1] in ((3, False), (4, False))
    assert before[first + 2] in ((6, False), (7, False)), "one of a minute after the hour before is in it"

    other = here.worker(LEADPULSE_INSTANCE_ID="b")
    owner.kill()
    hour_of(here, first + 3, 2)
    after = wait_known(here.site, first + 3)
    assert {hour: one for hour, one in after.items() if hour < first + 3} == before
    assert after[first + 3] in ((3, False), (4, False))
    assert "2 of the last 2 hours" in owner.log() + other.log(), "the next owner began with what was kept"
    here.close()


@pytest.mark.timeout(400)
def test_history_is_filled_in_while_workers_run_and_what_was_measured_counts(site: Any, tmp_path: Path) -> None:
    here = Told(site(partitions=2, LEADPULSE_CLOCK="events"))
    first = now_ms() // HOUR_MS - 8
    people(here.site, (first - 1) * HOUR_MS, 1, "since")
    worker = here.worker()
    hour_of(here, first + 1, 3)
    measured = wait_known(here.site, first + 1)[first + 1]

    events = tmp_path / "events.ndjson"
    lines = [page_view(number, (first - 9 + number // 2) * HOUR_MS + MINUTE_MS, "old")[1] for number in range(22)]
    events.write_bytes(b"\n".join(lines) + b"\n")
    done = command(here.site, "history", "seed", str(events))
    assert done.returncode == 0, done.stderr
    assert "filled in" in done.stderr
    assert "hours that were measured" in done.stderr
    found = visitors(known(here.site))
    assert found[first + 1] == measured
    assert {hour - first: one for hour, one in found.items() if hour <= first} == dict.fromkeys(range(-7, 1), (2, True))
    again = command(here.site, "history", "seed", str(events))
    assert again.returncode == 0, again.stderr
    assert visitors(known(here.site)) == found

    shown = command(here.site, "history", "show", "--metric", "visitors", "--format", "json")
    assert shown.returncode == 0, shown.stderr
    one = next(row for row in json.loads(shown.stdout)["figures"] if row["window"] == "1h")
    assert (one["labels"], one["seeds"], one["holes"]) == ({"site": "shop"}, 8, 0)

    hour_of(here, first + 2, 4)  # the owner has followed, and goes on
    assert wait_known(here.site, first + 2)[first + 2][1] is False
    assert here.site.stop() == [0]
    restarted = here.worker()
    here.wait("restored", lambda now: now["leadpulse_complete"] == 1, 90)
    assert "history: " in restarted.log()
    assert worker.exits == [0]
    assert here.site.stop() == [0]


@pytest.mark.timeout(180)
def test_history_is_filled_in_from_what_topics_hold(site: Any) -> None:
    here = site(partitions=2)
    keep_times(here, f"{here.prefix}page_view")
    first = now_ms() // HOUR_MS - 8
    for hour in range(4):
        at_ms = (first + hour) * HOUR_MS + MINUTE_MS
        people(here, at_ms, 2 + hour, f"h{hour}-", at_ms)
    done = command(here, "history", "seed", "--topics")
    assert done.returncode == 0, done.stderr
    found = visitors(known(here))
    assert {hour - first: one for hour, one in found.items()} == {2: (3, True), 3: (4, True)}, done.stderr


@pytest.mark.timeout(180)
def test_an_installation_without_the_topic_goes_on_without_it(site: Any) -> None:
    here = Told(site(partitions=1))
    name = here.site.layout.history
    with topics.admin(here.site.link) as client:
        client.delete_topics([name])
    worker = here.worker()
    here.wait("complete", lambda now: now["leadpulse_complete"] == 1, 90)
    assert "history is not kept: its topic is missing" in worker.log()
    refused = command(here.site, "history", "show")
    assert refused.returncode == 2
    assert "History is not kept here" in refused.stderr
    assert name in refused.stderr
    here.close()
