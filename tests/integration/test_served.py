"""What ships is what is served: every selector of rules, dashboards, runbook and docs finds a series of real workers.

Traffic of all kinds goes through a real broker, after a past in which everything was larger, so that alerts fire; a real
Prometheus reads two workers and is asked.

    40 days                 22 hours                    now
    |--- a little of all ---|--- more of everything ----|
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from kafka.admin import NewTopic

from stream import catalog
from stream.changes.panes import HOUR_MS
from stream.contract.kinds import KINDS
from stream.contract.times import format_ms, parse_ms
from stream.demo.produce import write
from stream.demo.simulate import Plan, options_of
from stream.demo.traffic import Traffic
from stream.engine.groups import GROUPS, mapping
from stream.judge.plan import judged
from stream.kafka import topics
from stream.kafka.layout import Layout
from stream.render.alerts import servers
from stream.render.yaml import document
from tests import patience
from tests.contracts.grafana import VARIABLES
from tests.e2e.prometheus import Prometheus, program, prometheus
from tests.events import data_of, event
from tests.integration.conftest import Site
from tests.integration.test_alerts_told import minute
from tests.integration.test_history import command, keep_times
from tests.integration.told import Told, now_ms, produce
from tests.shipped import selectors

pytestmark = [pytest.mark.kafka, pytest.mark.prometheus, pytest.mark.slow]

DAY_MS = 24 * HOUR_MS
TRAFFIC = (
    Plan(seed=1, sites=3, length_ms=40 * DAY_MS, rate=0.004),
    Plan(seed=2, sites=3, length_ms=22 * HOUR_MS, rate=0.3),
)
#: Hours that are looked at to tell what is usual now: of five weeks, and of one and five days before each.
PAST_HOURS = sorted(
    (168 * week + day + at for week in range(6) for day in (0, 24, 120) for at in range(-3, 4)), reverse=True
)
PAST_HOURS = [ago for ago in PAST_HOURS if ago > 12]
#: What pages; the rest has a past at one site.
OF_ALL_SITES = {"visitors", "visit_to_lead_ratio", "channel_visit_to_lead_ratio"}
#: What can be seen only while something is wrong that this does not do; each has a test of its own.
ELSEWHERE = {"leadpulse_partitions_unread"}
#: The rules of the shipped file are the same for every severity that may be set.
SETTINGS = """
[[rule]]
alert = "{alert}"
severity = "ticket"
"""
LIMIT = """
[[limit]]
metric = "visitors"
window = "24h"
below = 1000000
severity = "ticket"
[quiet]
tickets = "00:00-23:59"
"""


def alerts_file(folder: Path) -> Path:
    """Have every alert told that is only shown as it is shipped, and a limit."""
    shown = [one.alert for one in judged() if one.severity == "info"]
    path = folder / "alerts.toml"
    path.write_text("".join(SETTINGS.format(alert=alert) for alert in shown) + LIMIT)
    return path


def simulated(folder: Path, end_ms: int) -> list[Path]:
    """Write the traffic to files; the hour at which this runs must not decide what is in it."""
    files = []
    for plan in TRAFFIC:
        files.append(folder / f"traffic{plan.seed}.ndjson")
        options = options_of(replace(plan, end_ms=end_ms, out=str(files[-1])), end_ms)
        write(Traffic(replace(options, rhythm=False)), str(files[-1]), lambda *_: None)
    return files


def command_alone(*words: str) -> Any:
    class Here:
        settings: dict[str, str] = {}  # noqa: RUF012

    return command(Here(), *words)  # type: ignore[arg-type]


def rare(end_ms: int) -> Iterator[dict[str, Any]]:
    """Give what a simulated company seldom sends."""
    at_ms = end_ms - HOUR_MS // 2
    at, site = format_ms(at_ms), {"site_id": "acme"}
    for name in ("press_releases", "social_clicks", "social_shares", "events_held"):
        yield event("signal", data_of("signal", **site, name=name, observed_at=at), id=name, time=at)
    deal = {**site, "lead_id": "rare", "deal_id": "rare-deal", "currency": "EUR", "from": None, "to": None}
    for number, (action, value) in enumerate((("deal_won", 100), ("refund", 150))):
        data = data_of("crm", **deal, action=action, value=value)
        yield event("crm", data, id=f"rare-{number}", time=format_ms(at_ms + number * 1_000))
    first = {**site, "lead_id": "won-first", "from": None, "to": None}  # and written down afterwards
    for number, (action, deal_id) in enumerate((("deal_won", "won-first"), ("lead_created", None))):
        data = data_of("crm", **first, action=action, deal_id=deal_id)
        yield event("crm", data, id=f"won-first-{number}", time=format_ms(at_ms + number * 60_000))
    back = {**site, "lead_id": "back", "from": None}
    for number, (action, to) in enumerate((("lead_created", None), ("deal_lost", None), ("stage_changed", "sql"))):
        data = data_of("crm", **back, action=action, to=to)
        yield event("crm", data, id=f"back-{number}", time=format_ms(at_ms + number * 60_000))
    talk = {**site, "visitor_id": "talker", "conversation_id": "talk"}
    for number, action in enumerate(("conversation_started", "lead_captured")):
        said = data_of("chatbot", **talk, action=action, actor="visitor" if number else None)
        yield event("chatbot", said, id=f"talk-{number}", time=format_ms(at_ms + number * 60_000))
    for number in range(9):  # of more people than one has
        names = {
            "lead_id": f"shared-{number}",
            "email_hash": "5" * 64,
            "action": "lead_created",
            "from": None,
            "to": None,
        }
        yield event("crm", data_of("crm", **site, **names), id=f"shared-{number}", time=at)
    worth = data_of("form", **site, visitor_id="rare", submission_id="rare", value=20, currency="EUR")
    yield event("form", worth, id="worth", time=at)
    for number in range(1_001):  # of so many a message does not know who is who
        both = {"email_hash": f"{number:064x}", "lead_id": f"rare-{number}"}
        yield event(
            "email", data_of("email", **site, message_id="rare", **both, action="sent"), id=f"to-{number}", time=at
        )
    for source, medium in (
        ("newsletter", "email"),
        ("google", "cpc"),
    ):  # who comes by a mail may ask for nothing at once
        came = {**site, "visitor_id": f"by-{medium}"}
        landing = data_of("page_view", **came, campaign={"source": source, "medium": medium, "name": "spring"})
        yield event("page_view", landing, id=f"landing-{medium}", time=at)
        asked = data_of("form", **came, submission_id=f"by-{medium}")
        yield event("form", asked, id=f"asked-{medium}", time=format_ms(at_ms + 90_000))
    nowhere = data_of("page_view", **site, visitor_id="rare", geo={"country": "Atlantis"})
    yield event("page_view", nowhere, id="nowhere", time=at)
    yield event(
        "page_view", data_of("page_view", **site, visitor_id="ahead"), id="ahead", time=format_ms(end_ms + HOUR_MS)
    )


def map_calls(site: Site, folder: Path) -> None:
    """Have a topic of somebody else's mapped, too."""
    definition = folder / "segment.toml"
    definition.write_text(f'preset = "segment"\nsite = "acme"\ntopics = ["{site.prefix}segment"]\n')
    site.settings |= {"LEADPULSE_SOURCES": definition, "LEADPULSE_EMAIL_HASH_KEY": "k" * 32}
    with topics.admin(site.link) as client:
        client.create_topics([NewTopic(site.prefix + "segment", 2, 1)], wait_for_metadata=True)
    layout = Layout(site.prefix, mapping([site.prefix + "segment"], GROUPS).values())
    topics.create(site.link, layout, partitions=site.partitions, optional=True)


