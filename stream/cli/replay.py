"""`leadpulse replay`: the metrics of files of events, without Kafka.

In:  files of envelopes, a moment, windows.
Out: readings as a table or NDJSON on standard output; the account of all records on standard error.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from stream.cli.inputs import STDIN, lines_of, size_of
from stream.cli.options import with_settings
from stream.errors import UsageError
from stream.settings import Settings
from stream.values import moment_ms

if TYPE_CHECKING:
    from stream.model.readings import Reading
    from stream.replay import Replayed


@click.command()
@with_settings("lateness", "consent")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--at",
    metavar="TIME",
    help="Read at this time, with its zone; default: newest event + 1 ms.",
)
@click.option("--window", "windows", multiple=True, metavar="W", help="A window of any length, such as 90m or 400d.")
@click.option("--metric", "names", multiple=True, metavar="NAME", help="Only this metric; may be given again.")
@click.option("--format", "form", type=click.Choice(["table", "ndjson"]), default="table", show_default=True)
def replay(
    settings: Settings,
    files: tuple[str, ...],
    at: str | None,
    windows: tuple[str, ...],
    names: tuple[str, ...],
    form: str,
) -> None:
    """Work out the metrics of files of events; no Kafka is needed.

    The same pipeline as a worker's, over NDJSON files of envelopes (`.gz` is unpacked, `-` is standard
    input), put in order of time; every figure is exact at `--at`. Events at or after `--at` are left out.
    The account (where every record ended) goes to standard error; with ndjson it is the last line, too.

    \b
    Examples:
      leadpulse replay events.ndjson
      leadpulse replay --window 24h --metric visit_to_lead_ratio --metric leads events.ndjson.gz
      leadpulse replay --at 2026-03-01T00:00:00Z --window 400d --format ndjson 2025-*.ndjson.gz
    """
    from stream.replay import ReplayOptions
    from stream.replay import replay as run

    _known(names)
    options = ReplayOptions(
        now_ms=time.time_ns() // 1_000_000,
        at_ms=_moment(at),
        windows=_checked(windows) or None,
        lateness_ms=settings.lateness_ms,
        require_consent=settings.consent == "require",
        label_limit=settings.label_limit,
        most_readings=settings.readings_limit,
        allowed={label: frozenset(values) for label, values in settings.labels.items()},
    )
    with _bars(files) as (read, folded):
        lines = (line for path in files for line in lines_of(path, read))
        replayed = run(lines, options, folded)
    _show(replayed, names, form)


def _show(replayed: Replayed, names: tuple[str, ...], form: str) -> None:
    import orjson

    from stream.export.results import encode
    from stream.replay import chosen

    readings = list(chosen(replayed.readings, names))
    account = replayed.account
    if form == "ndjson":
        out = sys.stdout.buffer
        for reading in readings:
            out.write(encode(reading) + b"\n")
        out.write(orjson.dumps({"account": account.as_dict()}) + b"\n")
        out.flush()
    else:
        _table(readings)
    for outcome, count in account.as_dict().items():
        parts = count if isinstance(count, dict) else None
        shown = ", ".join(f"{reason} {n}" for reason, n in parts.items()) if parts else ""
        total = sum(parts.values()) if parts is not None else count
        click.echo(f"{outcome:<14}{total:>12}  {shown}".rstrip(), err=True)
    if account.left_out:
        click.echo(f"{'left out':<14}{account.left_out:>12}  at or after --at", err=True)
    if account.accepted and not account.counted:
        click.echo("No event was counted: `leadpulse check FILE` says why.", err=True)


def _table(readings: list[Reading]) -> None:
    from stream.export.results import time_text

    if not readings:
        click.echo("No readings.")
        return
    click.echo(f"as of {time_text(max(reading.as_of_ms for reading in readings))}\n")
    rows = [("metric", "window", "labels", "value", "of")]
    for reading in readings:
        labels = ", ".join(f"{label}={value}" for label, value in reading.labels.items())
        value = "-" if reading.value is None else str(reading.value)
        of = "" if reading.numerator is None else f"{reading.numerator} / {reading.denominator}"
        rows.append((reading.metric, reading.window or "", labels, value, of))
    widths = [max(len(row[i]) for row in rows) for i in range(5)]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _moment(at: str | None) -> int | None:
    if at is None:
        return None
    try:
        return moment_ms(at)
    except ValueError as error:
        raise UsageError(f"{error}.", where="--at") from None


def _checked(windows: tuple[str, ...]) -> tuple[str, ...]:
    from stream.tables.panes import window_ms

    for window in windows:
        try:
            wrong = window_ms(window) <= 0
        except (ValueError, KeyError):
            wrong = True
        if wrong:
            raise UsageError(f"{window!r} is not a window.", where="--window", do="Write 5m, 24h, 30d or 400d.")
    return tuple(dict.fromkeys(windows))


def _known(names: tuple[str, ...]) -> None:
    import difflib

    from stream.catalog import BY_NAME

    for name in names:
        if name not in BY_NAME:
            near = difflib.get_close_matches(name.removeprefix("leadpulse_"), BY_NAME, n=1)
            do = f"Did you mean {near[0]}?" if near else "`leadpulse metrics` lists all."
            raise UsageError(f"There is no metric {name}.", where="--metric", do=do)


@contextmanager
def _bars(files: tuple[str, ...]) -> Iterator[tuple[Callable[[int], None], Callable[[int], None]]]:
    """Show how far reading and folding are, on a terminal; both callbacks are told of progress."""
    if not sys.stderr.isatty() or STDIN in files:
        yield (lambda _: None), (lambda _: None)
        return
    from rich.console import Console
    from rich.progress import Progress

    sizes = [size_of(path) for path in files]
    total = None if None in sizes else sum(size or 0 for size in sizes)
    lines = 0
    with Progress(console=Console(stderr=True), transient=True) as progress:
        reading = progress.add_task("reading", total=total)
        folding = progress.add_task("folding", total=None)

        def read(size_bytes: int) -> None:
            nonlocal lines
            lines += 1
            progress.advance(reading, size_bytes)

        def folded(count: int) -> None:
            progress.update(folding, completed=count, total=lines)

        yield read, folded
