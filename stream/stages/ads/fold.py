"""Fold: ad events into cells, totals into rows, and what is known until when into marks; costs and signals beside.

In:  ad, cost and signal events with their times.
Out: changes of cells; spreads of totals; rows of totals; marks that say how far each figure is known; what stands.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from stream.changes.accumulator import Accumulator
from stream.changes.cells import Cell
from stream.changes.panes import HOUR_MS
from stream.contract.records import UNIT
from stream.contract.times import parse_ms
from stream.stages.ads.costs import Costs
from stream.stages.ads.grains import SINGLE, Grains
from stream.stages.ads.restated import Restated
from stream.stages.ads.signals import LABELS, Signals
from stream.stages.ads.totals import Total, until_ms
from stream.stages.stage import Batch, Natively, NativeSide, Refused, Shared, Stage, without_visits
from stream.state.labels import LONG_MEMORY_DAYS, Kept
from stream.state.table import Table

_CELLS: Final = {"impression": "ad_impression", "click": "ad_click", "conversion": "ad_conversion", "spend": "ad_spend"}
_MOST_KNOWN: Final = 16_384


class Known(msgspec.Struct, gc=False):
    """What follows from an event's site, action and labels: its cells, and what its marks are called."""

    cell: Cell
    value_cell: Cell | None
    name: str  # site, platform, campaign, action
    mark: str
    series: str  # the cell as one word
    hour: int = 0  # of the newest single event that was marked


