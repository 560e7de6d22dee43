"""`leadpulse topics`: create, verify, list and rebuild the topics of an installation.

In:  settings, and what the broker has.
Out: topics; exit code 1 when `verify` finds something that would stop a worker or falsify results.
"""

from __future__ import annotations

import time

import click

from stream.cli.options import BROKER_FLAGS, with_settings
from stream.errors import CheckError
from stream.settings.fields import Settings

PARTITIONS = 12
LEAVE_S = 5.0  # beyond its session a worker that was killed is out of the group within so long


@click.group()
def topics() -> None:
    """Create, verify, list or rebuild the topics on your Kafka.

    Workers never create or change a topic themselves: a wrong partition count or clean-up policy would lose
    data. Five sources (page_view, form, chatbot, email, ad), four that an installation may be without (crm, cost,
    signal, privacy) and leadpulse's own (leadpulse.*), all with the topic prefix before their names.

    \b
    Examples:
      leadpulse topics create --partitions 12
      leadpulse topics verify
      leadpulse topics list --topic-prefix staging.
      leadpulse topics rebuild
    """


@topics.command()
@with_settings(*BROKER_FLAGS, "leads", "sources")
@click.option(
    "--optional", is_flag=True, help="Also the sources that an installation may be without: crm, cost, signal, privacy."
)
@click.option(
    "--partitions",
    type=click.IntRange(1, 10_000),
    default=PARTITIONS,
    show_default=True,
    help="For sources that do not exist yet; their count is the most workers that can share the work.",
)
@click.option(
    "--replication",
    type=click.IntRange(1, 10),
    help="Copies of each partition; default: 3, or the number of brokers if that is less.",
)
def create(settings: Settings, optional: bool, partitions: int, replication: int | None) -> None:
    """Create the topics that are missing; sources that exist are left as they are.

    leadpulse's own topics get the partition counts of the sources they belong to, and the broker's time on each record
    (message.timestamp.type=LogAppendTime, set on those that exist too). Run it again any time.

    With the topics of leads, which are made too unless LEADPULSE_LEADS=off, workers follow people from their next start
    on: run it when all of them have this release.
    """
    from stream.cli.layout import layout_of
    from stream.kafka import security
    from stream.kafka import topics as broker

    layout = layout_of(settings)
    made = broker.create(
        security.link(settings), layout, partitions=partitions, replication=replication, optional=optional
    )
    for spec in made:
        click.echo(f"created  {spec.name}  {spec.partitions} partition(s)")
    for name in broker.stamp(security.link(settings), layout):
        click.echo(f"changed  {name}  message.timestamp.type=LogAppendTime")
    click.echo(f"{len(made)} topic(s) created." if made else "All topics are there already.")


@topics.command()
@with_settings(*BROKER_FLAGS, "group_id", "delivery", "partitioner", "leads", "sources")
def verify(settings: Settings) -> None:
    """Check all that a worker needs, and say what is lost where something is not as it should be.

    Topics and their settings (partitions, compaction, retention, replicas), what this user may do with topics, group
    and transactional ids, how far the group has read, how producers place their keys, and the clock.

    A problem stops a worker or falsifies results (exit code 1); a notice is advice.
    """
    from stream.cli import topic_checks as checks
    from stream.cli.layout import layout_of
    from stream.kafka import security
    from stream.kafka import topics as broker
    from stream.kafka import verify as check
    from stream.kafka.inspect import inspect, sample

    link, layout = security.link(settings), layout_of(settings)
    names = check.names(layout, settings.group_id)
    with broker.admin(link) as client:
        _, findings = broker.findings(link, client, layout)
        findings += check.group_findings(link, client, names.group)
    if settings.delivery == "exactly_once":
        findings += check.transaction_findings(link, names)
    if not any(finding.fatal for finding in findings):
        seen = inspect(link, layout, names.group)
        findings += checks.offset_findings(seen, layout)
        findings += checks.clock_findings(seen, int(time.time() * 1_000))
        # how others place their keys is their affair
        own = [spec for spec in seen.specs if spec.role == "source" and not spec.mapped]
        sources = [spec.name for spec in own if spec.name in seen.found]
        counts = {name: seen.found[name].partitions for name in sources}
        findings += checks.partitioner_findings(sample(link, seen, counts), counts, settings.partitioner)
        findings.sort(key=lambda finding: not finding.fatal)
    for finding in findings:
        click.echo(str(finding))
    for line in _mapped(settings):
        click.echo(line)
    fatal = sum(finding.fatal for finding in findings)
    if fatal:
        raise CheckError(
            f"{fatal} problem(s), {len(findings) - fatal} notice(s).",
            where=", ".join(settings.brokers),
            do="Correct what is listed above.",
        )
    click.echo(f"All topics are usable; {len(findings)} notice(s).")


