"""Rounds: when figures are published, by whose reports have come.

In:  the moments of a steady clock in seconds, and which shards reported at them.
Out: how long to wait for more, and whether to publish now.

Shards commit close to each other, once an interval. A publication that takes a part of a round shows the rest a second
late; one that waits for silence shows all of it late. So as many reports are waited for as came with the publications
before, and silence only counts where that many do not come.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable
from typing import Final

PUBLISH_S: Final = 1.0
#: When nothing came for so long, all that shards counted is in; a worker that folds much answers nobody meanwhile.
SETTLES_S: Final = 0.3
LATE: Final = 1.25  # a publication waits for the shards, but not much longer than usual
CALM: Final = 2  # where nothing is counted only time goes on, and so often is enough for it
BEHIND_S: Final = 3.0  # between two publications while a backlog is worked off: none of them holds for long


class Rounds:
    """The reports since the last publication."""

    def __init__(self, now_s: float) -> None:
        self._early = self._due = now_s
        self._came: set[Hashable] = set()
        self._usual = 0

    def wait_s(self, now_s: float) -> float:
        """Give how long the next report may be waited for."""
        wait_s = self._due - now_s
        return max(0.0, min(wait_s, SETTLES_S) if self._came and now_s >= self._early else wait_s)

    def take(self, reporters: Collection[Hashable], now_s: float, *, at_once: bool) -> bool:
        """Learn who reported, nobody after the wait; say whether to publish. What ends a calm is shown `at_once`."""
        self._came.update(reporters)
        if reporters and at_once:
            self._early = min(self._early, now_s)
        if now_s >= self._due:
            return True
        whole = not reporters or len(self._came) >= self._usual
        return bool(self._came) and now_s >= self._early and whole

    def published(self, now_s: float, *, complete: bool, calm: bool) -> None:
        """Begin the next round: the shards set its pace, and if they do not, it goes on without them."""
        self._usual = max(len(self._came), self._usual * 3 // 4)  # what comes between two rounds says nothing of them
        self._came.clear()
        self._early = now_s + (PUBLISH_S / 2 if complete else BEHIND_S)
        self._due = now_s + (PUBLISH_S * LATE if complete else BEHIND_S)
        if calm:
            self._early = self._due = now_s + PUBLISH_S * CALM
