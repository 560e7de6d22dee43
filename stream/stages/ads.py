"""Ads: single events straight into cells, totals of a period as rows that a later revision replaces.

In:  ad events with their times.
Out: changes of cells; spreads of totals; rows of totals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from stream.changes.accumulator import Accumulator, Spread
from stream.changes.cells import Cell
from stream.changes.panes import DAY_MS
from stream.contract.records import UNIT
from stream.contract.times import parse_ms
from stream.stages.stage import Batch, Refused, Shared, Stage
from stream.state.keys import AD_TOTALS, GRANULARITY
from stream.state.rows import Rows
from stream.state.table import LogRecord, Table

_CELLS = {"impression": "ad_impression", "click": "ad_click", "conversion": "ad_conversion", "spend": "ad_spend"}
_SINGLE, _TOTAL = 1, 2
#: The longest window, and how far back figures that end before now may end: until then a total can be restated.
_MEMORY_MS: Final = (90 + 35) * DAY_MS


class Total(msgspec.Struct, array_like=True, gc=False):
    """The figure that holds for a period: the one with the highest (revision, time, event id).

    `last` is the newest moment that it speaks of: the end of its period, or when it was reported.
    """

    last: int
    revision: int
    reported: int
    event_id: str
    start: int
    end: int
    amount: int
    cell: list[str]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Total).decode
_decode_int = msgspec.msgpack.Decoder(int).decode


class Granularity:
    """How the actions of each campaign are reported: one by one, as totals of a period, or both.

    The hot path reads `bits` itself.
    """

    prefix = GRANULARITY.prefix

    def __init__(self) -> None:
        self.bits: dict[str, int] = {}  # site, platform, campaign, action → singles, totals or both
        self._new: set[str] = set()

    def add(self, name: str, bit: int) -> None:
        """Remember that figures of this name come in this way too."""
        self.bits[name] = self.bits.get(name, 0) | bit
        self._new.add(name)

    @property
    def mixed(self) -> int:
        """Count names that are reported both ways."""
        return sum(bits == _SINGLE | _TOTAL for bits in self.bits.values())

    def load(self, key: bytes, value: bytes | None) -> None:
        """Take a record of the state log."""
        if value is not None:
            self.bits[key[len(self.prefix) :].decode()] = _decode_int(value)

    def changes(self) -> list[LogRecord]:
        """Give what is new since the last call."""
        out: list[LogRecord] = [(self.prefix + name.encode(), _encode(self.bits[name])) for name in self._new]
        self._new.clear()
        return out

    def settle(self) -> None:
        """Forget what is new, because nothing will be written."""
        self._new.clear()

    def expire(self, oldest_ms: int) -> None:
        """Nothing: there are as many names as campaigns."""


class Ads(Stage):
    """The ad figures of one shard."""

    known = None  # a campaign has many rows, or none

    def __init__(self, shared: Shared) -> None:
        # a figure can be restated for as long as any window shows its period
        self.totals = Rows(AD_TOTALS, max(shared.memory_ms, _MEMORY_MS))
        self.granularity = Granularity()
        self._grid, self._admit = shared.grid, shared.admit
        #: site + UNIT + currency → newest spend: the time of a single event, the end of a period.
        self._spend_ms: dict[str, int] = {}
        self._cells: dict[tuple[Any, ...], tuple[Cell, str]] = {}
        self._waiting: list[Batch] = []

    @property
    def tables(self) -> Sequence[Table]:
        """Totals of periods, and how each campaign is reported."""
        return self.totals, self.granularity

    def take(self, batch: Batch) -> None:
        """Keep a batch; ad events need no other beside them."""
        self._waiting.append(batch)

    def fold(self, accumulator: Accumulator) -> Sequence[Refused]:
        """Fold what was taken, in its order."""
        waiting, self._waiting = self._waiting, []
        for batch in waiting:
            self._fold(batch.events, batch.times.tolist(), accumulator)
        return ()

    def gauges(self) -> Mapping[str, float]:
        """Count campaigns and actions that are reported both as single events and as totals."""
        return {"mixed_granularity": self.granularity.mixed}

    def marks(self) -> Mapping[str, int]:
        """Give the newest spend of each site and currency."""
        return {f"spend/{name}": until_ms for name, until_ms in self._spend_ms.items()}

    def _fold(self, events: list[Any], times: list[int], accumulator: Accumulator) -> None:
        counts, ids, pane, cells = accumulator.counts, accumulator.ids, self._grid.pane, self._cells
        bits = self.granularity.bits
        for event, time_ms in zip(events, times, strict=True):
            data = event.data
            action = data.action
            named = (
                data.site_id, action, data.platform, data.campaign_id, data.channel_type, data.audience_type,
                data.variant, data.currency,
            )  # fmt: skip
            known = cells.get(named)
            if known is None:
                known = self._cell(named)
            cell, granularity = known
            single = data.period_start is None
            if not bits.get(granularity, 0) & (_SINGLE if single else _TOTAL):
                self.granularity.add(granularity, _SINGLE if single else _TOTAL)
            if action == "spend":
                self._spent(data.site_id, data.currency, time_ms if single else _ms(data.period_end))
                amount = data.cost_micros
            else:
                amount = data.count
            if single:
                counts[ids[cell] + pane(time_ms)] += amount
            else:
                self._restate(event, data, time_ms, cell, amount, accumulator)

    def _cell(self, named: tuple[Any, ...]) -> tuple[Cell, str]:
        site, action, platform, campaign, channel_type, audience_type, variant, currency = named
        admit = self._admit
        labels = (
            admit("site", site),
            admit("platform", platform),
            admit("campaign", campaign),
            admit("channel_type", channel_type),
            admit("audience_type", audience_type),
            admit("variant", variant),
        )
        cell: Cell = (_CELLS[action], *labels)
        if action == "spend":
            cell = (*cell, admit("currency", currency))
        known = cell, UNIT.join((*labels[:3], action))
        if len(self._cells) < 16_384:
            self._cells[named] = known
        return known

    def _spent(self, site: str, currency: str, until_ms: int) -> None:
        key = f"{self._admit('site', site)}{UNIT}{self._admit('currency', currency)}"
        if until_ms > self._spend_ms.get(key, 0):
            self._spend_ms[key] = until_ms

    def _restate(self, event: Any, data: Any, time_ms: int, cell: Cell, amount: int, accumulator: Accumulator) -> None:
        """Let a total replace the one that held for its key, if it is the higher revision."""
        start, end = _ms(data.period_start), _ms(data.period_end)
        key = UNIT.join(
            (
                data.site_id, data.platform, data.campaign_id, data.ad_group_id or "", data.ad_id or "",
                data.action, str(start), str(end), data.currency or "",
            )
        )  # fmt: skip
        named = [str(part) for part in cell]
        new = Total(max(time_ms, end), data.revision, time_ms, event.id, start, end, amount, named)
        raw = self.totals.encoded.get(key)
        if raw is not None:
            old = _decode(raw)
            if (old.revision, old.reported, old.event_id) >= (new.revision, new.reported, new.event_id):
                return
            accumulator.spreads.append(Spread(tuple(old.cell), old.start, old.end, old.amount, -1))
        accumulator.spreads.append(Spread(cell, start, end, amount, 1))
        self.totals.put(key, _encode(new))


def _ms(text: str) -> int:
    """Read a moment that the decoder has found to be one."""
    moment = parse_ms(text)
    if moment is None:
        raise ValueError("a period has no readable edges")
    return moment
