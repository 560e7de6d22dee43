"""Entry: the few forms in which counts and entries are written.

In:  names and labels as words between spaces, sums of counts as `a + b - c`.
Out: counts and entries.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from stream.catalog.words import At, Count, Metric, Of, ShownAs, Terms, Unit


def terms(text: str) -> Terms:
    """Read `a + b - c` into signed names.

    >>> terms("visitors - chat_people")
    ((1, 'visitors'), (-1, 'chat_people'))
    """
    sign, out = 1, []
    for word in text.split():
        if word in "+-":
            sign = 1 if word == "+" else -1
        else:
            out.append((sign, word))
    return tuple(out)


def labels(text: str) -> tuple[str, ...]:
    """Read names of labels.

    >>> labels("site channel")
    ('site', 'channel')
    """
    return tuple(text.split())


def tally(
    name: str,
    by: str,
    *kinds: str,
    of: Of,
    at: At,
    fate: int = 0,
    needs: str | None = None,
    where: Mapping[str, str] | None = None,
    told_by: tuple[str, ...] = (),
) -> Count:
    """Write what is added up of some kinds of cells; `shown=carried` is a label that cells carry under another name.

    >>> tally("ad_credit", "site campaign=campaign_id", "credit", of="credit", at="first").of_cells
    ('site', 'campaign_id')
    """
    shown, carried = labels(by), labels(by)
    if "=" in by:
        shown, carried = (tuple(word.split("=")[end] for word in by.split()) for end in (0, -1))
    some = tuple((where or {}).items())
    known = () if carried == shown else carried
    return Count(name, shown, kinds, fate, needs, some, known, of=of, at=at, told_by=told_by)


def count(
    name: str,
    by: str,
    windows: tuple[str, ...],
    help: str,
    *,
    made_of: str | None = None,
    tier: Literal["main", "secondary"] = "secondary",
    **more: object,
) -> Metric:
    """Write a count; without `made_of` it is that of its own name."""
    formula = str(more.pop("formula", help[0].lower() + help[1:].rstrip(".")))
    return Metric(
        name, "count", help, formula, labels(by), windows, terms(made_of or name), tier=tier, **more,  # type: ignore[arg-type]
    )  # fmt: skip


def ratio(
    name: str,
    by: str,
    windows: tuple[str, ...],
    over: tuple[str, str],
    help: str,
    *,
    formula: str | None = None,
    proportion: bool = True,
    **more: object,
) -> Metric:
    """Write a ratio of two sums of counts, `over` being numerator and denominator."""
    top, bottom = over
    return Metric(
        name, "ratio", help, formula or f"{top} / {bottom}", labels(by), windows, terms(top), terms(bottom),
        unit="ratio", proportion=proportion, **more,  # type: ignore[arg-type]
    )  # fmt: skip


def total(name: str, kind: ShownAs, by: str, help: str, unit: Unit = "1") -> Metric:
    """Write a figure of the account of all records, which has no windows."""
    return Metric(name, kind, help, "since the beginning", labels(by), (), unit=unit, area="trust")
