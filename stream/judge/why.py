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
from stream.judge.history import KEPT, Floats, History, Ints, Pairs
from stream.judge.past import WEEK_H, WEEKS
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
_SUCCESSES: Final[dict[str, tuple[str, ...]]] = {"visit_to_lead_ratio": ("form_submits", "chat_leads", "leads")}


class Figures(NamedTuple):
    """Figures now and usually (the median of former weeks), one for each row; NaN where nothing is known."""

    now: Pairs
    usual: Pairs
    pool: Floats  # successes / trials over the weeks


class Parts(NamedTuple):
    """The parts of a figure by one label."""

    by: str
    values: list[str]
    figures: Figures
    missing: Floats


@dataclass(slots=True)
class Why:
    """What an alert comes from."""

    moved: Literal["", "numerator", "denominator", "both"] = ""
    sides: str = ""
    parts: list[Part] = field(default_factory=list)
    mix: str = ""
    window: str = ""  # of the parts, where it is a longer one
    overlap: bool = False
    explained: bool = True

    def words(self) -> str:
        """Say it."""
        said = [self.sides] if self.sides else []
        if self.parts:
            window = f" over {self.window}" if self.window else ""
            what = "Missing" if self.parts[0].missing > 0 else "More"
            named = ", ".join(f"{part.by} {part.value} {count(abs(part.missing))}" for part in self.parts)
            said.append(f"{what}{window}: {named}{' (these overlap)' if self.overlap else ''}.")
        if self.mix:
            said.append(self.mix)
        if not self.explained:
            said.append("The parts do not add up to all of it.")
        return " ".join(said)


class _Scene(NamedTuple):
    history: History
    block: Block
    at: int  # place of the moment
    clock: Zone


def why(history: History, block: Block, at: int, clock: Zone, series: Series, rows: Ints, window: str) -> Why:
    """Say what a judged figure comes from; `rows` add up to it, `at` is the place of the moment."""
    scene, out, metric = _Scene(history, block, at, clock), Why(), series.entry.metric
    if not len(rows):
        return out
    whole = _figures(scene, rows, added=True)
    if metric.kind == "ratio":
        _sides(out, whole)
    sign = -1 if series.entry.rises else 1
    lost = float(sign * _missing(metric, whole)[0])
    for longer in [window, *KEPT[_place(window) + 1 :]]:
        parts = _parts(scene, series, longer, whole, sign)
        if parts:
            out.window = "" if longer == window else longer
            _name(out, parts, lost if longer == window else None, sign)
            break
    return out


def _place(window: str) -> int:
    return KEPT.index(window) if window in KEPT else len(KEPT)


def _figures(scene: _Scene, rows: Ints, *, added: bool = False) -> Figures:
    """Read rows now and in former weeks; added up to one, if wanted."""
    hour = scene.block.moments_ms[scene.at : scene.at + 1] // HOUR_MS
    lags = [scene.clock.before(hour * HOUR_MS, WEEK_H * week) // HOUR_MS for week in range(1, WEEKS + 1)]
    weeks = [scene.history.read(rows, lag) for lag in lags]
    now = [side[rows, scene.at] for side in scene.block.now]
    sides = [np.stack([pair[side][:, 0] for pair in weeks]) for side in (0, 1)]
    if added:
        now = [_total(side) for side in now]
        sides = [np.stack([_total(week) for week in side]) for side in sides]
    pool = np.nansum(sides[0], axis=0) / np.nansum(sides[1], axis=0)
    return Figures(Pairs(*now), Pairs(*(quantile(side, 0.5) for side in sides)), pool)


def _total(values: Floats) -> Floats:
    return np.array([np.nan if np.isnan(values).all() else np.nansum(values)])


def _missing(metric: Metric, of: Figures) -> Floats:
    """Give what is missing: against the usual rate, or the usual count."""
    if metric.kind == "ratio":
        return of.pool * of.now.trials - of.now.successes
    return of.usual.successes - np.nan_to_num(of.now.successes)


def _sides(out: Why, whole: Figures) -> None:
    """Say which side of a ratio moved."""
    (k,), (n,), (usual_k,), (usual_n,) = (*whole.now, *whole.usual)
    if not np.isfinite([k, n, usual_k, usual_n]).all() or usual_k <= 0 or usual_n <= 0:
        return
    top, bottom = abs(k / usual_k - 1) > MOVED, abs(n / usual_n - 1) > MOVED
    out.moved = "both" if top and bottom else "numerator" if top else "denominator" if bottom else ""
    out.sides = f"Numerator {count(k)}, usual {count(usual_k)}; denominator {count(n)}, usual {count(usual_n)}."


def _parts(scene: _Scene, series: Series, window: str, whole: Figures, sign: int) -> list[Parts]:
    """Find the parts of a figure in a window, by each label that the catalog has it by."""
    out = []
    for by, metric, overlaps in by_part(series.entry.metric.name, series.entry.by):
        rows, values = _rows_of(scene, series, by, metric, window)
        if not values:
            continue
        figures = _figures(scene, rows)
        missing = _missing(metric, figures)
        if overlaps:
            (trials,), (usual,) = whole.now.trials, whole.usual.trials
            missing = figures.usual.successes / usual * trials - np.nan_to_num(figures.now.successes)
        out.append(Parts(by, values, figures, sign * np.nan_to_num(missing)))
    return out


def _rows_of(scene: _Scene, series: Series, by: str, metric: Metric, window: str) -> tuple[Ints, list[str]]:
    named = {"site": series.site, **series.labels}
    rows, values = [], []
    for figure, row in scene.history.rows.items():
        if figure.metric != metric.name or figure.window != window:
            continue
        labels = dict(figure.labels)
        value = labels.pop(by, FOLDED)
        if labels == named and value != FOLDED and row < len(scene.block.now.successes):
            rows.append(row)
            values.append(value)
    return np.array(rows, np.int64), values


@cache
def by_part(name: str, by: tuple[str, ...] = ()) -> tuple[tuple[str, Metric, bool], ...]:
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
        out.append((next(one for one in successes.labels if one != "site"), successes, True))
    return tuple(out)


def _name(out: Why, parts: list[Parts], lost: float | None, sign: int) -> None:
    """Name the parts that miss most, the change of the mix, and whether that is all."""
    explained = max(float(one.missing.sum()) for one in parts)
    total = lost if lost is not None and lost > 0 else explained
    out.mix = next((said for one in parts if (said := _mix(one))), "")
    if not total > 0:
        return
    named = [(one.by, value, float(many)) for one in parts for value, many in zip(one.values, one.missing, strict=True)]
    named = sorted((one for one in named if one[2] >= LEAST_SHARE * total), key=lambda one: (-one[2], one))[:MOST_PARTS]
    out.parts = [Part(by, value, round(sign * many, 1), round(many / total, 2)) for by, value, many in named]
    out.overlap = len({part.by for part in out.parts}) > 1
    out.explained = explained >= total / 2


def _mix(one: Parts) -> str:
    """Say whose share of the trials rose most."""
    now, usual = (np.nan_to_num(side.trials) for side in (one.figures.now, one.figures.usual))
    if now.sum() <= 0 or usual.sum() <= 0:
        return ""
    shares, before = now / now.sum(), usual / usual.sum()
    at = int(np.argmax(shares - before))
    if shares[at] - before[at] < LEAST_SHARE:
        return ""
    return f"More {one.by} {one.values[at]}: {100 * before[at]:.0f} % → {100 * shares[at]:.0f} %."
