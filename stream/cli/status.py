"""`leadpulse status`: what an installation is like now, and whether somebody should do something.

In:  settings, and what the broker holds.
Out: a table or JSON on standard output; exit code 0 where nothing is wrong, 1 else.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from typing import Any

import click

from stream.cli.options import BROKER_FLAGS, with_settings
from stream.errors import CheckError
from stream.settings.fields import Settings


@click.command()
@with_settings(*BROKER_FLAGS, "group_id", "leads")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
def status(settings: Settings, form: str) -> None:
    """Show workers, shards, sources, rollup, account and clock, and what is wrong.

    It reads what is on the broker and changes nothing: run it anywhere the settings are, also while no worker runs.
    The exit code is 0 where all is well and 1 where something is wrong, so that a script can ask.

    \b
    Examples:
      leadpulse status
      leadpulse status --format json | jq .problems
    """
    from stream.cli import status_model as model
    from stream.cli.layout import layout_of
    from stream.kafka import security
    from stream.kafka.inspect import inspect

    layout = layout_of(settings)
    group = layout.consumer_group(settings.group_id)
    seen = inspect(security.link(settings), layout, group)
    found = model.status(seen, layout.running(seen.found), group, int(time.time() * 1_000), layout)
    if form == "json":
        click.echo(json.dumps(found.table, indent=2))
    else:
        click.echo("\n".join(lines(found.table)))
        for problem in found.problems:
            click.echo(f"\nproblem: {problem.what}\n  where: {problem.where}\n  do:    {problem.do}")
    if not found.healthy:
        raise CheckError(
            f"{len(found.problems)} problem(s).",
            where=", ".join(settings.brokers),
            do=found.problems[0].do,
        )
    if form == "table":
        click.echo("\nhealthy")


def lines(table: Mapping[str, Any]) -> list[str]:
    """Write the table for a person."""
    group, rollup, account = table["group"], table["rollup"], table["account"]
    out = [f"group {group['id']}: {group['state']}, {len(group['workers'])} worker(s)"]
    out += [f"  {one['worker']}  {one['partitions']} partition(s)" for one in group["workers"]]
    out += ["", *columns(
        ("shard", "lag", "committed", "owner"),
        ((one["shard"], _count(one["lag_records"]), _ago(one["committed_age_s"]), one["owner"] or "nobody")
         for one in table["shards"]),
    )]  # fmt: skip
    out += ["", *columns(
        ("source", "partitions", "newest record", "unread partitions"),
        ((one["topic"], str(one["partitions"]), "source missing" if one["missing"] else _ago(one["newest_age_s"]),
          str(one["unread_partitions"])) for one in table["sources"]),
    )]  # fmt: skip
    complete = {True: "complete", False: "not complete", None: "nothing published"}[rollup["complete"]]
    kept = "history is kept" if rollup["keeps_history"] else "history is not kept: `leadpulse topics create` makes it"
    published = f"published {_ago(rollup['published_age_s'])}, {rollup['owner'] or 'nobody'}"
    out += ["", f"rollup: {complete}, {published}; {kept}"]
    parts = ", ".join(f"{_count(account[name])} {name.replace('_', '-')}"
                      for name in ("counted", "duplicate", "filtered", "dead_lettered"))  # fmt: skip
    out.append(f"account: {_count(account['accepted'])} accepted = {parts}; off by {account['conservation_error']}")
    letters = table["dead_letters"]
    reasons = ", ".join(f"{name} {n:,}" for name, n in letters["by_reason"].items())
    out.append(f"dead letters: {_count(letters['total'])}{f' ({reasons})' if reasons else ''}")
    skew_s = table["clock_skew_s"]
    out.append(f"clock: {'not known while nothing runs' if skew_s is None else f'{skew_s:+.1f} s against the topics'}")
    return out


def columns(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Write a table with as wide columns as they need."""
    table = [head, *rows]
    widths = [max(len(row[i]) for row in table) for i in range(len(head))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]


def _count(n: int) -> str:
    return f"{n:,}"


def _ago(age_s: float | None) -> str:
    """Write an age.

    >>> _ago(None), _ago(0.42), _ago(75), _ago(7_300)
    ('never', '0.4 s ago', '1 min ago', '2 h ago')
    """
    if age_s is None:
        return "never"
    for size_s, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if age_s >= size_s:
            return f"{age_s / size_s:.0f} {unit} ago"
    return f"{age_s:.1f} s ago"
