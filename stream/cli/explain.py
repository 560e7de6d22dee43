"""`leadpulse explain`: what is known of somebody or of a message, and all that it counts for.

In:  settings, an id; the state logs that the broker holds.
Out: a table or JSON on standard output; exit code 1 where nobody is known by the id.
"""

from __future__ import annotations

import json
from typing import Any

import click

from stream.cli.named import MESSAGE, PEOPLE, named, with_names
from stream.cli.options import BROKER_FLAGS, with_settings
from stream.errors import InputError
from stream.settings.fields import Settings
from stream.shown import json_seen, plain


@click.command()
@with_settings(*BROKER_FLAGS, "partitioner", "leads")
@with_names(*PEOPLE, *MESSAGE)
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
def explain(settings: Settings, site: str, form: str, **ids: str | None) -> None:
    """Say what is known of a visitor, a lead or a message, and what it counts for.

    It reads the state of the shards where the id is at home and where it leads to, as it was committed last, and
    changes nothing. Of a visitor it says each session and whose it is; of an id that joins (lead, user, hashed
    address) with whom it was named, the way to where its lead is kept, who is one lead with it, stage, score, credit
    and deals; of a message each copy. To each all that it counts for: the cells, and the figures that they feed.

    What it prints is personal data. Settings must be those of the workers.

    \b
    Examples:
      leadpulse explain --site shop --lead l-204
      leadpulse explain --site shop --visitor v-81f3 --format json | jq .visitor.sessions
    """
    from stream.cli.installed import installed
    from stream.explain.explain import Asked, names_nobody
    from stream.explain.explain import explain as explained
    from stream.explain.logs import Log, Wanted

    asked = Asked(*named(site, ids))
    here = installed(settings)
    if asked.field not in (PEOPLE["visitor"], *MESSAGE.values()):
        here.must_follow(here.whole.touches or "")

    def read(group: str, shard: int, wanted: Wanted) -> Log:
        log = Log(wanted)
        here.read(group, shard, log.load)
        return log

    options = here.options
    if names_nobody(asked, options):
        raise InputError(
            f"Nobody can be known by {plain(asked.value)}: such a value is junk, or the rules of leads ignore it.",
            where=asked.field,
            do="Events with it count; as an id it joins nobody. See `identity.ignore` in `leadpulse settings --rules`.",
        )
    table = explained(asked, options, here.home, read)
    if table is None:
        shown = plain(f"{asked.field} {asked.value} on site {asked.site}")
        raise InputError(
            f"Nobody is known by {shown}." if asked.field not in MESSAGE.values() else f"There is no {shown}.",
            where=f"the state logs of {', '.join(here.shards)}",
            do="Check the site and the value, as events have them. What is old or erased is not known either.",
        )
    click.echo(told(table, form))


def told(table: dict[str, Any], form: str) -> str:
    """Write an account, with nothing in it that a terminal would obey."""
    from stream.cli.explain_lines import lines

    if form == "json":
        return "\n".join(json_seen(line) for line in json.dumps(table, indent=2).split("\n"))
    return "\n".join(plain(line) for line in lines(table))
