"""PromQL: the few forms that all rules are written in, and how often and how long they look.

In:  names of series, selectors, durations.
Out: expressions that Prometheus 2.42 and 3.x, and stores that speak its language, read alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from stream.catalog import BY_NAME
from stream.catalog.judging import Z
from stream.errors import CatalogError

#: Labels of the process that is scraped. The rollup moves from worker to worker; what it shows is one series.
DROPPED: Final = ("container", "endpoint", "host", "instance", "job", "node", "pod", "service")

#: The scrape jobs that are workers of leadpulse, whatever prefix an operator gives them.
WORKERS: Final = 'job=~".*leadpulse.*"'


@dataclass(frozen=True, slots=True)
class Timings:
    """How often rules are evaluated and how long a state must last; tests use shorter ones.

    `bridge` is how long a verdict stands when nobody shows it, and `keep` how long an alert goes on after that: a
    failover is no second message.
    """

    interval: str = "1m"
    bridge: str = "5m"
    keep: str = "5m"
    page_for: str = "2m"
    ticket_for: str = "5m"
    hold: str = "10m"
    restore_for: str = "15m"
    lag_s: int = 300


def named(name: str) -> str:
    """Give the series of a metric that a rule names; an unknown name fails the render."""
    if name not in BY_NAME:
        raise CatalogError(
            f"A rule names the metric {name}, which the catalog does not have.",
            where="stream/render/alerts", do="Name an entry of stream/catalog.",
        )  # fmt: skip
    return f"leadpulse_{name}"


def one(selector: str) -> str:
    """Take a series as it is now, whichever worker shows it; for a moment of a move two may.

    >>> one("leadpulse_complete")
    'max without (container, endpoint, host, instance, job, node, pod, service) (leadpulse_complete)'
    """
    return f"max without ({', '.join(DROPPED)}) ({selector})"


def wilson(p: str, n: str, side: str) -> str:
    """Give an end of the Wilson score interval (E. B. Wilson, 1927): side "+" the upper one, "-" the lower one.

    >>> wilson("p", "n", "+")
    '(p + 4.5 / n + 3 * sqrt(clamp_min(p * (1 - p), 0) / n + 2.25 / n ^ 2)) / (1 + 9 / n)'
    """
    z2 = Z * Z
    middle, half = f"{p} + {z2 / 2:g} / {n}", f"sqrt(clamp_min({p} * (1 - {p}), 0) / {n} + {z2 / 4:g} / {n} ^ 2)"
    return f"({middle} {side} {Z} * {half}) / (1 + {z2} / {n})"
