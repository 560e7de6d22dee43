"""Shown: what is kept of people as plain values, with times that can be read.

In:  facts, ids and cells as they are stored and counted.
Out: values that JSON has. Names and meanings of their fields are told in `docs/operations.md`: none is ever renamed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from stream.changes import cells
from stream.changes.cells import CELLS, LEFT, REACHED, WAITS, Cell
from stream.contract.records import UNIT
from stream.contract.times import format_ms
from stream.explain.figures import figures_of
from stream.identity.facts import Fact, Held
from stream.identity.ids import FIELDS, Id

Table = dict[str, Any]
#: Texts of ids, as far as they are known.
Names = Mapping[Id, str]

#: Name of the group where ids have their homes, as shards are called by it.
GROUP: Final = "leads"

#: Bits of a fate, in words, by kinds of cells: of a message, and of a lead that began something.
_MESSAGE_FATES: Final = (
    "SENT", "DELIVERED", "BOUNCED", "DROPPED", "OPENED", "CLICKED", "REPLIED", "UNSUBSCRIBED", "COMPLAINED",
    "MACHINE_OPENED", "MACHINE_CLICKED", "OPENED_IN_TIME", "CLICKED_IN_TIME", "REPLIED_IN_TIME",
)  # fmt: skip
_OF_MESSAGES: Final = tuple((getattr(cells, name), name.lower()) for name in _MESSAGE_FATES)
_OF_LEADS: Final = ((REACHED, "reached"), (LEFT, "left"), (WAITS, "waits"))

#: Millionths of a currency's unit.
_MICRO: Final = 1_000_000
#: How names of times end.
_TIMES: Final = "_ms"


def time_of(time_ms: int) -> str | None:
    """Write a moment; 0 stands for never."""
    return format_ms(time_ms) if time_ms else None


def fate_of(kind: str, bits: int) -> list[str]:
    """Name what became of something.

    >>> fate_of("pair", REACHED), fate_of("email", cells.SENT | cells.OPENED)
    (['reached'], ['sent', 'opened'])
    """
    return [name for bit, name in (_OF_MESSAGES if kind == "email" else _OF_LEADS) if bits & bit]


def cell_of(cell: Cell, at_ms: int | None, amount: int) -> Table:
    """Show a cell, since when its pane runs (None: it stands) and how much; money is in millionths, time in ms."""
    kind, *values = cell
    labels: Table = {}
    for name, value in zip(CELLS[str(kind)].labels, values, strict=True):
        if value is not None:
            labels[name] = fate_of(str(kind), int(value)) if name == "fate" else value
    at = None if at_ms is None else format_ms(at_ms)
    return {"cell": kind, "labels": labels, "at": at, "amount": amount, "figures": list(figures_of(cell))}


def id_of(id: Id, names: Names) -> Table:
    """Show an id: what it is called, if that is known, and where its home is."""
    return {"type": FIELDS[id.type], "id": names.get(id), "hash": id.hash.hex(), "home": f"{GROUP}/{id.home}"}


def ids_of(ids: Iterable[Id], names: Names) -> list[Table]:
    """Show ids in their order."""
    return [id_of(id, names) for id in ids]


def event_of(name: str) -> Table | None:
    """Show an event by source and id, None where it is not known."""
    source, unit, id = name.partition(UNIT)
    return {"source": source, "id": id} if unit else None


def fact_of(fact: Fact) -> Table:
    """Show a fact: its name, and what it says."""
    if isinstance(fact, Held):
        return {**fact_of(fact.fact), "held": True}
    out: Table = {"fact": _word(type(fact).__name__)}
    for name in fact.__struct_fields__:
        value = getattr(fact, name)
        if value not in (None, "", 0, (), False) or name == "value":
            out |= _field(name.rstrip("_"), value)
    return out


def _field(name: str, value: Any) -> Table:
    if name.endswith(_TIMES):
        return {name.removesuffix(_TIMES): format_ms(value)}
    if name == "value":
        return {name: None if value is None else value / _MICRO}
    if name == "id":
        return {"event": event_of(value) or value}
    if name == "event":
        return {"event_name": value}
    return {name: _plain(value)}


def _plain(value: Any) -> Any:
    if isinstance(value, Struct):
        return {name: _plain(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(one) for one in value]
    return value


def _word(name: str) -> str:
    """Write the name of a type as other names are.

    >>> _word("PlatformForm")
    'platform_form'
    """
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")
