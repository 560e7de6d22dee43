"""Vanished: a figure that was there within a day and is gone.

In:  which figures of a site a worker publishes now, which it did before.
Out: a judgement for each site; its notes name what is gone.

Only counts without a label below the site: what has a label may have given its place back. A site of which nothing at
all is left gave its own place back.
"""

from __future__ import annotations

import numpy as np

from stream.catalog import BY_NAME
from stream.changes.panes import DAY_MS
from stream.judge.docket import Case, Group, Series
from stream.judge.history import Figure, Ints
from stream.judge.judgement import Judgement
from stream.judge.plan import VANISHED, VISITORS, Judged
from stream.judge.readings import ABSENT
from stream.judge.rules import Ruled
from stream.judge.state import State

_WINDOW = "1h"


def vanished(state: State, waits: Ints, moment_ms: int) -> list[Ruled]:
    """Judge which sites lack figures that they had within a day; what is there is remembered."""
    there: dict[str, set[str]] = {}
    for figure, row in state.history.rows.items():
        if _is_watched(figure) and waits[row] != ABSENT:
            there.setdefault(figure.labels[0][1], set()).add(figure.metric)
    gone: dict[str, list[str]] = {}
    for (site, metric), seen_ms in list(state.seen.items()):
        if moment_ms - seen_ms > DAY_MS:
            del state.seen[site, metric]
        elif site in there and metric not in there[site]:
            gone.setdefault(site, []).append(metric)
    for site, metrics in there.items():
        state.seen.update({(site, metric): moment_ms for metric in metrics})
    if not there:
        return []
    sites = sorted(there)
    entry = Judged(BY_NAME[VISITORS], "volume", (), (_WINDOW,), "page", VANISHED, frozenset())
    cases = [Case(site, VANISHED, "", "") for site in sites]
    holds = np.array([[site in gone] for site in sites])
    nothing = np.full(holds.shape, np.nan)
    judgement = Judgement(
        nothing, nothing, nothing, nothing, holds, holds, np.ones_like(holds), np.zeros_like(holds), nothing,
        nothing, nothing,
    )  # fmt: skip
    group = Group("vanished", "", [Series(entry, site, ()) for site in sites], cases=cases)
    notes = tuple(", ".join(sorted(gone.get(site, []))) for site in sites)
    return [Ruled(group, _WINDOW, np.arange(len(sites)), cases, judgement, notes=notes)]


def _is_watched(figure: Figure) -> bool:
    return figure.window == _WINDOW and len(figure.labels) == 1 and BY_NAME[figure.metric].kind == "count"
