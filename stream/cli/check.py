"""`leadpulse check`: what is wrong with events, said before they are produced.

In:  files of envelopes, one a line.
Out: a sentence for each finding; exit code 1 when any line would end in the dead letters.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import asdict

import click

from stream.cli.inputs import STDIN, lines_of
from stream.cli.options import with_settings
from stream.contract.kinds import KINDS, KindName
from stream.errors import CheckError
from stream.settings.fields import Settings
from stream.shown import json_plain, plain


@click.command()
@with_settings("lateness", "lateness_by_kind", "leads_rules")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--format", "form", type=click.Choice(["text", "ndjson"]), default="text", show_default=True)
@click.option("--strict", is_flag=True, help="Fail on warnings, too.")
@click.option("--topic", type=click.Choice(list(KINDS)), help="Take all lines for records of this topic.")
def check(settings: Settings, files: tuple[str, ...], form: str, strict: bool, topic: KindName | None) -> None:
    """Say line by line what is wrong with events before they are produced.

    FILE holds one CloudEvents envelope a line (NDJSON); `.gz` is unpacked, `-` is standard input. An error is
    what a worker would send to the dead letters. A warning would be counted, but perhaps not as it was meant.

    \b
    Examples:
      leadpulse check events.ndjson
      my-producer --dry-run | leadpulse check -
      leadpulse check --format ndjson *.ndjson.gz | jq -r .reason | sort | uniq -c
    """
    from stream.ingest.check import Tally, check_lines
    from stream.ingest.decode import Limits
    from stream.ingest.ladder import Ladder

    limits = Limits(
        settings.max_record_bytes,
        settings.max_depth,
        settings.lateness_ms,
        own_lateness_ms=settings.lateness_by_kind_ms,
        ladder=Ladder(settings.rules.ladder),
    )
    now_ms = time.time_ns() // 1_000_000
    tallies = []
    for path in files:
        tally = Tally()
        tallies.append(tally)
        name = "standard input" if path == STDIN else path
        for finding in check_lines(lines_of(path), now_ms, limits, tally, topic):
            if form == "ndjson":
                click.echo(json_plain({"file": name, **asdict(finding)}))
            else:
                click.echo(plain(f"{name}: {finding}" if len(files) > 1 else str(finding)))
    right, wrong = Counter[str](), Counter[str]()
    for tally in tallies:
        right.update(tally.right)
        wrong.update(tally.wrong)
    warned = sum((tally.warned for tally in tallies), Counter[str]())
    warnings = warned.total()
    _sum_up(right, wrong, warned)
    if wrong or (strict and warnings):
        raise CheckError(
            f"{wrong.total()} line(s) would be rejected, {warnings} warning(s).",
            where=", ".join(files),
            do="Correct what is listed; the contract is in docs/events.md and schemas/.",
        )


def _sum_up(right: Counter[str], wrong: Counter[str], warned: Counter[str]) -> None:
    counted = ", ".join(f"{kind} {count}" for kind, count in sorted(right.items()) if count) or "none"
    click.echo(f"{right.total()} line(s) are right ({counted}), {warned.total()} warning(s).", err=True)
    for reason, count in wrong.most_common():
        click.echo(f"{count} rejected: {reason}", err=True)
    # the loudest of the warnings comes last, where it is read
    for name, count in sorted(warned.items(), key=lambda item: (item[0] == "no_key_event", item)):
        click.echo(f"{count} warned: {name}", err=True)
