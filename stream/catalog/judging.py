"""Judging: how figures are judged: which rule fits an entry, and its constants, for the judge and the live page.

In:  an entry.  Out: its rule; widths of intervals, effects, floors.
"""

from __future__ import annotations

from typing import Final, Literal

from stream.catalog.words import NOW, Metric

#: Proportions go by Wilson's interval, other ratios of counts by Poisson's; volumes and costs have rules of their own.
Rule = Literal["wilson", "poisson", "volume", "cost"]

#: Width of the interval in standard deviations: one false page in 740 looks at a side, before all margins.
Z: Final = 3
#: Trials that a baseline rests on, at least.
LEAST_TRIALS: Final = 200
#: Successes below which a rise is no rise: as many as a drop needs to be expected before it can fire.
LEAST_SUCCESSES: Final = 11
#: The drop that the needed sample size is worked out for: half is lost.
EFFECT: Final = 0.5
#: Window → part of the usual value below which a drop counts. Rules know no window below an hour.
PARTS: Final = {"5m": 0.85, "1h": 0.85, "6h": 0.9, "24h": 0.9}
#: The same for longer windows.
PART_LONG: Final = 0.9
#: A volume is down when it is so many standard deviations and more than half below the same hours.
SIGMAS: Final = 4
VOLUME_PART: Final = 0.5
#: Leads that a cost rests on, at least, and the rise that counts.
LEAST_LEADS: Final = 30
COST_FACTOR: Final = 1.5
#: Labels that an alert tells apart beside the site: two of at most 50 values each, capped by the label budget.
MOST_LABELS: Final = 2


def rule_of(metric: Metric) -> Rule | None:
    """Give the rule that an entry is judged by; None where there is nothing to judge.

    What stands and what ripens is not judged by the same hours of four weeks.
    """
    if metric.windows == NOW or metric.maturity is not None:
        return None
    if metric.kind == "count":
        return "volume"
    if metric.kind != "ratio":
        return None
    if metric.proportion:
        return "wilson"
    if metric.unit == "currency":
        return "cost"
    return "poisson" if metric.unit == "ratio" else None


def alert_rule_of(metric: Metric) -> Rule | None:
    """Give the rule of an entry's alert; None where none fits its harm, and where it has words only."""
    if metric.alert is not None and not metric.alert.ruled:
        return None
    rule = rule_of(metric)
    one_way = {"volume": "drop", "cost": "rise"}
    return rule if rule is not None and metric.direction == one_way.get(rule, metric.direction) else None
