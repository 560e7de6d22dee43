"""`leadpulse replay`: the metrics of files of events, without Kafka.

In:  files of envelopes, a moment, windows; steps of time.
Out: readings as a table or NDJSON on standard output, or their history as OpenMetrics text; the account of all
records on standard error.
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
from stream.cli.steps import EVERY, FORMAT, LINES, checked_steps, streamed, written
from stream.errors import UsageError
from stream.settings.fields import Settings
from stream.settings.values import moment_ms
from stream.shown import json_seen, plain

if TYPE_CHECKING:
    from stream.contract.readings import Reading
    from stream.replay.replay import Account, Replayed, ReplayOptions


@click.command()
@with_settings("lateness", "lateness_by_kind", "consent", "leads", "sources")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--source", metavar="NAME", help="Map the records of FILE by this source: its name, file or preset.")
@click.option(
    "--at",
    metavar="TIME",
    help="Read at this time, with its zone; default: newest event + 1 ms.",
)
@click.option(
    "--window",
    "windows",
    multiple=True,
    metavar="W",
    help="A window of any length, such as 90m or 400d; `now` stays beside it.",
)
@click.option("--metric", "names", multiple=True, metavar="NAME", help="Only this metric; may be given again.")
@click.option("--format", "form", type=click.Choice(["table", LINES, FORMAT]), default="table", show_default=True)
@click.option(
    "--every",
    metavar="DURATION",
    help=f"{LINES}, {FORMAT}: read at every multiple of this; default for {FORMAT}: {EVERY}, as long as Prometheus "
    "shows a sample.",
)
@click.option(
    "--from", "begin", metavar="TIME", help="With --every: the first step; events before it count all the same."
)
def replay(
    settings: Settings,
    files: tuple[str, ...],
    source: str | None,
    at: str | None,
    windows: tuple[str, ...],
    names: tuple[str, ...],
    form: str,
    every: str | None,
    begin: str | None,
) -> None:
    """Work out the metrics of files of events; no Kafka is needed.

    The same pipeline as a worker's, over NDJSON files of envelopes (`.gz` is unpacked, `-` is standard
    input), put in order of time; every figure is exact at `--at`. Events at or after `--at` are left out.
    The account (where every record ended) goes to standard error; with ndjson it is the last line, too.

    With `--format openmetrics` it writes history for a Prometheus: the metrics at every multiple of `--every`,
    from the first event (or `--from`) up to `--at`, each as a replay with `--at` of that moment gives them,
    under the names and labels of a worker's /metrics. promtool makes blocks of it, and the dashboards show
    the past. Let it end where Prometheus began to scrape. Metrics of the worker itself are not in it.

    With `--source` FILE holds records of somebody else's, as they lie in a topic; what becomes of them is told, too.

    With `--format ndjson --every 1h` it writes the readings of each step, one a line, as they are on the topic
    leadpulse.metrics. Events are taken in order of arrival (`recordedtime`, else `time`) and not of their own
    times: each step knows what a worker knew then, and no event that came later. The account is not among the lines.

    \b
    Examples:
      leadpulse replay events.ndjson
      leadpulse replay --window 24h --metric visit_to_lead_ratio --metric leads events.ndjson.gz
      leadpulse replay --at 2026-03-01T00:00:00Z --window 400d --format ndjson 2025-*.ndjson.gz

    \b
    What a worker would have said at each full hour:
      leadpulse replay --format ndjson --every 1h --window 1h --window 24h 2026-*.ndjson.gz > readings.ndjson

    \b
    History for a Prometheus; then a part of it, with the month before it for windows of 30d:
      leadpulse replay --format openmetrics --every 5m 2026-*.ndjson.gz > history.om
      promtool tsdb create-blocks-from openmetrics history.om /var/lib/prometheus
      leadpulse replay --format openmetrics --from 2026-03-01T00:00:00Z 2026-02.ndjson.gz 2026-03.ndjson.gz > march.om
    """
    from stream.replay.replay import replay as run

    _known(names)
    _lines = _reader(settings, source)
    at_ms = _moment(at, "--at")
    steps = checked_steps(form, every, _moment(begin, "--from"), at_ms)
    options = options_of(settings, time.time_ns() // 1_000_000, at_ms, _checked(windows) or None)
    if steps is None:
        with bars(files) as (read, folded):
            replayed = run(_lines(files, read), options, folded)
        _show(replayed, names, form)
        _tell(replayed.account)
        return

    from stream.catalog import BY_NAME
    from stream.replay.openmetrics import History
    from stream.replay.steps import Backfill, Stepwise

    if form == LINES:
        stepwise = Stepwise(options, steps, names, order="arrival")
        with bars(files) as (read, folded):
            told = streamed(stepwise.snapshots(_lines(files, read), folded), steps)
        _tell(stepwise.account)
        click.echo(told, err=True)
        return
    with History(BY_NAME, as_of=not names) as history:
        with bars(files) as (read, folded):
            account = Backfill(options, steps, names).fill(_lines(files, read), history, folded)
        told = written(history, steps)
    _tell(account)
    click.echo(told, err=True)


def options_of(settings: Settings, now_ms: int, at_ms: int | None, windows: tuple[str, ...] | None) -> ReplayOptions:
    """Give the options of a replay that counts as workers with these settings do."""
    from stream.ingest.touches import ChannelOptions
    from stream.replay.replay import ReplayOptions

    return ReplayOptions(
        now_ms=now_ms,
        at_ms=at_ms,
        windows=windows,
        lateness_ms=settings.lateness_ms,
        own_lateness_ms=settings.lateness_by_kind_ms,
        require_consent=settings.consent == "require",
        label_limit=settings.label_limit,
        most_readings=settings.readings_limit,
        allowed={label: frozenset(values) for label, values in settings.labels.items()},
        channels=ChannelOptions(
            settings.own_domains,
            settings.ignored_referrers,
            settings.referrer_names,
            settings.channel_sets,
            settings.look_back_ms,
        ),
        leads=settings.leads,
        rules=settings.rules,
    )


def _reader(
    settings: Settings, source: str | None
) -> Callable[[tuple[str, ...], Callable[[int], None]], Iterator[bytes]]:
    """Give what reads files: as they are, or by a source, which tells at the end what became of its records."""
    if source is None:
        return lambda files, read: (line for path in files for line in lines_of(path, read))
    from stream.cli import mapped
    from stream.intake.files import Tried

    def lines(files: tuple[str, ...], read: Callable[[int], None]) -> Iterator[bytes]:
        tried = Tried()
        yield from mapped.lines(settings, source, files, tried, read)
        mapped.tell(tried)

    return lines


def _show(replayed: Replayed, names: tuple[str, ...], form: str) -> None:
    import orjson

    from stream.contract.results import encode
    from stream.replay.replay import chosen

    readings = list(chosen(replayed.readings, names))
    if form == "ndjson":
        out = sys.stdout.buffer
        for reading in readings:
            out.write(json_seen(encode(reading).decode()).encode() + b"\n")
        out.write(orjson.dumps({"account": replayed.account.as_dict()}) + b"\n")
        out.flush()
    else:
        _table(readings)


def _tell(account: Account) -> None:
    """Say where the records ended."""
    for outcome, count in account.as_dict().items():
        parts = count if isinstance(count, dict) else None
        shown = ", ".join(f"{reason} {n}" for reason, n in parts.items()) if parts else ""
        total = sum(parts.values()) if parts is not None else count
        click.echo(f"{outcome:<14}{total:>12}  {shown}".rstrip(), err=True)
    if account.left_out:
        click.echo(f"{'left out':<14}{account.left_out:>12}  at or after --at", err=True)
    if account.unread:
        kinds = ", ".join(f"{kind} {n}" for kind, n in account.unread.items())
        click.echo(f"{'not read':<14}{account.unread.total():>12}  {kinds}: --leads off", err=True)
    if account.accepted and not account.counted:
        click.echo("No event was counted: `leadpulse check FILE` says why.", err=True)


def _table(readings: list[Reading]) -> None:
    from stream.contract.results import time_text

    if not readings:
        click.echo("No readings.")
        return
    click.echo(f"as of {time_text(max(reading.as_of_ms for reading in readings))}\n")
    rows = [("metric", "window", "labels", "value", "of")]
    for reading in readings:
        labels = ", ".join(f"{label}={value}" for label, value in reading.labels.items())
        value = "-" if reading.value is None else str(reading.value)
        of = "" if reading.numerator is None else f"{reading.numerator} / {reading.denominator}"
        rows.append((reading.metric, reading.window or "", plain(labels), value, of))
    widths = [max(len(row[i]) for row in rows) for i in range(5)]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _moment(text: str | None, flag: str) -> int | None:
    if text is None:
        return None
    try:
        return moment_ms(text)
    except ValueError as error:
        raise UsageError(f"{error}.", where=flag) from None


def _checked(windows: tuple[str, ...]) -> tuple[str, ...]:
    from stream.changes.panes import window_ms

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
def bars(files: tuple[str, ...]) -> Iterator[tuple[Callable[[int], None], Callable[[int], None]]]:
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
