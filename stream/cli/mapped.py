"""Mapped: records of a source in files or on a topic, as the lines that other commands read.

In:  settings; the name of a source; files, or a topic of the broker.
Out: envelopes, one a line; the account of all items, and lines that tell it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stream.cli.inputs import STDIN, lines_of
from stream.errors import InputError
from stream.settings.fields import Settings
from stream.shown import plain

if TYPE_CHECKING:
    from stream.contract.records import Record
    from stream.intake.files import Tried
    from stream.sources.mapper import Mapper
    from stream.sources.source import Source

#: Unmapped names and refusals that are told, at most.
TOLD_MOST = 20
SAMPLE_RECORDS = 1_000


def source_of(settings: Settings, name: str) -> Source:
    """Give the source that a command names: a file, module:object, one that is set, or a preset."""
    from stream.sources.load import named

    return named(name, settings.sources)


def mapper_of(settings: Settings, source: Source) -> Mapper:
    """Make its mapper, with the key of this installation; schemas are asked for as records need them."""
    from stream.sources.mapper import Mapper
    from stream.worker.registry import Registries

    registries = Registries([source])
    schemas = registries.schemas.get(source.definition.registry)
    return Mapper(source, settings.hash_key, schemas, settings.source_record_bytes)


def lines(
    settings: Settings, name: str, files: Iterable[str], tried: Tried, read: Callable[[int], None] = lambda _: None
) -> Iterator[bytes]:
    """Give the envelopes that the records of files are mapped to."""
    from stream.intake.files import envelopes

    source = source_of(settings, name)
    mapper = mapper_of(settings, source)
    for path in files:
        found = records(source, path, read)
        yield from envelopes(mapper, _with_schemas(source, mapper, found), tried)


def records(source: Source, path: str, read: Callable[[int], None] = lambda _: None) -> Iterator[Record]:
    """Give the records of a file; they arrived when it was written."""
    from stream.intake.files import records_of, values_of

    arrival_ms = int((time.time() if path == STDIN or not Path(path).exists() else Path(path).stat().st_mtime) * 1_000)
    return records_of(values_of(source, path, lines_of(path, read)), arrival_ms)


def _with_schemas(source: Source, mapper: Mapper, found: Iterable[Record]) -> Iterator[Record]:
    """Ask the registry for schemas before their records are mapped."""
    if not source.definition.registry:
        yield from found
        return
    from stream.worker.registry import Registries

    registries = Registries([source])
    registries.schemas[source.definition.registry] = mapper.schemas
    for record in found:
        missing = mapper.schemas.missing([record[3]])
        if missing and not asyncio.run(registries.fetch({source.definition.registry: missing})):
            raise InputError(
                "The schema registry does not answer.",
                where=source.definition.registry,
                do="Correct `registry` in the definition, or try again.",
            )
        yield record


def sampled(settings: Settings, source: Source | None, topic: str, tried: Tried) -> Iterator[bytes]:
    """Give the envelopes that the newest records of a topic are mapped to; without a source its records as they are."""
    from stream.intake.files import envelopes
    from stream.kafka import inspect, security

    found = inspect.newest(security.link(settings), topic, SAMPLE_RECORDS)
    if source is None:
        yield from (record[3] or b"" for record in found)
        return
    mapper = mapper_of(settings, source)
    yield from envelopes(mapper, _with_schemas(source, mapper, found), tried, topic)


def tell(tried: Tried) -> None:
    """Say what became of all items, on standard error."""
    refused = tried.refused.total()
    events = ", ".join(f"{kind} {n}" for kind, n in sorted(tried.events.items())) or "none"
    click.echo(
        f"{tried.records} record(s), {tried.items} item(s): {tried.mapped} mapped (events: {events}), "
        f"{tried.unmapped.total()} unmapped, {tried.ignored.total()} ignored, {refused} refused",
        err=True,
    )
    for (reason, path), n in tried.refused.most_common(TOLD_MOST):
        where = f" {path}" if path else ""
        click.echo(f"{n} refused: {plain(f'{reason}{where}')}; first in record {tried.first[reason, path]}", err=True)
    for what, names in (("unmapped", tried.unmapped), ("ignored", tried.ignored)):
        for name, n in names.most_common(TOLD_MOST):
            click.echo(f"{n} {what}: {plain(name)}", err=True)
    if tried.redacted:
        click.echo(f"{tried.redacted} event(s) with an address that became its hash", err=True)
