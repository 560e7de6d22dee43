"""Room: which sets of labels fit into the readings that are kept in all, and what the others are folded to.

In:  sets of labels as their places leave them; the metrics that they bring readings of.
Out: the labels that they are counted under, and from which moment on.

A set that finds no room gives up the values that have a budget, then its site; a currency too many of a set gives way
by itself. What is folded as far as it can be always has room: it is what all sums come to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from stream import catalog
from stream.catalog import Count, Metric
from stream.changes.cells import CLOSED_LABELS
from stream.changes.panes import HOUR_MS, Grid, end_pane
from stream.rollup.budget import (
    ALWAYS,
    ASIDE,
    CURRENCY,
    NEVER,
    SITES,
    Budget,
    Family,
    Labels,
    Place,
    common_labels,
    has_budget,
)
from stream.state.labels import FOLDED

#: Words for how a mail bounced; "unknown" is one of them.
_BOUNCES: Final = 4
#: Letters of a currency's code.
_CODE: Final = 3
#: Readings that only come where something is folded may go so much over the bound: a tenth.
OVER: Final = 10
#: Sites take no more than so much of all readings, or nothing else would be shown of any of them.
_OF_SITES: Final = (3, 4)
_SITE: Final = Place(SITES, "site", "")
#: Where values change places: an edge of the panes that windows up to 90 days are made of. In the longer pane of a
#: longer window a value may lie in both of its series; as long as a window holds that pane it shows both together.
_EDGE_MS: Final = 6 * HOUR_MS

#: Gives the moment from which on a set of labels has series of its own; takes names and values.
Since = Callable[[tuple[str, ...], Labels], int]
#: (family, names of labels) → readings that a set of them brings.
Readings = Mapping[tuple[str, tuple[str, ...]], int]


def edge_after(now_ms: int, grid: Grid) -> int:
    """Give the next edge at which values change places: from there on a series can be told apart."""
    return end_pane(now_ms, _EDGE_MS, grid.origin_ms) * _EDGE_MS + grid.origin_ms


def folded(names: Sequence[str], values: Sequence[Any], folds: Sequence[bool]) -> Labels:
    """Fold what is to be; with a site all that has a budget."""
    if not any(folds):
        return tuple(
            [value if name in CLOSED_LABELS else str(value) for name, value in zip(names, values, strict=True)]
        )
    whole = any(fold for fold, name in zip(folds, names, strict=True) if name == "site")
    out: list[str | int] = []
    for name, value, fold in zip(names, values, folds, strict=True):
        if fold or (whole and has_budget(name)):
            out.append(FOLDED)
        else:
            out.append(value if name in CLOSED_LABELS else str(value))
    return tuple(out)


def fitted(names: Sequence[str], labels: Labels, ms: int, since: Since) -> tuple[Labels, list[int]]:
    """Fold labels as far as they must be at a moment; give later moments, too, at which they are others."""
    later: list[int] = []
    common = common_labels(tuple(names))
    for gives_up in (_values, _site):
        found = since(common, _common(names, labels))
        if found <= ms:
            break
        later.append(found)
        labels = gives_up(names, labels)
    if CURRENCY in names and labels[names.index(CURRENCY)] != FOLDED:
        found = since((*common, CURRENCY), (*_common(names, labels), labels[names.index(CURRENCY)]))
        if found > ms:
            later.append(found)
            at = names.index(CURRENCY)
            labels = (*labels[:at], FOLDED, *labels[at + 1 :])
    return labels, [one for one in later if one < NEVER]


def _values(names: Sequence[str], labels: Labels) -> Labels:
    return tuple(FOLDED if has_budget(name) else value for name, value in zip(names, labels, strict=True))


def _site(names: Sequence[str], labels: Labels) -> Labels:
    return tuple(
        FOLDED if name == "site" or has_budget(name) else value for name, value in zip(names, labels, strict=True)
    )


def _common(names: Sequence[str], labels: Labels) -> Labels:
    aside = _aside_at(tuple(names))
    return tuple([value for at, value in enumerate(labels) if at not in aside]) if aside else labels


@lru_cache
def _aside_at(names: tuple[str, ...]) -> frozenset[int]:
    return frozenset(at for at, name in enumerate(names) if name in ASIDE)


class Room:
    """The readings of all sets of labels that have series."""

    def __init__(self, budget: Budget, readings: Readings, families: Mapping[str, str]) -> None:
        self._budget, self._brings = budget, readings
        self._names = _names_in(families)
        #: Sets of labels → the names of the labels, and the readings that they bring.
        self.sets: dict[Family, tuple[tuple[str, ...], int]] = {}
        self.readings = 0
        self._series: dict[Family, int] = {}  # set of labels → series that share it
        self._of_sites = 0  # readings of named sites that have nothing to fold but the site
        #: Sets that others would be folded to, and that are not there yet → the readings that they would bring.
        self._fallbacks: dict[Family, int] = {}
        self._reserved = 0
        self._money: dict[Family, int] = {}  # set of labels without its currency → currencies

    # which sets there are ---------------------------------------------------------------------------------

    def take(self, count: Count, family: str, labels: Labels) -> None:
        """Count the readings that a set of labels brings, once for all counts that share it."""
        for key, names in keys_of(count, family, labels):
            if key not in self.sets:
                self._take(key, names)
            self._series[key] = self._series.get(key, 0) + 1

    def drop(self, count: Count, family: str, labels: Labels) -> None:
        """Take notice that a series went."""
        for key, names in keys_of(count, family, labels):
            self._series[key] -= 1
            if not self._series[key]:
                del self._series[key]
                self._drop(key, names)

    def _take(self, key: Family, names: tuple[str, ...]) -> None:
        brought = self._cost(key, names)
        self.sets[key] = names, brought
        self.readings += brought
        self._of_sites += brought if _is_of_site(names, key[1]) else 0
        self._reserved -= self._fallbacks.pop(key, 0)
        if names[-1] == CURRENCY:
            whole = key[0], key[1][:-1]
            self._money[whole] = self._money.get(whole, 0) + 1
        fallback = _fallback(key, names)
        if fallback not in self.sets and fallback not in self._fallbacks:
            self._fallbacks[fallback] = self._cost(fallback, names)
            self._reserved += self._fallbacks[fallback]

    def _drop(self, key: Family, names: tuple[str, ...]) -> None:
        _, brought = self.sets.pop(key)
        self.readings -= brought
        self._of_sites -= brought if _is_of_site(names, key[1]) else 0
        if names[-1] == CURRENCY:
            self._money[key[0], key[1][:-1]] -= 1

    def _cost(self, key: Family, names: tuple[str, ...]) -> int:
        """Give the readings that a set brings; those of its first currency came with it."""
        if names[-1] == CURRENCY:
            if not self._money.get((key[0], key[1][:-1])):
                return 0
            if key[1][-1] == FOLDED:
                return self._brings.get((key[0], (*names, FOLDED)), 0)
        return self._brings.get((key[0], names), 0)

    def names_of(self, key: Family) -> tuple[str, ...]:
        """Name the labels of a set: not all counts of a family have the same ones."""
        fits = [names for names in self._names[key[0]] if len(names) == len(key[1])]
        return next((names for names in fits if (names[-1] == CURRENCY) == _is_currency(key[1][-1])), fits[0])

    # who has room -----------------------------------------------------------------------------------------

    def since(self, family: str, names: tuple[str, ...], labels: Labels, now_ms: int, edge_ms: int) -> int:
        """Give the moment from which on a set has series of its own; one that is new is let in or put off."""
        key, budget = (family, labels), self._budget
        known = budget.late.get(key)
        if known is not None:
            return known
        if key in self.sets or _is_last(names, labels):
            return ALWAYS
        if self.has_room(key, names):
            if budget.is_new_set(key, now_ms):
                return ALWAYS
            budget.let_in(key, edge_ms)  # something of it may lie where it was folded to
            return edge_ms
        budget.put_off(key, now_ms)
        site = str(labels[names.index("site")]) if "site" in names else ""
        budget.fold(Place(family, "labels", site), " ".join(map(str, labels)))
        return NEVER

    def known(self, family: str, names: tuple[str, ...], labels: Labels) -> int:
        """Give the moment from which on a set has series of its own; NEVER for one that has none."""
        known = self._budget.late.get((family, labels))
        if known is not None:
            return known
        return ALWAYS if (family, labels) in self.sets or _is_last(names, labels) else NEVER

    def has_room(self, key: Family, names: tuple[str, ...]) -> bool:
        """Tell whether one more set fits, and in the end all that would come where others do not."""
        most = self._budget.most_readings
        left = most - max(0, self._reserved - most // OVER) - self.readings
        return self._cost(key, names) <= left and not self.sites_are_many(key, names)

    def sites_are_many(self, key: Family, names: tuple[str, ...]) -> bool:
        """Tell whether a set is of a site alone, and those of sites alone take as much as they may."""
        top, bottom = _OF_SITES
        more = self._of_sites + self._cost(key, names)
        return _is_of_site(names, key[1]) and more * bottom > self._budget.most_readings * top

    def bound_sites(self) -> None:
        """Take no more sites where those that are there bring most readings already."""
        budget = self._budget
        sites, (top, bottom) = len(budget.kept.get(_SITE, ())), _OF_SITES
        if sites and self._of_sites * (sites + 1) * bottom > budget.most_readings * sites * top:
            budget.limits[_SITE] = min(budget.limits.get(_SITE, sites), sites)
        elif _SITE in budget.limits and self.readings * OVER < budget.most_readings * (OVER - 1):
            budget.limits[_SITE] = max(budget.limits[_SITE], sites + 1)


def keys_of(count: Count, family: str, labels: Labels) -> list[tuple[Family, tuple[str, ...]]]:
    """Name the sets that labels of a count are, with the names of their labels: without what is aside, with money."""
    common = common_labels(count.labels), _common(count.labels, labels)
    out: list[tuple[Family, tuple[str, ...]]] = [((family, common[1]), common[0])]
    if CURRENCY in count.labels:
        money = labels[count.labels.index(CURRENCY)]
        out.append(((family, (*common[1], money)), (*common[0], CURRENCY)))
    return out


def _names_in(families: Mapping[str, str]) -> Mapping[str, Sequence[tuple[str, ...]]]:
    """List by family the names of labels that its sets may have."""
    out: dict[str, dict[tuple[str, ...], None]] = {}
    for name, family in families.items():
        labels = catalog.COUNTS[name].labels
        common, here = common_labels(labels), out.setdefault(family, {})
        here[common] = None
        if CURRENCY in labels:
            here[*common, CURRENCY] = None
    return {family: tuple(names) for family, names in out.items()}


def _is_currency(value: object) -> bool:
    text = str(value)
    return text == FOLDED or (len(text) == _CODE and text.isupper())


def _is_last(names: tuple[str, ...], labels: Labels) -> bool:
    """Tell whether a set is folded as far as it can be."""
    if names[-1] == CURRENCY:
        return labels[-1] == FOLDED
    return all(value == FOLDED for name, value in zip(names, labels, strict=True) if name == "site" or has_budget(name))


def _is_of_site(names: tuple[str, ...], labels: Labels) -> bool:
    """Tell whether a set is of a site by name and has nothing else to fold."""
    named = "site" in names and labels[names.index("site")] != FOLDED
    return named and CURRENCY not in names and not any(map(has_budget, names))


def _fallback(key: Family, names: tuple[str, ...]) -> Family:
    """Name the set that another one is folded to in the end."""
    if names[-1] == CURRENCY:
        return key[0], (*key[1][:-1], FOLDED)
    return key[0], _site(names, key[1])


def readings_of(metrics: Iterable[Metric], families: Mapping[str, str]) -> Readings:
    """Count the readings that one more set of labels brings with it, by family and names of labels.

    Names that end with the currency: those of one more currency; with `(other)` behind it, of money of any currency,
    by which nothing is divided.
    """
    out: dict[tuple[str, tuple[str, ...]], int] = {}
    for metric in metrics:
        if not metric.numerator:
            continue  # it has no series
        apart = {name for name, _ in metric.constant} | ASIDE
        names = tuple([label for label in metric.labels if label not in apart])
        shown = len(catalog.QUANTILES) if metric.kind == "summary" else 1
        shown *= _BOUNCES if "bounce_type" in metric.labels else 1
        shown *= len(catalog.AGES) + 1 if catalog.AGE in metric.labels else 1
        family = families[(metric.numerator + metric.denominator)[0][1]]
        keys = [names]
        if CURRENCY in metric.labels:
            keys.append((*names, CURRENCY))
            if metric.kind != "ratio":
                keys.append((*names, CURRENCY, FOLDED))
        for key in keys:
            out[family, key] = out.get((family, key), 0) + shown * len(metric.windows)
    return out
