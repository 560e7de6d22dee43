"""The page of several workers on a real broker: the same on each, through a drop, and when the owner is killed."""

from __future__ import annotations

import json
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from stream.changes.panes import HOUR_MS
from stream.kafka import topics
from tests import patience
from tests.e2e.browser import chromium, expect
from tests.integration.conftest import Site
from tests.integration.test_alerts_told import FEW, MINUTE_MS, USUAL, minute, past, people
from tests.integration.test_history import command
from tests.integration.told import Told, now_ms, produce

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

#: Counts how often the figure of visitors was not there.
WATCH = """() => {
  window.gone = 0;
  const look = () => { if (!/\\d/.test(document.querySelector('#card-visitors').closest('article').querySelector('.value').textContent)) window.gone += 1; };
  new MutationObserver(look).observe(document.querySelector('#cards'), { subtree: true, childList: true, characterData: true });
}"""


def asked(port: int, table: str) -> dict[str, Any]:
    """Ask one worker for a table of its page."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/{table}", timeout=10) as answer:
        found: dict[str, Any] = json.loads(answer.read())
        return found


def told(table: dict[str, Any]) -> dict[str, tuple[Any, ...]]:
    """Give what a worker says of each figure."""
    return {
        row["metric"]: (row["value"], row["said"], row["state"], row["detail"])
        for section in table["sections"]
        for row in section["rows"]
    }


def same(here: Told, limit_s: float = 30) -> dict[str, tuple[Any, ...]]:
    """Wait until both workers say the same of everything."""
    until, found = patience.until(limit_s), [{}, {}]
    while time.monotonic() < until:
        try:
            found = [told(asked(port, "figures?site=shop")) for port in here.ports]
        except OSError:
            found = [{}, {}]
        if found[0] == found[1] and found[0].get("visitors", (None,))[0]:
            return found[0]
        time.sleep(0.5)
    differ = {name: [each.get(name) for each in found] for name in found[0] | found[1]
              if found[0].get(name) != found[1].get(name)}  # fmt: skip
    raise AssertionError(f"the pages differ after {limit_s:.0f} s: {differ or found}")


@pytest.mark.timeout(500)
def test_two_workers_show_the_same_through_a_drop_and_the_death_of_the_owner(site: Any, tmp_path: Path) -> None:
    here = Told(site(partitions=2, LEADPULSE_CLOCK="events"))
    first = now_ms() // HOUR_MS - 8
    seeds = tmp_path / "past.ndjson"
    seeds.write_bytes(past(first))
    done = command(here.site, "history", "seed", str(seeds))
    assert done.returncode == 0, done.stderr
    people(here.site, (first - 3) * HOUR_MS, 1, "since")
    people(here.site, first * HOUR_MS - 20 * MINUTE_MS, FEW, "few")
    owner = here.worker(LEADPULSE_INSTANCE_ID="a")
    here.wait("complete", lambda now: now["leadpulse_complete"] == 1, 60)
    here.worker(LEADPULSE_INSTANCE_ID="b")
    produce(here.site, "page_view", [(b"k", b"{ann@shop.example", now_ms())])
    minute(here, first, 1)
    assert same(here, 60)["visitors"][2] == "drop"

    with chromium() as browser:
        page = browser.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"http://127.0.0.1:{here.ports[1]}/#site=shop")
        expect(page.locator("#badge")).to_have_text("Live", timeout=20_000)
        card = page.get_by_role("article", name="Visitors")
        expect(card).to_have_attribute("data-state", "drop")
        page.evaluate(WATCH)
        for minutes in (11, 21):
            minute(here, first, minutes)
        expect(page.locator("#strip")).to_contain_text("Visitors drop", timeout=20_000)
        before = same(here)
        assert before["visitors"][2] == "drop"
        charts = [asked(port, "charts?site=shop&span=2d")["charts"]["visitors"] for port in here.ports]
        assert len(charts[0]["values"]) >= 3, "a point each ten minutes"
        assert charts[0]["usual"] == charts[1]["usual"]
        assert USUAL in charts[0]["usual"]["low"]

        owner.kill()
        minute(here, first, 31)
        expect(page.locator("#badge")).to_have_text("Live", timeout=60_000)
        expect(card).to_have_attribute("data-state", "drop")
        expect(page.locator("#strip")).to_contain_text("Visitors drop")
        assert page.evaluate("window.gone") == 0, "no moment without the figure"
        charts = [asked(here.ports[1], "charts?site=shop&span=2d")["charts"]["visitors"]]
        assert len(charts[0]["values"]) >= 4, "and no gap in its line"

        page.locator('nav a[data-to="trust"]').click()
        expect(page.locator("#trust-letters")).to_contain_text("not json", timeout=20_000)
        assert "ann" not in page.locator("#trust-letters").inner_text()
        page.locator('nav a[data-to="overview"]').click()

        minute(here, first, 51, USUAL)
        for minutes in (61, 71, 81):
            minute(here, first, minutes)
        expect(page.locator("#strip")).to_be_hidden(timeout=20_000)
        expect(card).to_have_attribute("data-state", "ok")
        assert complaints == []
    assert same(here, 60)["visitors"][2] == "ok"
    here.close()


@pytest.mark.timeout(200)
def test_without_history_and_alerts_each_worker_has_the_same_figures_all_the_same(site: Any) -> None:
    here = Told(site(partitions=1))
    delete(here.site)
    people(here.site, now_ms() - 60_000, 5, "some")
    for name in ("a", "b"):
        here.worker(LEADPULSE_INSTANCE_ID=name)
    here.wait("complete", lambda now: now["leadpulse_complete"] == 1, 60)
    assert same(here)["visitors"][0] == 5
    assert all(asked(port, "alerts")["known"] is False for port in here.ports)
    here.close()


def delete(of: Site) -> None:
    with topics.admin(of.link) as client:
        client.delete_topics([of.layout.alerts, of.layout.history])
