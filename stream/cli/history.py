"""`leadpulse history`: what figures were at each full hour of six weeks, and how to fill that in.

In:  the topic `leadpulse.history`; files of events or readings, or source topics.
Out: a table, JSON or readings; seeds in the topic, and what was done with them on standard error.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

import click

from stream.cli.options import BROKER_FLAGS, with_settings
from stream.errors import UsageError
from stream.settings.fields import Settings
from stream.shown import json_seen, plain

if TYPE_CHECKING:
    from stream.history.kept import Kept
    from stream.judge.history import History
    from stream.kafka.layout import Layout
    from stream.kafka.security import Link


@click.group()
def history() -> None:
    """Show what is known of the last six weeks, and fill in what is not.

    What is usual at an hour is worked out from the same hour of former weeks. The owner of the rollup keeps it, hour by
    hour; a new installation knows nothing yet, and what it once was can be filled in.

    \b
    Examples:
      leadpulse history show --metric visitors
      leadpulse history seed --topics
      leadpulse history seed events.ndjson.gz
    """


@history.command()
@with_settings(*BROKER_FLAGS)
@click.option("--metric", "names", multiple=True, metavar="NAME", help="Only this metric; may be given again.")
@click.option("--format", "form", type=click.Choice(["table", "json", "readings"]), default="table", show_default=True)
def show(settings: Settings, names: tuple[str, ...], form: str) -> None:
    """Show which figures are known: how many hours, from when to when, and how many holes lie between.

    `json` has the hours that are holes, too. `readings` gives every hour as lines that `leadpulse history seed` takes:
    to keep history while everything is counted anew.

    \b
    Examples:
      leadpulse history show --metric visitors
      leadpulse history show --format json | jq '.figures[] | select(.holes > 24)'
      leadpulse history show --format readings > history.ndjson
    """
    link, topic = _topic(settings)
    kept, lost = _read(link, topic)
    known = kept.history
    if form == "readings":
        from stream.history.shown import readings

        for line in readings(known, names):
            sys.stdout.buffer.write(json_seen(line.decode()).encode() + b"\n")
        sys.stdout.buffer.flush()
        return
    from stream.history.shown import shown

    told = shown(known, names)
    if form == "json":
        import orjson

        whole = {"topic": topic, **told, "unreadable": kept.unreadable, "nameless": lost}
        click.echo(orjson.dumps(whole, option=orjson.OPT_INDENT_2))
        return
    _table(told)
    for count, what in ((kept.unreadable, "cannot be read"), (lost, "name figures whose names are lost")):
        if count:
            click.echo(f"{count:,} records {what}: what they said is not known any more.", err=True)


@history.command()
@with_settings(*BROKER_FLAGS, "lateness", "lateness_by_kind", "consent", "leads")
@click.argument("files", nargs=-1, metavar="[FILE]...")
@click.option("--topics", "from_topics", is_flag=True, help="Take what the source topics still hold.")
@click.option("--other-catalogs", is_flag=True, help="Take readings of other versions of the catalog, too.")
def seed(settings: Settings, files: tuple[str, ...], from_topics: bool, other_catalogs: bool) -> None:
    """Fill in hours that nobody measured; workers may run, and what was measured stays as it is.

    FILEs hold events, which are replayed step by step in order of arrival (`recordedtime`, else `time`), so that an
    hour knows no more than a worker did then; or readings, as `leadpulse replay --every 1h --format ndjson` prints
    them or a consumer of leadpulse.metrics wrote them down. Ads, cost, crm and signals that do not say when they
    arrived are left out, and what rests on them is not filled in. Take as many weeks as there are: six are kept, and
    windows of 7 days look back one more.

    \b
    Examples:
      leadpulse history seed 2026-1*.ndjson.gz
      leadpulse history seed --topics
      leadpulse replay --every 1h --format ndjson *.ndjson | leadpulse history seed -
    """
    from stream.cli import seeding
    from stream.history.kept import Kept
    from stream.history.seeds import news

    if bool(files) == from_topics:
        what = "Give files or --topics, not both." if files else "There is nothing to fill in from."
        raise UsageError(what, where="history seed", do="Name files of events or readings, or give --topics.")
    link, topic = _topic(settings)
    now_ms = time.time_ns() // 1_000_000
    known, _ = _read(link, topic)
    if from_topics:
        found = seeding.from_topics(settings, link, _layout(settings), now_ms)
    else:
        found = seeding.from_files(files, settings, now_ms, other_catalogs=other_catalogs)
    for line in found.notices:
        click.echo(line, err=True)
    fresh = news(found.history, known.history)
    if fresh.filled:
        seeding.write(link, topic, Kept(fresh.history).seeds())
    for line in _done(fresh.history, fresh.filled, fresh.measured, fresh.contradicted):
        click.echo(line, err=True)


def _done(filled: History, count: int, measured: int, contradicted: int) -> list[str]:
    from stream.changes.panes import HOUR_MS
    from stream.contract.results import time_text

    lines = ["Nothing was filled in."]
    if count:
        hours = list(filled.held())
        reach = f"{time_text(hours[0] * HOUR_MS)} to {time_text(hours[-1] * HOUR_MS)}"
        lines = [f"filled in      {count:>12,}  hours of {len(filled.rows):,} figures, {reach}"]
    if measured:
        differ = f", {contradicted:,} of them otherwise" if contradicted else ""
        lines.append(f"left as it was {measured:>12,}  hours that were measured{differ}")
    return lines


def _table(told: dict[str, Any]) -> None:
    if not told["figures"]:
        click.echo("Nothing is known yet.")
        return
    click.echo(f"{told['hours']:,} full hours, {told['first']} to {told['last']}; {len(told['figures']):,} figures\n")
    rows: list[tuple[str, ...]] = [("metric", "window", "labels", "hours", "filled in", "holes", "first", "last")]
    for one in told["figures"]:
        labels = ", ".join(f"{label}={value}" for label, value in one["labels"].items())
        numbers = (str(one[name]) for name in ("hours", "seeds", "holes"))
        rows.append((one["metric"], one["window"], plain(labels), *numbers, one["first"], one["last"]))
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _layout(settings: Settings) -> Layout:
    from stream.cli.layout import layout_of

    return layout_of(settings)


def _topic(settings: Settings) -> tuple[Link, str]:
    """Give the topic of history, which must be there."""
    from stream.kafka import security, topics

    link, layout = security.link(settings), _layout(settings)
    name = layout.history
    assert name is not None, "the layout of all that may run"
    with topics.admin(link) as client:
        if name not in topics.found(client, [name]):
            raise UsageError(
                "History is not kept here: there is no topic for it, or this user may not see it.",
                where=name,
                do="Create it with `leadpulse topics create`; workers find it within a minute.",
            )
    return link, name


def _read(link: Link, topic: str) -> tuple[Kept, int]:
    """Read all that is kept, and say how many records have lost names."""
    from stream.history.kept import Kept
    from stream.kafka import whole_log

    kept = Kept()
    whole_log.read(link, topic, 0, kept.load)
    return kept, kept.settle()
