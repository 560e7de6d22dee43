"""Named: who or what a command is about, as events name it.

In:  the options of a command.
Out: a field of the contract and its value as the engine reads it; or an error that says what is wrong with it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import click

from stream.errors import UsageError

#: Option → the field of events that it is a value of.
PEOPLE: Final = {
    "visitor": "visitor_id",
    "lead": "lead_id",
    "user": "user_id",
    "email_hash": "email_hash",
}
MESSAGE: Final = {"message": "message_id"}
_HELP: Final = {
    "visitor": "A visitor_id.",
    "lead": "A lead_id; of an ad platform's form PLATFORM:LEAD_ID.",
    "user": "A user_id.",
    "email_hash": "An email_hash, as events have it: never an address.",
    "message": "A message_id.",
}
_WANTED: Final = {"email_hash": "64 hex digits of the address's HMAC-SHA-256"}


class Named(NamedTuple):
    """A field of events and a value of it, on a site."""

    site: str
    field: str
    value: str


def with_names(*options: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add --site and these options to a command, which gets them as `site` and by their names."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for name in reversed(options):
            command = click.option(f"--{name.replace('_', '-')}", name, metavar="VALUE", help=_HELP[name])(command)
        return click.option("--site", required=True, metavar="SITE", help="The site_id of the events.")(command)

    return decorate


def named(site: str, given: Mapping[str, str | None]) -> Named:
    """Give the one that was named; raises UsageError where it is none or several, or no event can name it so."""
    told = [(option, value) for option, value in given.items() if value is not None]
    flags = [f"--{option.replace('_', '-')}" for option in given]
    if len(told) != 1:
        what = "Nobody is named" if not told else "More than one is named"
        raise UsageError(f"{what}.", where=", ".join(flags), do="Name exactly one of them.")
    ((option, value),) = told
    field = {**PEOPLE, **MESSAGE}[option]
    return Named(*_as_read(site, field, value, f"--{option.replace('_', '-')}"))


def _as_read(site: str, field: str, value: str, flag: str) -> tuple[str, str, str]:
    """Read a value as if an event had it, by the very rules by which events are read."""
    from stream.contract.common import EXAMPLE_HASH
    from stream.contract.kinds import KindName
    from stream.contract.times import format_ms
    from stream.ingest.decode import decode

    now_ms = time.time_ns() // 1_000_000
    kind: KindName = "email"  # the only kind that asks of no id whether it names anybody
    data = {"site_id": site, "action": "sent", "message_id": "m", "email_hash": EXAMPLE_HASH, field: value}
    event = {
        "specversion": "1.0",
        "id": "1",
        "source": "command",
        "type": kind,
        "time": format_ms(now_ms),
        "data": data,
    }
    read = decode(kind, [(0, now_ms, None, json.dumps(event).encode(), ())])
    if read.rejects or getattr(read.events[0].data, field) is None:
        wrong = "--site" if read.rejects and read.rejects[0].path == "data.site_id" else flag
        wanted = "a site_id: 1 to 64 characters" if wrong == "--site" else _WANTED.get(field, f"a {field}")
        raise UsageError(
            f"No event can have this value ({read.rejects[0].reason if read.rejects else 'missing_field'}).",
            where=wrong,
            do=f"Give {wanted}, as it stands in events; an address is never one.",
        )
    return read.events[0].data.site_id, field, getattr(read.events[0].data, field)
