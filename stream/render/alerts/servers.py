"""Servers: what Prometheus reads and whom Alertmanager tells, as plain data.

In:  the names of the companions' alerts.
Out: prometheus.yml and alertmanager.yml, to be started with as they are or to copy from.

The judge holds back, Alertmanager groups: one cause makes one message.
"""

from __future__ import annotations

from typing import Any, Final

from stream.render.alerts import texts

RECEIVERS: Final = (
    "Receivers are empty: add yours (webhook_configs, email_configs, pagerduty_configs, …) where they stand.\n"
    "`amtool check-config` checks the result."
)


def prometheus(
    interval: str, targets: tuple[str, ...] = ("localhost:9464",), alertmanager: str = "localhost:9093"
) -> dict[str, Any]:
    """Give the configuration of Prometheus; no verdict rests on how long it keeps what it scraped."""
    return {
        "global": {"scrape_interval": "15s", "evaluation_interval": interval},
        "rule_files": ["rules/leadpulse-*.yml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]},
        "scrape_configs": [{"job_name": "leadpulse", "static_configs": [{"targets": list(targets)}]}],
    }


def alertmanager(
    webhook: str | None = None, *, wait: str = "2m", page_interval: str = "5m", ticket_interval: str = "1h"
) -> dict[str, Any]:
    """Give the configuration of Alertmanager: pages by site, tickets as a list a site and hour at most."""
    told = {"webhook_configs": [{"url": webhook, "send_resolved": True}]} if webhook else {}
    return {
        "route": {
            "receiver": "ticket",
            # what is about leadpulse itself names no site, and is one list, too
            "group_by": ["site"],
            "group_wait": wait,
            "group_interval": ticket_interval,
            "repeat_interval": "24h",
            "routes": [
                {
                    "matchers": ['severity="page"'],
                    "receiver": "page",
                    "group_by": ["site"],
                    "group_wait": wait,
                    "group_interval": page_interval,
                    "repeat_interval": "12h",
                }
            ],
        },
        "receivers": [{"name": "page", **told}, {"name": "ticket", **told}],
        "inhibit_rules": [
            {
                # no worker shows anything: what is known of figures is old, and its end would be no end
                "source_matchers": [f"alertname={texts.NO_WORKER}"],
                "target_matchers": ["alertname=~Leadpulse.*", f"alertname!={texts.NO_WORKER}"],
            }
        ],
    }
