"""Post: messages on their way to the homes of ids, here or elsewhere.

In:  messages.
Out: those for this shard, one after another; those for others, encoded, by shard.

What goes to the shard itself always takes the short way: along a way messages must stay in order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Raw

from stream.identity.messages import encode
from stream.stages.leads.messages import Message


class Post:
    """What one shard of leads tells; `queue` are the messages to itself."""

    def __init__(self, shard: int) -> None:
        self._shard = shard
        self.queue: deque[Message] = deque()
        self._elsewhere: dict[int, list[Raw]] = {}

    def send(self, message: Message) -> None:
        """Send a message to the home of the id that it names first."""
        home = message.at.home
        if home == self._shard:
            self.queue.append(message)
        else:
            self._elsewhere.setdefault(home, []).append(encode(message))

    def here(self) -> Iterator[Message]:
        """Give the messages to this shard, also those that are sent meanwhile."""
        while self.queue:
            yield self.queue.popleft()

    def elsewhere(self) -> Mapping[int, Sequence[Raw]]:
        """Give the messages to other shards, and forget them."""
        out, self._elsewhere = self._elsewhere, {}
        return out
