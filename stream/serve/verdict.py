"""Verdict: what the judge says of a card: of one figure, or of several that the card adds up.

In:  figures that are judged, as the last look left them; what a card is of.
Out: state, usual and what is needed, of the nearest judged window.

Nothing is judged here. A card of all sites, or of all bots, adds up what is judged one by one: one that is not as usual
speaks for it, by name; else one that is; and a usual value has only a card of one judged figure.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from stream.catalog import Metric
from stream.contract.alert import State
from stream.serve.figures import ALL_SITES, Figure
from stream.serve.views import JudgedFigure
from stream.settings.values import duration_ms

#: Who speaks for several.
_ORDER: Final[tuple[State, ...]] = ("drop", "rise", "ok", "too_little", "young", "marked", "waiting")

Judged = Mapping[str, tuple[JudgedFigure, ...]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """`n` of `needed` observations were there to tell a halving; `window` is the judged one, if that is another."""

    state: State
    usual: float | None = None
    n: float | None = None
    needed: int | None = None
    window: str = ""
    says: str = ""
    limit: float | None = None


def by_metric(figures: Iterable[JudgedFigure]) -> Judged:
    """Sort judged figures by metric."""
    found: dict[str, list[JudgedFigure]] = {}
    for figure in figures:
        found.setdefault(figure.metric, []).append(figure)
    return {metric: tuple(some) for metric, some in found.items()}


def verdict_of(metric: Metric, site: str, window: str, figure: Figure | None, judged: Judged) -> Verdict:
    """Give what the judge says of a card."""
    parts = [one for one in judged.get(metric.series, ()) if site in (ALL_SITES, one.site) and _is_of(one, figure)]
    if not parts or window == "now":
        return Verdict("none")
    nearest = min({one.window for one in parts}, key=lambda name: _apart(name, window))
    parts = [one for one in parts if one.window == nearest]
    first = min(parts, key=lambda one: _ORDER.index(one.verdict.state) if one.verdict.state in _ORDER else len(_ORDER))
    said, other = first.verdict, "" if nearest == window else nearest
    says = said.says or ""
    if len(parts) > 1:
        named = [*([first.site] if site == ALL_SITES else []), *filter(None, first.value.split(","))]
        return Verdict(said.state, window=other, says=" ".join(named) if said.state in ("drop", "rise") else says)
    # of a count what is usual must be large enough, of a ratio the trials
    n = said.usual if figure is None or figure.denominator is None else figure.denominator
    limit = None if said.usual is None else said.limit  # of what is not known there is none
    return Verdict(said.state, said.usual, n, said.needed, other, says, limit)


def verdict_of_part(metric: Metric, site: str, window: str, labels: Mapping[str, str], judged: Judged) -> Verdict:
    """Give what the judge says of the figure of some labels beside site; the nearest judged window speaks."""
    parts = [
        one
        for one in judged.get(metric.series, ())
        if one.site == site and dict(zip(one.by.split(","), one.value.split(","), strict=False)) == labels
    ]
    if not parts or window == "now":
        return Verdict("none")
    first = min(parts, key=lambda one: _apart(one.window, window))
    said, other = first.verdict, "" if first.window == window else first.window
    limit = None if said.usual is None else said.limit
    return Verdict(said.state, said.usual, None, said.needed, other, said.says or "", limit)


def _is_of(one: JudgedFigure, figure: Figure | None) -> bool:
    """Tell whether a card is of a judged figure: one of money is of one currency."""
    by = one.by.split(",")
    if "currency" not in by or figure is None:
        return True
    return one.value.split(",")[by.index("currency")] == figure.measure


def _apart(name: str, window: str) -> float:
    return abs(math.log(duration_ms(name) / duration_ms(window)))
