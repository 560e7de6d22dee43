"""`leadpulse check`: what is wrong with events, said before they are produced.

In:  files of envelopes, one a line.
Out: a sentence for each finding; exit code 1 when any line would end in the dead letters.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from stream.cli.inputs import STDIN, lines_of
from stream.cli.options import with_settings
from stream.contract.kinds import KINDS, KindName, is_kind
from stream.errors import CheckError, UsageError
from stream.settings.fields import Settings
from stream.shown import json_plain, plain

if TYPE_CHECKING:
    from stream.ingest.decode import Limits


@click.command()
@with_settings("brokers", "topic_prefix", "lateness", "lateness_by_kind", "leads_rules", "sources")
@click.argument("files", nargs=-1, metavar="FILE...")
@click.option("--format", "form", type=click.Choice(["text", "ndjson"]), default="text", show_default=True)
@click.option("--strict", is_flag=True, help="Fail on warnings, too.")
@click.option(
    "--topic",
    metavar="TOPIC",
    help="With FILE: take all lines for records of this kind. Without: look at the newest records of this topic.",
)
@click.option("--source", metavar="NAME", help="Map the records by this source: its name, file or preset.")
def check(
    settings: Settings, files: tuple[str, ...], form: str, strict: bool, topic: str | None, source: str | None
) -> None:
    """Say line by line what is wrong with events before they are produced.

    FILE holds one CloudEvents envelope a line (NDJSON); `.gz` is unpacked, `-` is standard input. An error is
    what a worker would send to the dead letters. A warning would be counted, but perhaps not as it was meant.

    With `--source` FILE holds records of somebody else's: each is mapped first, and findings are told once a sentence,
    with how many there are. With `--topic` and no FILE it looks at the newest records of a topic on the broker.

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
    kind = _kind(topic) if files else topic if is_kind(topic) else None
    if source is not None or not files:
        _check_mapped(settings, source, files, topic, limits, now_ms)
        return
    tallies = []
    for path in files:
        tally = Tally()
        tallies.append(tally)
        name = "standard input" if path == STDIN else path
        for finding in check_lines(lines_of(path), now_ms, limits, tally, kind):
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


def _kind(topic: str | None) -> KindName | None:
    if topic is None or is_kind(topic):
        return topic
    raise UsageError(f"{topic!r} is no kind.", where="--topic", do=f"Write one of {', '.join(KINDS)}.")


def _check_mapped(
    settings: Settings, source: str | None, files: tuple[str, ...], topic: str | None, limits: Limits, now_ms: int
) -> None:
    """Check what records of a source, or the newest of a topic, come to."""
    from stream.cli import mapped
    from stream.ingest.check import Tally, check_lines
    from stream.intake.files import Tried
    from stream.intake.visits import Visits

    if not files and topic is None:
        raise UsageError("Missing argument FILE.", where="check", do="Name a file, or a topic on the broker.")
    tried, tally, visits = Tried(), Tally(), Visits()
    if files and source is not None:
        lines = mapped.lines(settings, source, files, tried)
    else:
        own = source is None and is_kind(topic)
        name = f"{settings.topic_prefix}{topic}" if own else str(topic)
        found = None if source is None else mapped.source_of(settings, source)
        lines = mapped.sampled(settings, found, name, tried)
    told: Counter[str] = Counter()
    first: dict[str, int] = {}
    kind = topic if source is None and is_kind(topic) else None
    for finding in check_lines(visits.seen(lines), now_ms, limits, tally, kind):
        where = f" {finding.path}" if finding.path else ""
        said = f"{finding.level}: {finding.reason}{where}: {finding.sentence} {finding.hint}".rstrip()
        told[said] += 1
        first.setdefault(said, finding.line)
    for said, n in told.most_common():
        click.echo(plain(f"{n} x {said} (first: event {first[said]})"))
    if source is not None:
        mapped.tell(tried)
    for said in visits.told():
        click.echo(said, err=True)
    _sum_up(tally.right, tally.wrong, tally.warned)
    refused = tried.refused.total() + tally.wrong.total()
    whole = tried.items or tally.lines
    if whole:
        counted = (tried.mapped if source is not None else whole) - tally.wrong.total()
        click.echo(f"{max(counted, 0) / whole:.1%} of {whole} item(s) would count.", err=True)
    if refused:
        raise CheckError(f"{refused} would be rejected.", where=source or str(topic))


def _sum_up(right: Counter[str], wrong: Counter[str], warned: Counter[str]) -> None:
    counted = ", ".join(f"{kind} {count}" for kind, count in sorted(right.items()) if count) or "none"
    click.echo(f"{right.total()} line(s) are right ({counted}), {warned.total()} warning(s).", err=True)
    for reason, count in wrong.most_common():
        click.echo(f"{count} rejected: {reason}", err=True)
    # the loudest of the warnings comes last, where it is read
    for name, count in sorted(warned.items(), key=lambda item: (item[0] == "no_key_event", item)):
        click.echo(f"{count} warned: {name}", err=True)
