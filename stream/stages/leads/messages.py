"""Messages: what homes of ids tell each other, beside what readers of events tell them.

In:  nothing.
Out: the types, and one decoder for all that may come to a shard of leads.

Each goes to the home of the id that it names first (`at`); a home that has a parent passes on what belongs to the
cluster. `stream.identity.messages` has what readers tell.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from stream.identity.ids import Id
from stream.identity.messages import Drop, Link, Name, Put, Puts, Seen, Unlink


class Linked(Struct, frozen=True, array_like=True, tag="linked", gc=False):
    """Note `other`, as its home has noted `at`; agreed: it is not shared there, and may be joined."""

    at: Id
    other: Id
    agreed: bool


class Join(Struct, frozen=True, array_like=True, tag="join", gc=False):
    """Both homes agree: the ids are one person, and what is known of them comes together."""

    at: Id
    other: Id


class Edge(Struct, frozen=True, array_like=True, tag="edge", gc=False):
    """A link between two ids of the cluster."""

    at: Id
    a: Id
    b: Id


class Union(Struct, frozen=True, array_like=True, tag="union", gc=False):
    """Bring the cluster that `at` is in and that of `other` together at the smaller of their roots."""

    at: Id
    other: Id


class Sharing(Struct, frozen=True, array_like=True, tag="shared", gc=False):
    """An id of the cluster is shared from now on, or is no longer."""

    at: Id
    id: Id
    shared: bool


class Full(Struct, frozen=True, array_like=True, tag="full", gc=False):
    """So many ids lie where this one does that no more are joined to it."""

    at: Id


class Shipped(Struct, frozen=True, array_like=True, tag="ship", gc=False):
    """The frame of a cluster on its way to another root; so many parts follow, each by itself."""

    at: Id
    parts: int
    edges: list[tuple[Id, Id]]
    shared: list[Id]
    told: list[Any]  # as `told.Told`, encoded
    clock_ms: int  # by which it was counted
    newest_ms: int
    oldest_ms: int
    silent: list[Id] = []  # as in a row
    child: Id | None = None  # the root that it was, which hangs on `at` from now on


class Moved(Struct, frozen=True, array_like=True, tag="part", gc=False):
    """A part of a cluster on its way: the name of an id, facts about it, and those that came by a shared id's way."""

    at: Id
    id: Id
    site: str
    text: str
    first_ms: int
    first_id: str
    facts: list[Raw]
    ways: list[tuple[Id, Raw]]
    version: int  # of the facts' bytes


class DealTold(Struct, frozen=True, array_like=True, tag="deal", gc=False):
    """A record of the crm about a deal; `at` is the deal's own id."""

    at: Id
    site: str
    deal: str
    action: str
    time_ms: int
    id: str
    lead: Id | None
    value: int | None
    currency: str
    new_customer: bool | None


class DealForget(Struct, frozen=True, array_like=True, tag="undeal", gc=False):
    """Make it nobody's, if one of these has it: what it was counted for stays."""

    at: Id
    ids: list[Id]


class Erasing(Struct, frozen=True, array_like=True, tag="erase", gc=False):
    """Forget the person whom `id` is of; up to the root, which knows all ids.

    `again_ms` is when it was asked, where that is done again for those who were down: whoever has come since then is
    left alone. 0: the first time.
    """

    at: Id
    id: Id
    site: str
    text: str
    again_ms: int = 0


class Forget(Struct, frozen=True, array_like=True, tag="forget", gc=False):
    """Forget an id at its home, and after it the others, each when the one before is gone.

    Without `orders` nobody asked for it: a lead of long ago makes room, and readers need not be told.
    """

    at: Id
    site: str
    ids: list[Id]
    texts: list[str]
    others: list[Id]
    orders: bool


class Wipe(Struct, frozen=True, array_like=True, tag="wipe", gc=False):
    """Follow what was still on its way to the cluster, and forget it there."""

    at: Id
    id: Id
    last: Forget


class Wiped(Struct, frozen=True, array_like=True, tag="wiped", gc=False):
    """The last was told of an id where it was before it was forgotten: whoever has it now may tell of it."""

    at: Id
    id: Id


class Standing(Struct, frozen=True, array_like=True, tag="stands", gc=False):
    """Say what the lead of this name is now, or that there is none: a record stands in the topic of leads."""

    at: Id
    id: Id
    site: str
    text: str
    version: int  # of what stands there


Message = (
    Link | Seen | Put | Puts | Drop | Name | Linked | Join | Edge | Union | Sharing | Full | Shipped | Moved | DealTold
    | DealForget | Erasing | Forget | Wipe | Wiped | Standing | Unlink
)  # fmt: skip

decode: Final = msgspec.msgpack.Decoder(Message).decode
