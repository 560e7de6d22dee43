"""Ratios: one chain of rules for every ratio of the catalog, from counts to a state.

In:  entries of the catalog that are ratios.
Out: recording rules: `leadpulse:successes:sum` and `leadpulse:trials:sum` for each of them, and common to all
     the usual value, the end of the interval, the needed sample size, and the state (ok, drop, too little).

A drop is certain once the upper end of the interval lies below a part of the usual; a figure that harms by
rising is the mirror image. Proportions have Wilson's interval, other ratios of counts Poisson's.
"""

from __future__ import annotations

from typing import Any, Final

from stream.export.alerts.entries import Judged, named
from stream.export.alerts.promql import (
    EFFECT,
    LEAST_SUCCESSES,
    LEAST_TRIALS,
    WEEKS,
    Timings,
    Z,
    any_of,
    one,
    poisson,
    same_hours,
    wilson,
)

RuleNode = dict[str, Any]

SUCCESSES: Final = "leadpulse:successes:sum"
TRIALS: Final = "leadpulse:trials:sum"
USUAL: Final = "leadpulse:ratio:usual"
VALUE: Final = "leadpulse:ratio:value"
BOUND: Final = "leadpulse:ratio:bound"
NEEDED: Final = "leadpulse:trials:needed"
HARM: Final = "leadpulse:ratio:harm"
STATE: Final = "leadpulse:ratio:state"
HELD: Final = "leadpulse:sources:held"

#: Values of the state.
TOO_LITTLE, OK, DROP = -1, 0, 1


def normalised(entry: Judged) -> list[RuleNode]:
    """Give the two series of a ratio that all further rules read."""
    labels = {"ratio": entry.metric.name, "direction": entry.metric.direction, "model": entry.rule}
    labels |= {"sources": entry.sources} if entry.sources else {}
    labels |= {"by": "/".join(entry.by)} if entry.by else {}
    return [
        {"record": record, "expr": _sum(entry, part), "labels": labels}
        for record, part in ((SUCCESSES, "numerator"), (TRIALS, "denominator"))
    ]


def _sum(entry: Judged, part: str) -> str:
    # what was folded together is no channel, campaign or form of its own
    folded = "".join(f',{label}!="other"' for label in entry.by)
    selector = f'{named(entry.metric.name)}_{part}{{window=~"{"|".join(entry.windows)}"{folded}}}'
    if not entry.dropped:
        return one(selector)
    series = one(selector)
    if entry.by:
        joined = ", ".join(f'"{label}"' for label in entry.by)
        series = f'label_join(\n  {series},\n  "value", "/", {joined}\n)'
    return f"sum without ({', '.join(entry.dropped)}) ({series})"


def history(timings: Timings) -> list[RuleNode]:
    """Give what former weeks held: the slow part, which changes slowly."""
    rules: list[RuleNode] = []
    for record in (SUCCESSES, TRIALS):
        stem = record.removesuffix(":sum")
        rules.append({"record": f"{stem}:sum4w", "expr": same_hours(f"{record} @", "sum")})
        spans = [
            f'sum_over_time({record}{{window="{w.name}"}}[7d:{w.name}] offset {w.name})' for w in timings.windows
        ]
        rules.append({"record": f"{stem}:sum7d", "expr": any_of(spans)})
    rules.append({"record": "leadpulse:trials:expected", "expr": same_hours(f"{TRIALS} @", "avg")})
    return rules


