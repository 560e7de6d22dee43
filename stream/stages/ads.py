"""Ads: single events straight into cells, totals of a period as rows that a later revision replaces.

In:  ad events with their times.
Out: changes of cells; spreads of totals; rows of totals.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from stream.changes.cells import Cell
from stream.changes.deltas import Sink, Spread
from stream.changes.panes import Grid
from stream.contract.fields import PARTS
from stream.contract.records import UNIT
from stream.contract.times import parse_ms
from stream.state.rows import Rows

_CELLS = {"impression": "ad_impression", "click": "ad_click", "conversion": "ad_conversion", "spend": "ad_spend"}
_SINGLE, _TOTAL = 1, 2


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


class Ads:
    """The ad figures of one shard."""

    def __init__(self, grid: Grid, admit: Callable[[str, str | None], str]) -> None:
        self.grid = grid
        self.totals = Rows(b"t")
        self._admit = admit
        self._granularity: dict[str, int] = {}  # site, platform, campaign, action → singles, totals or both
        self._new: set[str] = set()
        #: site + UNIT + currency → newest spend: the time of a single event, the end of a period.
        self.spend_ms: dict[str, int] = {}
        self._cells: dict[tuple[Any, ...], tuple[Cell, str]] = {}

    def fold(self, events: list[Any], times: list[int], sink: Sink) -> None:
        """Fold a batch of ad events."""
        counts, ids, pane, cells = sink.counts, sink.ids, self.grid.pane, self._cells
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
            if self._granularity.get(granularity, 0) & (_SINGLE if single else _TOTAL) == 0:
                self._grain(granularity, _SINGLE if single else _TOTAL)
            if action == "spend":
                self._spent(data.site_id, data.currency, time_ms if single else _ms(data.period_end))
                amount = data.cost_micros
            else:
                amount = data.count_micros // PARTS
            if single:
                counts[ids[cell] + pane(time_ms)] += amount
            else:
                self._restate(event, data, time_ms, cell, amount, sink)

    @property
    def mixed_granularity(self) -> int:
        """Count campaigns and actions that are reported both as single events and as totals."""
        return sum(bits == _SINGLE | _TOTAL for bits in self._granularity.values())

    def load(self, key: bytes, value: bytes | None) -> None:
        """Take a record of the state log of keys with the prefix `g`."""
        if value is not None:
            self._granularity[key[1:].decode()] = _decode_int(value)

    def changes(self) -> list[tuple[bytes, bytes | None]]:
        """Give what changed beside the totals."""
        out: list[tuple[bytes, bytes | None]] = [
            (b"g" + name.encode(), _encode(self._granularity[name])) for name in self._new
        ]
        self._new.clear()
        return out

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

    def _grain(self, name: str, bit: int) -> None:
        self._granularity[name] = self._granularity.get(name, 0) | bit
        self._new.add(name)

    def _spent(self, site: str, currency: str, until_ms: int) -> None:
        key = f"{self._admit('site', site)}{UNIT}{self._admit('currency', currency)}"
        if until_ms > self.spend_ms.get(key, 0):
            self.spend_ms[key] = until_ms

    def _restate(self, event: Any, data: Any, time_ms: int, cell: Cell, amount: int, sink: Sink) -> None:
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
            sink.spreads.append(Spread(tuple(old.cell), old.start, old.end, old.amount, -1))
        sink.spreads.append(Spread(cell, start, end, amount, 1))
        self.totals.put(key, _encode(new))


def _ms(text: str) -> int:
    """Read a moment that the decoder has found to be one."""
    moment = parse_ms(text)
    if moment is None:
        raise ValueError("a period has no readable edges")
    return moment
