"""The commands against a broker: what a person does first, and what goes wrong then."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from kafka import KafkaAdminClient

from stream.__main__ import run
from tests import patience
from tests.integration.brokers import Broker, free_port
from tests.integration.shared import fresh_prefix

ROOT = Path(__file__).resolve().parents[2]

Told = tuple[int, str, str]


class Place:
    """One installation on the embedded broker, with a topic prefix of its own."""

    def __init__(self, broker: Broker, capfd: pytest.CaptureFixture[str]) -> None:
        self.prefix = fresh_prefix("c")
        self.broker = broker
        self._capfd = capfd

    def flags(self) -> list[str]:
        return ["--brokers", self.broker.bootstrap, "--topic-prefix", self.prefix]

    def run(self, *words: str) -> Told:
        """Run a command here; give its exit code, output and messages."""
        self._capfd.readouterr()
        code = run([*words, *self.flags()])
        out, err = self._capfd.readouterr()
        return code, out, err

    def worker(self, *words: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "stream", "worker", *self.flags(), "--log-level", "error", *words]
        return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def refused(self, *words: str) -> Told:
        """Start a worker that is expected to refuse."""
        process = self.worker(*words)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    def create(self, **partitions: int) -> None:
        admin = KafkaAdminClient(bootstrap_servers=self.broker.bootstrap)
        admin.create_topics(
            {f"{self.prefix}{name}": {"num_partitions": n, "replication_factor": 1} for name, n in partitions.items()}
        )
        admin.close()


@pytest.fixture
def place(embedded: Broker, capfd: pytest.CaptureFixture[str]) -> Place:
    return Place(embedded, capfd)


def test_topics_are_created_verified_and_listed(place: Place) -> None:
    code, out, _ = place.run("topics", "list")
    assert (code, out.count("missing")) == (0, 29), "those of optional sources are among them"
    code, out, err = place.run("topics", "verify", "--delivery", "at_least_once")
    assert (code, "17 problem(s)" in err, f"{place.prefix}page_view" in out) == (1, True, True)
    code, out, _ = place.run("topics", "create", "--partitions", "2")
    assert (code, out.count("created  ")) == (0, 25), "people may be followed"
    code, out, _ = place.run("topics", "create", "--partitions", "5")
    assert (code, out) == (0, "All topics are there already.\n")
    assert place.run("topics", "verify", "--delivery", "at_least_once")[0] == 0
    assert "offers no transactions" in place.run("topics", "verify")[1]  # which a worker would not start without
    lacks = [line.split()[0] for line in place.run("topics", "list")[1].splitlines() if "missing" in line]
    assert lacks == [f"{place.prefix}{kind}" for kind in ("cost", "signal", "crm", "privacy")]


def test_own_topics_follow_the_sources_that_are_there(place: Place) -> None:
    place.create(page_view=3, form=3, chatbot=3)
    assert place.run("topics", "create", "--partitions", "2")[0] == 0
    listed = {line.split()[0]: line.split()[2] for line in place.run("topics", "list")[1].splitlines()}
    assert listed[f"{place.prefix}leadpulse.state.visitors"] == "3"
    assert listed[f"{place.prefix}leadpulse.state.emails"] == "2"


@pytest.mark.parametrize(
    ("made", "words", "says"),
    [
        ({}, (), "The topic is missing"),
        ({"page_view": 2, "form": 3}, (), "different partition counts"),
        (None, (), "offers no transactions"),
        (None, ("--http", "192.0.2.1:9464", "--set", "http_permit=true"), "not one of this machine"),
    ],
    ids=["no topics", "page_view and form differ", "no transactions", "address of another machine"],
)
def test_a_worker_that_cannot_start_says_why_in_one_message(
    place: Place, made: dict[str, int] | None, words: tuple[str, ...], says: str
) -> None:
    if made is None:
        place.run("topics", "create", "--partitions", "1")
    elif made:
        place.create(**made)
    code, out, err = place.refused(*(words or ("--http", "127.0.0.1:0")))
    assert (code, out) == (1, "")
    assert says in err
    assert "Traceback" not in err


def test_simulating_without_topics_is_refused(place: Place) -> None:
    code, _, err = place.run("simulate", "--for", "1s")
    assert (code, "Source topics are missing" in err) == (1, True)


def test_traffic_is_counted_served_and_its_rejects_can_be_read(place: Place, tmp_path: Path) -> None:
    place.run("topics", "create", "--partitions", "2")
    books = tmp_path / "books.ndjson"
    code, _, err = place.run(
        "simulate", "--for", "1s", "--history", "10m", "--history-rate", "4", "--books", str(books)
    )
    assert code == 0, err
    account = json.loads(books.read_text().splitlines()[-1])["account"]
    port = free_port()
    worker = place.worker("--http", f"127.0.0.1:{port}", "--delivery", "at_least_once", "--set", "session_timeout=6s")
    try:
        shown = wait_for(f"http://127.0.0.1:{port}/metrics", f"leadpulse_events {account['accepted']}", worker)
        assert "leadpulse_conservation_error 0\n" in shown
        code, out, err = place.run("dead-letter", "list", "--format", "ndjson", "--most", "1000")
        letters = [json.loads(line) for line in out.splitlines()]
        reasons = {reason: sum(letter["reason"] == reason for letter in letters) for reason in account["dead_lettered"]}
        assert (code, reasons) == (0, account["dead_lettered"]), err
        code, out, _ = place.run("dead-letter", "show", letters[0]["letter"])
        assert (code, letters[0]["reason"] in out) == (0, True)
        assert place.run("dead-letter", "show", "form-9-9")[0] == 1
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.communicate(timeout=30)
    assert worker.returncode == 0


def wait_for(url: str, wanted: str, worker: subprocess.Popen[str], limit_s: float = 60) -> str:
    """Scrape until the sum of all events is the wanted one; give the page."""
    until = patience.until(limit_s)
    text = ""
    while time.monotonic() < until:
        assert worker.poll() is None, worker.communicate()
        try:
            text = urllib.request.urlopen(url, timeout=5).read().decode()
        except (urllib.error.URLError, ConnectionError):
            text = ""
        events = [line for line in text.splitlines() if line.startswith("leadpulse_events_total{")]
        if f"leadpulse_events {sum(int(line.rpartition(' ')[2]) for line in events)}" == wanted:
            return text
        time.sleep(0.2)
    raise AssertionError(f"{wanted} was not reached:\n" + "\n".join(text.splitlines()[:80]))
