"""`leadpulse erase`: everything that is known of a person is forgotten, at their request.

In:  settings, an id of the person.
Out: one record in the topic `privacy`; what will happen, and what keeps data for how long, on standard output.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from typing import Any, Final

import click

from stream.cli.named import PEOPLE, Named, named, with_names
from stream.cli.options import BROKER_FLAGS, with_settings
from stream.errors import UsageError
from stream.settings.fields import Settings
from stream.shown import json_plain, plain

_KIND: Final = "privacy"
_SOURCE: Final = "leadpulse/erase"


@click.command()
@with_settings(*BROKER_FLAGS, "partitioner", "leads")
@with_names(*PEOPLE)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Say what would be done and write nothing.")
def erase(settings: Settings, site: str, yes: bool, dry_run: bool, **ids: str | None) -> None:
    """Have everything forgotten that is known of a person.

    It writes one record to the topic privacy. The shard where the id is at home finds who is one lead with it, and
    what visitors did under these ids, and has it forgotten everywhere. Of lead, user and hashed address one is enough.
    A visitor is a device, which joins nobody: with --visitor what was done on it goes, and the lead stays. So does a
    shared id, which is of several people (see `leadpulse explain`). What was counted stays counted.

    \b
    Examples:
      leadpulse erase --site shop --lead l-204 --dry-run
      leadpulse erase --site shop --visitor v-81f3
    """
    from stream.cli.installed import installed
    from stream.kafka import one_record

    person = named(site, ids)
    here = installed(settings)
    topic = f"{settings.topic_prefix}{_KIND}"
    here.must_follow(here.whole.touches or "")
    here.must_follow(topic)
    _refuse_nobody(person, here.options)
    shard = here.home("leads", person.value)
    if not here.is_begun("leads", shard):
        raise UsageError(
            "No worker has followed people here yet: nothing is known that could be forgotten.",
            where=f"{here.layout.state('leads')} partition {shard}",
            do="Start the workers; then run this again.",
        )
    if here.partitions[topic] <= shard:
        raise UsageError(
            f"The topic has {here.partitions[topic]} partitions, and the id belongs to partition {shard}.",
            where=topic,
            do="Run `leadpulse topics verify`, which says how to give it as many as leadpulse.touches.",
        )
    record = wish(person, str(uuid.uuid4()), time.time_ns() // 1_000_000)
    click.echo("\n".join(what_happens(person, here.layout.prefix)))
    if dry_run:
        click.echo(f"\nNothing was written. The record would be, in {topic}:\n{json_plain(record)}")
        return
    if not yes:
        click.confirm("\nForget this person?", abort=True, err=True)
    value = json.dumps(record, separators=(",", ":")).encode()
    offset = one_record.write(here.link, topic, shard, person.value.encode(), value)
    click.echo(f"\nAsked: {topic} partition {shard}, offset {offset}.")


def wish(person: Named, id: str, now_ms: int) -> dict[str, Any]:
    """Make the event by which a person wants to be forgotten."""
    from stream.contract.times import format_ms

    return {
        "specversion": "1.0",
        "id": id,
        "source": _SOURCE,
        "type": _KIND,
        "time": format_ms(now_ms),
        "data": {"site_id": person.site, "action": "erase", person.field: person.value},
    }


def what_happens(person: Named, prefix: str) -> Iterator[str]:
    """Say what will be done, when, and what keeps data for longer."""
    from stream.kafka import topic_spec as topics

    yield f"{plain(person.field)} {plain(person.value)} of site {plain(person.site)} is to be forgotten."
    yield ""
    yield "what happens"
    yield "  a minute after the record has arrived, as soon as what came before it is read:"
    if person.field == PEOPLE["visitor"]:
        yield "  all that was done by this visitor goes from the state of visitors and leads, whomever it is of."
        yield "  A lead that is known otherwise stays: to have it forgotten name its lead, user or hashed address."
    else:
        yield "  every row of the person, under this id and all that are one lead with it, goes from the state of"
        yield "  visitors, emails and leads. An id that is shared takes along only itself."
    yield "  What was counted stays in its windows; what stands (open leads, bands, customers) is taken back."
    yield f"  {prefix}leadpulse.leads: a tombstone under each key of the lead; {prefix}leadpulse.lead_events: `erased`."
    yield "  a day later: once more, for what came late. Until then the state of leads keeps who asked."
    yield "  the broker's cleaner then drops the old bytes of a partition that is written to: with the settings of"
    lag = _time(topics.COMPACTED["segment.ms"], topics.COMPACTED["max.compaction.lag.ms"])
    yield f"  `leadpulse topics create` within {lag}, and tombstones, whose keys name the lead, after another"
    yield "  delete.retention.ms (a day by default)."
    yield ""
    yield "what keeps data until its retention (as created; see the topic's retention.ms)"
    for name, configs in (
        ("leadpulse.dead_letter", topics.DEAD_LETTER),
        ("leadpulse.touches", topics.TOUCHES),
        ("leadpulse.reroute.*", topics.REROUTE),
        ("leadpulse.lead_events", topics.LEAD_EVENTS),
    ):
        yield f"  {prefix}{name}  {_time(configs['retention.ms'])}"
    yield "  the sources, privacy among them: as you set it; a rebuild counts anew what they still hold"
    yield "  whatever was read from the result topics: a consumer deletes what a tombstone names"
    yield "Prometheus, the live page and leadpulse.metrics know no person."


def _time(*lengths_ms: str) -> str:
    """Write the sum of lengths in days, or minutes.

    >>> _time("86400000"), _time("600000", "1800000")
    ('1 d', '40 min')
    """
    minutes = sum(map(int, lengths_ms)) // 60_000
    return f"{minutes // 1_440} d" if minutes % 1_440 == 0 else f"{minutes} min"


def _refuse_nobody(person: Named, options: Any) -> None:
    """Refuse a value by which nobody can be known."""
    from stream.identity.ids import FIELDS

    namer = options.namer()
    if namer is not None and namer.ignored(FIELDS.index(person.field), person.value):
        raise UsageError(
            f"Nobody can be known by {plain(person.value)}: such a value is junk, or the rules of leads ignore it.",
            where=person.field,
            do="Name the person by another id.",
        )
