"""Seeding: where seeds of a history come from, and how they are written.

In:  files of events or readings; source topics; rows.
Out: a history of seeds with what is to be said about it; records in the topic of history.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import TYPE_CHECKING, Final

import click

from stream.cli.inputs import lines_of
from stream.cli.replay import bars, options_of
from stream.errors import InputError
from stream.settings.fields import Settings

if TYPE_CHECKING:
    from stream.history.kept import Row
    from stream.history.seeds import Seeding
    from stream.judge.history import History
    from stream.kafka.layout import Layout
    from stream.kafka.security import Link

#: Records at once: a broker acknowledges them together.
_BATCH: Final = 500
#: Lines by which a file says whether it holds readings or events.
_LOOK: Final = 20


@dataclass(slots=True)
class Found:
    """What there is to be filled in, and what to say about it."""

    history: History
    notices: list[str] = field(default_factory=list)


def from_files(files: tuple[str, ...], settings: Settings, now_ms: int, *, other_catalogs: bool) -> Found:
    """Work out seeds from files, all of events or all of readings."""
    from stream.history.told import is_reading

    opened = []
    for path in files:
        lines = lines_of(path)
        first = list(islice(lines, _LOOK))
        opened.append((path, any(map(is_reading, first)), chain(first, lines)))
    told = {readings for _, readings, _ in opened}
    if len(told) > 1:
        events = next(path for path, readings, _ in opened if not readings)
        raise InputError("Some files hold readings, and this one events.", where=events, do="Fill in from them apart.")
    if told == {True}:
        return _of_readings([(path, lines) for path, _, lines in opened], now_ms, other_catalogs)
    return _of_events((line for *_, lines in opened for line in lines), files, settings, now_ms)


def _of_readings(files: list[tuple[str, Iterator[bytes]]], now_ms: int, other_catalogs: bool) -> Found:
    from stream import catalog
    from stream.history.seeds import Seeding
    from stream.history.told import moments

    seeding = Seeding(now_ms, None if other_catalogs else catalog.version())
    for path, lines in files:
        for moment in moments(lines, path):
            if moment.at_ms < seeding.at_ms:
                raise InputError(
                    "Readings are not in order: these are of an earlier moment than those before them.",
                    where=f"{path}, line {moment.line}",
                    do="Name files in order of time; those of two workers, or of two replays, are filled in apart.",
                )
            seeding.tell(moment.at_ms, moment.readings)
    notices = [
        f"passed over    {count:>12,}  readings of another catalog ({plain_version(version)}); --other-catalogs takes"
        " them"
        for version, count in seeding.foreign.items()
    ]
    return Found(seeding.history, [*notices, *_outside(seeding)])


def plain_version(version: str) -> str:
    """Give a version as a terminal may show it."""
    from stream.shown import plain

    return plain(version[:40]) or "it says none"


def _of_events(lines: Iterable[bytes], files: tuple[str, ...], settings: Settings, now_ms: int) -> Found:
    from stream.history.seeds import Seeding
    from stream.judge.history import KEPT
    from stream.replay.seeding import Hours

    hours, seeding = Hours(options_of(settings, now_ms, None, KEPT)), Seeding(now_ms)
    with bars(files or ("-",)) as (_, folded):
        for snapshot in hours.snapshots(lines, folded):
            seeding.put(snapshot.as_of_ms, hours.whole(snapshot), hours.without)
    account = hours.account
    left = account.accepted - account.counted
    notices = [
        f"events         {account.accepted:>12,}  of which {left:,} do not count: `leadpulse check FILE` says why"
    ]
    if hours.without:
        notices.append(
            f"left out       {', '.join(sorted(hours.without))}: they do not say when they arrived (recordedtime);"
            " what rests on them is not filled in"
        )
    return Found(seeding.history, [*notices, *_outside(seeding)])


def _outside(seeding: Seeding) -> Iterator[str]:
    if seeding.outside:
        yield f"passed over    {seeding.outside:>12,}  full hours before the last six weeks, or after now"


def from_topics(settings: Settings, link: Link, layout: Layout, now_ms: int) -> Found:
    """Work out seeds from what the source topics still hold; each record arrived when the broker says."""
    from stream.kafka import topics, whole_log

    lines: list[bytes] = []
    kinds = {topic: kind for name, group in layout.groups.items() for kind, topic in layout.sources[name].items()
             if kind in group.kinds}  # fmt: skip
    with topics.admin(link) as client:
        there = topics.found(client, kinds)
    for topic, found in there.items():
        for partition in range(found.partitions):
            whole_log.scan(link, topic, partition, lambda records: lines.extend(_lines(records)))
        click.echo(f"read           {len(lines):>12,}  records up to {topic}", err=True)
    return _of_events(lines, (), settings, now_ms)


def _lines(records: Iterable[tuple[int, int, bytes | None, bytes | None, object]]) -> Iterator[bytes]:
    """Write records as lines of a file that say when they arrived."""
    import orjson

    from stream.contract.times import format_ms

    for _, arrival_ms, _, value, _ in records:
        try:
            event = orjson.loads(value or b"")
        except orjson.JSONDecodeError:
            continue
        if isinstance(event, dict):
            yield orjson.dumps(event | {"recordedtime": format_ms(arrival_ms)})


def write(link: Link, topic: str, rows: Iterable[Row]) -> None:
    """Write records, each batch acknowledged before the next."""
    from stream.kafka.inspect import asked
    from stream.kafka.state_log import StateLog

    async def send() -> None:
        log = StateLog(link, topic, 0, None)
        await log.fence()
        try:
            left = iter(rows)
            while some := list(islice(left, _BATCH)):
                await log.write([(topic, 0, [(key, value, None, []) for key, value in some])])
                await asyncio.sleep(0)
        finally:
            await log.close()

    asked(link, send())
