"""Value: what a metric is for one set of labels, and how sums become one.

In:  sums of series by label set.
Out: values; which of them changed since they were last given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Final, NamedTuple

import numpy as np

from stream.rollup.plan import Columns, Plan, Term
from stream.rollup.series import Ints, Windows
from stream.windows.level import Window

Number = int | float


class Value(NamedTuple):
    """A metric's value for one set of labels in one window."""

    labels: dict[str, str]
    value: Number | None
    numerator: Number | None
    denominator: Number | None
    n: Number | None
    end_ms: int | None  # where a figure ends before the moment it is read at, or was observed
    maturity: float | None = None
    restated: bool | None = None


#: Makes a value of all its fields, in half the time that it takes to name them.
made: Final[Callable[[tuple[object, ...]], Value]] = partial(tuple.__new__, Value)


def unit(scale: float) -> int:
    """Give how many of the amounts that are kept make a whole unit: thousandths or millionths."""
    return round(1 / scale)


def scaled(amount: int, scale: float) -> float:
    """Give an amount of thousandths or millionths in whole units, as close as a float can be."""
    return amount / unit(scale)


def in_units(amount: int, scale: float) -> Number:
    """Give an amount in whole units; what is kept in them stays a whole number."""
    return amount if scale == 1.0 else scaled(amount, scale)


def divided(
    labels: dict[str, str], top: Number, top_by: int, bottom: Number, bottom_by: int, end_ms: int | None
) -> Value:
    """Divide one side by the other, each of so many to a unit; None where there is nothing to divide by."""
    if top_by != 1:
        top /= top_by
    if bottom_by != 1:
        bottom /= bottom_by
    return made((labels, top / bottom if bottom else None, top, bottom, bottom, end_ms, None, None))


def added(terms: Iterable[Term], table: Windows, of: Callable[[Ints], Ints], size: int) -> Ints:
    """Add up terms by label set, each in its window: `of` gives sums in that of the entry."""
    out = np.zeros(size, np.int64)
    for term in terms:
        term.added(out, of if term.apart is None else table.total((term.apart, 0)).__getitem__)
    return out


def total_of(term: Term, table: Windows, window: Window, size: int) -> Ints:
    """Add up one term by label set in a window."""
    out = np.zeros(size, np.int64)
    term.added(out, table.total(window).__getitem__)
    return out


def changed(plan: Plan, told: Ints | np.ndarray, now: tuple[Columns, ...], everything: bool) -> list[int]:
    """Give the label sets that are told and changed since the last time, or all that are told; remember them."""
    last, plan.last = plan.last, (told, *now)
    some = told.astype(np.bool_)
    if last and not everything:
        pairs = [(was, one) for was, one in zip(last, plan.last, strict=True) if was is not one]
        some &= np.logical_or.reduce([was != one for was, one in pairs]) if pairs else False
    out: list[int] = np.flatnonzero(some).tolist()
    return out