def calls(end_ms: int) -> Iterator[tuple[bytes, bytes, int]]:
    """Give calls: a page of somebody whose id is an address, and what nobody maps."""
    at_ms = end_ms - HOUR_MS // 2
    named = {"anonymousId": "caller", "userId": "ann@acme.example", "timestamp": format_ms(at_ms)}
    for number, what in enumerate(({"type": "page"}, {"type": "track", "event": "Clicked"})):
        yield b"any", orjson.dumps({**named, **what, "messageId": f"call-{number}"}), at_ms


def send(site: Site, lines: list[bytes], end_ms: int) -> None:
    """Send records as a mirror would: with the times at which they came."""
    by_kind: dict[str, list[tuple[bytes, bytes, int]]] = {kind: [] for kind in KINDS}
    for number, line in enumerate(lines):
        try:
            made = orjson.loads(line)
            kind, at_ms = made["type"], parse_ms(made.get("recordedtime", made["time"]))
        except (ValueError, KeyError, TypeError):
            kind, at_ms = "page_view", None
        kind = kind if kind in by_kind and kind != "privacy" else "page_view"
        by_kind[kind].append((b"%d" % number, line, min(at_ms or end_ms, end_ms)))
    for kind, records in by_kind.items():
        if kind != "privacy":
            produce(site, kind, sorted(records, key=lambda record: record[2]))


