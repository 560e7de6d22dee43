"""Past: the lines of a chart: what a figure was, what is usual for it, and what it was a week before.

In:  the past as history keeps it, what this worker has seen since it started, a figure, a span.
Out: moments in whole seconds after a first one, with values; a band of the usual, and last week's line, by hours.

Two days are drawn by ten minutes, a week and five weeks by hours. A chart is of the window that is shown, never of
another. What nobody kept is a hole.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import numpy as np

from stream.catalog import NOW_WINDOW, Metric
from stream.changes.panes import DAY_MS, HOUR_MS, window_ms
from stream.judge.history import Figure as Name
from stream.judge.history import Floats, History, Ints, shape_of
from stream.judge.marks import Spans
from stream.judge.past import LEAST_WEEKS, WEEK_H, WEEKS, around
from stream.judge.stats import quantile
from stream.judge.usual import LOW, SHIFTS
from stream.judge.zones import zone
from stream.serve.figures import ALL_SITES, CURRENCY, Key
from stream.serve.points import TEN_MS, is_judged_by_hours, name_of
from stream.serve.views import PastView

SPANS: Final = {"2d": 2 * DAY_MS, "7d": 7 * DAY_MS, "35d": 35 * DAY_MS}
FIRST_SPAN: Final = "2d"

Points = tuple[list[int], list[float | None]]


class Drawn(NamedTuple):
    """Which figure is drawn, and in whose time: `measure` is its currency, or mean or median."""

    metric: Metric
    site: str
    window: str
    measure: str
    zone: str
    marks: Spans | None = None  # what the calendar takes out is no example


class Lines:
    """Lines of figures out of one past; remembers which rows are whose."""

    def __init__(self, past: PastView) -> None:
        self.past = past
        self._hours, self._tens, self._shown = (_Rows(one) for one in (past.hours, past.tens, past.shown))

    def chart(self, drawn: Drawn, span: str, now_ms: int, recent: Points) -> dict[str, Any]:
        """Give the lines over a span that ends now; `recent` is what was seen here since the start."""
        begin_ms = now_ms - SPANS[span]
        hours = np.arange(begin_ms // HOUR_MS, now_ms // HOUR_MS + 2)
        if span == FIRST_SPAN:
            at_ms, values = self._by_tens(drawn, begin_ms, now_ms, recent)
        else:
            at_ms, values = _known(hours[:-1] * HOUR_MS, self.hours(drawn, hours[:-1]))
        low, high = self.usual(drawn, hours)
        before = self.hours(drawn, _earlier(drawn, hours, WEEK_H))
        out = _line(at_ms, values)
        if not (np.isnan(low).all() and np.isnan(before).all()):
            start = int(hours[0]) * HOUR_MS // 1_000
            out["usual"] = {
                "start": start, "step": HOUR_MS // 1_000, "low": _brief(low), "high": _brief(high),
                "before": _brief(before),
            }  # fmt: skip
        return out

    def hours(self, drawn: Drawn, hours: Ints) -> Floats:
        """Give what a figure was at full hours; holes are NaN."""
        metric, window = drawn.metric, drawn.window
        if not is_judged_by_hours(metric, window):
            return self._shown.line(name_of(Key(drawn.site, window, metric.name), drawn.measure), hours)
        rows = self._hours.of(drawn)
        if not rows:
            return np.full(len(hours), np.nan)
        pairs = self.past.hours.read(np.array(rows, np.int64), hours)
        known = ~np.isnan(pairs.successes).all(axis=0)
        top = np.where(known, np.nansum(pairs.successes, axis=0), np.nan)
        if metric.kind != "ratio":
            return top
        bottom = np.nansum(pairs.trials, axis=0)
        out: Floats = np.divide(top, bottom, out=np.full(len(hours), np.nan), where=bottom > 0)
        return out

    def usual(self, drawn: Drawn, hours: Ints) -> tuple[Floats, Floats]:
        """Give what is usual at hours in a row: lower and upper third of the same hours of four weeks before.

        As the judge does, an hour earlier or later is the same in short windows, and what the calendar marks is none.
        """
        shifts = SHIFTS.get(drawn.window, (0,))
        wide = max(shifts)
        grid = np.arange(hours[0] - wide, hours[-1] + wide + 1)
        weeks = np.stack([self._example(drawn, _earlier(drawn, grid, WEEK_H * week)) for week in range(1, WEEKS + 1)])
        enough = (~np.isnan(weeks)).sum(axis=0) >= LEAST_WEEKS
        ends = (np.where(enough, quantile(weeks, part), np.nan) for part in (LOW, 1 - LOW))
        low, high = (around(end, shifts, lowest=lowest) for end, lowest in zip(ends, (True, False), strict=True))
        return low, high

    def _example(self, drawn: Drawn, hours: Ints) -> Floats:
        values = self.hours(drawn, hours)
        if drawn.marks is not None and drawn.marks:
            ends_ms, long_ms = hours * HOUR_MS, 0 if drawn.window == NOW_WINDOW else window_ms(drawn.window)
            values = np.where(drawn.marks.held(ends_ms - long_ms, ends_ms), np.nan, values)
        return values

    def _by_tens(self, drawn: Drawn, begin_ms: int, now_ms: int, recent: Points) -> Points:
        tens = np.arange(begin_ms // TEN_MS + 1, now_ms // TEN_MS + 1)
        name = name_of(Key(drawn.site, drawn.window, drawn.metric.name), drawn.measure)
        at_ms, values = _known(tens * TEN_MS, self._tens.line(name, tens))
        first_ms = recent[0][0] if recent[0] else now_ms
        older = [place for place, at in enumerate(at_ms) if at < first_ms]
        newer = [place for place, at in enumerate(recent[0]) if at >= begin_ms]
        return (
            [*(at_ms[place] for place in older), *(recent[0][place] for place in newer)],
            [*(values[place] for place in older), *(recent[1][place] for place in newer)],
        )


class _Rows:
    """Where the figures of a history lie; looked up anew when it has given or taken rows."""

    def __init__(self, history: History) -> None:
        self._history, self._names = history, -1
        self._of: dict[tuple[str, str, str], list[tuple[dict[str, str], int]]] = {}

    def line(self, name: Name, hours: Ints) -> Floats:
        """Give one figure at slots; NaN where nothing is known."""
        row = self._history.rows.get(name)
        if row is None:
            return np.full(len(hours), np.nan)
        out: Floats = self._history.read(np.array([row], np.int64), hours).successes[0]
        return out

    def of(self, drawn: Drawn) -> list[int]:
        """Give the rows that add up to a figure."""
        if self._names != self._history.names:
            self._names, self._of = self._history.names, {}
            for name, row in list(self._history.rows.items()):
                key = (name.metric, name.window, name.shape)
                self._of.setdefault(key, []).append((dict(name.labels), row))
        metric, site = drawn.metric, drawn.site
        some = self._of.get((metric.name, drawn.window, shape_of(metric.name)), ())
        return [row for labels, row in some if _is_of(labels, metric, site, drawn.measure)]


def _is_of(labels: dict[str, str], metric: Metric, site: str, measure: str) -> bool:
    return (
        len(labels) == len(metric.labels)
        and site in (ALL_SITES, labels.get("site"))
        and all(labels.get(label) == value for label, value in metric.look.focus)
        and labels.get(CURRENCY, measure) == measure
    )


def _earlier(drawn: Drawn, hours: Ints, by: int) -> Ints:
    clock = zone(drawn.zone, int(hours[-1]) * HOUR_MS)
    return clock.before(hours * HOUR_MS, by) // HOUR_MS


def _known(at_ms: Ints, values: Floats) -> Points:
    """Leave out what nobody knows before the first and after the last value."""
    there = np.flatnonzero(~np.isnan(values))
    if not len(there):
        return [], []
    some = slice(int(there[0]), int(there[-1]) + 1)
    return at_ms[some].tolist(), [None if np.isnan(value) else value for value in values[some].tolist()]


def _line(at_ms: list[int], values: Iterable[float | None]) -> dict[str, Any]:
    start = at_ms[0] // 1_000 if at_ms else 0
    return {"start": start, "after": [at // 1_000 - start for at in at_ms], "values": [brief(one) for one in values]}


def brief(value: float | None) -> float | None:
    """Cut a value to the digits that a chart can show; the figure itself is sent whole.

    >>> brief(0.123456789), brief(1234567.0)
    (0.12346, 1234600.0)
    """
    return None if value is None else float(f"{value:.5g}")


def _brief(values: Floats) -> list[float | None]:
    return [None if np.isnan(value) else brief(value) for value in values.tolist()]
