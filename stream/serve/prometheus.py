"""Prometheus: a snapshot of readings as metric families, and as the text of a scrape.

In:  an immutable snapshot of readings, taken by the rollup's owner.
Out: families of series, and their exposition text (format 0.0.4, or OpenMetrics 1.0 without its end).

For a ratio R also R_numerator and R_denominator, and R_maturity where its cohort ripens; a ratio that has nothing to
divide by is left out; quantiles are a summary. Never a timestamp on a sample: a dead worker's values would linger.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, Protocol

from stream.contract.readings import Reading

PREFIX = "leadpulse_"
QUANTILE = "quantile"
AS_OF = f"{PREFIX}as_of_timestamp_seconds"

Number = int | float
Kind = Literal["gauge", "counter", "summary"]
Labels = tuple[tuple[str, str], ...]

#: What follows the names of the series of one reading, in the order of `_Series`.
_SUFFIXES: Final = ("", "_numerator", "_denominator", "_maturity")


class Entry(Protocol):
    """What is needed here of an entry of the catalog."""

    @property
    def help(self) -> str: ...

    @property
    def kind(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Hold everything that one scrape shows of the business metrics; never changed once made."""

    readings: tuple[Reading, ...]
    as_of_ms: int


class Sample(NamedTuple):
    """One line: `text` is the series as it is written, up to the value."""

    text: str
    name: str
    labels: Labels
    value: Number


@dataclass(slots=True)
class Family:
    """Samples that share a name, a type and a help text."""

    name: str
    kind: Kind
    help: str
    samples: list[Sample] = field(default_factory=list)


class _Series(NamedTuple):
    """A reading's labels, and the text of the up to four series that show it."""

    labels: Labels
    value: str
    numerator: str
    denominator: str
    maturity: str


class Exposition:
    """Turn snapshots into families and text; remembers the text of series between scrapes.

    Labels hardly ever change, and writing them is most of the work: 10,000 ratios (30,000 lines) take about
    40 ms here and 340 ms in prometheus_client. Not for several threads at a time.
    """

    CACHE_LIMIT = 100_000

    def __init__(self, entries: Mapping[str, Entry]) -> None:
        self._entries = entries
        self._known: dict[tuple[object, ...], _Series] = {}

    def render(self, snapshot: Snapshot) -> bytes:
        """Write a snapshot as text."""
        return text_of(self.families(snapshot))

    def families(self, snapshot: Snapshot) -> list[Family]:
        """Give the families in order of name; a metric that is not in the catalog raises KeyError."""
        if len(self._known) > self.CACHE_LIMIT:
            self._known.clear()
        by_metric: dict[str, list[Reading]] = {}
        for reading in snapshot.readings:
            by_metric.setdefault(reading.metric, []).append(reading)
        found = [_as_of(snapshot)]
        for metric, readings in by_metric.items():
            found += self._of_metric(metric, readings)
        return sorted((family for family in found if family.samples), key=lambda family: family.name)

    def _of_metric(self, metric: str, readings: list[Reading]) -> list[Family]:
        entry, name = self._entries[metric], PREFIX + metric
        if entry.kind == "summary":
            return [self._summary(Family(name, "summary", entry.help), readings)]
        main = Family(name, "counter" if entry.kind == "total" else "gauge", entry.help)
        above = Family(f"{name}_numerator", "gauge", f"Numerator of {name}.")
        below = Family(f"{name}_denominator", "gauge", f"Denominator of {name}.")
        ripe = Family(f"{name}_maturity", "gauge", f"Share of the cohort of {name} that is not both waiting and young.")
        for reading in readings:
            labels, value_text, above_text, below_text, ripe_text = self._series(name, reading)
            if reading.value is not None:
                main.samples.append(Sample(value_text, main.name, labels, reading.value))
            if reading.numerator is not None and reading.denominator is not None:
                above.samples.append(Sample(above_text, above.name, labels, reading.numerator))
                below.samples.append(Sample(below_text, below.name, labels, reading.denominator))
            if reading.maturity is not None:
                ripe.samples.append(Sample(ripe_text, ripe.name, labels, reading.maturity))
        return [main, above, below, ripe]

    def _series(self, name: str, reading: Reading) -> _Series:
        key = (name, reading.window, *reading.labels.items())
        series = self._known.get(key)
        if series is None:
            labels = _labels(reading)
            series = self._known[key] = _Series(labels, *(series_text(name + suffix, labels) for suffix in _SUFFIXES))
        return series

    def _summary(self, family: Family, readings: list[Reading]) -> Family:
        """Put the quantiles of a series together with its sum and count, which each of them carries."""
        of_series: dict[Labels, list[Reading]] = {}
        for reading in readings:
            alone = tuple(pair for pair in _labels(reading) if pair[0] != QUANTILE)
            of_series.setdefault(alone, []).append(reading)
        for labels, some in of_series.items():
            for reading in some:
                if reading.value is not None:
                    text = self._series(family.name, reading).value
                    family.samples.append(Sample(text, family.name, _labels(reading), reading.value))
            for suffix, value in (("_sum", some[-1].numerator), ("_count", some[-1].n)):
                name = family.name + suffix
                family.samples.append(Sample(series_text(name, labels), name, labels, value or 0))
        return family


def text_of(families: Iterable[Family], *, openmetrics: bool = False) -> bytes:
    """Write families as text; OpenMetrics names a counter without the ending of its series."""
    lines: list[str] = []
    for family in families:
        name, kind, text = family.name, str(family.kind), _escape_help(family.help)
        if openmetrics:
            text = text.replace('"', r"\"")
            if kind == "counter":
                name, kind = name.removesuffix("_total"), kind if name.endswith("_total") else "unknown"
        lines.append(f"# HELP {name} {text}\n# TYPE {name} {kind}\n")
        lines += [f"{text}{value!r}\n" for text, _, _, value in family.samples]
    return "".join(lines).encode()


def series_text(name: str, labels: Labels) -> str:
    """Write what stands before the value.

    >>> series_text("leadpulse_sessions", (("site", 'a"b'), ("window", "1h")))
    'leadpulse_sessions{site="a\\\\"b",window="1h"} '
    """
    inside = ",".join(f'{label}="{escape(value)}"' for label, value in labels)
    return f"{name}{{{inside}}} " if inside else f"{name} "


def _labels(reading: Reading) -> Labels:
    window = () if reading.window is None else (("window", reading.window),)
    return (*reading.labels.items(), *window)


def _as_of(snapshot: Snapshot) -> Family:
    """Say at which moment the windows end."""
    family = Family(AS_OF, "gauge", "Time at which the windows end.")
    family.samples.append(Sample(f"{family.name} ", family.name, (), snapshot.as_of_ms / 1_000))
    return family


def escape(value: str) -> str:
    """Write a label value for between its quotes."""
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _escape_help(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n")
