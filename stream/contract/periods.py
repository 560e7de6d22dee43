"""Periods: what the total of a period must say of it, whatever it is a total of.

In:  the edges of a period, as texts; when the total came.
Out: faults; none where the period can be.
"""

from __future__ import annotations

from typing import Final

from stream.contract.rules import Fault, Moment
from stream.contract.times import YEAR_2000_MS, parse_ms

EDGES: Final = ("period_start", "period_end")


def faults_of_period(start: str | None, end: str | None, moment: Moment) -> list[Fault]:
    """Name what is wrong with the edges or the length of a period."""
    start_ms, end_ms = parse_ms(start or ""), parse_ms(end or "")
    if start_ms is None or start_ms < YEAR_2000_MS:
        return [("bad_time", "data.period_start")]
    # a period of any length would let one record fill the windows' memory with its slices
    if end_ms is None or not start_ms < end_ms <= min(start_ms, moment.newest_ms) + moment.period_ms:
        return [("bad_time", "data.period_end")]
    return []
