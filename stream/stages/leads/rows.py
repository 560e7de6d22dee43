"""Rows: what the home of an id keeps, as it is stored.

In:  nothing.
Out: the structs, and the bytes of keys and of facts.

The home of an id has one row by it: whom the id was named with, where it belongs, and, where it is the root of a
cluster, the frame of the cluster and the id's own part. Parts of the other ids of a cluster are records of their own
beside it, so that a fact about one of them does not write all anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec
from msgspec import Raw, Struct

from stream.identity.facts import Fact
from stream.identity.ids import Id
from stream.identity.packed import FACTS, encode_fact, facts_of, head

_fact: Final = msgspec.msgpack.Decoder(Fact).decode
encode: Final = msgspec.msgpack.Encoder().encode


#: How an array of 15 begins.
_QUIET: Final = 0x9F
#: A list of nothing.
NOTHING: Final = b"\x90"


class Part(Struct, array_like=True, gc=False):
    """What is known about one id of a cluster."""

    site: str = ""
    text: str = ""  # the id as events have it
    first_ms: int = 0  # the earliest event that named it, and when that was
    first_id: str = ""
    n: int = 0
    facts: bytes = b""  # so many of them, one behind the other
    evident: bool = False  # some may make a lead of somebody
    ways: list[tuple[Id, Raw]] = []  # facts that came by the way of a shared id


#: Time, channel and campaign of a touch.
Touched = tuple[int, str, str]


class Said(Struct, array_like=True, gc=False):
    """What `leadpulse.leads` says of a lead: what often changes, and the rest as it is written."""

    score: int
    parts: list[tuple[str, int, int]]  # rule, points, times
    last: Touched | None
    rest: bytes  # the other fields, in JSON


class Calm(Struct, array_like=True, gc=False):
    """What of the only lead of a cluster must be known to see that one more fact changes next to nothing."""

    newest_ms: int  # nothing that it counts for is newer
    active_ms: int  # its newest sign of life
    stage: str
    open: bool  # neither customer nor lost
    waits: bool  # a mail lies unopened
    nurtured: bool
    opened: int  # what was opened, clicked or answered on the day of the newest fact
    low: int  # the scores between which no band changes and no threshold is reached, from low on and below high
    high: int


class Told(Struct, array_like=True, gc=False):
    """What of one lead stands in the topics of results."""

    type: int  # of the id that its key is made of
    text: str
    site: str
    version: int
    band: str = ""
    #: what was told, and the change by which; of leads that were merged one behind the other (`told`)
    changes: dict[str, bytes] = {}
    said: Said | None = None


class Row(Struct, array_like=True, gc=False):
    """An id at its home; what stands behind `deals` is there only where it is the root of a cluster."""

    newest_ms: int  # when it was last heard of
    due_ms: int = 0  # when it changes without any fact; 0: never
    counted_ms: int = 0  # the clock by which it was last counted
    rules: int = 0  # the number of the rules by which that was
    leads: int = 0  # so many of its cluster are leads
    largest: int = 0  # ids of the largest of them
    site: str = ""
    oldest_ms: int = 0  # no fact of its cluster is older
    parent: Id | None = None  # a smaller id where all of this belongs, set once
    shared: bool = False
    near: list[Id] = []  # ids that it was named with: of each type one more than there may be at most
    visitors: list[str] = []  # that were seen under it
    deals: list[Id] = []  # that were told with it
    version: int = FACTS
    own: Part | None = None
    members: list[Id] = []  # the other ids of the cluster that have a part
    edges: list[tuple[Id, Id]] = []
    gone: list[Id] = []  # ids of the cluster that are shared
    told: Raw = Raw(NOTHING)  # a list of what was told
    settled_ms: int = 0
    awaits: int = 0  # parts that are still on their way from another root
    calm: Calm | None = None
    full: bool = False  # the cluster that it is in has room for nobody else
    children: list[Id] = []  # the ids whose parent it is
    silent: list[Id] = []  # ids of the cluster that were forgotten, and of which another root has not told the last yet


class Quiet(Struct, array_like=True, gc=False):
    """The row of somebody of whom a name and facts are known that make nobody a lead, and no more, as of most.

    It is a `Row` that ends with the id's own part, all else in it being as in a new one.
    """

    newest_ms: int
    due_ms: int
    counted_ms: int
    rules: int
    leads: int
    largest: int
    site: str
    oldest_ms: int
    parent: None
    shared: bool
    near: tuple[()]
    visitors: tuple[()]
    deals: tuple[()]
    version: int
    own: Part


class Head(Struct, array_like=True, gc=False):
    """The beginning of a row, for whoever looks at all of them."""

    newest_ms: int
    due_ms: int = 0
    counted_ms: int = 0
    rules: int = 0
    leads: int = 0
    largest: int = 0
    site: str = ""
    oldest_ms: int = 0


class Deal(Struct, array_like=True, gc=False):
    """What was told of a deal."""

    newest_ms: int
    site: str
    deal: str
    won: tuple[int, str] | None = None  # the first record that it was won
    owner: tuple[int, str, Id] | None = None  # the first of them that names a lead
    last: tuple[int, str, int | None, str, bool | None] | None = None  # the last one: value, currency, new customer
    lost: tuple[int, str] | None = None
    loser: tuple[int, str, Id] | None = None  # likewise, of records that it was lost
    refunds: list[tuple[int, str, int, str]] = []  # time, id, value, currency
    nobody: bool = False  # its owner was forgotten: what was counted stays, and nobody has it


class Waiting(Struct, array_like=True, gc=False):
    """Somebody to be forgotten, when what was sent before that was asked has come."""

    due_ms: int
    id: Id
    text: str
    site: str
    asked_ms: int
    again: bool = False  # it was done once, and is done again for those that were down


told_of: Final = msgspec.msgpack.Decoder(list[Told]).decode
quiet_of: Final = msgspec.msgpack.Decoder(Quiet).decode
row_of: Final = msgspec.msgpack.Decoder(Row).decode
head_of: Final = msgspec.msgpack.Decoder(Head).decode
part_of: Final = msgspec.msgpack.Decoder(Part).decode
deal_of: Final = msgspec.msgpack.Decoder(Deal).decode
waiting_of: Final = msgspec.msgpack.Decoder(Waiting).decode


def key(id: Id) -> bytes:
    """Give the 19 bytes of an id, which sort as ids do."""
    return b"%c%b%c%c" % (id.type, id.hash, id.home >> 8, id.home & 255)


def is_quiet(row: bytes) -> bool:
    """Tell whether a row is that of somebody of whom so little is known: by how many fields it has."""
    return row[0] == _QUIET


def facts_in(raws: Iterable[Raw], version: int) -> list[bytes]:
    """Give the bytes of facts as this release writes them."""
    if version != FACTS:
        return [encode_fact(_fact(raw)) for raw in raws]
    return [bytes(raw) for raw in raws]


def decoded(facts: Iterable[bytes]) -> list[Fact]:
    """Give facts of their bytes."""
    return facts_of(listed(facts))


def listed(items: Iterable[bytes]) -> bytes:
    """Make a list in MessagePack of what is encoded already."""
    some = list(items)
    return head(len(some)) + b"".join(some)
