"""Stories: a handful of events, and readings that were worked out by hand.

In:  events, the moment of reading, rows of (metric, window, {labels: reading}).
Out: an assertion that the pipeline reads exactly these: in order of time by a replay, one by one as they are
written, and one by one backwards.

A row names every label set of its metric that is not 0. `site=s1` is understood.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import orjson
import pytest

from stream.changes.panes import DAY_MS, Grid
from stream.contract.readings import Reading
from stream.contract.records import Record
from stream.contract.times import parse_ms
from stream.engine.groups import GROUPS
from stream.engine.options import FoldOptions
from stream.ingest.decode import Limits
from stream.ingest.ladder import Ladder
from stream.replay.folds import Folds
from stream.replay.replay import ReplayOptions, replay
from stream.rollup.rollup import Rollup, RollupOptions
from tests.unit.golden.events import Envelope, at_ms

_NOW_MS = at_ms("12:00")


@dataclass(frozen=True)
class Quotient:
    """A ratio: value, and what was divided (where that is not simply one by the other)."""

    value: float
    numerator: float
    denominator: float


@dataclass(frozen=True)
class Timed:
    """A summary: quantiles (2 % off at most), the sum of all seconds, and how many there were."""

    half: float
    most: float
    total: float
    n: int


@dataclass(frozen=True)
class Near:
    """A value alone, so far off at most: what is read from buckets, or by the day."""

    value: float
    off: float = 0.02


#: A count; (numerator, denominator) of a proportion; or one of the above.
Expected = int | float | tuple[int, int] | Quotient | Timed | Near
Row = tuple[str, str | None, dict[str, Expected]]


@dataclass(frozen=True)
class Story:
    """Events and what they come to."""

    says: str
    events: list[Envelope]
    rows: list[Row]
    at: str = "12:00"
    options: dict[str, Any] = field(default_factory=dict)
    any_order: bool = True

    def __str__(self) -> str:
        return self.says


def lines(events: list[Envelope]) -> list[bytes]:
    """Write events as a file of them; an event without an id gets the number of its line."""
    return [
        orjson.dumps(event if "id" in event else {**event, "id": f"e{number:05d}"})
        for number, event in enumerate(events)
    ]


def replayed(story: Story) -> list[Reading]:
    """Read a story by a replay."""
    options = ReplayOptions(now_ms=_NOW_MS, at_ms=at_ms(story.at))
    return replay(lines(story.events), replace(options, **story.options)).readings


def one_by_one(story: Story, step: int) -> list[Reading]:
    """Read a story with every event in a batch of its own, in the order that is written, or backwards."""
    options = replace(ReplayOptions(now_ms=_NOW_MS), **story.options)
    fold_options = FoldOptions(
        limits=Limits(
            lateness_ms=options.lateness_ms,
            now_ms=_NOW_MS,
            own_lateness_ms=options.own_lateness_ms,
            ladder=Ladder(options.rules.ladder),
        ),
        require_consent=options.require_consent,
        grid=Grid(pane_ms=1),
        memory_ms=max(35 * DAY_MS, options.lateness_ms),
        channels=options.channels,
        rules=options.rules,
    )
    values = lines(story.events)
    kinds = [orjson.loads(value)["type"] for value in values]
    alone = {kind for group in GROUPS.values() if group.told_by for kind in group.kinds}
    folds = Folds(fold_options, GROUPS, leads=options.leads == "on" or not alone.isdisjoint(kinds))
    rollup = Rollup(
        RollupOptions(
            dict.fromkeys(folds.of, 1),
            exact=True,
            windows=options.windows,
            label_limit=options.label_limit,
            told=tuple(name for name in folds.of if GROUPS[name].told_by),
            periods=options.rules.periods,
        )
    )
    for number, (kind, value) in list(enumerate(zip(kinds, values, strict=True)))[::step]:
        envelope = orjson.loads(value)
        arrival_ms = parse_ms(envelope.get("recordedtime") or envelope["time"]) or 0
        record: Record = (number, arrival_ms, None, value, ())
        folds.fold({kind: [record]})
        for delta in folds.deltas():
            rollup.add(delta)
    folds.advance(at_ms(story.at))
    for delta in folds.deltas():
        rollup.add(delta)
    rollup.read_at(at_ms(story.at))
    return rollup.readings(None)


def check(story: Story, readings: list[Reading]) -> None:
    """Compare readings with the rows of a story."""
    for metric, window, expected in story.rows:
        found: dict[str, list[Reading]] = {}
        for reading in readings:
            if reading.metric == metric and reading.window == window:
                found.setdefault(_name(reading.labels), []).append(reading)
        for name, wanted in expected.items():
            assert name in found, f"{metric} {window}: nothing for {name or 'the site'}, only {sorted(found)}"
            _same(f"{metric}{{{name}}} {window}", found[name], wanted)
        others = {name: _shown(some) for name, some in found.items() if name not in expected and _counts(some)}
        assert not others, f"{metric} {window}: not in the table"


def _name(labels: dict[str, str]) -> str:
    shown = {name: value for name, value in labels.items() if (name, value) != ("site", "s1")}
    shown.pop("quantile", None)
    return " ".join(f"{name}={value}" for name, value in shown.items())


def _counts(readings: list[Reading]) -> bool:
    """Tell whether there is something: a series goes on at 0, or may never have been made."""
    return any(reading.denominator if reading.denominator is not None else reading.value for reading in readings)


def _shown(readings: list[Reading]) -> list[Any]:
    return [(reading.value, reading.numerator, reading.denominator) for reading in readings]


def _same(what: str, found: list[Reading], wanted: Expected) -> None:
    first = found[0]
    if isinstance(wanted, Timed):
        by_quantile = {reading.labels["quantile"]: reading for reading in found}
        assert (first.numerator, first.denominator, first.n) == (wanted.total, wanted.n, wanted.n), what
        assert by_quantile["0.5"].value == pytest.approx(wanted.half, rel=0.02), what
        assert by_quantile["0.9"].value == pytest.approx(wanted.most, rel=0.02), what
        return
    assert len(found) == 1, f"{what} is shown {len(found)} times"
    if isinstance(wanted, Near):
        assert first.value == pytest.approx(wanted.value, rel=wanted.off), what
        return
    read = (first.value, first.numerator, first.denominator)
    if isinstance(wanted, Quotient):
        assert read == (pytest.approx(wanted.value), wanted.numerator, wanted.denominator), what
    elif isinstance(wanted, tuple):
        top, bottom = wanted
        assert read == (top / bottom if bottom else None, top, bottom), what
    else:
        assert read == (wanted, None, None), what
