"""Alerts end to end: what workers show of the judge, a real Prometheus and Alertmanager with the rendered rules, a webhook.

fire      a page, and a ticket that it holds      → one message, with the text of the judge
gap       nobody shows anything for a while       → no second message
over      the judge resolves it                   → told, once
down      one worker of two ends, then the other  → a ticket, then a page

Real workers do the same in tests/integration/test_alerts_told.py.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import msgspec
import pytest

from stream.catalog import BY_NAME, version
from stream.contract import alert
from stream.contract.alert import AlertRecord
from stream.judge import settings as judge
from stream.judge.told import moment_ms
from stream.render.alerts import texts
from stream.serve.http import HttpService
from stream.serve.telemetry import Telemetry
from stream.serve.views import AlertsView, WorkerView
from stream.settings.fields import Settings
from tests.e2e.alerting import alerting
from tests.e2e.prometheus import Prometheus, Webhook, program, wait_until

pytestmark = [pytest.mark.prometheus, pytest.mark.slow, pytest.mark.timeout(300)]

LIMIT_S = 120
PAGE = "LeadpulseVisitToLeadDrop"
DROP = msgspec.convert(alert.EXAMPLE, AlertRecord)
TICKET = msgspec.structs.replace(
    DROP, alert="bounce_rise", by="channel", value="e-mail", severity="ticket", held="page", text="More leave."
)


class Worker:
    """What a worker shows, without what it works on."""

    def __init__(self, *, owner: bool) -> None:
        self._telemetry = Telemetry(version())
        self._telemetry.show_worker(WorkerView((), owns_rollup=owner, rebalances=1, ready=True))
        self.http = HttpService(Settings(http="127.0.0.1:0"), self._telemetry, BY_NAME)
        self.http.start()

    def show(self, *records: AlertRecord) -> None:
        self._telemetry.show_alerts(AlertsView(records, ("shop",), judge.Settings(), moment_ms(DROP.at)))

    def hide(self) -> None:
        self._telemetry.alerts = None


@dataclass(frozen=True)
class Told:
    workers: tuple[Worker, Worker]
    prometheus: Prometheus
    webhook: Webhook

    def show(self, *records: AlertRecord) -> None:
        for worker in self.workers:
            worker.show(*records)

    def messages(self) -> list[tuple[str, str]]:
        return [(status, labels["alertname"]) for _, status, labels, _ in self.webhook.told]

    def shown(self) -> float:
        """Give how many series of alerts Prometheus has."""
        found = self.prometheus.instant("count(leadpulse_alert_firing)")
        return float(found[0]["value"][1]) if found else 0

    def wait(self, status: str, name: str) -> tuple[dict[str, str], dict[str, str]]:
        wait_until(lambda: (status, name) in self.messages(), LIMIT_S, f"{name} {status}; told: {self.messages()}")
        return next(
            (labels, notes) for _, said, labels, notes in self.webhook.told
            if (said, labels["alertname"]) == (status, name)
        )  # fmt: skip


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    for name in ("prometheus", "prometheus-alertmanager"):
        program(name)
    folder = tmp_path_factory.mktemp("alerts")
    workers = Worker(owner=True), Worker(owner=False)
    targets = [worker.http.url.removeprefix("http://") for worker in workers]
    with ExitStack() as stack:
        for worker in workers:
            stack.callback(worker.http.stop)
        server, hook = stack.enter_context(alerting(folder, targets))
        found = Told(workers, server, hook)
        found.show()
        wait_until(lambda: found.shown() > 100, LIMIT_S, "Prometheus scrapes both workers")
        wait_until(lambda: not server.firing(), LIMIT_S, "nothing fires")  # before the first scrape there is no worker
        time.sleep(3)
        hook.told.clear()
        yield found


def test_a_page_is_told_as_the_judge_says_it_and_what_it_holds_is_not(told: Told) -> None:
    told.show(DROP, TICKET)
    labels, notes = told.wait("firing", PAGE)
    assert labels == {
        "alertname": PAGE, "alert": "visit_to_lead_drop", "site": "shop", "severity": "page",
    }  # fmt: skip
    assert notes["description"] == DROP.text
    assert notes["runbook_url"] == DROP.runbook
    time.sleep(5)
    assert {name for _, name in told.messages()} == {PAGE}


def test_a_take_over_is_no_second_message(told: Told) -> None:
    before = told.messages()
    for worker in told.workers:
        worker.hide()
    wait_until(lambda: not told.shown(), LIMIT_S, "nobody shows it")
    time.sleep(5)
    told.show(DROP, TICKET)
    wait_until(told.shown, LIMIT_S, "it is shown again")
    time.sleep(20)
    assert set(told.messages()) == set(before)
    assert ("resolved", PAGE) not in told.messages()


def test_its_end_is_told(told: Told) -> None:
    told.show(msgspec.structs.replace(DROP, state="resolved"))
    told.wait("resolved", PAGE)
    assert {name for _, name in told.messages()} == {PAGE}


def test_one_worker_of_two_is_a_ticket_and_none_is_a_page(told: Told) -> None:
    told.workers[1].http.stop()
    labels, _ = told.wait("firing", texts.WORKER_DOWN)
    assert labels["severity"] == "ticket"
    told.show(DROP)
    before = len(told.messages())
    wait_until(lambda: ("firing", PAGE) in told.messages()[before:], LIMIT_S, "one that is down hides no page")

    told.workers[0].http.stop()
    labels, _ = told.wait("firing", texts.NO_WORKER)
    assert labels["severity"] == "page"
