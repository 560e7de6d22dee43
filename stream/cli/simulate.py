"""`leadpulse simulate`: believable traffic, and books of what the metrics must say about it.

In:  rate, seed, length; a Kafka or a file.
Out: records on the source topics (or lines in a file), and the books.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import click

from stream.cli.options import BROKER_FLAGS, with_settings
from stream.errors import BrokerError, TopicError, UsageError
from stream.settings.fields import Settings
from stream.settings.values import duration_ms, moment_ms


@click.command()
@with_settings(*BROKER_FLAGS)
@click.option(
    "--rate", type=click.FloatRange(0.1, 1_000_000), default=50.0, show_default=True, help="Records a second."
)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same traffic.")
@click.option("--sites", type=click.IntRange(1, 100), default=2, show_default=True, help="Number of sites.")
@click.option(
    "--for",
    "length",
    metavar="DURATION",
    help="How long, such as 10m; default: until Ctrl-C (a file: 1 day).",
)
@click.option("--history", metavar="DURATION", help="Produce so much past first, as fast as it goes.")
@click.option("--history-rate", type=click.FloatRange(0.001), help="Records a second of that past; default: --rate.")
@click.option("--out", metavar="FILE", help="Write to a file (.gz is packed, - is standard output) and not to Kafka.")
@click.option("--end", metavar="TIME", help="With --out: the time of the last event; default: now.")
@click.option(
    "--leads/--no-leads",
    default=None,
    help="Follow leads: more ids, a crm, costs and signals; default: in files, and where there are topics for them.",
)
@click.option("--books", metavar="FILE", help="Write what every reading must be at the end, one a line.")
def simulate(
    settings: Settings,
    rate: float,
    seed: int,
    sites: int,
    length: str | None,
    history: str | None,
    history_rate: float | None,
    out: str | None,
    end: str | None,
    leads: bool | None,
    books: str | None,
) -> None:
    """Produce believable traffic on the source topics, with books of what it must add up to.

    A daily rhythm, campaigns and funnels, leads and what sales does about them; and bots, duplicates, late and
    broken events, wrong keys and restated ad totals. The books are kept without any code of the engine, so that
    they can be held beside its figures.

    \b
    Examples:
      leadpulse simulate --rate 200 --for 10m --books books.ndjson
      leadpulse simulate --out day.ndjson.gz --for 24h --books books.ndjson
      leadpulse replay day.ndjson.gz --format ndjson | head
    """
    from kafka.errors import KafkaError

    from stream.demo.produce import ProduceFailed
    from stream.demo.simulate import Plan, run

    plan = Plan(
        rate=rate,
        seed=seed,
        sites=sites,
        length_ms=_read(length, "--for", duration_ms),
        history_ms=_read(history, "--history", duration_ms) or 0,
        history_rate=history_rate,
        out=out,
        end_ms=_read(end, "--end", moment_ms),
        books=books,
        leads=leads is not False,
        prefix=settings.topic_prefix,
    )
    if out is None:
        client, followed = _client(settings, leads)
        plan = replace(plan, client=client, leads=followed)
    try:
        run(plan, lambda line: click.echo(line, err=True))
    except (ProduceFailed, KafkaError) as error:
        raise BrokerError(
            f"The broker did not take a record: {error}.",
            where=", ".join(settings.brokers),
            do="See the broker's log; the books are void.",
        ) from error


def _read(text: str | None, flag: str, read: Callable[[str], int]) -> int | None:
    if text is None:
        return None
    try:
        return read(text)
    except ValueError as error:
        raise UsageError(f"{error}.", where=flag) from None


def _client(settings: Settings, leads: bool | None) -> tuple[dict[str, object], bool]:
    """Give the producer's connection, once it is known that the topics are there, and whether leads have theirs."""
    from stream.demo.traffic import KINDS, LEAD_KINDS
    from stream.kafka import security, topics

    link = security.link(settings)
    core, of_leads = ({f"{settings.topic_prefix}{kind}" for kind in kinds} for kinds in (KINDS, LEAD_KINDS))
    wanted = core | (of_leads if leads else set())
    with topics.admin(link) as admin:
        there = set(topics.found(admin, [*wanted, *of_leads]))
    missing = sorted(wanted - there)
    if missing:
        raise TopicError(
            "Source topics are missing.",
            where=", ".join(missing),
            do="Create them with `leadpulse topics create`.",
        )
    return link.kafka_python(), of_leads <= there if leads is None else leads
