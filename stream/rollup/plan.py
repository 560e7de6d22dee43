"""Plan: the label sets of an entry as a window shows them, and the series that each of its counts has for each.

In:  an entry, a window, the series.
Out: label sets in one order, and beside each the numbers of series to add up.

A plan is made anew only when series came or are shown under other labels; reading is then array lookups.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, repeat
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream import catalog
from stream.catalog import Metric, counts_of
from stream.catalog.words import AGE
from stream.changes.panes import NOW
from stream.rollup.budget import CURRENCY, NEVER, Labels
from stream.rollup.series import Buckets, Ints, Series
from stream.state.labels import FOLDED
from stream.windows.level import Window

Columns = Ints | NDArray[np.bool_] | NDArray[np.float64]  # beside the label sets of a plan

_BUCKET: Final = "bucket"


class Term(NamedTuple):
    """One count of a sum: the series of each label set, or where several add up in one, `at` beside each its set."""

    sign: int
    sids: Ints  # −1: there is none, and it counts 0
    at: Ints | None
    apart: str | None = None  # the window that it is read in whatever that of the entry

    def added(self, out: Ints, of: Callable[[Ints], Ints]) -> None:
        """Add the sums of the series to those of the label sets."""
        if self.at is None:
            out += self.sign * of(self.sids)
        else:
            np.add.at(out, self.at, self.sign * of(self.sids))

    def only(self, groups: Ints, size: int) -> Term:
        """Leave the series of some label sets, which are numbered anew."""
        if self.at is None:
            return self._replace(sids=self.sids[groups])
        place = np.full(size, -1, np.int64)
        place[groups] = np.arange(len(groups))
        mine = place[self.at] >= 0
        return self._replace(sids=self.sids[mine], at=place[self.at[mine]])

    @property
    def sets(self) -> Ints:
        """Give the label set of each series."""
        return np.arange(len(self.sids)) if self.at is None else self.at


@dataclass
class Plan:
    """Label sets of an entry in a window and, a term, the series of each; what was given last."""

    more_from_ms: int  # a window that begins so late shows more label sets under their own names
    groups: list[dict[str, str]] = field(default_factory=list)
    keys: list[Labels] = field(default_factory=list)  # of these, without what is constant
    top: list[Term] = field(default_factory=list)
    bottom: list[Term] = field(default_factory=list)
    buckets: list[Buckets] = field(default_factory=list)  # of the numerator, each label set's
    quantiles: list[tuple[dict[str, str], ...]] = field(default_factory=list)  # each label set with every quantile
    left: list[Buckets] = field(default_factory=list)  # of those who gave up
    #: Of `began`, `observed`, `restated` and those who wait: the one term of each.
    beside: dict[str, Term] = field(default_factory=dict)
    took: list[Buckets] = field(default_factory=list)  # durations that horizons come from, each once
    took_of: Ints = field(default_factory=lambda: np.zeros(0, np.int64))  # label set → its durations
    shares: dict[str, Term] = field(default_factory=dict)  # value of the label of a spread → its term
    known: tuple[int, Ints] | None = None  # version of what is known, where both sides of each label set end by it
    last: tuple[Columns, ...] = ()
    counts: list[list[int]] = field(default_factory=list)
    seen: dict[str, object] = field(default_factory=dict)  # what evaluations remember beside

    @cached_property
    def every(self) -> NDArray[np.bool_]:
        """Flag every label set; not to be changed."""
        return np.ones(len(self.groups), np.bool_)

    @cached_property
    def now(self) -> Ints:
        """Say of every label set that it ends when it is read; not to be changed."""
        return np.full(len(self.groups), NEVER, np.int64)

    def go_on(self, before: Plan) -> None:
        """Take over what was given last by the plan in whose place this one is: only its new label sets are news."""
        if not before.last or not before.keys:
            return
        size, more = len(before.keys), len(self.keys) - len(before.keys)
        if more >= 0 and self.keys[:size] == before.keys:
            self.last = tuple([np.concatenate([column, np.zeros(more, column.dtype)]) for column in before.last])
            self.counts = [*before.counts, *([] for _ in range(more))] if before.counts else []
            return
        places = {key: at for at, key in enumerate(before.keys)}
        at = np.array([places.get(key, -1) for key in self.keys], np.int64)
        self.last = tuple([np.where(at < 0, np.zeros(1, column.dtype), column[at]) for column in before.last])
        self.counts = [before.counts[one] if one >= 0 else [] for one in at.tolist()] if before.counts else []


#: Label set → the labels of readings: the same table each time, and of summaries one for every quantile.
Named = dict[Labels, dict[str, str]]


class _Found:
    """The series of counts by the labels that a window shows them under."""

    def __init__(self, series: Series, here: Window) -> None:
        self._series, self._here = series, here
        self._shown: dict[str, Mapping[Labels, Sequence[int]]] = {}
        self.more_from_ms = NEVER

    def own(self, count: str) -> Mapping[Labels, int] | None:
        """Give the one series of each label set, where the window shows series under their own labels alone."""
        return None if self._series.watches(count) else self._series.sids[count]

    def grouped(self, count: str) -> Mapping[Labels, Buckets]:
        """Give its buckets by the labels before those, where it has series of its own."""
        return self._series.grouped(count)

    def keys(self, count: str) -> Iterable[Labels]:
        """Give the label sets of a count."""
        return self.of(count) if self._series.watches(count) else self._series.sids[count]

    def of(self, count: str) -> Mapping[Labels, Sequence[int]]:
        """Give the series of a count."""
        known = self._shown.get(count)
        if known is None:
            known, following = self._series.shown(count, self._here)
            self._shown[count] = known
            self.more_from_ms = min(self.more_from_ms, following)
        return known


def planned(metric: Metric, window: str, series: Series, named: Named) -> Plan:
    """Find the label sets of an entry as a window shows them, and the series of its counts.

    `named` has the labels of the entry that were made before, and gets those that are new.
    """
    # what stands of a value that got its place late lies in `(other)` for good: the whole entry is shown so
    stands = any(catalog.COUNTS[name].at == "standing" for name in counts_of(metric))
    found = _Found(series, (NOW, 0) if stands else (window, metric.shift_ms))
    constant = dict(metric.constant)
    names = tuple(label for label in metric.labels if label not in constant and label != AGE)
    groups = _label_sets(metric, names, found)
    plan = Plan(NEVER)
    plan.keys = groups
    for key in groups:
        if key not in named:
            named[key] = {**{name: str(value) for name, value in zip(names, key, strict=True)}, **constant}
    plan.groups = list(map(named.__getitem__, groups))
    apart = {count: series.periods.get(name, name) for count, name in metric.read_in}
    for terms, out in ((metric.numerator, plan.top), (metric.denominator, plan.bottom)):
        for sign, count in terms:
            labels = catalog.COUNTS[count].labels
            if labels[-1] == _BUCKET and metric.kind in ("summary", "survival"):
                which = plan.buckets if out is plan.top else plan.left
                which += _buckets(found, count, names, groups)
            elif metric.over is not None:
                plan.shares |= _by_value(found.of(count), labels, metric.over, names, groups)
            else:
                out.append(_term(sign, found, count, names, groups)._replace(apart=apart.get(count)))
    beside = {"began": metric.began, "observed": metric.observed, "restated": metric.restated}
    if metric.maturity is not None:
        beside["waits"] = metric.maturity.waits
        _horizons(plan, metric.maturity.took, names, groups, found)
    for name, other in beside.items():
        if other is not None:
            plan.beside[name] = _term(1, found, other, names, groups)
    if metric.kind == "summary":
        told = [f"{q:g}" for q in catalog.QUANTILES]
        plan.quantiles = [tuple({**labels, "quantile": q} for q in told) for labels in plan.groups]
    plan.more_from_ms = found.more_from_ms
    return plan


def _label_sets(metric: Metric, names: tuple[str, ...], found: _Found) -> list[Labels]:
    """Give every label set that a count of the entry has, which carries all of its labels.

    Where none does, those that its counts have together: what each says of the labels that it carries.
    """
    told: dict[tuple[str, ...], dict[Labels, None]] = {}  # labels of counts → their sets
    for _, count in metric.numerator if metric.from_numerator else metric.numerator + metric.denominator:
        labels = catalog.COUNTS[count].labels
        at = [place for place, label in enumerate(labels) if label not in (_BUCKET, metric.over)]
        keys: Iterable[Labels] = found.keys(count)
        if labels[-1] == _BUCKET and len(at) == len(labels) - 1 and found.own(count) is not None:
            keys = found.grouped(count)
        elif len(at) < len(labels):
            keys = (tuple([key[i] for i in at]) for key in keys)
        told.setdefault(tuple(labels[place] for place in at), {}).update(dict.fromkeys(keys))
    sets = told[names] if names in told else _joined(told, names)
    if metric.kind == "ratio" and CURRENCY in names:  # money of several currencies is added up, and divides nothing
        return [key for key in sets if key[names.index(CURRENCY)] != FOLDED]
    if metric.kind == "last":  # the ranks of several things added up are none
        return [key for key in sets if FOLDED not in key]
    return list(sets)


def _joined(told: Mapping[tuple[str, ...], Mapping[Labels, None]], names: tuple[str, ...]) -> dict[Labels, None]:
    """Join sets of labels on those that they have in common."""
    rows: list[dict[str, str | int]] = [{}]
    for labels, keys in told.items():
        common = [label for label in labels if label in rows[0]] if rows else []
        by_common: dict[Labels, list[Labels]] = {}
        for key in keys:
            of_key = dict(zip(labels, key, strict=True))
            by_common.setdefault(tuple([of_key[label] for label in common]), []).append(key)
        rows = [
            {**row, **dict(zip(labels, key, strict=True))}
            for row in rows
            for key in by_common.get(tuple([row[label] for label in common]), ())
        ]
    return dict.fromkeys(tuple([row[name] for name in names]) for row in rows)


def _term(sign: int, found: _Found, count: str, names: Sequence[str], groups: list[Labels]) -> Term:
    """Make a term of the series of each label set, by the labels that the count carries."""
    at, keys = [names.index(label) for label in catalog.COUNTS[count].labels], groups
    if at != list(range(len(names))):
        keys = [tuple([group[i] for i in at]) for group in groups]
    own = found.own(count)
    if own is not None:
        return Term(sign, np.fromiter(map(own.get, keys, repeat(-1)), np.int64, len(keys)), None)
    return _of_shown(sign, keys, found.of(count))


def _of_shown(sign: int, keys: Iterable[Labels], shown: Mapping[Labels, Sequence[int]]) -> Term:
    return _of_sids(sign, [shown.get(key, ()) for key in keys])


def _of_sids(sign: int, sids: list[Sequence[int]]) -> Term:
    if all(len(some) <= 1 for some in sids):
        return Term(sign, np.array([some[0] if some else -1 for some in sids], np.int64), None)
    sizes = [len(some) for some in sids]
    flat = np.fromiter(chain.from_iterable(sids), np.int64, sum(sizes))
    return Term(sign, flat, np.repeat(np.arange(len(sids)), sizes))


def _buckets(found: _Found, count: str, names: Sequence[str], groups: Iterable[Labels]) -> list[Buckets]:
    """Give the buckets of each label set in order, with their series; the count carries some of the labels."""
    labels = catalog.COUNTS[count].labels
    at = [names.index(label) for label in labels[:-1]]
    keys = [tuple([group[i] for i in at]) for group in groups]
    if found.own(count) is not None:
        grouped = found.grouped(count)
        return [grouped.get(key, ([], [])) for key in keys]
    by_group: defaultdict[Labels, list[tuple[int, int]]] = defaultdict(list)
    for key, sids in found.of(count).items():
        by_group[key[:-1]].extend([(int(key[-1]), sid) for sid in sids])
    out: list[Buckets] = []
    for key in keys:
        pairs = sorted(by_group.get(key, ()))
        out.append(([bucket for bucket, _ in pairs], [sid for _, sid in pairs]))
    return out


def _by_value(
    shown: Mapping[Labels, Sequence[int]], labels: Sequence[str], over: str, names: Sequence[str], groups: list[Labels]
) -> dict[str, Term]:
    """Make a term for each value of the label that a spread is taken over."""
    place = labels.index(over)
    of_value: dict[str, dict[Labels, Sequence[int]]] = {}
    for key, sids in shown.items():
        of_value.setdefault(str(key[place]), {})[key[:place] + key[place + 1 :]] = sids
    rest = [label for label in labels if label != over]
    at = [names.index(label) for label in rest]
    keys = [tuple([group[i] for i in at]) for group in groups]
    return {value: _of_shown(1, keys, some) for value, some in sorted(of_value.items())}


def _horizons(plan: Plan, took: str, names: Sequence[str], groups: list[Labels], found: _Found) -> None:
    """Find the durations that the horizon of each label set comes from: those of a site are of all of its channels."""
    labels = catalog.COUNTS[took].labels
    at = [names.index(label) for label in labels[:-1]]
    places: dict[Labels, int] = {}
    plan.took_of = np.array([places.setdefault(tuple([g[i] for i in at]), len(places)) for g in groups], np.int64)
    plan.took = _buckets(found, took, labels[:-1], places)
