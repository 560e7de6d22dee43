"""`leadpulse sources`: which presets there are, what one takes, and what a definition makes of records.

In:  presets, definitions, files of records.
Out: text; exit code 1 where a test of a definition fails.
"""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stream.cli.options import with_settings
from stream.errors import CheckError, InputError
from stream.settings.fields import Settings
from stream.shown import plain

if TYPE_CHECKING:
    from stream.sources.preset import Preset

TRIED = 3


@click.group()
def sources() -> None:
    """List presets of vendors, and try what a definition makes of records, before any worker reads them.

    A source is named by the file of its definition, by module:object, by its name in LEADPULSE_SOURCES, or by a preset.

    \b
    Examples:
      leadpulse sources list
      leadpulse sources show segment
      leadpulse sources try segment records.ndjson
      leadpulse sources test segment.toml
    """


@sources.command("list")
def list_sources() -> None:
    """List the presets: name, kinds of events, title."""
    from stream.sources import presets

    rows = [(one.name, ", ".join(one.kinds), one.title) for one in map(presets.preset, presets.names())]
    widths = [max(len(row[at]) for row in rows) for at in range(2)]
    for name, kinds, title in rows:
        click.echo(f"{name.ljust(widths[0])}  {kinds.ljust(widths[1])}  {title}")


@sources.command()
@click.argument("name")
def show(name: str) -> None:
    """Show a definition to start from: what a preset takes, what it needs, and where its facts come from."""
    from stream.sources import presets
    from stream.sources.definition import near

    if name not in presets.names():
        raise InputError(f"There is no preset {name}.", where=name, do=near(name, presets.names()))
    for line in shown(presets.preset(name)):
        click.echo(line)


def shown(preset: Preset) -> list[str]:
    """Give the lines that show a preset."""
    lines = [
        f"# {preset.title}",
        f'preset = "{preset.name}"',
        f'topics = ["{preset.name}.events"]          # your topic, or a pattern such as "{preset.name}.*"',
    ]
    if not preset.names_site:
        lines.append('site = "shop"                          # or site_field = "path.of.it"')
    lines += ["", "# Options, with what holds without them:"]
    lines += [f"# {line}" for line in _options(preset)] or ["# none"]
    lines += ["", f"# Events: {', '.join(preset.kinds)}"]
    if preset.needs_key:
        lines.append("# Needs LEADPULSE_EMAIL_HASH_KEY: its records hold addresses.")
    if preset.lateness:
        lines.append(f"# Its vendor sends again for long: LEADPULSE_LATENESS={preset.lateness}.")
    lines += [f"# {note}" for note in preset.notes]
    lines += ["# Facts:", *(f"#   {fact}" for fact in preset.facts)]
    lines.append(f"# Not confirmed: {preset.unconfirmed}" if preset.unconfirmed else "# Confirmed.")
    return lines


def _options(preset: Preset) -> list[str]:
    import msgspec

    found = []
    for field in msgspec.structs.fields(preset.options):
        usual = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
        kind = getattr(field.type, "__name__", str(field.type)) if isinstance(field.type, type) else str(field.type)
        found.append(f"{field.encode_name}: {kind.replace('stream.sources.presets.', '')} = {usual!r}")
    return found


@sources.command("try")
@with_settings("sources")
@click.argument("name")
@click.argument("file")
@click.option("--records", "count", type=click.IntRange(1, 100), default=TRIED, show_default=True)
def try_(settings: Settings, name: str, file: str, count: int) -> None:
    """Show what the first records of a file say and become: values that are read, envelopes, what nothing reads.

    Addresses are masked. Without LEADPULSE_EMAIL_HASH_KEY a key is made up, so that something is to be seen.
    """
    from stream.cli.mapped import records, source_of
    from stream.intake.proved import KEY
    from stream.intake.tried import tried
    from stream.sources.mapper import Mapper

    source = source_of(settings, name)
    mapper = Mapper(source, settings.hash_key or KEY, None, settings.source_record_bytes)
    for record in islice(records(source, file), count):
        found = tried(mapper, record)
        click.echo(f"record {record[0]}")
        _table("read", found.read)
        # of what becomes nothing nobody can tell which value it is for
        _table("not read" if found.events else "says", found.unread)
        for refused in found.outcome.refused:
            click.echo(f"  refused   item {refused.item}: {refused.reason} {refused.path}".rstrip())
        for what, names in (("unmapped", found.outcome.unmapped), ("ignored", found.outcome.ignored)):
            for each in names:
                click.echo(f"  {what:<9} {plain(each)}")
        for event in found.events:
            _event(event)


def _table(what: str, values: dict[str, str]) -> None:
    width = max(map(len, values), default=0)
    for path, value in values.items():
        click.echo(f"  {what:<9} {plain(path).ljust(width)}  {plain(value)}")


def _event(event: dict[str, Any]) -> None:
    import time

    import orjson

    from stream.ingest.check import check_lines

    click.echo(f"  event     {orjson.dumps(event).decode()}")
    for finding in check_lines([orjson.dumps(event)], time.time_ns() // 1_000_000):
        path = f" {finding.path}" if finding.path else ""
        click.echo(f"            {finding.level}: {finding.reason}{path}: {finding.sentence} {finding.hint}".rstrip())


@sources.command()
@with_settings("sources")
@click.argument("name")
def test(settings: Settings, name: str) -> None:
    """Run the [[test]] tables of a definition.

    A test has a name, an input (text) or input_file, perhaps a key and headers; and expect, a list of events as dotted
    path = value ([] for none), or an outcome: unmapped, ignored or a reason.
    """
    from stream.cli.mapped import source_of
    from stream.intake.proved import KEY, proved
    from stream.sources.mapper import Mapper

    source = source_of(settings, name)
    if not source.tests:
        raise InputError("The definition has no test.", where=source.origin, do="Write [[test]] with input and expect.")
    mapper, failed = Mapper(source, KEY, None, settings.source_record_bytes), 0
    for at, one in enumerate(source.tests, 1):
        wrong = proved(mapper, one, lambda path: _content(source.definition.path(path)))
        failed += bool(wrong)
        click.echo(f"{'FAILED' if wrong else 'ok'}  {plain(str(one.get('name', f'test {at}')))}")
        for line in wrong:
            click.echo(f"        {plain(line)}")
    if failed:
        raise CheckError(f"{failed} of {len(source.tests)} test(s) failed.", where=source.origin)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"The file cannot be read: {error.strerror}.", where=str(path)) from None
