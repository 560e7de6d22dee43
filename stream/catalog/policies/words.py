"""Words: what all policies are written with: the refusal, and lists in messages.

In:  names.  Out: errors and text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from stream.catalog.words import Count, Metric
from stream.errors import CatalogError

Counts = Mapping[str, Count]


def refuse(name: str, what: str, do: str) -> CatalogError:
    """Give the error that names an entry."""
    return CatalogError(what, where=f"stream/catalog, {name}", do=do)


def names_of(metric: Metric) -> list[str]:
    """Name the counts of an entry, numerator first."""
    return [name for _, name in metric.numerator + metric.denominator]


def listed(words: Iterable[str]) -> str:
    """Write names for a message; sets in the order of the alphabet."""
    words = sorted(words) if isinstance(words, set | frozenset) else list(words)
    return ", ".join(words) or "nothing"
