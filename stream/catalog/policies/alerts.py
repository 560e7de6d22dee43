"""Alerts: that an entry that harms says so, in a way that a rule can judge.

In:  an entry, the counts.
Out: nothing; CatalogError names the entry, says what is wrong with it and what to do.
"""

from __future__ import annotations

from stream.catalog.judging import MOST_LABELS, alert_rule_of
from stream.catalog.policies.labels import bounded
from stream.catalog.policies.words import Counts, refuse
from stream.catalog.words import Metric


def alert_fits_the_harm(metric: Metric, counts: Counts) -> None:
    """Refuse a harm without words, and words without a harm or a rule that fits it."""
    name, alert = metric.name, metric.alert
    if alert is None:
        if metric.proportion and metric.direction:
            raise refuse(name, f"{name} is a proportion that harms by a {metric.direction} and has no alert text.",
                         "Give it alert=Alert(...), or no direction.")  # fmt: skip
        return
    if metric.direction is None:
        raise refuse(name, f"{name} has an alert, but no direction of harm.", "Give it a direction, or no alert.")
    if not alert.summary.strip().endswith("."):
        raise refuse(name, f"The alert's summary of {name} does not end in a period.", "Write a sentence.")
    if alert.ruled and alert_rule_of(metric) is None:
        raise refuse(name, f"No rule fits {name}, a {metric.kind} that harms by a {metric.direction}.",
                     "Rules are for ratios, costs that rise and counts that drop.")  # fmt: skip


def alert_tells_few_apart(metric: Metric, counts: Counts) -> None:
    """Refuse an alert by labels that the entry has not, by too many, or that adds people up."""
    if metric.alert is None:
        return
    labels = tuple(label for label in metric.labels if label != "site")
    by = labels if metric.alert.by is None else metric.alert.by
    for label in by:
        if label not in labels or not bounded(label):
            raise refuse(metric.name, f"The label {label} of {metric.name} could explode, or is none of its labels.",
                         "Tell apart by labels that the label budget bounds.")  # fmt: skip
    if len(by) > MOST_LABELS:
        raise refuse(metric.name, f"The alert of {metric.name} tells apart {', '.join(by)}: too many series.",
                     f"Name at most {MOST_LABELS} labels in by=(...).")  # fmt: skip
    if set(by) < set(labels) and metric.people:
        raise refuse(metric.name, f"People of {metric.name} do not add up over labels.",
                     "Leave by=... out, or alert on an entry without these labels.")  # fmt: skip
