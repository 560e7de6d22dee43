"""Servers: what Prometheus reads and whom Alertmanager tells, as plain data.

In:  the alerts' names, the kinds of sources.
Out: prometheus.yml and alertmanager.yml, to be started with as they are or to copy from.
"""

from __future__ import annotations

from typing import Any, Final

from stream.contract.kinds import KINDS
from stream.render.alerts import texts

RECEIVERS: Final = (
    "Receivers are empty: add yours (webhook_configs, email_configs, pagerduty_configs, …) where they stand.\n"
    "`amtool check-config` checks the result."
)


def prometheus(
    interval: str, targets: tuple[str, ...] = ("localhost:9464",), alertmanager: str = "localhost:9093"
) -> dict[str, Any]:
    """Give the configuration of Prometheus; start it with a retention of at least 35 days."""
    return {
        "global": {"scrape_interval": "15s", "evaluation_interval": interval},
        "rule_files": ["rules/leadpulse-*.yml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]},
        "scrape_configs": [{"job_name": "leadpulse", "static_configs": [{"targets": list(targets)}]}],
    }


def alertmanager(webhook: str | None = None, *, wait: str = "30s", again: str = "4h") -> dict[str, Any]:
    """Give the configuration of Alertmanager: who is told, and what silences what."""
    told = {"webhook_configs": [{"url": webhook, "send_resolved": True}]} if webhook else {}
    return {
        "route": {
            "receiver": "ticket",
            "group_by": ["alertname", "site", "ratio", "by", "value"],
            "group_wait": wait,
            "group_interval": wait if webhook else "5m",
            "repeat_interval": again,
            "routes": [{"matchers": ['severity="critical"'], "receiver": "page"}],
        },
        "receivers": [{"name": "page", **told}, {"name": "ticket", **told}],
        "inhibit_rules": inhibitions(),
    }


def inhibitions() -> list[dict[str, Any]]:
    """Say which alert makes which other one superfluous."""
    rules: list[dict[str, Any]] = [
        {
            "source_matchers": [f"alertname={texts.DOWN}"],
            "target_matchers": ["alertname=~Leadpulse.*", f"alertname!={texts.DOWN}"],
        }
    ]
    for kind in KINDS:
        rules.append({
            "source_matchers": [f"alertname=~{texts.SILENT}|{texts.LAG}", f"kind={kind}"],
            # `sources` lists the kinds that a ratio needs, joined by commas
            "target_matchers": [f'sources=~"(.*,)?{kind}(,.*)?"'],
        })  # fmt: skip
    for source, targets in (("1h", "6h|24h"), ("6h", "24h")):
        rules.append({
            "source_matchers": ["alertname=~Leadpulse.*", f'window="{source}"'],
            "target_matchers": ["alertname=~Leadpulse.*", f'window=~"{targets}"'],
            "equal": ["alertname", "site", "by", "value"],
        })  # fmt: skip
    return rules
