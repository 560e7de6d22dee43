"""Alerting: a real Prometheus and Alertmanager with the rendered rules, and a webhook that they tell.

In:  a folder, what is scraped.
Out: the running servers. Everything is as rendered but the timings, which are seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from stream.render import rules
from stream.render.alerts import servers
from stream.render.alerts.promql import Timings
from stream.render.yaml import document
from tests.e2e.prometheus import Prometheus, Webhook, alertmanager, prometheus, webhook

#: Seconds where operators have minutes.
TIMINGS = Timings(interval="2s", bridge="30s", keep="10s", page_for="15s", ticket_for="15s")


@contextmanager
def alerting(folder: Path, targets: Sequence[str]) -> Iterator[tuple[Prometheus, Webhook]]:
    """Scrape targets (host:port), and tell a webhook what fires."""
    files = {path.rpartition("/")[2]: text for path, text in rules.render(TIMINGS).items() if "/rules/" in path}
    with ExitStack() as stack:
        hook = stack.enter_context(webhook())
        routes = servers.alertmanager(hook.url, wait="1s", page_interval="1s", ticket_interval="1s")
        manager = stack.enter_context(alertmanager(folder, document(routes)))
        config = servers.prometheus(TIMINGS.interval, tuple(targets), manager.url.removeprefix("http://"))
        config["global"]["scrape_interval"] = "3s"
        config["rule_files"] = ["leadpulse-*.yml"]
        more = ["--rules.alert.resend-delay=5s"]  # Alertmanager takes an alert for over after four times that
        yield stack.enter_context(prometheus(folder, document(config), files, more)), hook
