"""Messages: how shards tell the homes of ids what they know, and how one commit's messages travel.

In:  messages for a shard of leads.
Out: records of the topic between groups, cut by bytes, and what is read back from them.

Every message goes to the home of the id that it names first (`at`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from stream.identity.facts import Fact
from stream.identity.ids import Id
from stream.identity.packed import many

#: Brokers take record batches of 1 MiB if nobody told them otherwise.
_RECORD_BYTES: Final = 700 << 10
#: The version of `Touches` and of the messages in it.
VERSION: Final = 2


class Link(msgspec.Struct, frozen=True, array_like=True, tag="link", gc=False):
    """An event named two ids of one person; the larger one is `at`."""

    at: Id
    other: Id


class Seen(msgspec.Struct, frozen=True, array_like=True, tag="seen", gc=False):
    """A visitor was seen under an id."""

    at: Id
    visitor: Id
    visitor_text: str  # by which orders reach the visitor's row


class Put(msgspec.Struct, frozen=True, array_like=True, tag="put", gc=False):
    """A fact about an id; `at` is the id itself, or one on the way to where it is kept."""

    at: Id
    id: Id
    fact: Fact
    by: Id | None = None  # the shared id by whose way it came


class Drop(msgspec.Struct, frozen=True, array_like=True, tag="drop", gc=False):
    """A fact that no longer holds."""

    at: Id
    id: Id
    fact: Fact
    by: Id | None = None


class Name(msgspec.Struct, frozen=True, array_like=True, tag="name", gc=False):
    """The text of an id and its site: told by each sender before anything else about it.

    It is told again where an event names the id that is earlier by (time, source and id) than what the sender
    remembers to have told, so that the first event of all is known however events come.
    """

    at: Id
    id: Id
    site: str
    text: str
    seen_ms: int = 0
    seen_id: str = ""


class Puts(msgspec.Struct, frozen=True, array_like=True, tag="puts", gc=False):
    """What a commit tells of an id in one: a name, and facts behind it; the same as a `Name` and a `Put` for each.

    Most of those of whom anything is told are told of once a commit.
    """

    at: Id
    site: str  # of the name; "" where none is told
    text: str
    seen_ms: int
    seen_id: str
    version: int  # of the facts' bytes
    oldest_ms: int  # of the facts
    newest_ms: int
    letters: bytes  # by which each fact tells what it is
    facts: bytes  # one behind the other
    id: Id | None = None  # `at` itself where it says nothing

    @property
    def about(self) -> Id:
        """Give whom it is about."""
        return self.at if self.id is None else self.id

    def apart(self) -> Iterator[Name | Put]:
        """Give what it says message by message."""
        at, id = self.at, self.about
        if self.site:
            yield Name(at, id, self.site, self.text, self.seen_ms, self.seen_id)
        for fact in many(len(self.letters), self.facts):
            yield Put(at, id, fact)


class Unlink(msgspec.Struct, frozen=True, array_like=True, tag="unlink", gc=False):
    """Forget that an id was a neighbour, or a visitor seen."""

    at: Id
    other: Id
    text: str


#: What readers of events tell. What shards of leads tell each other is in `stream.stages.leads`.
Told = Link | Seen | Put | Drop | Name | Puts | Unlink


class Touches(msgspec.Struct, array_like=True):
    """A record between groups: what one commit of one shard tells one shard of leads.

    `prev` is the number of the sender's record before this one to the same receiver (0: none), so that a gap is seen.
    `reached_ms` is up to when the sender has read. Messages are encoded each by itself: who passes them on need not
    understand them.
    """

    group: str
    shard: int
    life: str
    seq: int
    prev: int
    reached_ms: int
    messages: list[msgspec.Raw]
    version: int = VERSION


class UnknownTouches(Exception):
    """A record of a newer release; the text says which."""


_encoder = msgspec.msgpack.Encoder()
_touches = msgspec.msgpack.Decoder(Touches).decode
_fields = msgspec.msgpack.Decoder(list[msgspec.Raw]).decode
_number = msgspec.msgpack.Decoder(int).decode
_VERSION: Final = Touches.__struct_fields__.index("version")


def encode(message: object) -> msgspec.Raw:
    """Encode one message."""
    return msgspec.Raw(_encoder.encode(message))


def pack(whole: Touches) -> list[bytes]:
    """Encode as few records as brokers take it in, in order; each names the one before it."""
    one = _encoder.encode(whole)
    if len(one) <= _RECORD_BYTES or not whole.messages:
        return [one]
    out: list[bytes] = []
    some: list[msgspec.Raw] = []
    size, prev, seq = 0, whole.prev, whole.seq
    for message in [*whole.messages, None]:
        if some and (message is None or size + len(bytes(message)) > _RECORD_BYTES):
            part = msgspec.structs.replace(whole, seq=seq, prev=prev, messages=some)
            out.append(_encoder.encode(part))
            prev, seq, some, size = seq, seq + 1, [], 0
        if message is not None:
            some.append(message)
            size += len(bytes(message))
    return out


def unpack(value: bytes) -> Touches:
    """Decode a record; raises UnknownTouches for one of a newer release, msgspec.MsgspecError for what is none."""
    try:
        found = _touches(value)
    except msgspec.ValidationError:
        fields = _fields(value)
        if len(fields) > _VERSION:
            _refuse_newer(_number(fields[_VERSION]))
        raise
    _refuse_newer(found.version)
    return found


def _refuse_newer(version: int) -> None:
    if version > VERSION:
        raise UnknownTouches(f"it was written by a newer release (format {version}; this one reads {VERSION})")


def told(messages: Sequence[msgspec.Raw]) -> list[Told]:
    """Decode what a reader of events told, each name and fact by itself."""
    decode = msgspec.msgpack.Decoder(Told).decode
    out: list[Told] = []
    for message in messages:
        one = decode(bytes(message))
        out += one.apart() if isinstance(one, Puts) else (one,)
    return out
