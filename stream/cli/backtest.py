"""`leadpulse alerts backtest`: what would have been told, had the judge looked.

In:  files of readings; the file of alerts, a span of time.
Out: records of `leadpulse.alerts` and a summary, as a table or NDJSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from stream.cli.alerts import alerts
from stream.cli.inputs import lines_of
from stream.cli.options import with_settings
from stream.errors import InputError, UsageError
from stream.settings.fields import Settings
from stream.settings.values import moment_ms
from stream.shown import json_seen, plain

if TYPE_CHECKING:
    from stream.contract.alert import AlertRecord
    from stream.history.told import Moment
    from stream.judge.backtest import Backtest

_HOUR_MS = 3_600_000
_WEEK_MS = 168 * _HOUR_MS
_DO = "Give files in order of time, of one worker each; cut them where the clock jumped."


@alerts.command()
@with_settings("alerts")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--from", "begin", metavar="TIME", help="Judge from here on; what was before is history all the same.")
@click.option("--to", "end", metavar="TIME", help="Judge until here.")
@click.option("--format", "form", type=click.Choice(["table", "ndjson"]), default="table", show_default=True)
def backtest(settings: Settings, files: tuple[str, ...], begin: str | None, end: str | None, form: str) -> None:
    """Say what would have been told of readings that were told once.

    FILE has readings, one a line: what `leadpulse replay --every 10m --format ndjson` prints, or what a consumer of
    leadpulse.metrics wrote down, in order (`.gz` is unpacked, `-` is standard input). A step of up to an hour will do.
    Four weeks are needed before a figure is judged by its weeks, three days before it is judged at all.

    With `--alerts other.toml` one sees what a change of settings would have done.

    \b
    Examples:
      leadpulse replay --every 10m --format ndjson 2026-*.ndjson.gz | leadpulse alerts backtest -
      leadpulse alerts backtest --alerts other.toml --from 2026-03-01T00:00:00Z --format ndjson readings.ndjson.gz
    """
    from datetime import UTC, datetime

    from stream.alerting.read import Alerts, read
    from stream.judge.backtest import Backtest

    begin_ms, end_ms = _moment(begin, "--from"), _moment(end, "--to")
    if begin_ms is not None and end_ms is not None and begin_ms >= end_ms:
        raise UsageError(
            "Nothing lies between --from and --to.", where=f"--from {begin} --to {end}", do="Turn them round."
        )
    found = Alerts() if settings.alerts is None else read(settings.alerts, datetime.now(UTC).date())
    run = Backtest(found.settings, begin_ms)
    told = _Told()
    for record in _records(run, files, end_ms):
        told.take(record)
        click.echo(_line(record) if form == "ndjson" else _row(record))
    if not run.sites:
        raise InputError(
            "There is nothing to judge in these files.",
            where=", ".join(files),
            do="They must hold readings of 1h, 6h or 24h; --from and --to must lie within them.",
        )
    _summary(told.summary(run), form)


def _records(run: Backtest, files: Iterable[str], end_ms: int | None) -> Iterator[AlertRecord]:
    newest_ms = 0
    for path in files:
        for moment in _moments(path):
            own_ms = max((reading.as_of_ms for reading in moment.readings), default=0)
            _check_clock(path, moment, own_ms, newest_ms)
            newest_ms = max(newest_ms, own_ms)
            if end_ms is not None and newest_ms > end_ms:
                break
            yield from run.take(newest_ms, moment.readings)
    yield from run.end()


def _moments(path: str) -> Iterator[Moment]:
    from stream.history.told import moments

    return moments(lines_of(path), path)


def _check_clock(path: str, moment: Moment, own_ms: int, newest_ms: int) -> None:
    from stream.judge.backtest import BACK_MS
    from stream.judge.told import iso

    # figures that end where both sides are known are told with an earlier time; not all of a moment are
    if newest_ms and own_ms < newest_ms - BACK_MS and any(r.window in ("5m", "1h") for r in moment.readings):
        raise InputError(
            f"Time goes back from {iso(newest_ms)} to {iso(own_ms)}.", where=f"{path}, line {moment.line}", do=_DO
        )


@dataclass(slots=True)
class _Told:
    """Adds up what was told."""

    spells: dict[tuple[str, ...], str] = field(default_factory=dict)  # told to somebody → severity
    alerts: dict[str, dict[str, float]] = field(default_factory=dict)
    open: dict[tuple[str, ...], AlertRecord] = field(default_factory=dict)

    def take(self, record: AlertRecord) -> None:
        """Take a record."""
        row = self.alerts.setdefault(
            record.alert, {"pages": 0, "tickets": 0, "infos": 0, "held": 0, "firing_h": 0.0}
        )  # fmt: skip
        key = record.key
        if record.state == "resolved":
            self._close(record)
            return
        if key not in self.open:
            self.open[key] = record
            row["held"] += 1
        if not record.held and key not in self.spells:
            self.spells[key] = record.severity
            row["held"] -= 1
            row[f"{record.severity}s"] += 1

    def _close(self, record: AlertRecord) -> None:
        from stream.judge.told import moment_ms as ms

        first = self.open.pop(record.key, None)
        if first is not None:
            self.alerts[record.alert]["firing_h"] += (ms(record.at) - ms(first.at)) / _HOUR_MS

    def summary(self, run: Backtest) -> dict[str, Any]:
        """Say all of it in figures; what still fires does so until the last look."""
        import msgspec

        from stream.judge.told import iso

        for record in list(self.open.values()):
            self._close(msgspec.structs.replace(record, at=iso(run.last_ms)))
        judged_ms = run.last_ms - run.first_ms
        weeks = max(len(run.sites), 1) * judged_ms / _WEEK_MS
        rows = [
            {"alert": name, **{word: round(number, 2) for word, number in row.items()},
             "share_of_time": round(row["firing_h"] * _HOUR_MS / max(judged_ms * max(len(run.sites), 1), 1), 4)}
            for name, row in sorted(self.alerts.items())
        ]  # fmt: skip
        pages, tickets = (sum(row[word] for row in self.alerts.values()) for word in ("pages", "tickets"))
        return {
            "from": iso(run.first_ms), "to": iso(run.last_ms), "looks": run.looks, "sites": len(run.sites),
            "site_weeks": round(weeks, 3), "pages": int(pages), "tickets": int(tickets),
            "pages_a_site_week": round(pages / weeks, 3) if weeks else None,
            "tickets_a_site_week": round(tickets / weeks, 3) if weeks else None,
            "alerts": rows,
            "never_judged": [
                {"metric": one.metric, "site": one.site, "value": list(one.value), "window": one.window,
                 "state": one.state, "why": one.says}
                for one in run.never()
            ],
        }  # fmt: skip


def _line(record: AlertRecord) -> str:
    import msgspec

    return json_seen(msgspec.json.encode(record).decode())


def _row(record: AlertRecord) -> str:
    held = f" (held: {record.held})" if record.held else ""
    told = record.text if record.state == "firing" else "over"
    where = " ".join(part for part in (record.site, record.value) if part)
    return plain(f"{record.at}  {record.severity:<6}  {record.state:<8}  {record.alert}  {where}{held}  {told}")


def _summary(summary: dict[str, Any], form: str) -> None:
    if form == "ndjson":
        import orjson

        click.echo(json_seen(orjson.dumps({"summary": summary}).decode()))
        return
    click.echo(
        f"\n{summary['from']} to {summary['to']}: {summary['looks']} looks, {summary['sites']} sites,"
        f" {summary['site_weeks']:g} site-weeks"
    )
    click.echo(
        f"{summary['pages']} pages ({_per_week(summary['pages_a_site_week'])} a site-week),"
        f" {summary['tickets']} tickets ({_per_week(summary['tickets_a_site_week'])})"
    )
    for row in summary["alerts"]:
        told = ", ".join(f"{row[word]} {word}" for word in ("pages", "tickets", "infos", "held"))
        share = f"firing {row['firing_h']:g} h ({100 * row['share_of_time']:.1f} % of the time)"
        click.echo(plain(f"  {row['alert']}: {told}; {share}"))
    never = summary["never_judged"]
    if never:
        click.echo(f"never judged: {len(never)} figures and windows")
    for one in never:
        values = " ".join([one["site"], *one["value"]])
        click.echo(plain(f"  {one['metric']} {values} {one['window']}: {one['why'] or one['state']}"))


def _per_week(value: float | None) -> str:
    return "-" if value is None else f"{value:g}"


def _moment(text: str | None, flag: str) -> int | None:
    if text is None:
        return None
    try:
        return moment_ms(text)
    except ValueError as error:
        raise UsageError(f"{flag} {error}.", where=f"{flag} {text}", do="Write e.g. 2026-03-01T00:00:00Z.") from None
