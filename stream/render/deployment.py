"""Deployment: the parts of compose and Kubernetes files that follow from the rules.

In:  the rendered rules.
Out: Prometheus' configuration for compose, and the PrometheusRule for Kubernetes, by path in the checkout.

The rest of both is written by hand: it has no source that it could drift from.
"""

from __future__ import annotations

from typing import Final

from stream.render import rules
from stream.render.alerts import servers
from stream.render.alerts.promql import Timings
from stream.render.yaml import Node, document

COMPOSE_WORKERS: Final = ("worker-1:9464", "worker-2:9464")


def render(timings: Timings = Timings(), links: rules.Links = rules.Links()) -> dict[str, str]:
    """Give the text of every file."""
    compose = servers.prometheus(timings.interval, COMPOSE_WORKERS, "alertmanager:9093")
    rule: dict[str, Node] = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "leadpulse", "labels": {"app.kubernetes.io/name": "leadpulse"}},
        "spec": {"groups": rules.groups(timings, links)},
    }
    return {
        "deploy/compose/prometheus.yml": document(compose, rules.HEAD),
        "deploy/kubernetes/prometheus-rule.yaml": document(rule, rules.HEAD),
    }