def _mapped(settings: Settings) -> list[str]:
    """Name each topic that is mapped, its source and its partitions."""
    if not settings.sources:
        return []
    from stream.engine.groups import chosen
    from stream.kafka import security
    from stream.worker.mapping import Intake

    intake = Intake.of(settings, security.link(settings), chosen(settings.leads))
    return [
        f"mapped   {topic}  by {name}, {intake.counts.get(topic, 0)} partition(s)"
        for name, topics in intake.topics.items()
        for topic in topics
    ]


@topics.command("list")
@with_settings(*BROKER_FLAGS, "leads", "sources")
def list_topics(settings: Settings) -> None:
    """List every topic of the installation with its role and partition count."""
    from stream.cli.layout import layout_of
    from stream.kafka import security
    from stream.kafka import topics as broker

    rows = [("topic", "role", "partitions", "replication")]
    layout = layout_of(settings)
    for spec, there in broker.listing(security.link(settings), layout):
        missing = "missing (optional)" if spec.dispensable else "missing"
        found = (str(there.partitions), str(there.replication)) if there else (missing, "-")
        rows.append((spec.name, spec.role, *found))
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


@topics.command()
@with_settings(*BROKER_FLAGS, "group_id", "start", "leads", "sources")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--replication",
    type=click.IntRange(1, 10),
    help="Copies of each partition; default: 3, or the number of brokers if that is less.",
)
def rebuild(settings: Settings, yes: bool, replication: int | None) -> None:
    """Give up all state and count everything anew that the source topics still hold.

    The way out after partitions were added to a source, after a topic of leadpulse was lost, cut off or made by
    another release or with other settings, and for a recount. Stop all workers first; this command waits for them to
    leave. It says what is counted again and what is lost, asks, makes leadpulse's own topics anew, gives sources that
    belong together the same number of partitions, and deletes the consumer group. No record of a source is touched.
    Then start the workers as ever.

    \b
    Examples:
      leadpulse topics rebuild
      leadpulse topics rebuild --yes
    """
    from stream.cli.layout import layout_of
    from stream.kafka import rebuild as again
    from stream.kafka import security
    from stream.kafka import topics as broker

    link, layout = security.link(settings), layout_of(settings)
    group = layout.consumer_group(settings.group_id)
    with broker.admin(link) as client:
        plan = again.plan(client, layout, settings.start, layout_of(settings, whole=True))
        click.echo("\n".join(plan.lines()))
        if not yes:
            click.confirm("\nGive up the present state and count anew?", abort=True, err=True)
        again.wait_alone(client, group, settings.session_timeout_s + LEAVE_S, _say_who_runs)
        made = again.carry_out(link, client, layout, group, plan, replication=replication)
    click.echo(f"{len(made)} topic(s) are new. Start the workers: `leadpulse worker`.")


def _say_who_runs(workers: list[str]) -> None:
    click.echo(f"Waiting for {len(workers)} worker(s) to leave the group: {', '.join(workers)}", err=True)
