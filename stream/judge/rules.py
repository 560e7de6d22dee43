"""Rules: each group of the docket, judged by the rule that fits it.

In:  a group, its figures now, the past.
Out: judgements, each with the alerts of its rows.

What is usual is worked out once an hour and kept as long as the hour and history are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, NamedTuple, TypeVar

import numpy as np

from stream.judge import conversion, ratios, volumes
from stream.judge.docket import SILENCE, Case, Group
from stream.judge.history import Bools, Ints, Pairs
from stream.judge.judgement import Judgement
from stream.judge.past import Line, Past, Rows
from stream.judge.usual import count_of, share_of

#: Expected records at which silence holds back, is sure, and is a page.
SILENT_HOLDS: Final = 6
SILENT_SURE: Final = 12
SILENT_PAGES: Final = 20

T = TypeVar("T")


class Ruled(NamedTuple):
    """A judgement of one window, and whose it is: rows of the judgement are these places of the group."""

    group: Group
    window: str
    places: Ints
    cases: list[Case]  # by place
    judgement: Judgement
    second: bool = False  # of the second alert of a group: what it shows is that of the first
    notes: tuple[str, ...] = ()  # by row: what is to be said beside figures
    rows: Ints | None = None  # of history
    silent: Bools | None = None  # by row: waits for a source now


class Silence(NamedTuple):
    """Where records are expected and none is there: series × moments."""

    holds: Bools
    sure: Bools


@dataclass(slots=True)
class Scene:
    """What a rule may see: figures now (rows of history × moments), the past, and what is usual, once worked out."""

    now: Pairs
    moments_ms: Ints
    past: Past
    line: Line
    known: dict[Any, Any]

    def figures(self, of: Rows) -> Pairs:
        """Give the figures of rows now."""
        pair = Pairs(*(side[np.maximum(of.rows, 0)] for side in self.now))
        gone = of.rows < 0
        if gone.any():
            pair.successes[gone], pair.trials[gone] = np.nan, np.nan
        return pair

    def marked(self, of: Rows) -> Bools:
        """Say where windows of rows hold marked hours."""
        return of.held(self.moments_ms)

    def once(self, key: Any, work: Callable[[], T]) -> T:
        """Work out what is usual, once."""
        if key not in self.known:
            self.known[key] = work()
        found: T = self.known[key]
        return found


def judged(group: Group, scene: Scene) -> Iterator[Ruled]:
    """Judge all windows of a group."""
    rule = {
        "visitors": _visitors, "conversion": _conversion, "volume": _volumes, "mails": _volumes,
        "share": _ratios, "in_time": _ratios, "cost": _ratios, "country": _ratios,
    }[group.how]  # fmt: skip
    yield from rule(group, scene)


def _visitors(group: Group, scene: Scene) -> Iterator[Ruled]:
    past = scene.past
    day, pulled_day = past.counts(group.rows["24h"]), _pulled(group, past, "24h")
    for window, places in group.places.items():
        rows, pulled = group.rows[window], _pulled(group, past, window)

        def work(window: str = window, rows: Rows = rows, pulled: Any = pulled) -> volumes.Visitors:
            usual = count_of(past, past.counts(rows), day, window)
            young = window == "1h" and usual.young
            days = volumes.least_of_days(past, past.counts(rows)) if young else None
            return volumes.Visitors(usual, count_of(past, pulled, pulled_day, window), days)

        now = scene.figures(rows).successes
        by_themselves = volumes.together(scene.figures(group.beside[window]).trials, group.starts)
        page, ticket = volumes.visitors(
            now, by_themselves, scene.marked(rows), scene.line, scene.once((id(group), window), work),
            group.part[window], group.more_part,
        )  # fmt: skip
        yield Ruled(group, window, places, group.cases, page, rows=rows.rows)
        yield Ruled(group, window, places, group.more, ticket, second=True)


def _pulled(group: Group, past: Past, window: str) -> Callable[[Ints], Any]:
    return lambda hours: volumes.together(past.read(group.beside[window], hours).trials, group.starts)


def _conversion(group: Group, scene: Scene) -> Iterator[Ruled]:
    channels = conversion.Channels(group.beside, group.starts)
    usual = scene.once(id(group), lambda: conversion.usual_of(scene.past, channels))
    now = {window: scene.figures(group.beside[window]) for window in conversion.WINDOWS}
    marked = {window: scene.marked(group.rows[window]) for window in conversion.WINDOWS}
    page, slow = conversion.judge(
        now, marked, scene.line, group.starts, usual, group.z, group.part, group.more_part
    )  # fmt: skip
    places = np.arange(len(group.series))
    for window, one in page.items():
        first = group.beside[window].rows[group.starts]  # what waits of one of a site's channels waits of all
        yield Ruled(group, window, places, group.cases, one, rows=first)
    for window, one in slow.items():
        yield Ruled(group, window, places, group.more, one, second=True)


def _volumes(group: Group, scene: Scene) -> Iterator[Ruled]:
    past, mails = scene.past, group.how == "mails"
    day = past.counts(group.rows["24h"])
    for window, places in group.places.items():
        rows = group.rows[window]
        counts, now, marked = past.counts(rows), scene.figures(rows).successes, scene.marked(rows)
        key = (id(group), window)
        if mails and window == "7d":
            mailing = scene.once(key, partial(volumes.mailing_of, past, counts))
            one = volumes.mailing(now, marked, scene.line, mailing)
        else:
            shifts = volumes.MAIL_SHIFTS[window] if mails else None
            usual = scene.once(key, partial(count_of, past, counts, day, window, shifts))
            one = volumes.judge(now, marked, scene.line, usual, group.part[window])
        yield Ruled(group, window, places, group.cases, one, rows=group.rows[window].rows)


def _ratios(group: Group, scene: Scene) -> Iterator[Ruled]:
    short: Ruled | None = None
    for window, places in group.places.items():
        rows, part = group.rows[window], group.part[window]
        z = group.z if isinstance(group.z, float) else group.z[places]
        now, read, marked = scene.figures(rows), _pairs(group, scene.past, window), scene.marked(rows)
        if group.how == "country":
            now = Pairs(now.successes, scene.figures(group.beside[window]).successes)
        share = scene.once((id(group), window), partial(_share, group, scene.past, read, window))
        if group.how == "in_time":
            one = ratios.in_time(now, marked, scene.line, share, z=z, part=part)
        elif group.how == "cost":
            one = ratios.costs(now, marked, scene.line, share, part)
        elif group.how == "country":
            one = ratios.countries(now, marked, scene.line, share, z)
        else:
            one = ratios.shares(
                now, marked, scene.line, share, z=z, part=part, rate=group.rate, rises=group.rises
            )  # fmt: skip
            if window == "24h" and short is not None:
                ratios.over_already(short.judgement, short.places, one, places, rises=group.rises)
        ruled = Ruled(group, window, places, group.cases, one, rows=group.rows[window].rows)
        short = ruled if window == "6h" else short
        yield ruled


def _share(group: Group, past: Past, read: Any, window: str) -> Any:
    if group.how == "in_time":
        return ratios.timely_of(past, read, window)
    if group.how == "cost":
        return share_of(past, read, window, ratios.COST_EXAMPLES)
    return share_of(past, read, window, ratios.RISES if group.rises else ratios.EXAMPLES)


def _pairs(group: Group, past: Past, window: str) -> Callable[[Ints], Pairs]:
    rows = group.rows[window]
    if group.how != "country":
        return lambda hours: past.read(rows, hours)
    everybody = group.beside[window]
    return lambda hours: Pairs(past.read(rows, hours).successes, past.read(everybody, hours).successes)


def silence(group: Group, scene: Scene) -> Iterator[tuple[Ruled, Silence]]:
    """Judge whether sources are silent, over 1 and 6 hours."""
    assert group.how == SILENCE
    past = scene.past

    def trials(window: str) -> Callable[[Ints], Any]:
        return lambda hours: past.read(group.rows[window], hours).trials

    for window in ("1h", "6h"):
        rows = group.rows[window]
        usual = scene.once(
            (id(group), window), partial(count_of, past, trials(window), trials("24h"), window)
        )  # fmt: skip
        now = scene.figures(rows).trials
        one = volumes.judge(now, scene.marked(rows), scene.line, usual, volumes.PART)
        none = (now == 0) & ~one.marked
        one.holds, one.stays = none & (one.usual >= SILENT_PAGES), none
        one.limit, one.needed = np.zeros_like(now), np.full_like(now, SILENT_PAGES)
        yield (
            Ruled(group, window, group.places[window], group.cases, one, rows=rows.rows),
            Silence(none & (one.usual >= SILENT_HOLDS), none & (one.usual >= SILENT_SURE)),
        )