class Ads(Stage):
    """The ad figures, costs and signals of one shard."""

    known = None  # a campaign has many rows, or none
    labels_kept = Kept(LONG_MEMORY_DAYS, LABELS)

    def __init__(self, shared: Shared, followers: Collection[tuple[str, str]] = (), native: Any = None) -> None:
        """Take the (provider, entity) of accounts whose followers are added up; without any, all are.

        `native` is the module of the compiled core, which counts single events; None: all is done here.
        """
        self.totals = Restated()
        self.grains = Grains()
        self._grid, self._admit = shared.grid, shared.admit
        self._known: dict[tuple[Any, ...], Known] = {}
        self._waiting: list[Batch] = []
        self._marks: dict[str, int] = {}  # those that rose since they were last given
        self.costs = Costs(self.totals, self._admit, self._rise)
        self.signals = Signals(self._admit, followers)
        self._kept: Natively | None = None
        self.core: Any = None
        if native is not None:
            self.core = native.AdsCore((shared.grid.pane_ms, shared.grid.origin_ms), HOUR_MS)
        self._take = {"ad": self._fold, "cost": self._spend, "signal": self._measure}

    @property
    def tables(self) -> Sequence[Table]:
        """Totals of periods, how each campaign is reported, and what was measured outside."""
        return self.totals.rows, self.grains, self.signals.rows

    def take(self, batch: Batch) -> None:
        """Keep a batch; ad events need no other beside them."""
        self._waiting.append(batch)

    def natively(self) -> NativeSide | None:
        """Say that there is a native way of single events."""
        return None if self.core is None else without_visits()

    def take_natively(self, core: Natively) -> None:
        """Keep what went the native way for the fold."""
        self._kept = core

    def fold(self, accumulator: Accumulator) -> Sequence[Refused]:
        """Fold what was taken; what order it came in changes nothing."""
        waiting, self._waiting = self._waiting, []
        kept, self._kept = self._kept, None
        if kept is not None:
            kept.fold_ads(self.core, self, accumulator)
        for batch in waiting:
            self._take[batch.kind](batch.events, batch.times.tolist(), accumulator)
        return ()

    def advance(self, now_ms: int, accumulator: Accumulator) -> None:
        """Let costs be known of periods that begin, and signals stand by the rules of today."""
        self.costs.advance(now_ms)
        self.signals.settle(accumulator)

    def gauges(self) -> Mapping[str, float]:
        """Count the campaigns and actions that are reported in two ways at once, by site."""
        return {f"mixed_granularity/{site}": n for site, n in self.grains.mixed().items()}

    def marks(self) -> Mapping[str, int]:
        """Give how far figures are known, as far as that is news.

        `known/…` is up to where totals, or single spend, tell; `single/…` that single events come, which are told as
        they happen; `total/…` is up to where a series has totals, which windows below a day cannot show.
        """
        marks, self._marks = self._marks, {}
        return marks

    def _spend(self, events: list[Any], times: list[int], accumulator: Accumulator) -> None:
        for event, time_ms in zip(events, times, strict=True):
            self.costs.add(event, time_ms, accumulator)

    def _measure(self, events: list[Any], times: list[int], accumulator: Accumulator) -> None:
        self.signals.settle(accumulator)
        for event, time_ms in zip(events, times, strict=True):
            self.signals.add(event, time_ms, accumulator)

    def _fold(self, events: list[Any], times: list[int], accumulator: Accumulator) -> None:
        if self.core is not None:
            self.core.fold(events, times, self, accumulator)
        else:
            self._count(events, times, accumulator)

    def one(self, event: Any, time_ms: int, accumulator: Accumulator) -> None:
        """Fold one event without the core."""
        self._count([event], [time_ms], accumulator)

    def _count(self, events: list[Any], times: list[int], accumulator: Accumulator) -> None:
        counts, ids, pane, known_by = accumulator.counts, accumulator.ids, self._grid.pane, self._known
        for event, time_ms in zip(events, times, strict=True):
            data = event.data
            action = data.action
            named = (
                data.site_id, action, data.platform, data.campaign_id, data.channel_type, data.audience_type,
                data.variant, data.currency,
            )  # fmt: skip
            known = known_by.get(named)
            if known is None:
                known = self._name(named)
            amount = data.cost_micros if action == "spend" else data.count_micros
            if data.period_start is not None:
                self._restate(event, time_ms, known, amount, accumulator)
                continue
            at = pane(time_ms)
            counts[ids[known.cell] + at] += amount
            if known.value_cell is not None and data.conversion_value is not None:
                counts[ids[known.value_cell] + at] += data.conversion_value
            if action == "spend":
                self.spent(known, time_ms)
            if time_ms // HOUR_MS != known.hour:
                self.single(known, time_ms)

    def known_of(self, named: tuple[Any, ...]) -> tuple[Known, bool]:
        """Give what follows from site, action and labels, and whether it is remembered."""
        return self._known.get(named) or self._name(named), named in self._known

    def spent(self, known: Known, time_ms: int) -> None:
        """Mark that single spend tells up to here."""
        self._rise(f"known/{known.mark}", time_ms + 1)

    def single(self, known: Known, time_ms: int) -> None:
        """Mark that a single event came, in an hour of which none was marked last."""
        known.hour = time_ms // HOUR_MS
        self.grains.add(known.name, SINGLE, time_ms, time_ms + 1)
        if known.cell[0] != _CELLS["spend"]:
            self._rise(f"single/{known.mark}", (known.hour + 1) * HOUR_MS)

    def _name(self, named: tuple[Any, ...]) -> Known:
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
        value_cell: Cell | None = None
        name = mark = UNIT.join((*labels[:3], action))
        if action == "spend":
            cell = (*cell, admit("currency", currency))
            mark = f"{mark}{UNIT}{cell[-1]}"
        elif action == "conversion" and currency is not None:
            value_cell = ("ad_conversion_value", *labels, admit("currency", currency))
        known = Known(cell, value_cell, name, mark, UNIT.join(map(str, cell)))
        if len(self._known) < _MOST_KNOWN:
            self._known[named] = known
        return known

    def _rise(self, name: str, to_ms: int) -> None:
        if to_ms > self._marks.get(name, 0):
            self._marks[name] = to_ms

    # totals -----------------------------------------------------------------------------------------------

    def _restate(self, event: Any, time_ms: int, known: Known, amount: int, accumulator: Accumulator) -> None:
        """Take a total: how it came to count, until when, and beside which others."""
        data = event.data
        start, end = _ms(data.period_start), _ms(data.period_end)
        worth = known.value_cell is not None and data.conversion_value is not None
        new = Total(
            max(time_ms, end), data.revision, time_ms, event.source + UNIT + event.id, start, end, amount,
            list(known.cell),
            data.conversion_value if worth else 0,
            list(known.value_cell) if worth and known.value_cell is not None else None,
        )  # fmt: skip
        key, until = _key(data), until_ms(new)
        self._rise(f"known/{known.mark}", until)
        self._rise(f"total/{known.series}", until)
        if worth and known.value_cell is not None:
            self._rise(f"total/{UNIT.join(map(str, known.value_cell))}", until)
        self.grains.add(known.name, _grain(data), start, until)
        self.totals.restate(key, new, accumulator)


def _key(data: Any) -> str:
    """Name all that tells rows of a report apart; currency only where it is money that is told."""
    parts: Iterable[str | None] = (
        data.site_id, data.platform, data.campaign_id, data.ad_group_id, data.ad_id, data.action, data.channel_type,
        data.audience_type, data.variant, data.segment, data.currency if data.action == "spend" else None,
    )  # fmt: skip
    return UNIT.join(part or "" for part in parts)


def _grain(data: Any) -> str:
    """Name which of the fields that split a campaign a total has."""
    split = (data.ad_group_id, data.ad_id, data.channel_type, data.audience_type, data.variant, data.segment)
    return "".join("-" if part is None else "x" for part in split)


def _ms(text: str) -> int:
    """Read a moment that the decoder has found to be one."""
    moment = parse_ms(text)
    if moment is None:
        raise ValueError("a period has no readable edges")
    return moment
