"""`leadpulse dead-letter`: list and inspect what was rejected.

In:  the dead-letter topic.
Out: one line a letter, or one letter in full with the original bytes.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

import click
import msgspec

from stream.cli.options import BROKER_FLAGS, with_settings
from stream.errors import UsageError
from stream.settings.fields import Settings
from stream.settings.values import duration_ms
from stream.shown import json_plain, plain

if TYPE_CHECKING:
    from stream.contract.dead_letter import DeadLetter


@click.group("dead-letter")
def dead_letter() -> None:
    """List and inspect rejected events.

    A dead letter keeps the original bytes with topic, partition, offset, a reason from a closed list and the
    path of the field at fault. It may hold personal data that a producer should not have sent: mind who can
    read.

    \b
    Examples:
      leadpulse dead-letter list --since 1h
      leadpulse dead-letter list --reason missing_field --kind form
      leadpulse dead-letter show form-3-1042
    """


@dead_letter.command("list")
@with_settings(*BROKER_FLAGS)
@click.option("--most", type=click.IntRange(1, 100_000), default=20, show_default=True, help="The newest so many.")
@click.option("--reason", "reasons", multiple=True, metavar="NAME", help="Only this reason; may be given again.")
@click.option("--kind", "kinds", multiple=True, metavar="NAME", help="Only this kind; may be given again.")
@click.option("--since", metavar="DURATION", help="Only letters of the last 30m, 24h, 7d …")
@click.option("--format", "form", type=click.Choice(["table", "ndjson"]), default="table", show_default=True)
def list_letters(
    settings: Settings,
    most: int,
    reasons: tuple[str, ...],
    kinds: tuple[str, ...],
    since: str | None,
    form: str,
) -> None:
    """List the newest dead letters, oldest of them first."""
    from stream.cli.layout import layout_of
    from stream.contract.times import format_ms
    from stream.kafka import security
    from stream.kafka.dead_letters import newest

    _known(reasons, kinds)
    since_ms = None if since is None else time.time_ns() // 1_000_000 - _read(since)
    layout = layout_of(settings)
    letters = newest(
        security.link(settings),
        layout,
        most,
        reasons,
        kinds,
        since_ms,
    )
    for key, letter in letters:
        arrived = format_ms(letter.timestamp_ms)
        if form == "ndjson":
            row = {"letter": key, "arrived": arrived, "kind": letter.kind, "reason": letter.reason,
                   "path": letter.path, "site": letter.site, "bytes": letter.value_bytes}  # fmt: skip
            click.echo(json_plain(row))
        else:
            name, reason, path = plain(key), plain(letter.reason), plain(letter.path) or "-"
            click.echo(f"{arrived}  {name:<24}  {reason:<14}  {path:<28}  {letter.value_bytes} B")
    counts = Counter(letter.reason for _, letter in letters)
    summary = ", ".join(f"{plain(reason)} {count}" for reason, count in counts.most_common()) or "none"
    click.echo(f"{len(letters)} dead letter(s): {summary}", err=True)


@dead_letter.command()
@with_settings(*BROKER_FLAGS)
@click.argument("key", metavar="TOPIC-PARTITION-OFFSET")
@click.option("--raw", is_flag=True, help="Only the original bytes, for a file or a pipe.")
def show(settings: Settings, key: str, raw: bool) -> None:
    """Show one dead letter in full; its name is the first column of `list`.

    Of a record of others that could not be mapped only its place is kept: it is read from its topic while it is there.
    """
    from stream.cli.layout import layout_of
    from stream.contract.records import SOURCES
    from stream.kafka import security
    from stream.kafka.dead_letters import named, original

    link = security.link(settings)
    letter = named(link, layout_of(settings), key)
    if letter.value is None and letter.kind.startswith(f"{SOURCES}/"):
        record = original(link, letter)
        if record is None:
            click.echo("The record is gone from its topic.", err=True)
        else:
            letter = msgspec.structs.replace(letter, key=record[2], value=record[3], value_bytes=len(record[3] or b""))
    if raw:
        _write_raw(letter.value or b"")
        return
    for name, text in _told(letter):
        click.echo(f"{name:<10}{text}")


def _write_raw(value: bytes) -> None:
    """Write bytes as they are, but to a terminal: that would obey what is in them."""
    out = click.get_binary_stream("stdout")
    if out.isatty():
        click.echo(_text(value))
        click.echo("What a terminal would obey is escaped; the bytes as they are go to a file: add > FILE.", err=True)
    else:
        out.write(value)


def _told(letter: DeadLetter) -> list[tuple[str, str]]:
    from stream.contract.times import format_ms

    value = "(none)" if letter.value is None else _text(letter.value)
    if letter.unread:
        value = "(not read: the batch around it unpacks to too much)"
    cut = f" (of {letter.value_bytes} bytes; cut)" if len(letter.value or b"") < letter.value_bytes else ""
    left_out = f"{letter.headers_left_out} more" if letter.headers_left_out else ""
    return [
        ("topic", f"{plain(letter.topic)}, partition {letter.partition}, offset {letter.offset}"),
        ("arrived", format_ms(letter.timestamp_ms)),
        ("reason", plain(letter.reason)),
        ("path", plain(letter.path) or "(the record as a whole)"),
        ("site", plain(letter.site)),
        ("key", "(none)" if letter.key is None else _text(letter.key)),
        *((f"header {plain(name)}", "(none)" if data is None else _text(data)) for name, data in letter.headers),
        *([("headers", left_out)] if left_out else []),
        ("value", value + cut),
    ]


def _text(data: bytes) -> str:
    """Write bytes so that no terminal is hurt by them, on one line: what is not simply seen is escaped."""
    return plain(data.decode("utf-8", "backslashreplace"))


def _read(since: str) -> int:
    try:
        return duration_ms(since)
    except ValueError as error:
        raise UsageError(f"{error}.", where="--since") from None


def _known(reasons: tuple[str, ...], kinds: tuple[str, ...]) -> None:
    from stream.contract.kinds import KINDS
    from stream.contract.rejects import REASONS

    for names, flag, known in ((reasons, "--reason", tuple(REASONS)), (kinds, "--kind", tuple(KINDS))):
        for name in names:
            if name not in known:
                raise UsageError(f"There is no {flag[2:]} {name}.", where=flag, do=f"One of {', '.join(known)}.")
