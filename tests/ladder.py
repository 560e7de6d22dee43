"""Ladder: a catalog of a few figures of leads, and leads that are told to a rollup as cells.

In:  when leads entered, arrived, gave up; a moment.
Out: readings of a rollup with windows to the millisecond and of one with panes.

Small and apart from the product's catalog, so that each kind of figure is seen by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from stream import catalog
from stream.catalog.entry import terms
from stream.catalog.words import LEADS, NOW, Count, Maturity, Metric
from stream.changes.accumulator import Accumulator, Spread
from stream.changes.cells import CELLS, Cell, CellKind
from stream.changes.deltas import Delta
from stream.changes.durations import bucket_of
from stream.changes.panes import Grid
from stream.contract.readings import Reading
from stream.rollup.rollup import Rollup, RollupOptions

MADE: Final = ("page_view",)
KINDS: Final = {
    "t_entered": CellKind(("site", "channel"), MADE, of_leads=True),
    "t_reached": CellKind(("site", "channel"), MADE, of_leads=True),
    "t_waits": CellKind(("site", "channel"), MADE, of_leads=True),
    "t_done": CellKind(("site", "bucket"), MADE, of_leads=True),
    "t_gave_up": CellKind(("site", "bucket"), MADE, of_leads=True),
    "t_took": CellKind(("site", "bucket"), MADE, of_leads=True),
    "t_open": CellKind(("site", "stage"), MADE, of_leads=True),
    "t_active": CellKind(("site", "stage"), MADE, of_leads=True),
    "t_all_open": CellKind(("site", "stage"), MADE, of_leads=True),
    "t_rep": CellKind(("site", "campaign"), MADE, of_leads=True),
    "t_credit": CellKind(("site", "model", "channel"), MADE, of_leads=True),
    "t_signal": CellKind(("site", "form"), MADE),
    "t_signal_at": CellKind(("site", "form"), MADE),
    "t_signal_restated": CellKind(("site", "form"), MADE),
    "t_revenue": CellKind(("site", "currency"), MADE),
    "t_spend": CellKind(("site", "currency"), MADE),
    "t_customer": CellKind(("site",), MADE, of_leads=True),
    "t_net": CellKind(("site", "currency"), MADE, of_leads=True),
    "t_payer": CellKind(("site", "currency"), MADE, of_leads=True),
}


def _count(name: str, labels: str, kind: str, at: Any, where: tuple[tuple[str, str], ...] = ()) -> Count:
    return Count(name, tuple(labels.split()), (kind,), where=where, of="lead", at=at)


COUNTS: Final = {
    count.name: count
    for count in (
        _count("entered", "site", "t_entered", "stage entered"),
        _count("reached", "site", "t_reached", "stage entered"),
        _count("waits", "site", "t_waits", "stage entered"),
        _count("channel_entered", "site channel", "t_entered", "stage entered"),
        _count("channel_reached", "site channel", "t_reached", "stage entered"),
        _count("channel_waits", "site channel", "t_waits", "stage entered"),
        _count("paid_entered", "site", "t_entered", "stage entered", (("channel", "paid_search"),)),
        _count("done", "site bucket", "t_done", "stage entered"),
        _count("gave_up", "site bucket", "t_gave_up", "stage entered"),
        _count("took", "site bucket", "t_took", "stage reached"),
        _count("open_since", "site stage", "t_open", "waiting since"),
        _count("active", "site stage", "t_active", "last activity"),
        _count("all_open", "site stage", "t_all_open", "standing"),
        _count("reps", "site campaign", "t_rep", "standing"),
        _count("credit", "site model channel", "t_credit", "first"),
        _count("measured", "site form", "t_signal", "standing"),
        _count("measured_at", "site form", "t_signal_at", "standing"),
        _count("measured_again", "site form", "t_signal_restated", "standing"),
        _count("income", "site currency", "t_revenue", "event"),
        _count("outgo", "site currency", "t_spend", "event"),
        _count("won", "site", "t_customer", "event"),
        _count("net", "site currency", "t_net", "standing"),
        _count("payers", "site currency", "t_payer", "standing"),
    )
}

_RIPE: Final = Maturity("waits", "took")
_MONEY: Final[dict[str, Any]] = {"unit": "currency", "scale": 1e-6}


def _entry(name: str, kind: Any, by: str, windows: tuple[str, ...], top: str, bottom: str = "", **more: Any) -> Metric:
    return Metric(name, kind, "One.", "one", tuple(by.split()), windows, terms(top), terms(bottom), **more)


METRICS: Final = (
    _entry("share_ratio", "ratio", "site", LEADS, "reached", "entered", maturity=_RIPE),
    _entry("channel_share_ratio", "ratio", "site channel", LEADS, "channel_reached", "channel_entered",
           maturity=Maturity("channel_waits", "took")),
    _entry("paid_entries", "count", "site", LEADS, "paid_entered"),
    _entry("median_seconds", "survival", "site", LEADS, "done", "gave_up + waits", maturity=_RIPE),
    _entry("open_leads", "count", "site stage age", NOW, "all_open", began="open_since"),
    _entry("oldest_seconds", "oldest", "site stage", NOW, "all_open", began="open_since"),
    _entry("stale_leads", "count", "site stage", NOW, "all_open - active", read_in=(("active", "stale_after"),)),
    _entry("rep_leads", "count", "site campaign", NOW, "reps"),
    _entry("credit_spread", "spread", "site channel", LEADS, "credit", over="model", scale=1e-6),
    _entry("rank", "last", "site form", NOW, "measured", observed="measured_at", restated="measured_again", scale=1e-6),
    _entry("growth_ratio", "ratio", "site currency", ("30d",), "income", "income", before=True),
    _entry("cost_of_customers", "ratio", "site currency", LEADS, "outgo", "won", ends="cost", across="x", **_MONEY),
    _entry("worth", "ratio", "site currency", NOW, "net", "payers", **_MONEY),
    _entry("worth_to_cost_ratio", "ratio", "site currency", LEADS, "net", "payers", against="cost_of_customers",
           read_in=(("net", "now"), ("payers", "now")), scale=1e-6),
    _entry("largest_group", "largest", "site", NOW, ""),
    *(metric for metric in catalog.METRICS if metric.name in ("page_views", "leads", "traffic_events", "ad_spend")),
)  # fmt: skip


def small_catalog(patch: pytest.MonkeyPatch) -> None:
    """Put these figures in the place of the product's."""
    for name, kind in KINDS.items():
        patch.setitem(CELLS, name, kind)
    for name, count in COUNTS.items():
        patch.setitem(catalog.COUNTS, name, count)
    for metric in METRICS:
        patch.setitem(catalog.BY_NAME, metric.name, metric)
    patch.setattr(catalog, "METRICS", METRICS)


