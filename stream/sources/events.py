"""Events: one function a kind, by which a mapping says what happened; made from the contract.

In:  the fields of a kind by name; None is an absent field.
Out: an event, to be yielded by a mapping. A name that the contract has not is an error that names the one that was
     meant, as it is for editors and type checkers by `events.pyi`, which is rendered of the same contract.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection
from typing import Any, Final

import msgspec

from stream.contract.kinds import KINDS, KindName
from stream.contract.table import data_of
from stream.sources.faults import Unfit

__all__ = [
    "CONSTRUCTORS", "Event", "ad", "chatbot", "cost", "crm", "email", "form", "page_view", "privacy", "signal",
]  # fmt: skip


class Event(msgspec.Struct):
    """An event of the contract without what its source says of all: its own name, and mostly the site."""

    kind: KindName
    id: Any
    time: Any
    recordedtime: Any
    data: dict[str, Any]


Constructor = Callable[..., Event]


def argument(name: str) -> str:
    """Give the argument that a field is, where its name is a word of Python.

    >>> argument("from"), argument("to")
    ('from_', 'to')
    """
    return f"{name}_" if name in ("from", "class") else name


def _constructor(kind: KindName) -> Constructor:
    fields = data_of(kind).fields
    known = frozenset(argument(field.name) for field in fields)
    renamed = {argument(field.name): field.name for field in fields if argument(field.name) != field.name}
    parts = {field.name: frozenset(inner.name for inner in field.fields) for field in fields if field.fields}
    plain = known.isdisjoint(renamed)
    textual = frozenset(field.name for field in fields if field.reads in ("id", "name", "message_id"))

    def make(*, id: Any, time: Any, recordedtime: Any = None, **said: Any) -> Event:
        if not known.issuperset(said):
            raise _unknown(kind, said, known)
        data: dict[str, Any] = {}
        for name, value in said.items():
            if value is None or value == "":
                continue
            # an id that is a number is its decimal text: what is written as it is read takes the fast lane of decoding
            data[name] = str(value) if value.__class__ is int and name in textual else value
        for name, inner in parts.items():
            if name in data:
                data[name] = _part(kind, name, data[name], inner)
        if not plain:
            for name in renamed.keys() & data.keys():
                data[renamed[name]] = data.pop(name)
        return Event(kind, str(id) if id.__class__ is int else id, time, recordedtime, data)

    make.__name__ = make.__qualname__ = kind
    make.__doc__ = f"Say what happened, of the kind {kind}: {(KINDS[kind].data.__doc__ or '').strip()}"
    return make


def _part(kind: str, name: str, value: Any, known: frozenset[str]) -> Any:
    if value.__class__ is not dict:
        raise Unfit(f"{name} of {kind} is an object with {', '.join(sorted(known))}")
    if not known.issuperset(value):
        raise _unknown(f"{kind}.{name}", value, known)
    return {inner: each for inner, each in value.items() if each is not None and each != ""}


def _unknown(what: str, said: Collection[str], known: Collection[str]) -> TypeError:
    wrong = sorted(str(name) for name in said if name not in known)
    near = difflib.get_close_matches(wrong[0], known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(sorted(known))}"
    return TypeError(f"{what} has no field {wrong[0]}; {hint}")


#: The function of each kind.
CONSTRUCTORS: Final[dict[KindName, Constructor]] = {kind: _constructor(kind) for kind in KINDS}

page_view = CONSTRUCTORS["page_view"]
form = CONSTRUCTORS["form"]
chatbot = CONSTRUCTORS["chatbot"]
email = CONSTRUCTORS["email"]
ad = CONSTRUCTORS["ad"]
crm = CONSTRUCTORS["crm"]
cost = CONSTRUCTORS["cost"]
signal = CONSTRUCTORS["signal"]
privacy = CONSTRUCTORS["privacy"]
