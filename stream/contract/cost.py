"""Cost: money was spent outside the ad platforms, told as the total of a period.

In:  one envelope a record of the topic `cost`.
Out: its types, rule and keys.

A cost is of its whole period, also where that is not over yet: a licence is paid ahead. A platform's total is what ran
up so far.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final, Literal

from stream.contract.codes import CURRENCIES
from stream.contract.common import Common, Envelope, example
from stream.contract.conditions import word
from stream.contract.fields import Currency, Revision, Time, Whole, says
from stream.contract.kind import Kind
from stream.contract.periods import faults_of_period
from stream.contract.rules import Fault, Moment, Rule
from stream.contract.times import DAY_MS

Category = Literal["tools", "agency", "salaries", "sales", "content", "events", "other"]


class CostData(Common, gc=False, kw_only=True):
    """What was spent on a category in a period: all of it, since a later report replaces an earlier one."""

    category: Annotated[Category, says("Figures by category; tells totals apart", "tools", strict=True)]
    amount_micros: Annotated[Whole, says("Millionths of the currency, of the whole period", 450_000_000)]
    currency: Annotated[Currency, says("ISO 4217 in any case; tells totals apart", "EUR", strict=True)]
    period_start: Annotated[Time, says("The period's first moment", "2025-05-01T00:00:00Z")]
    period_end: Annotated[Time, says("The first moment after the period", "2025-06-01T00:00:00Z")]
    revision: Annotated[
        Revision, says("A higher one replaces the figure of the period; absent: 0, and the newest report stands", 1)
    ] = 0


class Cost(Envelope, gc=False, kw_only=True):
    """Money was spent outside the ad platforms. Topic cost, key category."""

    type: Literal["cost"]
    data: CostData


def _suspects(events: Sequence[Cost]) -> list[int]:
    return list(range(len(events)))


def _faults(event: Cost, moment: Moment) -> list[Fault]:
    """Ask for a period that can be; what is paid ahead is told before it begins."""
    return faults_of_period(event.data.period_start, event.data.period_end, moment)


def _canonical_keys(events: Sequence[Cost]) -> list[str]:
    return [event.data.category for event in events]


def _row_keys(datas: Sequence[CostData]) -> list[str]:
    # totals have keys of their own, by period
    return [""] * len(datas)


KIND: Final = Kind(
    name="cost",
    struct=Cost,
    canonical_keys=_canonical_keys,
    row_keys=_row_keys,
    key_says="category",
    user_agent="nothing",
    rule=Rule(_suspects, _faults, ({"properties": {"currency": word(CURRENCIES)}},)),
    lateness_ms=35 * DAY_MS,
    optional=True,
    example=example(
        "cost",
        7,
        "2025-06-02T06:00:00.000Z",
        {
            "category": "tools",
            "amount_micros": 450_000_000,
            "currency": "EUR",
            "period_start": "2025-05-01T00:00:00Z",
            "period_end": "2025-06-01T00:00:00Z",
            "revision": 1,
        },
    ),
)
