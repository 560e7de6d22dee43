"""Kind: all that is to be known of one kind of event, in one object.

In:  the types, rule and keys that a kind's file defines.
Out: the object by which every other room reads them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from stream.contract.common import Common, Envelope
from stream.contract.rules import Fault, Rule, ids_of
from stream.contract.shape import part_of, shape_of

#: The name of a kind is that of its topic, its schema and its file.
KindName = Literal["page_view", "form", "chatbot", "email", "ad", "crm", "cost", "signal", "privacy"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Kind:
    """One kind of event.

    `canonical_keys` takes events and gives the key whose partition owns each; `row_keys` takes their data and
    names the row that each belongs to, "" where it has none. Both take a batch, in order, and rely on the rule.
    `key_says` is the partition key in words. What a program's user agent says of an event: where it is a visit's, it
    filters it (of forms: those on the site); on an email it tells of a machine, which is noted in `data.machine`.
    `rests_on` names, by action, fields that decorate elsewhere and on which figures rest there. Without `asks_consent`
    an event counts whatever it says of consent. `lateness_ms` is how late it may come, where that is not as for all.
    `hints` say what to do about a fault, as (reason, path), where that is not as for all.
    An installation may be without the topic of an optional kind. `ids` are the fields of the data that are ids.
    """

    name: KindName
    struct: type[Envelope]
    canonical_keys: Callable[[Sequence[Any]], list[str]]
    row_keys: Callable[[Sequence[Any]], list[str]]
    key_says: str
    example: Mapping[str, Any]
    rule: Rule | None = None
    user_agent: Literal["filters", "machine", "nothing"] = "filters"
    rests_on: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    asks_consent: bool = True
    lateness_ms: int | None = None
    hints: Mapping[Fault, str] = field(default_factory=dict)
    optional: bool = False
    data: type[Common] = field(init=False)
    ids: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Read off the struct what it says."""
        (data,) = (part.type for part in msgspec.structs.fields(self.struct) if part.name == "data")
        object.__setattr__(self, "data", data)
        object.__setattr__(self, "ids", ids_of(part_of(shape_of(self.struct), "data")))
