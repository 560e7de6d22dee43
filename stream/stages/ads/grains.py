"""Grains: where the figures of a campaign are reported in two ways for the same time, so that both are added.

In:  single events and totals of campaigns and actions.
Out: how many campaigns and actions have such an overlap, by site.

A grain is what a total says beside campaign and action: whether it names an ad group, an ad, a channel type, an
audience, a variant, a segment. Two grains for one moment are most probably the same money twice, and so are single
events inside the period of a total. Nobody can tell which is right, so both count, and this says so.
"""

from __future__ import annotations

from typing import Final

import msgspec

from stream.changes.panes import DAY_MS
from stream.state.keys import GRANULARITY
from stream.state.table import LogRecord

#: What lies further back is no longer said.
MEMORY_MS: Final = 90 * DAY_MS
#: Stretches of time that are remembered of a grain; the oldest go first.
_MOST: Final = 256
SINGLE: Final = "single"

Stretch = tuple[int, int]


class Grain(msgspec.Struct, array_like=True):
    """When a campaign's action was reported, grain → stretches of time in order, and whether two of them overlap."""

    newest: int = 0
    stretches: dict[str, list[Stretch]] = {}
    mixed_ms: int = 0  # the end of the newest overlap; 0: none


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Grain).decode


class Grains:
    """The grains of one shard: a table of its state."""

    prefix = GRANULARITY.prefix

    def __init__(self) -> None:
        self._known: dict[str, Grain] = {}  # site, platform, campaign, action
        self._changed: set[str] = set()
        self._newest_ms = 0

    def add(self, name: str, grain: str, start_ms: int, end_ms: int) -> None:
        """Remember that figures of this name came in this grain for a stretch of time."""
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = Grain()
        if grain not in known.stretches:  # by name, in whichever order they came
            known.stretches = dict(sorted({**known.stretches, grain: []}.items()))
        stretches = known.stretches[grain]
        if any(low <= start_ms and end_ms <= high for low, high in reversed(stretches)):
            return
        known.stretches[grain] = _joined([*stretches, (start_ms, end_ms)])[-_MOST:]
        known.newest = max(known.newest, end_ms)
        self._newest_ms = max(self._newest_ms, end_ms)
        for other, theirs in known.stretches.items():
            if other != grain:
                for low, high in theirs:
                    if low < end_ms and start_ms < high:
                        known.mixed_ms = max(known.mixed_ms, min(high, end_ms))
        self._changed.add(name)

    def mixed(self) -> dict[str, int]:
        """Count the names with an overlap in the last 90 days, by site: 0 where there is none."""
        out: dict[str, int] = {}
        for name, known in self._known.items():
            site = name.partition("\x1f")[0]
            mixed = known.mixed_ms > self._newest_ms - MEMORY_MS and known.mixed_ms > 0
            out[site] = out.get(site, 0) + mixed
        return out

    def load(self, key: bytes, value: bytes | None) -> None:
        """Take a record of the state log."""
        name = key[len(self.prefix) :].decode()
        if value is None:
            self._known.pop(name, None)
        else:
            self._known[name] = _decode(value)
            self._newest_ms = max(self._newest_ms, self._known[name].newest)

    def changes(self) -> list[LogRecord]:
        """Give what changed since the last call."""
        out: list[LogRecord] = []
        for name in self._changed:
            known = self._known.get(name)
            out.append((self.prefix + name.encode(), None if known is None else _encode(known)))
        self._changed.clear()
        return out

    def settle(self) -> None:
        """Forget what changed, because nothing will be written."""
        self._changed.clear()

    def expire(self, oldest_ms: int) -> None:
        """Drop names of which nothing came for as long as anything is said of them."""
        for name in [name for name, known in self._known.items() if known.newest < oldest_ms - MEMORY_MS - DAY_MS]:
            del self._known[name]
            self._changed.add(name)


def _joined(stretches: list[Stretch]) -> list[Stretch]:
    """Join stretches that touch."""
    out: list[Stretch] = []
    for low, high in sorted(stretches):
        if out and low <= out[-1][1]:
            out[-1] = out[-1][0], max(out[-1][1], high)
        else:
            out.append((low, high))
    return out
