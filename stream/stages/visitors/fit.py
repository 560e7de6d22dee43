"""Fit: a row that would outgrow a record of the log becomes smaller.

In:  the row of a person who is hardly one: hundreds of thousands of events within the memory.
Out: its encoding, small enough to be written; what was counted stays counted.

Half of what takes room is given up, oldest first, until the row fits: sessions are folded together, finished chats
are forgotten, page views stay in the channel that they were counted in.
"""

from __future__ import annotations

from typing import Any

from stream.stages.visitors.reference_way import fold_away
from stream.stages.visitors.row import Extra, Row, encode

_TICK_BYTES = 4


def fitting(row: Row, most_bytes: int) -> bytes:
    """Encode a row, changing it where it is too large; larger still only where nothing is left to give up."""
    raw = encode(row)
    while len(raw) > most_bytes:
        if not _halve(row):
            break
        raw = encode(row)
    return raw


def _halve(row: Row) -> bool:
    """Give up half of what can be given up; False where nothing is left."""
    sessions, smaller = row.sessions, False
    for _ in range(len(sessions) // 2):
        fold_away(row, sessions.pop(0))
        smaller = True
    newest = sessions[-1]
    ticks = len(newest.ticks) // _TICK_BYTES
    if not smaller and ticks > 1:
        newest.ticks = newest.ticks[-(ticks // 2) * _TICK_BYTES :]
        smaller = True
    if row.extra is not None:
        smaller |= _halve_extra(row.extra)
    return smaller


def _halve_extra(extra: Extra) -> bool:
    smaller = False
    extra.folded = dict(sorted(extra.folded.items(), key=lambda item: max(item[1])))
    for name in ("conversations", "orders", "appointments", "folded"):
        held: dict[str, Any] = getattr(extra, name)
        if len(held) > 1:  # in the order in which they began
            setattr(extra, name, dict(list(held.items())[len(held) // 2 :]))
            smaller = True
    return smaller