def past(files: list[Path], end_ms: int) -> bytes:
    """Write readings of former weeks: as those of now, but better."""
    words = [word for window in ("1h", "6h", "24h", "7d") for word in ("--window", window)]
    names = [word for one in judged() for word in ("--metric", one.metric.name)]
    told = command_alone(
        "replay", "--format", "ndjson", "--leads", "on", "--at", format_ms(end_ms), *words, *names, *map(str, files)
    )
    assert told.returncode == 0, told.stderr
    now = [orjson.loads(line) for line in told.stdout.splitlines()[:-1]]
    now = [one for one in now if one["labels"].get("site") == "acme" or one["metric"] in OF_ALL_SITES]
    found, version = [], catalog.version()
    for ago in PAST_HOURS:
        hour = end_ms // HOUR_MS - ago
        as_of = format_ms(hour * HOUR_MS)
        for reading in now:
            more = dict(reading, seq=hour, as_of=as_of, catalog_version=version, complete=True)
            bottom = reading["denominator"]
            if bottom is None:
                more["value"] = (reading["value"] or 0) * 5 + 500
            else:
                more["denominator"] = more["n"] = bottom * 5 + 500
                more["numerator"] = (reading["numerator"] or 0) * 5 + 300
                more["value"] = more["numerator"] / more["denominator"]
            more["window_end"], more["window_start"] = as_of, format_ms((hour - 1) * HOUR_MS)
            found.append(orjson.dumps(more))
    return b"\n".join(found) + b"\n"


@pytest.mark.timeout(600)
def test_every_selector_that_ships_finds_a_series(site: Any, tmp_path: Path) -> None:
    program("prometheus")
    first = now_ms() // HOUR_MS - 1
    end_ms = first * HOUR_MS - 60_000
    files = simulated(tmp_path, end_ms)
    here = Told(
        site(
            partitions=2, optional=True, LEADPULSE_LEADS="on", LEADPULSE_CLOCK="events", LEADPULSE_LABEL_LIMIT="8",
            LEADPULSE_ALERTS=alerts_file(tmp_path),
        )
    )  # fmt: skip
    map_calls(here.site, tmp_path)
    for kind in KINDS:
        keep_times(here.site, here.site.prefix + kind)
    with topics.admin(here.site.link) as client:
        client.delete_topics([here.site.prefix + "privacy"])  # so that a source is missing
    (tmp_path / "past.ndjson").write_bytes(past(files, end_ms))
    done = command(here.site, "history", "seed", str(tmp_path / "past.ndjson"))
    assert done.returncode == 0, done.stderr
    lines = [line for path in files for line in path.read_bytes().splitlines()]
    send(here.site, [*lines, *map(orjson.dumps, rare(end_ms))], end_ms)
    produce(here.site, "segment", calls(end_ms))

    for name in ("a", "b"):
        here.worker(LEADPULSE_INSTANCE_ID=name)
    here.wait("complete", lambda now: now["leadpulse_complete"] == now["leadpulse_leads_complete"] == 1, 120)
    for minutes in (1, 11, 21):
        minute(here, first, minutes)
    config = servers.prometheus("10s", tuple(f"127.0.0.1:{port}" for port in here.ports))
    config["global"]["scrape_interval"] = "5s"
    rules = Path(__file__).parents[2] / "deploy" / "prometheus" / "rules" / "leadpulse-alerts.yml"
    with prometheus(tmp_path, document(config), {"rules/leadpulse-alerts.yml": rules.read_text()}) as server:
        asked = selectors({**VARIABLES, "$leads_window": "30d", "$money_window": "30d"}, any_window="leadpulse_judged_")
        until = patience.until(20)
        missing = dict(asked)
        while missing and time.monotonic() < until:
            missing = {one: where for one, where in missing.items() if not found(server, one)}
            time.sleep(2)
    assert len(asked) > 400
    for one in ELSEWHERE:
        assert missing.pop(one, None) is not None, f"{one} is there after all"
    assert not missing, "\n".join(f"{one}  of {', '.join(where)}" for one, where in sorted(missing.items()))
    here.close()


def found(server: Prometheus, selector: str) -> bool:
    return bool(server.instant(f"count(last_over_time({selector}[5m]))"))
