"""Docket: the series that are judged, in groups that one call of a rule takes.

In:  the figures that history knows, settings.
Out: groups: series with one rule and one clock, their rows of history, their alerts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np

from stream.changes.panes import HOUR_MS
from stream.judge import conversion, ratios, volumes
from stream.judge.history import Figure, Floats, Ints
from stream.judge.marks import Marks, Spans
from stream.judge.past import Rows
from stream.judge.plan import (
    CHANNELS,
    CONVERSION,
    FOLDED,
    PULLED,
    PUSHED_DROP,
    RECORDS,
    SILENT,
    SLOW_DROP,
    VISITORS,
    How,
    Judged,
    by_name,
)
from stream.judge.settings import EVERY, AlertRule, Settings
from stream.judge.usual import HOURS

Rule = How | str
SILENCE: Final = "silence"


class Case(NamedTuple):
    """One alert of one series: its key but for `since`."""

    site: str
    alert: str
    by: str
    value: str


@dataclass(frozen=True, slots=True)
class Series:
    """What is judged: an entry, for one site and values of its labels."""

    entry: Judged
    site: str
    value: tuple[str, ...]

    @property
    def labels(self) -> dict[str, str]:
        """Give the labels that are told apart, with their values."""
        return dict(zip((one for one in self.entry.metric.labels if one in self.entry.by), self.value, strict=True))

    def case(self, alert: str | None = None) -> Case:
        """Name an alert of the series."""
        return Case(self.site, alert or self.entry.alert, ",".join(self.labels), ",".join(self.value))


@dataclass(slots=True)
class Group:
    """Series that are judged together; `places` and `rows` are by window, and one for one."""

    how: str
    zone: str
    series: list[Series]
    rises: bool = False
    rate: bool = False
    places: dict[str, Ints] = field(default_factory=dict)
    rows: dict[str, Rows] = field(default_factory=dict)
    beside: dict[str, Rows] = field(default_factory=dict)  # channels of visitors and conversion; everybody of countries
    starts: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    cases: list[Case] = field(default_factory=list)
    more: list[Case] = field(default_factory=list)  # the second alert of visitors and of conversion
    z: Floats | float = ratios.Z
    part: dict[str, Floats | float] = field(default_factory=dict)
    more_part: Floats | float = 0.0


Index = dict[tuple[str, str, tuple[str, ...]], dict[str, int]]


class Docket:
    """All groups, and where each figure's verdict is."""

    def __init__(self, figures: Mapping[Figure, int], settings: Settings, marks: Marks) -> None:
        self._settings, self._marks = settings, marks
        self._index: Index = {}
        self._channels: dict[str, list[str]] = {}
        for figure, row in figures.items():
            self._enter(figure, row)
        self.sites = sorted({site for metric, site, _ in self._index if metric in (VISITORS, CONVERSION)})
        self.groups = [self._group(*key, series) for key, series in self._sorted().items()]
        self.groups += self._silences()
        self.entries: dict[Case, Judged] = {}
        for group in self.groups:
            for series, case in zip(group.series, group.cases, strict=True):
                self.entries[case] = series.entry
            for series, case in zip(group.series, group.more, strict=bool(group.more)):
                self.entries[case] = series.entry

    def row(self, metric: str, site: str, value: tuple[str, ...], window: str) -> int:
        """Give the row of a figure by the labels of its verdict; -1 for none."""
        return self._index.get((metric, site, value), {}).get(window, -1)

    def values(self, metric: str, site: str) -> list[tuple[str, ...]]:
        """List the values that a metric of a site has."""
        return [value for name, at, value in self._index if name == metric and at == site]

    def _enter(self, figure: Figure, row: int) -> None:
        labels = dict(figure.labels)
        site = labels.pop("site")
        value = tuple(labels.values())
        entry = by_name().get(figure.metric)
        if entry is not None and set(labels) != set(entry.by):
            return
        if figure.metric == CHANNELS:
            known = self._channels.setdefault(site, [])
            if value[0] not in known and value[0] != FOLDED:
                known.append(value[0])
        self._index.setdefault((figure.metric, site, value), {})[figure.window] = row

    def _sorted(self) -> dict[tuple[str, str, bool, bool], list[Series]]:
        groups: dict[tuple[str, str, bool, bool], list[Series]] = {}
        for metric, site, value in sorted(self._index):
            entry = by_name().get(metric)
            if entry is None or FOLDED in value:
                continue
            if metric == VISITORS and (CONVERSION, site, ()) not in self._index:
                # conversion is judged by channels: a site may have these without a ratio of its own
                if self._channels.get(site):
                    other = by_name()[CONVERSION]
                    groups.setdefault(_key(other, self._settings.zone(site)), []).append(Series(other, site, ()))
            groups.setdefault(_key(entry, self._settings.zone(site)), []).append(Series(entry, site, value))
        return groups

    def _group(self, how: str, zone: str, rises: bool, rate: bool, series: list[Series]) -> Group:
        group = Group(how, zone, series, rises, rate, cases=[one.case() for one in series])
        windows = dict.fromkeys(window for one in series for window in one.entry.windows)
        for window in sorted(windows, key=HOURS.__getitem__):
            places = np.array([at for at, one in enumerate(series) if window in one.entry.windows], np.int64)
            group.places[window] = places
            some = [series[at] for at in places]
            group.rows[window] = self._rows(some, window)
            if how in ("volume", "mails", "visitors") and "24h" not in windows:
                group.rows["24h"] = self._rows(series, "24h")
            if how == "country":
                group.beside[window] = self._rows([Series(by_name()[VISITORS], one.site, ()) for one in some], window)
        if how == "visitors":
            group.more = [one.case(PUSHED_DROP) for one in series]
            self._beside(group, {one.site: list(PULLED) for one in series})
        elif how == "conversion":
            group.more = [one.case(SLOW_DROP) for one in series]
            self._beside(group, {one.site: self._channels.get(one.site, []) for one in series})
        self._weigh(group)
        return group

    def _beside(self, group: Group, channels: dict[str, list[str]]) -> None:
        """Give the rows of channels, those of a site in a row; a site without channels is one of its own."""
        entry = by_name()[CHANNELS]
        some: list[Series] = []
        starts = []
        for one in group.series:
            starts.append(len(some))
            some += [Series(entry, one.site, (channel,)) for channel in channels[one.site]] or [one]
        group.starts = np.array(starts, np.int64)
        for window in ("1h", "6h", "24h", "7d"):
            group.beside[window] = self._rows(some, window)

    def _silences(self) -> list[Group]:
        by_zone: dict[str, list[Series]] = {}
        entry = by_name()[RECORDS]
        for metric, site, value in sorted(self._index):
            if metric == RECORDS and FOLDED not in value:
                by_zone.setdefault(self._settings.zone(site), []).append(Series(entry, site, value))
        out = []
        for zone, series in by_zone.items():
            group = Group(SILENCE, zone, series, cases=[one.case(SILENT) for one in series])
            for window in ("1h", "6h", "24h"):
                group.places[window] = np.arange(len(series))
                group.rows[window] = self._rows(series, window)
            out.append(group)
        return out

    def _rows(self, series: Sequence[Series], window: str) -> Rows:
        rows = np.array([self.row(one.entry.metric.name, one.site, one.value, window) for one in series], np.int64)
        length = HOURS[window] * HOUR_MS
        if not self._marks.any:
            return Rows(rows, length)
        spans: dict[Spans, list[int]] = {}
        for at, one in enumerate(series):
            mine = self._marks.spans(one.site, one.entry.metric.series)
            if mine:
                spans.setdefault(mine, []).append(at)
        return Rows(rows, length, tuple((np.array(at, np.int64), one) for one, at in spans.items()))

    def _weigh(self, group: Group) -> None:
        """Take z and parts from the catalog's rule, and from settings where they say more."""
        count = len(group.series)
        rules = [(case, _rule(self._settings.rules, case)) for case in group.cases]
        z, part = DEFAULTS[group.how]
        group.z = _column([rule.z if rule.z is not None else z for _, rule in rules], count)
        for window in group.places:
            usual = part if isinstance(part, float) else part[window]
            some = [rules[at][1] for at in group.places[window]]
            group.part[window] = _column([rule.part if rule.part is not None else usual for rule in some], len(some))
        if group.more:
            default = volumes.PART if group.how == "visitors" else conversion.LONG_PART
            others = [_rule(self._settings.rules, case) for case in group.more]
            group.more_part = _column([o.part if o.part is not None else default for o in others], count)


