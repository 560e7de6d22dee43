"""Pace: the sources of a shard are folded side by side, by when their records arrived.

In:  what is heard of each source, how far it is to its end, and which of them are not asked for more.
Out: the arrival up to which records are folded now.

A short topic is fetched whole before a long one is half through. What happened is the same in whatever order it is
folded, but a form sent before the page was seen is the expensive case.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Final

#: A source with so many records to fetch sets the pace of the others, as long as it is heard of.
FAR_BEHIND: Final = 1_000
PATIENCE_S: Final = 3.0
#: From one answer to the next no more than this counts as listening: a process that folds for seconds hears nobody.
LISTENS_S: Final = 0.5
#: Where no source is heard of for so long, nobody waits for those that are asked.
SILENCE_S: Final = 15.0


class Pace:
    """How far each source of one shard has come; moments are seconds of a steady clock.

    Silence is measured by the answers that name other sources, not by the clock: under load every source is silent
    for seconds, and who then went on without the largest one would fold nearly all of it out of order.
    """

    def __init__(self) -> None:
        self._newest_ms: dict[str, int] = {}
        self._heard_s: dict[str, float] = {}  # how long had been listened when a source was heard of last
        self._listened_s = self._at_s = 0.0

    def begin(self, newest_ms: Mapping[str, int], now_s: float) -> None:
        """Begin anew with sources of which all is read that arrived up to these moments."""
        self._newest_ms = dict(newest_ms)
        self._heard_s = dict.fromkeys(newest_ms, self._listened_s)
        self._at_s = now_s

    def hear(self, source: str, now_s: float) -> None:
        """Learn that a broker answered for a source, with records or without."""
        self._listened_s += min(now_s - self._at_s, LISTENS_S)
        self._at_s = now_s
        self._heard_s[source] = self._listened_s

    def come(self, source: str, newest_ms: int) -> None:
        """Learn when the last record arrived of those that were fetched."""
        self._newest_ms[source] = newest_ms

    def ask(self, source: str) -> None:
        """Learn that a source is fetched again: it had nothing to say meanwhile."""
        self._heard_s[source] = self._listened_s

    def horizon_ms(self, to_fetch: Callable[[str], int | None], unasked: Collection[str], now_s: float) -> int | None:
        """Give the arrival up to which records are folded now; None: all of them.

        `to_fetch` gives how many records a source has that were not fetched, None while its end is not known.
        """
        patience_s = 0.0 if now_s - self._at_s >= SILENCE_S else PATIENCE_S
        slow = [
            newest_ms
            for source, newest_ms in self._newest_ms.items()
            if ((rest := to_fetch(source)) is None or rest > FAR_BEHIND)
            and (source in unasked or self._listened_s - self._heard_s[source] < patience_s)
        ]
        return min(slow, default=None)
