"""Fit: a row that would outgrow a record of the log becomes smaller.

In:  the row of a person who is hardly one: hundreds of thousands of events within the memory.
Out: its encoding, small enough to be written; what was counted stays counted.

Half of what takes room is given up, oldest first, until the row fits: sessions are folded together, finished chats
are forgotten, page views stay in the channel that they were counted in.
"""

from __future__ import annotations

from stream.stages.visitors.look_back import is_touch
from stream.stages.visitors.people import LIFE_MS, fold_away
from stream.stages.visitors.row import Extra, Row, encode

_TICK_BYTES = 4


def fitting(row: Row, most_bytes: int, look_back_ms: int = 0, memory_ms: int = LIFE_MS) -> bytes:
    """Encode a row, changing it where it is too large; larger still only where nothing is left to give up."""
    raw = encode(row)
    while len(raw) > most_bytes:
        if not _halve(row, look_back_ms, memory_ms):
            break
        raw = encode(row)
    return raw


def _halve(row: Row, look_back_ms: int = 0, memory_ms: int = LIFE_MS) -> bool:
    """Give up half of what can be given up; False where nothing is left."""
    sessions, smaller = row.sessions, False
    for _ in range(len(sessions) // 2):
        fold_away(row, sessions.pop(0), look_back_ms, memory_ms)
        smaller = True
    newest = sessions[-1] if sessions else None
    ticks = len(newest.ticks) // _TICK_BYTES if newest is not None else 0
    if newest is not None and not smaller and ticks > 1:
        newest.ticks = newest.ticks[-(ticks // 2) * _TICK_BYTES :]
        smaller = True
    if row.extra is not None:
        smaller |= _halve_extra(row.extra)
    return smaller


def _halve_extra(extra: Extra) -> bool:
    smaller = False
    for held in (extra.talks, extra.submissions, extra.loose):
        if len(held) > 1:  # in the order in which they came
            del held[: len(held) // 2]
            smaller = True
    if extra.folded is not None and len(extra.folded.ways) > 1:
        # the touch, which others go by, comes last
        ways = sorted(extra.folded.ways.items(), key=lambda item: (is_touch(item[0]), max(item[1])))
        extra.folded.ways = dict(ways[len(ways) // 2 :])
        smaller = True
    return smaller
