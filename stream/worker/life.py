"""Life: proves that a log of leadpulse is whole, from its first record to its position.

In:  what a take-over found in a log: where it begins and ends, its birth, and what its position says.
Out: the life that goes on in it; or a TopicError that says what is missing.

The first record of each own log is its birth: a random id under a key that is never written again, so that compaction
leaves it in its place. The position repeats the id. Whatever takes the front of the log away (retention, deleted
records, a topic that was made anew) takes the birth with it, and the position at the end still names it.
"""

from __future__ import annotations

import uuid
from typing import Literal, NamedTuple

import msgspec

from stream.errors import REBUILD, TopicError
from stream.state.keys import BIRTH


class Birth(msgspec.Struct):
    """The first record of a log."""

    life: str
    begin: int = 0  # where the log began then
    version: int = BIRTH.version


class Log(NamedTuple):
    """What a take-over found in a log; `named` is the life that its position names, None without a position."""

    where: str
    begin: int
    end: int
    birth: bytes | None
    named: str | None


class Life(NamedTuple):
    """The life of a log, and how it came to it.

    `goes on`: it has its birth. `adopted`: it is of a release that knew no births, and is whole. `empty`: there is
    nothing in it, and whether that may be is for others to say.
    """

    id: str
    how: Literal["goes on", "adopted", "empty"]


_encode = msgspec.json.Encoder().encode
_birth = msgspec.json.Decoder(Birth).decode


def new_life() -> str:
    """Make an id that no other log has."""
    return uuid.uuid4().hex[:16]


def birth(life: str, begin: int = 0) -> bytes:
    """Write the birth record's value for a log that begins at an offset."""
    return _encode(Birth(life, begin))


def life_of(log: Log, fresh: str) -> Life:
    """Say which life a log has, `fresh` if it has none yet; raises TopicError for a log that is not whole.

    >>> life_of(Log("x 0", 0, 9, birth("a"), "a"), "b")
    Life(id='a', how='goes on')
    >>> life_of(Log("x 0", 0, 9, None, ""), "b")
    Life(id='b', how='adopted')
    """
    if log.birth is not None:
        born = _birth(log.birth)
        if born.version > BIRTH.version:
            raise TopicError(
                f"The log was begun by a newer release (format {born.version}; this one reads {BIRTH.version}).",
                where=log.where,
                do=f"Run that release again, or a later one; or {REBUILD}.",
            )
        if log.named and log.named != born.life:
            raise TopicError(
                f"The log was made anew: it has the life {born.life}, its position is of the life {log.named}.",
                where=log.where,
                do=f"Restore the topic as it was; or {REBUILD}.",
            )
        if log.begin <= born.begin:
            return Life(born.life, "goes on")
    elif log.named is None:
        return Life(fresh, "empty")
    if log.birth or log.named or log.begin > 0:
        raise TopicError(
            f"The log has lost its beginning: offsets {log.begin} to {log.end} are left, its first records are gone. "
            "What was counted before cannot be added up.",
            where=log.where,
            do=f"Restore the topic as it was (its cleanup.policy must be compact); or {REBUILD}.",
        )
    return Life(fresh, "adopted")
