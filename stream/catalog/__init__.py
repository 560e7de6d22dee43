"""The catalog: every metric once, with all that is known about it.

In:  nothing.  Out: `COUNTS` (what is added up, from which cells) and `METRICS` (what people see, from which counts).
Gauges, result records, rules, dashboards, schemas and the reference page are rendered from here.

    words       what entries are written in          counts      what is added up, of what, at which moment
    entry       the forms of entries                 traffic …   the entries, one file an area
    areas       the areas and their sections         judging     how figures are judged
    policies    what no entry may do, at import      released    what earlier releases promised

To add a metric from counts that exist: one entry in the file of its area. Names follow the Prometheus conventions;
labels are listed as they are shown; a ratio divides counts of the same cohort in the same window.
"""

from __future__ import annotations

import hashlib
from typing import Final

from stream.catalog import ads, chatbot, conversion, email, funnel, leads, money, policies, released, traffic, trust
from stream.catalog.areas import AREAS
from stream.catalog.counts import COUNTS
from stream.catalog.words import (
    ADS,
    AGE,
    AGES,
    BOUNCES,
    CONTENT,
    LEADS,
    MONEY,
    MONTH,
    NOW,
    NOW_WINDOW,
    PERIODS,
    QUANTILES,
    SESSION_OVER_MS,
    SHORTEST,
    STEPS,
    TRAFFIC,
    Alert,
    Count,
    Maturity,
    Metric,
    counts_of,
)
from stream.changes.targets import STEP_TARGETS_S

__all__ = (
    "ADS", "AGE", "AGES", "AREAS", "BOUNCES", "BY_NAME", "CONTENT", "COUNTS", "LEADS", "METRICS", "MONEY", "MONTH",
    "NOW", "NOW_WINDOW", "PERIODS", "QUANTILES", "SESSION_OVER_MS", "STEPS", "STEP_TARGETS_S", "TOTALS",
    "TRAFFIC", "Alert", "Count", "Maturity", "Metric", "counts_of", "version", "windows_of_cells",
)  # fmt: skip


METRICS: Final[tuple[Metric, ...]] = (
    *traffic.METRICS,
    *conversion.METRICS,
    *chatbot.METRICS,
    *email.METRICS,
    *ads.METRICS,
    *funnel.METRICS,
    *leads.METRICS,
    *money.METRICS,
    *trust.METRICS,
)
#: What the account of all shards says; no windows.
TOTALS: Final[tuple[Metric, ...]] = trust.TOTALS

BY_NAME: Final[dict[str, Metric]] = {metric.name: metric for metric in (*METRICS, *TOTALS)}


def windows_of_cells() -> dict[str, set[str]]:
    """Give for each kind of cell the windows that metrics show it in."""
    out: dict[str, set[str]] = {}
    for metric in METRICS:
        apart = dict(metric.read_in)
        for count in counts_of(metric):
            name = apart.get(count)
            windows = metric.windows if name is None else (SHORTEST.get(name, name),)
            for kind in COUNTS[count].cells:
                if COUNTS[count].at != "standing":
                    out.setdefault(kind, set()).update({"24h"} if windows == NOW else windows)
    return out


def version() -> str:
    """Name this catalog: eight characters that change whenever a figure, its meaning or its alert does."""
    return hashlib.blake2b(repr((METRICS, sorted(COUNTS.items()), STEP_TARGETS_S)).encode(), digest_size=4).hexdigest()


policies.check((*METRICS, *TOTALS), COUNTS, released.read(), released.RETIRED)
