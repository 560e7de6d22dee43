"""Why: which side of a figure moved, and what it comes from.

In:  an alert's series and window, figures now and in former weeks.
Out: the side that moved, what is missing by part, the change of the mix, in words.

For a ratio over parts i with trials n, successes k and usual rates u:  within = Σ (u·n − k),  mix = what the change of
the shares of n alone explains. For a volume the parts' own missing counts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Final, Literal, NamedTuple

import numpy as np

from stream.catalog import BY_NAME, Metric
from stream.changes.panes import HOUR_MS
from stream.contract.alert import Part
from stream.judge.block import Block
from stream.judge.docket import Series
from stream.judge.history import KEPT, Figure, Floats, History, Pairs
from stream.judge.past import WEEK_H
from stream.judge.plan import FOLDED, PARTS
from stream.judge.stats import quantile
from stream.judge.told import count
from stream.judge.zones import Zone

#: Parts below this share of what is missing are not named.
LEAST_SHARE: Final = 0.05
MOST_PARTS: Final = 5
#: A side has moved when it is so far from its usual.
MOVED: Final = 0.2
#: Names put before that of a metric where people are counted by a label: they do not add up.
_PREFIXES: Final = {
    "channel": "channel_",
    "campaign": "campaign_",
    "country": "country_",
    "page_group": "landing_page_",
}
#: Parts that have successes only: they overlap, and are held against their usual share of all trials.
_SUCCESSES: Final[dict[str, tuple[str, ...]]] = {
    "visit_to_lead_ratio": ("form_submits", "chat_leads", "leads"),
    "leads": ("form_submits", "chat_leads"),
}
_WEEKS: Final = range(1, 5)


class Usual(NamedTuple):
    """Figures now and usually (the median of former weeks), rows one for one; NaN where nothing is known."""

    now: Pairs
    usual: Pairs
    pool: Floats  # successes / trials over the weeks


@dataclass(slots=True)
class Why:
    """What an alert comes from."""

    moved: Literal["", "numerator", "denominator", "both"] = ""
    sides: str = ""
    parts: list[Part] = field(default_factory=list)
    mix: str = ""
    window: str = ""  # of the parts, where it is another
    unexplained: bool = False

    def words(self, missing: float | None) -> str:
        """Say it."""
        said = [self.sides] if self.sides else []
        if self.parts and missing:
            window = f" over {self.window}" if self.window else ""
            named = ", ".join(f"{part.by} {part.value} {count(part.missing)}" for part in self.parts)
            said.append(f"Missing{window}: {named}." if missing > 0 else f"More{window}: {named}.")
        if self.mix:
            said.append(self.mix)
        if self.unexplained:
            said.append("The parts do not add up to all of it.")
        return " ".join(said)


def why(history: History, block: Block, at: int, clock: Zone, series: Series, row: int, window: str) -> Why:
    """Say what a judged figure comes from; `row` is that of the figure, `at` the place of the moment."""
    out = Why()
    metric, rises = series.entry.metric, series.entry.rises
    hour = int(block.moments_ms[at]) // HOUR_MS
    if row < 0:
        return out
    whole = _usual(history, block, at, clock, np.array([row]), hour)
    _sides(out, metric, whole)
    lost = _missing(metric, whole)[0] * (-1 if rises else 1)
    for parts_window in [window, *(longer for longer in KEPT if KEPT.index(longer) > _place(window))]:
        found = _parts(history, block, at, clock, series, parts_window, hour)
        if found:
            total = lost if parts_window == window else None
            _name(out, found, total, metric, rises=rises)
            out.window = "" if parts_window == window else parts_window
            break
    return out


def _place(window: str) -> int:
    return KEPT.index(window) if window in KEPT else len(KEPT)


def _usual(history: History, block: Block, at: int, clock: Zone, rows: np.ndarray, hour: int) -> Usual:
    moments = np.array([hour]) * HOUR_MS
    weeks = [history.read(rows, clock.before(moments, WEEK_H * week) // HOUR_MS) for week in _WEEKS]
    successes, trials = (np.stack([pair[side][:, 0] for pair in weeks]) for side in (0, 1))
    now = Pairs(block.now.successes[rows, at], block.now.trials[rows, at])
    usual = Pairs(quantile(successes, 0.5), quantile(trials, 0.5))
    pool = np.nansum(successes, axis=0) / np.nansum(trials, axis=0)
    return Usual(now, usual, pool)


def _missing(metric: Metric, of: Usual) -> Floats:
    """Give what is missing of each row: against its usual rate, or its usual count."""
    if metric.kind == "ratio":
        return of.pool * of.now.trials - of.now.successes
    return of.usual.successes - np.nan_to_num(of.now.successes)


def _sides(out: Why, metric: Metric, whole: Usual) -> None:
    """Say which side of a ratio moved."""
    if metric.kind != "ratio":
        return
    (k,), (n,), (usual_k,), (usual_n,) = (*whole.now, *whole.usual)
    if not np.isfinite([k, n, usual_k, usual_n]).all() or usual_k <= 0 or usual_n <= 0:
        return
    top, bottom = abs(k / usual_k - 1) > MOVED, abs(n / usual_n - 1) > MOVED
    out.moved = "both" if top and bottom else "numerator" if top else "denominator" if bottom else ""
    out.sides = f"Numerator {count(k)}, usual {count(usual_k)}; denominator {count(n)}, usual {count(usual_n)}."


class _Found(NamedTuple):
    by: str
    values: list[str]
    usual: Usual
    of_all: Floats | None  # usual successes by trial of the whole, where parts have no trials


def _parts(
    history: History, block: Block, at: int, clock: Zone, series: Series, window: str, hour: int
) -> list[_Found]:
    """Find the parts of a figure in a window, by each label that the catalog has it by."""
    out = []
    for by, metric, more in _by_part(series.entry.metric.name, series.entry.by):
        rows, values = [], []
        for figure, row in _figures(history, metric.name, series, by, window):
            value = dict(figure.labels)[by]
            if value != FOLDED and row < block.now.successes.shape[0]:
                rows.append(row)
                values.append(value)
        if not rows:
            continue
        usual = _usual(history, block, at, clock, np.array(rows), hour)
        out.append(_Found(by, values, usual, np.ones(0) if more else None))
    return out


def _figures(history: History, metric: str, series: Series, by: str, window: str) -> list[tuple[Figure, int]]:
    of = dict(zip(series.case().by.split(","), series.value, strict=False))
    out = []
    for figure, row in history.rows.items():
        if figure.metric != metric or figure.window != window:
            continue
        labels = dict(figure.labels)
        if labels.get("site") != series.site or set(labels) != {"site", by, *series.entry.by}:
            continue
        if all(labels[label] == value for label, value in of.items() if label):
            out.append((figure, row))
    return out


@cache
def _by_part(name: str, by: tuple[str, ...]) -> tuple[tuple[str, Metric, bool], ...]:
    """List the labels that a metric is told apart by, with the entry that does; and whether it has successes only."""
    metric = BY_NAME[name]
    out: list[tuple[str, Metric, bool]] = []
    for label in PARTS:
        if label in by:
            continue
        if label in metric.labels:
            out.append((label, metric, False))
        elif (other := BY_NAME.get(_PREFIXES.get(label, "-") + name)) is not None:
            out.append((label, other, False))
    for other_name in _SUCCESSES.get(name, ()):
        successes = BY_NAME[other_name]
        label = next(one for one in successes.labels if one != "site")
        out.append((label, successes, True))
    return tuple(out)


def _name(out: Why, found: list[_Found], lost: float | None, metric: Metric, *, rises: bool) -> None:
    """Name the parts that miss most, the change of the mix, and whether that is all."""
    named: list[tuple[str, str, float]] = []
    explained = 0.0
    for one in found:
        ratio = metric.kind == "ratio" and one.of_all is None
        if ratio:
            missing = one.usual.pool * one.usual.now.trials - one.usual.now.successes
        else:
            missing = one.usual.usual.successes - np.nan_to_num(one.usual.now.successes)
        missing = np.nan_to_num(missing) * (-1 if rises else 1)
        named += [(one.by, value, float(m)) for value, m in zip(one.values, missing, strict=True)]
        explained = max(explained, float(missing.sum()))
        if ratio and not out.mix:
            out.mix = _mix(one)
    total = lost if lost is not None and np.isfinite(lost) and lost > 0 else explained
    if total <= 0:
        return
    named.sort(key=lambda part: -part[2])
    out.parts = [
        Part(by, value, round(-missing if rises else missing, 1), round(missing / total, 2))
        for by, value, missing in named[:MOST_PARTS]
        if missing >= LEAST_SHARE * total
    ]
    out.unexplained = explained < total / 2


def _mix(one: _Found) -> str:
    """Say whose share of the trials rose most, where that explains some of it."""
    now, usual = np.nan_to_num(one.usual.now.trials), np.nan_to_num(one.usual.usual.trials)
    if now.sum() <= 0 or usual.sum() <= 0:
        return ""
    shares, before = now / now.sum(), usual / usual.sum()
    at = int(np.argmax(shares - before))
    if shares[at] - before[at] < LEAST_SHARE:
        return ""
    return f"More {one.by} {one.values[at]}: {100 * before[at]:.0f} % → {100 * shares[at]:.0f} %."