DEFAULTS: Final[dict[str, tuple[float, float | dict[str, float]]]] = {
    "visitors": (0.0, volumes.PART),
    "volume": (0.0, volumes.PART),
    "mails": (0.0, volumes.PART),
    "conversion": (conversion.Z, ratios.PARTS),
    "share": (ratios.Z, ratios.PARTS),
    "rate": (ratios.Z, ratios.PARTS),
    "in_time": (ratios.Z, ratios.TIMELY_PART),
    "cost": (0.0, ratios.COST_FACTOR),
    "country": (ratios.Z, 1.0),
}


def _key(entry: Judged, zone: str) -> tuple[str, str, bool, bool]:
    how = "share" if entry.how == "rate" else entry.how
    return how, zone, entry.rises, entry.how == "rate"


def _column(values: Iterable[float], count: int) -> Floats | float:
    column = np.fromiter(values, np.float64, count)
    return float(column[0]) if count and (column == column[0]).all() else column[:, None]


def _rule(rules: Iterable[AlertRule], case: Case) -> AlertRule:
    """Put together what settings say of an alert: of each word the last rule that has it."""
    out = AlertRule(case.alert)
    labels = dict(zip(case.by.split(","), case.value.split(","), strict=False))
    for rule in rules:
        fits = rule.sites == EVERY or case.site in rule.sites
        if rule.alert == case.alert and fits and all(labels.get(name) == value for name, value in rule.labels):
            out = AlertRule(
                case.alert,
                severity=rule.severity or out.severity,
                z=out.z if rule.z is None else rule.z,
                part=out.part if rule.part is None else rule.part,
            )
    return out


def severity_of(rules: Iterable[AlertRule], case: Case, usual: str) -> str:
    """Give how an alert is told: as the catalog has it, or as settings say.

    >>> rules = [AlertRule("bounce_rise", severity="off")]
    >>> severity_of(rules, Case("shop", "bounce_rise", "channel", "direct"), "ticket")
    'off'
    """
    return _rule(rules, case).severity or usual
