"""Definition: what is said of a source whichever way its records are mapped.

In:  nothing; these are the types that definitions of files and of Python are checked against.
Out: a definition, and what is wrong with one.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from stream.contract.fields import SITE_MAX
from stream.contract.times import parse_ms
from stream.errors import SettingsError
from stream.sources.faults import Unfit
from stream.sources.paths import steps
from stream.sources.wire.schemas import installed
from stream.sources.wire.unwrap import unpackers
from stream.sources.wire.wire import FORMATS

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_TOPIC: Final = re.compile(r"[A-Za-z0-9._*?-]{1,249}")


class Mistake(NamedTuple):
    """One thing that is wrong with a definition: where in it, what, and what to do."""

    where: str
    what: str
    do: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.what}{f' {self.do}' if self.do else ''}"


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """What every source has; `format`, `unwrap`, `each` and `columns` are the preset's where they are not said.

    `keep` says whether dead letters hold the record (`raw`) or only its place. `folder` is where relative paths begin.
    """

    name: str = ""
    preset: str = ""
    topics: tuple[str, ...] = ()
    site: str = ""
    site_field: str = ""
    format: str = ""
    unwrap: tuple[str, ...] | None = None
    each: str | None = None
    columns: tuple[str, ...] = ()
    registry: str = ""
    registry_user: str = ""
    registry_password_file: str = ""
    descriptor: str = ""
    message: str = ""
    zone: str = "UTC"
    keep: Literal["none", "raw"] = "none"
    start: str = ""
    privacy: bool = False
    folder: Path = Path()

    def path(self, said: str) -> Path:
        """Give the path that a definition names."""
        return self.folder / said


#: Keys that a file may have; `folder` is not said but known.
KEYS: Final = tuple(field.name for field in msgspec.structs.fields(Definition) if field.name != "folder")


def near(name: str, known: Collection[str]) -> str:
    """Say which name may have been meant.

    >>> near("froms", ["forms", "chats"]), near("xyz", ["forms", "chats"])
    ('Did you mean forms?', 'There are chats, forms.')
    """
    found = difflib.get_close_matches(name, known, n=1)
    return f"Did you mean {found[0]}?" if found else f"There are {', '.join(sorted(known))}."


def mistakes_of(definition: Definition, *, names_site: bool, format: str, columns: Sequence[str]) -> list[Mistake]:
    """Name all that is wrong with what every source has; format and columns are those that hold in the end."""
    found: list[Mistake] = []

    def wrong(key: str, what: str, do: str = "") -> None:
        found.append(Mistake(key, what, do))

    if not _NAME.fullmatch(definition.name):
        wrong("name", f"{definition.name!r} is no name", "Use letters, digits, dot, underscore and hyphen, at most 64.")
    for topic in definition.topics:
        if not _TOPIC.fullmatch(topic):
            wrong("topics", f"{topic!r} is no name of a topic, nor a pattern with * and ?.")
        elif topic.startswith("leadpulse."):
            wrong("topics", f"{topic!r} is leadpulse's own.", "Name the topics that your systems write.")
    if definition.site and definition.site_field:
        wrong("site", "there are site and site_field.", "Keep one: a site for all records, or the path of their own.")
    elif not (definition.site or definition.site_field or names_site):
        wrong("site", "it is missing.", 'Write site = "shop", or site_field = "path.of.it".')
    if len(definition.site) > SITE_MAX:
        wrong("site", f"it has more than {SITE_MAX} characters.")
    for key, path in (("site_field", definition.site_field), ("each", definition.each)):
        if path:
            _try(found, key, lambda path=path: steps(path))
    _try(found, "unwrap", lambda: unpackers(definition.unwrap or ()))
    if not known_zone(definition.zone):
        wrong("zone", f"{definition.zone!r} is no zone of the tz database.", "Write one such as Europe/Berlin.")
    if definition.start not in ("", "earliest", "latest") and parse_ms(definition.start) is None:
        wrong("start", f"{definition.start!r} is no time.", "Write earliest, latest, or 2026-03-01T00:00:00Z.")
    found += _of_format(definition, format, columns)
    return found


def _of_format(definition: Definition, format: str, columns: Sequence[str]) -> list[Mistake]:
    found: list[Mistake] = []
    if format not in FORMATS:
        found.append(Mistake("format", f"there is no format {format}.", near(format, FORMATS)))
    elif not installed(format):
        do = f"Install leadpulse[{format}]."
        found.append(Mistake("format", f"what reads {format} is not installed.", do))
    if format == "avro" and not definition.registry:
        do = 'Write registry = "http://registry:8081", the address of its Confluent API.'
        found.append(Mistake("registry", "avro needs it.", do))
    if format in ("csv", "tsv") and not columns:
        found.append(Mistake("columns", f"{format} needs them.", "Name the values of a row, in order."))
    if format == "protobuf":
        found += [
            Mistake(key, "protobuf needs it.", do)
            for key, do in (
                ("descriptor", "Write the file of a FileDescriptorSet, as protoc --descriptor_set_out makes it."),
                ("message", 'Write the full name, such as "acme.events.View".'),
            )
            if not getattr(definition, key)
        ]
    if definition.registry and not definition.registry.startswith(("http://", "https://")):
        found.append(Mistake("registry", "it is no address.", "It begins with http:// or https://."))
    return found


def _try(found: list[Mistake], key: str, make: Any) -> None:
    try:
        make()
    except Unfit as error:
        found.append(Mistake(key, f"{error}."))


@lru_cache(maxsize=256)
def known_zone(name: str) -> bool:
    """Tell whether the tz database has a zone."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def refuse(origin: str, mistakes: Sequence[Mistake]) -> None:
    """Raise one SettingsError for all mistakes of a definition; nothing where there are none."""
    if mistakes:
        many = f"{len(mistakes)} things are wrong with it" if len(mistakes) > 1 else "it is wrong"
        lines = "\n".join(f"  {mistake}" for mistake in mistakes)
        do = "Correct it; `leadpulse sources show NAME` says what a preset takes."
        raise SettingsError(f"A source cannot be used: {many}.\n{lines}", where=origin, do=do)
