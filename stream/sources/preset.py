"""Preset: how the records of one vendor are mapped, as a file that is shipped.

In:  the options of a definition.
Out: a mapping; and what `leadpulse sources show` says of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import msgspec
import orjson

from stream.contract.kinds import KindName
from stream.sources.about import About, Ignored
from stream.sources.definition import Definition
from stream.sources.events import Event
from stream.sources.wire.wire import Shape

#: One of these, several of them, or nothing: then the item is unmapped.
Yielded = Event | Ignored
#: (item, about) → what it says happened.
Mapping = Callable[[Any, About], Iterable[Yielded] | Yielded | None]


class NoOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Of a preset that takes none."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Preset:
    """What is known of one vendor's records.

    `mapping` makes the function of a definition: tables of options are made there once, and not for each record.
    `named` are paths of what an item is called, the first that is there: so unmapped ones are counted. `example` are
    records as they lie in a topic, bytes or what JSON is made of; each gives an event with the options
    `example_options`. `facts` say where
    each fact comes from, and `unconfirmed` which were taken from memory or from the shape of other code: "" where all
    are known. `lateness` is proposed for LEADPULSE_LATENESS where the vendor sends again for longer than a day.
    With `names_site` events say their site by themselves.
    """

    name: str
    title: str
    kinds: tuple[KindName, ...]
    mapping: Callable[[Any, Definition], Mapping]
    example: tuple[Any, ...]
    facts: tuple[str, ...]
    unconfirmed: str = ""
    options: type[msgspec.Struct] = NoOptions
    example_options: dict[str, Any] | None = None
    shape: Shape = Shape()
    named: tuple[str, ...] = ()
    lateness: str = ""
    needs_key: bool = False
    names_site: bool = False
    notes: tuple[str, ...] = ()

    def examples(self) -> list[bytes]:
        """Give the examples as the values of records."""
        return [each if isinstance(each, bytes) else orjson.dumps(each) for each in self.example]
