"""Totals: which part of a reported total counts, beside others of the same key.

In:  totals of periods, each with when it was reported.
Out: the stretches of time that a total counts for, and how much of it lies in each.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

import msgspec

from stream.changes.cells import Cell

#: What is left of a total below this part of its period is dropped: a day that ends at 23:59:59 is the same day.
LEAST_REMAINDER: Final = 100


#: The kind of cells of what was spent outside the platforms: of its whole period, whenever it is told.
COST: Final = "marketing_cost"


class Total(msgspec.Struct, array_like=True, gc=False):
    """The figure that stands for a key and a period.

    `last` is the newest moment that it speaks of: the end of its period, or when it was reported. Counts and money are
    millionths. `cell` is the cell that the amount goes to; `value`, what a platform says that conversions are worth,
    goes to `value_cell` where it is told.
    """

    last: int
    revision: int
    reported: int
    name: str
    start: int
    end: int
    amount: int
    cell: list[str | int | None]
    value: int = 0
    value_cell: list[str | int | None] | None = None


class Piece(NamedTuple):
    """A part of a total, spread evenly over [start, end)."""

    cell: Cell
    start_ms: int
    end_ms: int
    amount: int


def until_ms(total: Total) -> int:
    """Give where a total ends: what ran up so far, as it is reported, is of the time up to the report."""
    if total.cell and total.cell[0] == COST:
        return total.end
    return min(total.end, total.reported) if total.reported > total.start else total.end


def stands_over(a: Total, b: Total) -> bool:
    """Tell whether `a` stands in place of `b`, which is of the same key and period."""
    return (a.revision, a.reported, a.name) > (b.revision, b.reported, b.name)


def age(total: Total) -> tuple[int, int, str]:
    """Give what orders totals of different periods: the later report is right."""
    return total.reported, total.revision, total.name


def uncovered(total: Total, others: Iterable[Total]) -> list[tuple[int, int]]:
    """Give the stretches of a total's time that no newer one covers.

    >>> day = Total(0, 1, 90, "d", 0, 24, 240, [])
    >>> uncovered(day, [Total(0, 1, 91, "h", 6, 12, 1, []), Total(0, 1, 80, "old", 0, 24, 1, [])])
    [(0, 6), (12, 24)]
    """
    end, mine = until_ms(total), age(total)
    left: list[tuple[int, int]] = []
    at = total.start
    for low, high in sorted((other.start, until_ms(other)) for other in others if age(other) > mine):
        if high <= at:
            continue
        if low >= end:
            break
        if low > at:
            left.append((at, low))
        at = high
    if at < end:
        left.append((at, end))
    if sum(high - low for low, high in left) * LEAST_REMAINDER < end - total.start:
        return []
    return left


def pieces(total: Total, others: Iterable[Total]) -> list[Piece]:
    """Give what a total counts for beside others of its key."""
    out: list[Piece] = []
    for low, high in uncovered(total, others):
        out.append(Piece(tuple(total.cell), low, high, _part(total, total.amount, low, high)))
        if total.value_cell is not None:
            out.append(Piece(tuple(total.value_cell), low, high, _part(total, total.value, low, high)))
    return out


def _part(total: Total, amount: int, low: int, high: int) -> int:
    """Give how much of an amount lies in [low, high): a difference of a cumulative floor, so that parts add up."""
    length = until_ms(total) - total.start
    return amount * (high - total.start) // length - amount * (low - total.start) // length
