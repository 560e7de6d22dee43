"""Names: the conventions of Prometheus, and one entry a name.

In:  an entry, the counts.
Out: nothing; CatalogError names the entry, says what is wrong with it and what to do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from stream.catalog.policies.words import Counts, listed, refuse
from stream.catalog.words import Metric

#: Ends of names that the exposition makes itself.
_MADE: Final = ("_numerator", "_denominator", "_sum", "_count", "_bucket", "_maturity")
#: Words of which the name of an amount of money has one.
_MONEY: Final = frozenset({"spend", "cost", "value", "revenue", "refunds", "deal"})
#: Words that say how those fare that are counted.
_STATES: Final = frozenset({"waiting", "reopened", "order"})
_NAME: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def name_follows_the_conventions(metric: Metric, counts: Counts) -> None:
    """Refuse a name that breaks the conventions of Prometheus, or that the exposition would make a second time."""
    name, words = metric.name, metric.name.split("_")
    wrong = ""
    if not _NAME.fullmatch(name):
        wrong = "is not lower case words between underscores"
    elif words[0] == "leadpulse":
        wrong = "has the prefix that the exposition adds"
    elif name.endswith(_MADE):
        wrong = f"ends in {'_' + words[-1]}, which the exposition makes of others"
    elif (metric.unit == "ratio") != (words[-1] == "ratio"):
        wrong = "ends in _ratio without being one, or is a ratio and does not"
    elif (metric.unit == "seconds") != (words[-1] == "seconds"):
        wrong = "ends in _seconds without the unit, or has the unit and does not"
    elif (metric.kind == "total") != (words[-1] == "total"):
        wrong = "ends in _total without being a counter, or is one and does not"
    elif metric.unit == "currency" and not _MONEY & set(words):
        wrong = f"is money and names none of {listed(_MONEY)}"
    elif metric.kind == "count" and not any(word.endswith("s") or word in _STATES for word in words):
        wrong = "is a count and has no plural, nor says how those fare that it counts"
    if wrong:
        raise refuse(name, f"The name {name} {wrong}.", "Name it as Prometheus does: what, of what, unit.")


def names_are_unique(metrics: Iterable[Metric]) -> None:
    """Refuse two entries of one name."""
    seen: dict[str, Metric] = {}
    for metric in metrics:
        if metric.name in seen:
            raise refuse(metric.name, f"There are two entries {metric.name}.", "Give one of them another name.")
        seen[metric.name] = metric
    for metric in seen.values():
        other = seen.get(metric.exposed) if metric.exposed else metric
        if other is None or (
            other is not metric and (_told_of(other) != _told_of(metric) or not _apart(other, metric))
        ):
            raise refuse(metric.name, f"{metric.name} is exposed as {metric.exposed}, which is none of its kind.",
                         "Name an entry of the same kind, unit and labels that differs in a constant.")  # fmt: skip


def _told_of(metric: Metric) -> tuple[object, ...]:
    return metric.kind, metric.unit, metric.labels


def _apart(one: Metric, other: Metric) -> bool:
    return dict(one.constant).keys() == dict(other.constant).keys() and one.constant != other.constant
