"""Outgoing: what one commit tells the homes of ids, in as few messages as say the same.

In:  names, facts, messages of any other sort.
Out: encoded messages by shard of leads, names ahead of all that is said about them.

Most of those of whom anything is told are told of once or twice a commit, and that is one message. What is told of an
id stays in its order: a message of another sort ends what was gathered of it, and facts behind it are gathered anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Raw

from stream.identity.facts import Fact
from stream.identity.ids import Id
from stream.identity.messages import Drop, Link, Name, Puts, Seen, Unlink, encode
from stream.identity.packed import FACTS, encode_fact, moment_of, tag

#: Facts in one message: of an address that many share there may be thousands, and a record is bounded.
_MOST: Final = 64


class _Facts:
    """Facts about one id, until something else is told of it."""

    __slots__ = ("facts", "first", "id", "letters", "newest_ms", "oldest_ms")

    def __init__(self, id: Id, first: bool) -> None:
        self.id, self.first = id, first
        self.facts: list[bytes] = []
        self.letters: list[int] = []
        self.oldest_ms = self.newest_ms = 0


class Outgoing:
    """What one shard tells."""

    def __init__(self) -> None:
        #: By the hash of an id, which is of its type as well.
        self._names: dict[bytes, Name] = {}
        self._told: dict[int, list[_Facts | Raw]] = {}
        #: Those of whom something was told: what can take one more fact, None where it must be gathered anew.
        self._open: dict[bytes, _Facts | None] = {}

    def name(self, name: Name) -> None:
        """Tell a name; of several of one id the one by the earliest event."""
        waiting = self._names.get(name.id.hash)
        if waiting is None or (name.seen_ms, name.seen_id) < (waiting.seen_ms, waiting.seen_id):
            self._names[name.id.hash] = name

    def put(self, id: Id, fact: Fact) -> None:
        """Tell a fact that holds from now on."""
        raw, moment_ms = encode_fact(fact), moment_of(fact)
        some = self._open.get(id.hash)
        if some is None:
            some = _Facts(id, id.hash not in self._open)
            some.oldest_ms = some.newest_ms = moment_ms
            self._open[id.hash] = some
            self._of(id.home).append(some)
        elif moment_ms > some.newest_ms:
            some.newest_ms = moment_ms
        elif moment_ms < some.oldest_ms:
            some.oldest_ms = moment_ms
        some.facts.append(raw)
        some.letters.append(tag(raw))
        if len(some.letters) == _MOST:
            self._open[id.hash] = None

    def send(self, message: Drop | Link | Seen | Unlink) -> None:
        """Tell anything else."""
        self._open[message.at.hash] = None
        self._of(message.at.home).append(encode(message))

    def send_encoded(self, messages: Iterable[tuple[int, bytes, bytes]]) -> None:
        """Tell what is encoded already, in its order: the home of an id, its hash, a message to it."""
        for home, hash, raw in messages:
            self._open[hash] = None
            self._of(home).append(Raw(raw))

    def take(self) -> dict[int, list[Raw]]:
        """Give the messages since the last call, by shard of leads."""
        names, told = self._names, self._told
        self._names, self._told, self._open = {}, {}, {}
        out: dict[int, list[Raw]] = {}
        for shard, some in told.items():
            out[shard] = [encode(_puts(one, names)) if isinstance(one, _Facts) else one for one in some]
        ahead: dict[int, list[Raw]] = {}
        for name in names.values():
            ahead.setdefault(name.at.home, []).append(encode(name))
        return {shard: ahead.get(shard, []) + out.get(shard, []) for shard in {**ahead, **out}}

    def _of(self, shard: int) -> list[_Facts | Raw]:
        found = self._told.get(shard)
        if found is None:
            found = self._told[shard] = []
        return found


def _puts(some: _Facts, names: dict[bytes, Name]) -> Puts:
    """Make a message of facts; with the name, which is taken out, where nothing else was told of the id before."""
    name = names.pop(some.id.hash, None) if some.first else None
    said = ("", "", 0, "") if name is None else (name.site, name.text, name.seen_ms, name.seen_id)
    letters, facts = bytes(some.letters), b"".join(some.facts)
    return Puts(some.id, *said, FACTS, some.oldest_ms, some.newest_ms, letters, facts)
