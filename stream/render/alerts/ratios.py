"""Ratios: one chain of rules for every ratio of the catalog, from counts to a state.

In:  entries of the catalog that are ratios.
Out: recording rules: `leadpulse:successes:sum` and `leadpulse:trials:sum` for each of them, and common to all
     the usual value, the end of the interval, the needed sample size, and the state (ok, drop, too little).

A drop is certain once the upper end of the interval lies below a part of the usual; a figure that harms by
rising is the mirror image. Proportions have Wilson's interval, other ratios of counts Poisson's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from stream.catalog.judging import EFFECT, LEAST_SUCCESSES, LEAST_TRIALS, Z
from stream.render.alerts.entries import Judged, named
from stream.render.alerts.promql import HOURS_OF_WEEK, WEEKS, Timings, any_of, bridged, poisson, unnamed, wilson

RuleNode = dict[str, Any]

SUCCESSES: Final = "leadpulse:successes:sum"
TRIALS: Final = "leadpulse:trials:sum"
USUAL: Final = "leadpulse:ratio:usual"
VALUE: Final = "leadpulse:ratio:value"
UPPER: Final = "leadpulse:ratio:upper"
LOWER: Final = "leadpulse:ratio:lower"
NEEDED: Final = "leadpulse:trials:needed"
HARM: Final = "leadpulse:ratio:harm"
STATE: Final = "leadpulse:ratio:state"
HELD: Final = "leadpulse:sources:held"
RATIO_HELD: Final = "leadpulse:ratio:held"
HALVES: Final = "leadpulse:ratio:halves"

#: Values of the state.
TOO_LITTLE, OK, DROP = -1, 0, 1


@dataclass(frozen=True, slots=True)
class Ratios:
    """All ratios that alert, and the selectors of those that are alike.

    What a ratio is like is no label of its series: their history must survive a change of the catalog.
    """

    entries: tuple[Judged, ...]

    def of(self, direction: str, model: str = "", window: str = "") -> str:
        """Select the ratios of a direction and model, and a window.

        Those that are few are named, the others are the rest.
        """
        rising = "|".join(e.metric.name for e in self.entries if e.metric.direction == "rise")
        rates = "|".join(e.metric.name for e in self.entries if e.rule == "poisson")
        matchers = [f'ratio{"=" if direction == "rise" else "!"}~"{rising}"'] if direction else []
        matchers += [f'ratio{"=" if model == "poisson" else "!"}~"{rates}"'] if model else []
        matchers += [f'window="{window}"'] if window else []
        return f"{{{','.join(matchers)}}}"

    def by_sources(self) -> dict[str, str]:
        """Give the ratios that need the same sources, as a regular expression."""
        found: dict[str, list[str]] = {}
        for entry in self.entries:
            if entry.sources:
                found.setdefault(entry.sources, []).append(entry.metric.name)
        return {sources: "|".join(names) for sources, names in found.items()}


def normalised(entry: Judged) -> list[RuleNode]:
    """Give the two series of a ratio that all further rules read."""
    labels = {"ratio": entry.metric.name} | ({"by": "/".join(entry.by)} if entry.by else {})
    return [
        {"record": record, "expr": _sum(entry, part), "labels": labels}
        for record, part in ((SUCCESSES, "numerator"), (TRIALS, "denominator"))
    ]


def _sum(entry: Judged, part: str) -> str:
    # what was folded together is no channel, campaign or form of its own
    folded = "".join(f',{label}!="(other)"' for label in entry.by)
    selector = f'{named(entry.metric.name)}_{part}{{window=~"{"|".join(entry.windows)}"{folded}}}'
    if not entry.dropped:
        return bridged(selector)
    series = bridged(selector)
    if entry.by:
        joined = ", ".join(f'"{label}"' for label in entry.by)
        series = f'label_join(\n  {series},\n  "value", "/", {joined}\n)'
    return f"sum without ({', '.join(entry.dropped)}) ({series})"


def history(timings: Timings) -> list[RuleNode]:
    """Give what the same hours of four weeks held, all four, and what the last seven days held."""
    rules: list[RuleNode] = []
    for record in (SUCCESSES, TRIALS):
        stem = record.removesuffix(":sum")
        weeks = " + ".join(f"{record} offset {week * HOURS_OF_WEEK}h" for week in WEEKS)
        spans = [f'sum_over_time({record}{{window="{w.name}"}}[7d:{w.name}] offset {w.name})' for w in timings.windows]
        rules += [
            {"record": f"{stem}:sum4w", "expr": weeks},
            {"record": f"{stem}:sum7d", "expr": any_of(spans)},
        ]
    rules.append({"record": "leadpulse:trials:expected", "expr": f"leadpulse:trials:sum4w / {len(WEEKS)}"})
    return rules


def judgement(timings: Timings, ratios: Ratios) -> list[RuleNode]:
    """Give the rules from counts to a state; each reads only what stands above it."""
    # four weeks if they hold enough, else the last seven days
    usual = [
        f"(leadpulse:successes:{span} / (leadpulse:trials:{span} >= {LEAST_TRIALS}))" for span in ("sum4w", "sum7d")
    ]
    held = [
        f'{TRIALS}{{ratio=~"{names}"}} and on (window) {HELD}{{sources="{sources}"}}'
        for sources, names in ratios.by_sources().items()
    ]
    return [
        {"record": USUAL, "expr": any_of(usual)},
        {"record": VALUE, "expr": f"{SUCCESSES} / ({TRIALS} > 0)"},
        {"record": UPPER, "expr": _end(ratios, "+")},
        {"record": LOWER, "expr": _end(ratios, "-")},
        {"record": HALVES, "expr": _halves(ratios)},
        {"record": NEEDED, "expr": any_of([*_needed(timings, ratios), f"{TRIALS} * 0 + {LEAST_TRIALS}"])},
        {"record": RATIO_HELD, "expr": any_of(held)},
        {"record": HARM, "expr": _harm(timings, ratios)},
        {"record": STATE, "expr": _state()},
    ]


def _end(ratios: Ratios, side: str) -> str:
    """Give an end of the interval around every ratio."""
    proportions, rates = (ratios.of("", model) for model in ("wilson", "poisson"))
    # an exposure of nothing says nothing
    return any_of([wilson(VALUE + proportions, TRIALS, side), poisson(SUCCESSES + rates, f"({TRIALS} > 0)", side)])


def _halves(ratios: Ratios) -> str:
    """Give the share whose halving is to be seen; above one half, a rise is a fall of the other part."""
    rise = USUAL + ratios.of("rise")
    return unnamed(f"({USUAL}{ratios.of('drop')} or ({rise} <= 0.5) or (1 - {rise})) > 0")


def _needed(timings: Timings, ratios: Ratios) -> list[str]:
    """Give the trials at which a halving lies just outside the interval: the score test solved for n."""
    out = []
    for window in timings.windows:
        width = f"{Z * Z * window.part / (window.part - EFFECT) ** 2:.6g}"
        share, rate = (HALVES + ratios.of("", model, window.name) for model in ("wilson", "poisson"))
        out += [f"ceil({width} * (1 - {window.part} * {share}) / {share})", f"ceil({width} / {rate})"]
    return out


def _harm(timings: Timings, ratios: Ratios) -> str:
    """Give the series that are worse than usual for certain, and whose sources are fit to be judged by."""
    drops, rises = [], []
    names = [window.name for window in timings.windows]
    for window in timings.windows:
        drops.append(f"{UPPER}{ratios.of('drop', '', window.name)} < {window.part} * {USUAL}")
        rises.append(f"{LOWER}{ratios.of('rise', '', window.name)} > {USUAL} / {window.part}")
    if len(names) > 1:
        # the longest window remembers for a day what a shorter one shows to be over
        drops[-1] += f"\nunless ignoring (window) {_over(names, ratios.of('drop'), '>=')}"
        rises[-1] += f"\nunless ignoring (window) {_over(names, ratios.of('rise'), '<=')}"
    harmed = any_of(
        [*(f"({drop})" for drop in drops), *(f"({rise} and {SUCCESSES} >= {LEAST_SUCCESSES})" for rise in rises)]
    )
    complete = f"min({bridged(named('complete'))}) == 1"
    return f"(\n{harmed}\n)\nunless {RATIO_HELD}\nand on () ({complete})"


def _over(names: list[str], of: str, recovered: str) -> str:
    """Give what the middle window, or without one the shortest, shows to be as usual again."""

    def at(window: str) -> str:
        return f'{VALUE}{of[:-1]},window="{window}"}}'

    over = f"({at(names[-2])} {recovered} {USUAL})"
    if names[-2] == names[0]:
        return over
    return f"(\n  {over}\n  or (({at(names[0])} {recovered} {USUAL}) unless ignoring (window) {at(names[-2])})\n)"


def _state() -> str:
    judgeable = f"({TRIALS} >= {NEEDED} and {USUAL}) unless {RATIO_HELD}"
    return any_of([f"{HARM} * 0 + {DROP}", f"({judgeable}) * 0", f"{TRIALS} * 0 {TOO_LITTLE:+d}"])
