"""Points: what the page's figures are at each ten minutes, in the form in which history keeps them.

In:  the readings of all windows at a full ten minutes.
Out: a value for each figure of a site, in every window that it has; and the name under which it is found again.

History keeps numbers by the hour for whoever judges, in four windows. A chart of two days needs more moments, and every
window that the page shows; it needs one number, the one that was shown. What the judge has not by the hour, other
windows and medians, is kept so by the hour as well. Many sites have less of it: main figures first.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Final

from stream.catalog import BY_NAME, METRICS, Metric
from stream.contract.readings import Reading
from stream.judge.history import KEPT, shape_of
from stream.judge.history import Figure as Name
from stream.serve.figures import Key, figures, overview

TEN_MS: Final = 600_000
#: Two days.
SLOTS: Final = 288
#: 2.3 KB each for two days, twice that with what stands for trials: 20 MB.
MOST: Final = 4_000
#: 16 KB each for six weeks: another 16 MB.
MOST_HOURS: Final = 1_000

_PAIRS: Final = ("count", "amount", "ratio")
_MAIN: Final = frozenset(metric.name for metric in overview())


def name_of(key: Key, measure: str) -> Name:
    """Name a figure; one in another currency is another figure, and so is the mean beside the median."""
    labels = (("site", key.site), ("measure", measure)) if measure else (("site", key.site),)
    return Name(key.metric, labels, key.window, shape_of(key.metric))


def points(readings: Iterable[Reading], metrics: Iterable[Metric] = METRICS) -> dict[Name, tuple[float, float]]:
    """Give the values of a moment, each with NaN where others have trials; what is not complete is a hole."""
    whole = [reading for reading in readings if reading.complete]
    found = [(key, figure) for key, figure in figures(whole, metrics).items() if figure.value is not None]
    found.sort(key=lambda item: (item[0].metric not in _MAIN, item[0].site))
    return {name_of(key, one.measure): (float(one.value or 0), math.nan) for key, one in found[:MOST]}


def is_judged_by_hours(metric: Metric, window: str) -> bool:
    """Say whether history has the numbers of a figure by full hours, for whoever judges.

    >>> [is_judged_by_hours(BY_NAME[name], "1h") for name in ("visitors", "funnel_step_seconds")]
    [True, False]
    """
    return window in KEPT and metric.kind in _PAIRS


def by_hours(found: Mapping[Name, tuple[float, float]]) -> dict[Name, tuple[float, float]]:
    """Pick what is kept by the hour as well."""
    some = ((name, pair) for name, pair in found.items() if not is_judged_by_hours(BY_NAME[name.metric], name.window))
    return dict(islice(some, MOST_HOURS))
