"""Alerts on a real broker: a drop is told once, whoever owns the rollup while it fires, and that it is over."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest

from stream import catalog
from stream.changes.panes import HOUR_MS
from stream.contract.alert import AlertRecord
from stream.contract.readings import Reading
from stream.contract.records import Record
from stream.contract.results import encode
from stream.contract.times import format_ms
from stream.kafka import topics, whole_log
from tests.e2e.alerting import alerting
from tests.e2e.prometheus import Webhook, program, wait_until
from tests.events import data_of, event
from tests.integration.conftest import Site
from tests.integration.supervisor import Worker
from tests.integration.test_history import command, told
from tests.integration.told import Told, now_ms, produce

pytestmark = [pytest.mark.kafka, pytest.mark.prometheus, pytest.mark.slow]

PAGE = "LeadpulseVisitorsDrop"

MINUTE_MS = 60_000
USUAL = 200
FEW = 20
CHANNEL = "direct"  # they come by themselves


def people(here: Site, at_ms: int, count: int, name: str) -> None:
    """Let so many people come at a moment."""
    some = []
    for number in range(count):
        data = data_of("page_view", visitor_id=f"{name}-v{number}", site_id="shop", campaign=None)
        made = event("page_view", data, id=f"{name}{number}", time=format_ms(at_ms))
        some.append((f"{name}-v{number}".encode(), orjson.dumps(made), now_ms()))
    produce(here, "page_view", some)


def past(around: int) -> bytes:
    """Write readings of the same hours of five former weeks: so many visitors as usual, who come by themselves."""
    lines = []
    for hour in sorted(around - 168 * week + shift for week in range(1, 6) for shift in range(-3, 4)):
        at_ms = hour * HOUR_MS
        some: list[tuple[str, dict[str, str], Any, Any, Any]] = [("visitors", {"site": "shop"}, USUAL, None, None)]
        some.append(("channel_visit_to_lead_ratio", {"site": "shop", "channel": CHANNEL}, 0.0, 0, USUAL))
        lines += [
            encode(
                Reading(metric, labels, "1h", value, top, bottom, bottom, at_ms - HOUR_MS, at_ms, at_ms, True, 0, hour,
                        catalog.version())
            )
            for metric, labels, value, top, bottom in some
        ]  # fmt: skip
    return b"\n".join(lines) + b"\n"


def records(here: Site) -> list[AlertRecord]:
    """Read every record of alerts that was ever written; none is compacted yet."""
    found: list[AlertRecord] = []

    def take(some: list[Record]) -> None:
        found.extend(msgspec.json.decode(value, type=AlertRecord) for _, _, _, value, _ in some if value is not None)

    assert here.layout.alerts is not None
    whole_log.scan(here.link, here.layout.alerts, 0, take)
    return found


def verdict(here: Site, metric: str, window: str) -> dict[str, Any] | None:
    """Give the newest verdict of a figure of the shop."""
    found: dict[bytes, bytes | None] = {}
    whole_log.read(here.link, here.layout.metrics, 0, found.__setitem__)
    for value in found.values():
        said = orjson.loads(value) if value else {}
        if said.get("metric") == metric and said["window"] == window and said["labels"] == {"site": "shop"}:
            return said.get("verdict")  # type: ignore[no-any-return]
    return None


def firing(here: Told, port: int) -> dict[str, float]:
    """Give the series of what fires, as one worker shows them."""
    found = here.gauges(port)
    return {name: value for name, value in found.items() if name.startswith("leadpulse_alert_firing{") and value}


def wait_record(here: Told, state: str, limit_s: float = 40) -> AlertRecord:
    """Wait for a record of the drop."""
    until = time.monotonic() + limit_s
    while time.monotonic() < until:
        for record in records(here.site):
            if (record.alert, record.state) == ("visitors_drop", state):
                return record
        time.sleep(0.5)
    logs = "\n".join(worker.log()[-1500:] for worker in here.site.workers)
    raise AssertionError(f"no record is {state}: {records(here.site)}; {verdict(here.site, 'visitors', '1h')}\n{logs}")


def minute(here: Told, first: int, minutes: int, visitors: int = 1) -> None:
    """Let somebody come at a minute after the first hour, who moves the clock; wait until that is told."""
    at_ms = first * HOUR_MS + minutes * MINUTE_MS + 1_000
    people(here.site, at_ms, visitors, f"m{minutes}-")
    told(here, at_ms)


def told_of(hook: Webhook, status: str) -> list[tuple[str, str]]:
    """Give site and text of each message about the drop."""
    some = [(labels, notes) for _, said, labels, notes in hook.told if said == status]
    return [(labels["site"], notes["description"]) for labels, notes in some if labels["alertname"] == PAGE]


@pytest.mark.timeout(500)
def test_a_drop_is_one_spell_although_its_owner_is_killed(site: Any, tmp_path: Path) -> None:
    """Where 200 are usual, 20 came in an hour; a real Prometheus and Alertmanager tell what the topic says.

    0:01  0:11   0:21   kill   0:31  0:41   0:51   1:01
    drop  drop   fires         fires        200    200 come: over
    """
    program("prometheus-alertmanager")
    here = Told(site(partitions=2, LEADPULSE_CLOCK="events"))
    first = now_ms() // HOUR_MS - 8
    seeds = tmp_path / "past.ndjson"
    seeds.write_bytes(past(first))
    done = command(here.site, "history", "seed", str(seeds))
    assert done.returncode == 0, done.stderr

    people(here.site, (first - 3) * HOUR_MS, 1, "since")  # windows of an hour are whole from here on
    people(here.site, first * HOUR_MS - 20 * MINUTE_MS, FEW, "few")
    owner = here.worker(LEADPULSE_INSTANCE_ID="a")
    here.wait("complete", lambda now: now["leadpulse_complete"] == 1, 60)
    for minutes in (1, 11, 21):
        minute(here, first, minutes)
    fires = wait_record(here, "firing")
    assert (fires.severity, fires.window, fires.held, fires.usual) == ("page", "1h", "", USUAL)
    assert "visitors of shop over 1h: 2" in fires.text
    drop = verdict(here.site, "visitors", "1h")
    assert drop is not None
    assert (drop["state"], drop["usual"]) == ("drop", USUAL)
    shorter = verdict(here.site, "visitors", "5m")
    assert shorter is not None
    assert (shorter["state"], shorter["window"]) == ("drop", "1h"), "what is not judged names the window that is"

    other = here.worker(LEADPULSE_INSTANCE_ID="b")
    here.wait("the other shows what fires", lambda _: bool(firing(here, here.ports[1])), 40)
    with alerting(tmp_path / "told", [f"127.0.0.1:{port}" for port in here.ports]) as (_, hook):
        fires_and_ends(here, hook, owner, other, fires, first)


def fires_and_ends(here: Told, hook: Webhook, owner: Worker, other: Worker, fires: AlertRecord, first: int) -> None:
    """Kill the owner while it fires, then let everybody come back."""
    wait_until(lambda: told_of(hook, "firing"), 60, "the webhook is told")
    assert told_of(hook, "firing") == [("shop", fires.text)]
    before = records(here.site)
    owner.kill()
    minute(here, first, 31)
    minute(here, first, 41)
    after = records(here.site)
    assert after[: len(before)] == before
    assert {record.key for record in after} == {record.key for record in before}, "the same spells"
    assert [record.state for record in after if record.alert == fires.alert] == ["firing"], "nothing is told again"
    (series,) = firing(here, here.ports[1])
    assert 'alert="visitors_drop"' in series
    text = next(name for name in here.gauges(here.ports[1]) if name.startswith("leadpulse_alert_text{"))
    assert fires.text in text.replace('\\"', '"')

    assert set(told_of(hook, "firing")) == {("shop", fires.text)}, "no second message"
    assert told_of(hook, "resolved") == []

    minute(here, first, 51, USUAL)
    for minutes in (61, 71, 81):
        minute(here, first, minutes)
    over = wait_record(here, "resolved")
    assert over.key == fires.key
    ok = verdict(here.site, "visitors", "1h")
    assert ok is not None
    assert ok["state"] == "ok"
    here.wait("nobody shows it as firing", lambda _: not firing(here, here.ports[1]), 20)
    wait_until(lambda: told_of(hook, "resolved"), 60, "the webhook is told that it is over")
    assert "alerts fire" in owner.log() + other.log()
    here.close()


@pytest.mark.timeout(180)
def test_an_installation_without_the_topic_of_alerts_judges_nothing(site: Any) -> None:
    here = Told(site(partitions=1))
    with topics.admin(here.site.link) as client:
        client.delete_topics([here.site.layout.alerts])
    worker = here.worker()
    here.wait("complete", lambda now: now["leadpulse_complete"] == 1)
    assert "nothing is judged: the topic of alerts is missing" in worker.log()
    assert not any("leadpulse_alert" in name or "leadpulse_judged" in name for name in here.gauges())
    here.close()