def judgement(timings: Timings) -> list[RuleNode]:
    """Give the rules from counts to a state; each reads only what stands above it."""
    weeks_h = WEEKS[-1] * 168
    chosen = [
        {
            "record": f"leadpulse:{name}:usual",
            # all four weeks and enough of them, else the last seven days
            "expr": f"(leadpulse:{name}:sum4w and leadpulse:trials:sum4w >= {LEAST_TRIALS}"
            f" and {TRIALS} offset {weeks_h}h)\nor\n"
            f"(leadpulse:{name}:sum7d and leadpulse:trials:sum7d >= {LEAST_TRIALS})",
        }
        for name in ("successes", "trials")
    ]
    return [
        *chosen,
        {"record": USUAL, "expr": "leadpulse:successes:usual / leadpulse:trials:usual"},
        {"record": VALUE, "expr": f"{SUCCESSES} / ({TRIALS} > 0)"},
        {"record": BOUND, "expr": any_of(_bounds())},
        {"record": NEEDED, "expr": any_of([*_needed(timings), f"{TRIALS} * 0 + {LEAST_TRIALS}"])},
        {"record": HARM, "expr": _harm(timings)},
        {"record": STATE, "expr": _state()},
    ]


def _bounds() -> list[str]:
    """Give the end of the interval that decides: the upper one for a drop, the lower one for a rise."""
    out = []
    for direction, side in (("drop", "+"), ("rise", "-")):
        of = f'direction="{direction}"'
        value = f'{VALUE}{{{of},model="wilson"}}'
        out.append(wilson(value, TRIALS, side))
        # an exposure of nothing says nothing
        out.append(poisson(f'{SUCCESSES}{{{of},model="poisson"}}', f"({TRIALS} > 0)", side))
    return out


def _needed(timings: Timings) -> list[str]:
    """Give the trials at which a halving lies just outside the interval: the score test solved for n.

    Of a share above one half that harms by rising, the other part is what halves.
    """
    out = []
    for window in timings.windows:
        distance = (window.part - EFFECT) ** 2
        at = f'window="{window.name}"'
        drop, rise = f'{USUAL}{{direction="drop",model="wilson",{at}}}', f'{USUAL}{{direction="rise",model="wilson",{at}}}'
        for share in (f"({drop} > 0)", f"((({rise} <= 0.5) or (1 - {rise})) > 0)"):
            out.append(f"{Z * Z * window.part / distance:.6g} * (1 - {window.part} * {share}) / {share}")
        out.append(f'{Z * Z * window.part / distance:.6g} / ({USUAL}{{model="poisson",{at}}} > 0)')
    return [f"ceil({part})" for part in out]


def _harm(timings: Timings) -> str:
    """Give the series that are worse than usual for certain, and whose sources are fit to be judged by."""
    drops, rises = [], []
    names = [window.name for window in timings.windows]
    for at, window in enumerate(timings.windows):
        drop, rise = (f'{{direction="{way}",window="{window.name}"}}' for way in ("drop", "rise"))
        below = f"{BOUND}{drop} < {window.part} * {USUAL}"
        above = f"{BOUND}{rise} > {USUAL} / {window.part}"
        if at == len(names) - 1 and at > 0:
            below, above = _still(below, names, "drop", ">="), _still(above, names, "rise", "<=")
        drops.append(f"({below})")
        rises.append(f"({above})")
    harmed = any_of([*drops, f"(({any_of(rises)}) and {SUCCESSES} >= {LEAST_SUCCESSES})"])
    complete = f"min({one(named('complete'))}) == 1"
    return f"(\n{harmed}\n)\nunless on (sources, window) {HELD}\nand on () ({complete})"


def _still(condition: str, names: list[str], direction: str, recovered: str) -> str:
    """Leave out what a shorter window shows to be over: the longest window remembers for a day."""
    middle = f'{VALUE}{{direction="{direction}",window="{names[-2]}"}}'
    shortest = f'{VALUE}{{direction="{direction}",window="{names[0]}"}}'
    over = f"({middle} {recovered} {USUAL})"
    if names[-2] != names[0]:
        # not every ratio has the middle window
        over = f"({over} or (({shortest} {recovered} {USUAL}) unless ignoring (window) {middle}))"
    return f"{condition} unless ignoring (window) {over}"


def _state() -> str:
    judgeable = f"({TRIALS} >= {NEEDED} and {USUAL}) unless on (sources, window) {HELD}"
    return any_of([f"{HARM} * 0 + {DROP}", f"({judgeable}) * 0", f"{TRIALS} * 0 {TOO_LITTLE:+d}"])
