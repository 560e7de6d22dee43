"""`leadpulse alerts`: what is in force of alerts, and why.

In:  the file that LEADPULSE_ALERTS names.
Out: a table, or JSON.
"""

from __future__ import annotations

import time
from typing import Any

import click

from stream.cli.options import with_settings
from stream.settings.fields import Settings
from stream.shown import plain


@click.group()
def alerts() -> None:
    """Say which alerts there are, how each is judged, and why.

    \b
    Examples:
      leadpulse alerts show --alerts alerts.toml
      leadpulse alerts backtest readings.ndjson
      leadpulse alerts backtest readings.ndjson --alerts other.toml --from 2026-03-01T00:00:00Z
    """


@alerts.command()
@with_settings("alerts")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
def show(settings: Settings, form: str) -> None:
    """Show what is in force: alerts, calendar, limits, quiet hours.

    Of each alert its severity, z and part, each with where it comes from: `default`, or the line of the file that
    LEADPULSE_ALERTS names. What is wrong with the file is said instead, with its line.

    \b
    Examples:
      leadpulse alerts show
      leadpulse alerts show --alerts alerts.toml --format json | jq '.calendar[] | select(.state == "now")'
    """
    from datetime import UTC, datetime

    from stream.alerting.in_force import in_force, now_utc
    from stream.alerting.read import Alerts, read

    found = Alerts() if settings.alerts is None else read(settings.alerts, datetime.now(UTC).date())
    told = in_force(found, now_utc(time.time_ns() // 1_000_000))
    if form == "json":
        import orjson

        click.echo(orjson.dumps(told, option=orjson.OPT_INDENT_2))
        return
    _table(told)


def _table(told: dict[str, Any]) -> None:
    click.echo(f"file      {told['file'] or 'none: everything is as it is shipped (LEADPULSE_ALERTS)'}")
    for notice in told["notices"]:
        click.echo(f"notice    {plain(notice)}")
    zones = ", ".join(f"{row['site']} {row['zone']} ({row['from']})" for row in told["sites"])
    click.echo(f"zones     {plain(zones)}")
    quiet = told["quiet"]
    click.echo(f"quiet     {'never' if quiet is None else quiet['tickets'] + ' for tickets (' + quiet['from'] + ')'}\n")
    rows: list[tuple[str, ...]] = [("alert", "severity", "z", "part", "windows", "by", "from")]
    for row in told["alerts"]:
        why = dict.fromkeys(row["from"].values())
        origin = next(iter(why)) if len(why) == 1 else ", ".join(f"{word} {of}" for word, of in row["from"].items())
        rows.append(
            (row["alert"], row["severity"], _number(row["z"]), _parts(row["part"]), " ".join(row["windows"]),
             ", ".join(row["by"]), origin)
        )  # fmt: skip
        rows += [
            (
                f"  {_of(one)}",
                one.get("severity", ""),
                _number(one.get("z")),
                _parts(one.get("part")),
                "",
                "",
                one["from"],
            )
            for one in row["apart"]
        ]
    _columns(rows)
    if told["calendar"]:
        click.echo()
        _columns([("calendar", "from", "to", "kind", "for", "line"), *map(_entry, told["calendar"])])
    if told["limits"]:
        click.echo()
        _columns([("limit", "severity", "for", "line"), *map(_limit, told["limits"])])


def _entry(row: dict[str, Any]) -> tuple[str, ...]:
    named = row["name"] or row["kind"]
    whom = " ".join(row["sites"]) + (f": {', '.join(row['metrics'])}" if row["metrics"] else "")
    yearly = ", each year" if row["yearly"] else ""
    return (f"{row['state']:<5} {named}", row["begin"][:16], row["end"][:16], row["kind"] + yearly, whom, row["from"])


def _limit(row: dict[str, Any]) -> tuple[str, ...]:
    bounds = [f"{word} {row[word]:g}" for word in ("below", "above") if row[word] is not None]
    least = f" on {row['least']:g} or more" if row["least"] else ""
    return (f"{row['metric']} {row['window']} {', '.join(bounds)}{least}", row["severity"], _of(row), row["from"])


def _of(row: dict[str, Any]) -> str:
    labels = [f"{label}={value}" for label, value in row["labels"].items()]
    return ", ".join([*("all sites" if site == "*" else site for site in row["sites"]), *labels])


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:g}"


def _parts(parts: dict[str, float] | None) -> str:
    return "-" if not parts else "/".join(dict.fromkeys(f"{part:g}" for part in parts.values()))


def _columns(rows: list[tuple[str, ...]]) -> None:
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    for row in rows:
        cells = (plain(cell).ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


from stream.cli import backtest as _backtest  # noqa: E402, F401  (it adds itself to the group)