@dataclass(frozen=True, slots=True)
class Lead:
    """One who entered a stage; `took_ms` or `gave_up_ms` later it was over."""

    entered_ms: int
    took_ms: int | None = None
    gave_up_ms: int | None = None
    channel: str = "email"

    def cells(self) -> Iterator[tuple[Cell, int]]:
        """Give the cells of a lead, with their moments."""
        at = self.entered_ms
        yield ("t_entered", "s1", self.channel), at
        if self.took_ms is not None:
            yield ("t_reached", "s1", self.channel), at
            yield ("t_done", "s1", bucket_of(self.took_ms)), at
            yield ("t_took", "s1", bucket_of(self.took_ms)), at + self.took_ms
        elif self.gave_up_ms is not None:
            yield ("t_gave_up", "s1", bucket_of(self.gave_up_ms)), at
        else:
            yield ("t_waits", "s1", self.channel), at


@dataclass
class Told:
    """What is told to a rollup in windows to the millisecond, and to one in panes."""

    now_ms: int
    exact: Rollup = field(init=False)
    panes: Rollup = field(init=False)
    seq: int = 0

    def __post_init__(self) -> None:
        self.exact = Rollup(RollupOptions({"leads": 1}, exact=True))
        self.panes = Rollup(RollupOptions({"leads": 1}, clock="events"))

    def tell(
        self,
        cells: Iterable[tuple[Cell, int]] = (),
        standing: Iterable[tuple[Cell, int]] = (),
        spreads: Iterable[Spread] = (),
        **more: Any,
    ) -> None:
        """Tell one more of each cell at its moment, amounts that stand, totals; `more` are fields of the delta."""
        self.seq += 1
        cells, standing, spreads = list(cells), list(standing), list(spreads)
        for rollup, grid in ((self.exact, Grid(pane_ms=1)), (self.panes, Grid())):
            accumulator = Accumulator()
            for cell, at_ms in cells:
                accumulator.up(accumulator.ids[cell] + grid.pane(at_ms))
            for cell, amount in standing:
                accumulator.stand(cell, amount)
            accumulator.spreads += spreads
            names, index, panes, amounts, kept = accumulator.take()
            stood, stands = accumulator.take_standing()
            rollup.add(
                Delta(
                    "leads", 0, self.seq, names, index.tobytes(), panes.tobytes(), amounts.tobytes(), kept,
                    {"page_view": self.now_ms - 1}, None, True, self.now_ms, {}, [], {}, more.get("gauges", {}),
                    more.get("marks", {}), standing=stood, stands=stands.tobytes(),
                )
            )  # fmt: skip

    def read(self, name: str, window: str, now_ms: int | None = None) -> tuple[list[Reading], list[Reading]]:
        """Read one metric in a window, exact and in panes."""
        now_ms = now_ms or self.now_ms
        self.exact.read_at(now_ms)
        self.panes.read_at(now_ms)
        exact, panes = (
            [one for one in rollup.readings(None) if one.metric == name and one.window == window]
            for rollup in (self.exact, self.panes)
        )
        return exact, panes

    def values(self, name: str, window: str, now_ms: int | None = None) -> dict[str, Any]:
        """Give the values that both agree on, by labels without the site."""
        exact, panes = (
            {" ".join(v for k, v in one.labels.items() if k != "site"): one.value for one in some}
            for some in self.read(name, window, now_ms)
        )
        assert exact == panes
        return exact
