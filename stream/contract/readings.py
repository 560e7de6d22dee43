"""A reading: the value of one metric, for one set of labels, in one window, at one moment.

It is the record on the result topic, the row that a replay prints and what a gauge shows.
"""

from __future__ import annotations

import msgspec

from stream.contract.alert import Verdict


class Reading(msgspec.Struct, frozen=True, gc=False):
    """One value at one moment; times are integer milliseconds UTC.

    `value` is None where a ratio has nothing to divide by. Counts have no numerator and no denominator; `n`
    is the number of observations a value rests on (the denominator of a ratio, the count of a summary).
    `window` is None for totals since the beginning, and "now" for what stands, which has no start: it holds until it
    is taken back. `maturity` is how much of a cohort's figure is final, `restated` tells of an outside measurement
    whether it replaced another one of the same moment; None where a metric has no such thing. `verdict` says whether it
    is as usual, where it is judged.
    """

    metric: str
    labels: dict[str, str]
    window: str | None
    value: int | float | None
    numerator: int | float | None
    denominator: int | float | None
    n: int | float | None
    window_start_ms: int | None
    window_end_ms: int | None
    as_of_ms: int
    complete: bool
    data_since_ms: int | None
    seq: int
    catalog_version: str
    maturity: float | None = None
    restated: bool | None = None
    verdict: Verdict | None = None
