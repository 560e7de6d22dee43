"""Looks: what the judge remembers from look to look, as records of the log of history.

In:  records of the log; what is remembered after a look.
Out: the rows that say so, in the transaction of the readings that were looked at; what was remembered last.

What is torn is as good as lost, and the judge begins anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from stream.history.pieces import Pieces
from stream.judge.state import Remembered

_PREFIX: Final = b"look/"


class Looks:
    """What the log has of looks."""

    def __init__(self) -> None:
        self._pieces = Pieces(_PREFIX)

    def load(self, key: bytes, value: bytes | None) -> bool:
        """Take one record, in the order of the log; False for one that is another's."""
        return self._pieces.load(key, value)

    @property
    def is_there(self) -> bool:
        """Say whether the log has anything of looks, readable or not."""
        return self._pieces.is_there

    def remembered(self) -> Remembered | None:
        """Give what was remembered last; None where there is nothing, or nothing that can be read."""
        said = self._pieces.value()
        try:
            return None if said is None else msgspec.msgpack.decode(said, type=Remembered)
        except msgspec.DecodeError:
            return None

    def rows(self, remembered: Remembered) -> Iterator[tuple[bytes, bytes | None]]:
        """Write what is remembered after a look, over what was."""
        moment_ms = remembered.looks[-1] if remembered.looks else 0
        return self._pieces.rows(msgspec.msgpack.encode(remembered), moment_ms)
