"""PromQL: the few forms that all rules are written in, and the constants of the rule.

In:  names of series, selectors, durations.
Out: expressions that Prometheus 2.42 and 3.x both read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from stream.catalog.judging import PARTS, Z

#: Labels of the process that is scraped. The rollup moves from worker to worker; what it shows is one series.
DROPPED: Final = ("container", "endpoint", "host", "instance", "job", "node", "pod", "service")

#: The scrape jobs that are workers of leadpulse, whatever prefix an operator gives them.
WORKERS: Final = 'job=~".*leadpulse.*"'

#: How long a figure stands when nobody shows it: longer than a move, and than two scrapes of a minute.
BRIDGE: Final = "2m"

WEEKS: Final = (1, 2, 3, 4)
HOURS_OF_WEEK: Final = 168


@dataclass(frozen=True, slots=True)
class Window:
    """A window that ratios are judged in: an alert needs them below `part` of the usual."""

    name: str
    part: float


@dataclass(frozen=True, slots=True)
class Timings:
    """How often rules are evaluated and how long a state must last; tests use shorter ones.

    `silences` are the spells without any record that are looked at; `least_expected` of them are usual.
    """

    interval: str = "1m"
    hold: str = "10m"
    keep: str = "15m"
    windows: tuple[Window, ...] = tuple(Window(name, PARTS[name]) for name in ("1h", "6h", "24h"))
    silences: tuple[str, ...] = ("10m", "1h", "3h", "6h")
    down_for: str = "2m"
    silent_for: str = "2m"
    lag_for: str = "5m"
    restore_for: str = "15m"
    vanished_for: str = "10m"
    cost_for: str = "1h"
    lag_s: int = 300
    volume_windows: tuple[str, ...] = field(default=("1h", "6h"))


def one(selector: str) -> str:
    """Take a series as it is now, whichever worker shows it; for a moment of a move two may.

    >>> one("leadpulse_complete")
    'max without (container, endpoint, host, instance, job, node, pod, service) (leadpulse_complete)'
    """
    return f"max without ({', '.join(DROPPED)}) ({selector})"


def bridged(selector: str) -> str:
    """Take a series as it was last: while the rollup moves, no worker shows it for some seconds.

    A gap would set the `for` of an alert back to nothing.
    """
    return one(f"last_over_time({selector}[{BRIDGE}])")


def same_hours(selector: str, aggregate: str, shift_h: int = 0, back: Iterable[int] = WEEKS) -> str:
    """Pool what a selector gave at the same hour of former weeks; weeks without a value are left out.

    `selector` has `@` where the offset goes. An addition would give nothing where one week is missing.
    """
    weeks = [
        f'label_replace({selector.replace("@", f"offset {week * HOURS_OF_WEEK - shift_h}h")}, "week", "{week}", "", "")'
        for week in back
    ]
    return f"{aggregate} without (week) (\n  " + "\n  or ".join(weeks) + "\n)"


def lowest_of_hours(selector: str) -> str:
    """Give the mean of the same hours of four weeks, or that of the hour before or after where it is lower.

    Clocks change twice a year and a newsletter does not go out to the minute.
    """
    shifted = [
        f'label_replace({same_hours(selector, "avg", shift)}, "shift", "{shift}", "", "")' for shift in (-1, 0, 1)
    ]
    return "min without (shift) (\n" + "\nor\n".join(shifted) + "\n)"


def wilson(p: str, n: str, side: str) -> str:
    """Give an end of the Wilson score interval (E. B. Wilson, 1927): side "+" the upper one, "-" the lower one.

    >>> wilson("p", "n", "+")
    '(p + 4.5 / n + 3 * sqrt(clamp_min(p * (1 - p), 0) / n + 2.25 / n ^ 2)) / (1 + 9 / n)'
    """
    z2 = Z * Z
    middle, half = f"{p} + {z2 / 2:g} / {n}", f"sqrt(clamp_min({p} * (1 - {p}), 0) / {n} + {z2 / 4:g} / {n} ^ 2)"
    return f"({middle} {side} {Z} * {half}) / (1 + {z2} / {n})"


def poisson(k: str, n: str, side: str) -> str:
    """Give an end of the score interval of a rate: k events that were counted over an exposure of n.

    >>> poisson("k", "n", "+")
    '(k + 4.5 + 3 * sqrt(k + 2.25)) / n'
    """
    z2 = Z * Z
    return f"({k} + {z2 / 2:g} {side} {Z} * sqrt({k} + {z2 / 4:g})) / {n}"


def any_of(parts: Iterable[str]) -> str:
    """Join expressions with `or`, one a line."""
    return "\nor\n".join(parts)


def unnamed(expr: str) -> str:
    """Take the name off: back-filling (promtool) takes a series that changes its name for two."""
    return f"max without () (\n{expr}\n)"
