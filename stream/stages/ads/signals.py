"""Signals: what somebody outside measured last, standing until something newer is told.

In:  signal events with their times.
Out: standing cells: the value, when it was observed, whether it was restated; the sum of followers.

Of a name, provider and entity the latest (time of observation, revision, time, id) stands, in whatever order they
come. It was restated where a record of a lower revision told of the same observation.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any, Final

import msgspec

from stream.changes.accumulator import Accumulator
from stream.changes.cells import Cell
from stream.contract.records import UNIT
from stream.contract.times import parse_ms
from stream.state.keys import SIGNALS
from stream.state.labels import FOLDED
from stream.state.rows import Rows

FOLLOWERS: Final = "social_followers"

#: What stands is not forgotten: it holds until something newer is told.
_NEVER_MS: Final = 1 << 60


class Latest(msgspec.Struct, array_like=True, gc=False):
    """The observation that stands; `value` is in millionths, `labels` are as the cells have them.

    `told` is when a record of it was told last, `lowest` the lowest revision of any that told of this observation,
    `follows` whether it is part of the sum of followers.
    """

    told: int
    observed: int
    revision: int
    time: int
    name: str
    value: int
    lowest: int
    labels: list[str]
    follows: bool = False


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Latest).decode


class Signals:
    """The signals of one shard."""

    def __init__(
        self, admit: Callable[[str, str | None], str], followers: Collection[tuple[str, str]] | None = None
    ) -> None:
        """Take the (provider, entity) whose followers are added up; without any, all are."""
        self.rows = Rows(SIGNALS, _NEVER_MS)
        self._admit, self._followers = admit, frozenset(followers or ())
        self._settled = False  # the rows are counted by these followers

    def add(self, event: Any, time_ms: int, accumulator: Accumulator) -> None:
        """Let an observation stand, if it is the latest."""
        data = event.data
        key = UNIT.join((data.site_id, data.name, data.provider, data.entity))
        raw = self.rows.encoded.get(key)
        before = None if raw is None else _decode(raw)
        after = self._latest(event, time_ms, before)
        if before is None and FOLDED in after.labels and not after.follows:
            return  # nothing would stand because of it, and of such there is no end
        for cell, amount in _change(before, after).items():
            accumulator.stand(cell, amount)
        self.rows.put(key, _encode(after))

    def settle(self, accumulator: Accumulator) -> None:
        """Count rows of former rules by those of today, once."""
        if self._settled:
            return
        self._settled = True
        for key, raw in self.rows.encoded.items():
            _, name, provider, entity = key.split(UNIT)
            before = _decode(raw)
            follows = self._follows(name, provider, entity)
            if follows != before.follows:
                after = msgspec.structs.replace(before, follows=follows)
                for cell, amount in _change(before, after).items():
                    accumulator.stand(cell, amount)
                self.rows.put(key, _encode(after))

    def _latest(self, event: Any, time_ms: int, before: Latest | None) -> Latest:
        data = event.data
        observed = parse_ms(data.observed_at)
        assert observed is not None  # the rule of the kind has seen it
        told = time_ms if before is None else max(time_ms, before.told)
        new = Latest(
            told, observed, data.revision, time_ms, event.source + UNIT + event.id, data.value, data.revision,
            [self._admit(label, value) for label, value in zip(LABELS, _named(data), strict=True)],
            self._follows(data.name, data.provider, data.entity),
        )  # fmt: skip
        if before is None or new.observed > before.observed:
            return new
        if new.observed < before.observed:
            return msgspec.structs.replace(before, told=told)
        lowest = min(new.lowest, before.lowest)
        stands = new if _order(new) > _order(before) else before
        return msgspec.structs.replace(stands, told=told, lowest=lowest)

    def _follows(self, name: str, provider: str, entity: str) -> bool:
        return name == FOLLOWERS and (not self._followers or (provider, entity) in self._followers)


#: Labels of the cells of a signal.
LABELS: Final = ("site", "signal", "provider", "entity")


def _named(data: Any) -> tuple[str, str, str, str]:
    return data.site_id, data.name, data.provider, data.entity


def _order(row: Latest) -> tuple[int, int, str]:
    return row.revision, row.time, row.name


def _change(before: Latest | None, after: Latest | None) -> dict[Cell, int]:
    """Give by how much what stands is another."""
    out: dict[Cell, int] = {}
    for row, sign in ((before, -1), (after, 1)):
        if row is not None:
            for cell, amount in _stands(row):
                out[cell] = out.get(cell, 0) + sign * amount
    return {cell: amount for cell, amount in out.items() if amount}


def _stands(row: Latest) -> Iterator[tuple[Cell, int]]:
    """Give what stands because of a row: of values that no label is left for, only what is a sum anyhow."""
    if FOLDED not in row.labels:
        yield ("signal", *row.labels), row.value
        yield ("signal_at", *row.labels), row.observed
        yield ("signal_restated", *row.labels), int(row.revision > row.lowest)
    if row.follows:
        yield ("follower", row.labels[0]), row.value
