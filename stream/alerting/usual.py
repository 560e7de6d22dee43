"""Usual: how each alert is judged and told where nobody says otherwise.

In:  the catalog, the rules of the judge.
Out: for the name of an alert its severity, z and parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from stream.judge import conversion, volumes
from stream.judge.docket import DEFAULTS
from stream.judge.plan import LIMIT, PUSHED_DROP, SLOW_DROP, judged
from stream.judge.telling import SEVERITY


class Usual(NamedTuple):
    """An alert as it is shipped; `part` by window, None where a rule has none; no severity: each limit has its own."""

    severity: str
    z: float | None
    part: Mapping[str, float] | None
    windows: tuple[str, ...]
    by: tuple[str, ...]
    metric: str


@cache
def usual_of(alert: str) -> Usual:
    """Give how an alert is shipped.

    >>> usual_of("bounce_rise").severity, usual_of("visit_to_lead_drop").z, usual_of("visitors_drop").part["6h"]
    ('ticket', 2.8, 0.55)
    """
    for entry in judged():
        if entry.alert == alert:
            z, part = DEFAULTS[entry.how]
            parts = part if isinstance(part, dict) else dict.fromkeys(entry.windows, part)
            mine = {window: parts[window] for window in entry.windows if parts.get(window, 1.0) != 1.0}
            return Usual(entry.severity, z or None, mine or None, entry.windows, entry.by, entry.metric.series)
    if alert == PUSHED_DROP:
        pages = usual_of("visitors_drop")
        return pages._replace(severity=SEVERITY[alert], part=dict.fromkeys(pages.windows, volumes.PART))
    if alert == SLOW_DROP:
        windows = tuple(conversion.LONG)
        parts = dict.fromkeys(windows, conversion.LONG_PART)
        return Usual(SEVERITY[alert], conversion.LONG_Z, parts, windows, (), usual_of("visit_to_lead_drop").metric)
    return Usual("" if alert == LIMIT else SEVERITY[alert], None, None, (), (), "")
