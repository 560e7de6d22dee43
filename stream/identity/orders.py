"""Orders: what shards of leads tell those that keep people's rows.

In:  nothing.
Out: the values of messages whose header names a claim or an erasure, and what is read back from them.
"""

from __future__ import annotations

from typing import Final

import msgspec

from stream.identity.ids import Id


class Claim(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The crm says whose a visitor is: as if the visitor had been seen under `id` at that moment."""

    site: str
    visitor: str
    id: Id
    time_ms: int
    event: str  # source and id of the record of the crm


class Erase(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Forget all that is known of some ids: of one visitor, or of every row that knows one of them.

    With `consent` nothing is erased: False filters later events that name one of the ids, True ends that.
    """

    site: str
    visitor: str  # "" for every row of the shard
    ids: list[Id]
    consent: bool | None = None
    names: list[str] = []  # of the ids, as events have them; "" where that is not known


encode: Final = msgspec.msgpack.Encoder().encode
claim: Final = msgspec.msgpack.Decoder(Claim).decode
erase: Final = msgspec.msgpack.Decoder(Erase).decode
