"""Mailed: what became of a copy, for whoever it was sent to, as a pure function of its facts.

In:  the facts of a copy, all that its parts come to.
Out: facts, each with the id that it is about: the smallest one that the events of the copy name.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final, NamedTuple

from stream.identity.facts import Fact, Mailed
from stream.identity.ids import Id
from stream.stages.emails.copy import Copy, Said, counts, has_left, purpose

#: Its mails do not nurture anybody.
WELCOME: Final = "welcome"
#: What can become of a copy.
WHAT: Final = ("delivered", "opened", "clicked", "replied", "unsubscribed")

#: A time, and whether what was then nurtures; None for never.
When = tuple[int, bool] | None
#: Nothing has become of it.
NOTHING: Final[tuple[When, ...]] = (None,) * len(WHAT)
#: Facts with the ids that they are about.
Known = set[tuple[Id, Fact]]


class Basis(NamedTuple):
    """What the facts of a copy follow from: if it is the same, so are they."""

    to: list[Id]
    delivered: int
    opened: int
    clicked: int
    replied: int
    unsubscribed: int
    said: list[Said]


def basis(copy: Copy) -> Basis | None:
    """Give what the facts of a copy follow from; None where nothing shows yet that it was sent, or to nobody."""
    told = copy.told
    if told is None or not told.to or not counts(copy):
        return None
    left = told.unsubscribed if copy.left is not None and has_left(copy) else 0
    return Basis(told.to, told.delivered, told.opened, copy.clicked, copy.replied, left, copy.said)


def mailed(key: str, of: Basis) -> Known:
    """Give the facts of a copy of a message, whose key is site and message id."""
    to = of.to[0]
    message = message_name(key, to)
    return {(to, Mailed(message, what, *one)) for what, one in zip(WHAT, what_of(of), strict=True) if one is not None}


def message_name(key: str, to: Id) -> str:
    """Name a message that was sent to somebody, without naming either."""
    return blake2b(key.encode("utf-8", "surrogatepass") + to.hash, digest_size=8).hexdigest()


def what_of(of: Basis) -> tuple[When, ...]:
    """Give when each of what can become of a copy was first, and whether it nurtures; None: it was not."""
    delivered = (of.delivered, purpose(of.said) != WELCOME) if of.delivered else None
    return (
        delivered,
        (of.opened, False) if of.opened else None,
        (of.clicked, False) if of.clicked else None,
        (of.replied, False) if of.replied else None,
        (of.unsubscribed, False) if of.unsubscribed else None,
    )
