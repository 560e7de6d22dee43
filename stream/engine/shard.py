"""The whole flow of one shard on one screen: records in, one commit out.

    read → elsewhere? → too old? → repeated? → uncounted? → stage: rows → changes of cells

In:  batches of records of the sources of a shard, as plain tuples.
Out: what one commit writes: rows, a packed delta, dead letters, forwarded records, what other groups are told.

Knows no Kafka, no clock and no settings; the order of steps is decided here and nowhere else. Each record ends in
exactly one place, and the account says where.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from stream.changes.accumulator import Accumulator
from stream.changes.deltas import Delta, pack
from stream.changes.panes import DAY_MS, Grid
from stream.contract.kinds import KINDS, KindName, is_kind
from stream.contract.records import HANDOVER, REROUTE, TOUCHES, Record
from stream.engine.account import Account
from stream.engine.chain import Chain
from stream.engine.commit import Commit, ShardReport
from stream.engine.groups import GROUPS, Group
from stream.engine.letters import Letters
from stream.engine.natively import Natively, Place
from stream.engine.options import FoldOptions
from stream.engine.repeats import Repeats
from stream.engine.retention import Retention
from stream.engine.routing import Router, by_kind, without_orders
from stream.engine.shown import STEPS, ValuesInUse
from stream.ingest.classify import classify
from stream.ingest.columns import Columns, columns_of
from stream.ingest.decode import decode
from stream.stages.stage import Shared
from stream.state.known_ids import KnownIds
from stream.state.labels import LabelGuard, Labels, clean
from stream.state.own_ids import OwnIds
from stream.state.table import Logged, load_into
from stream.windows.level import PLAN


class ShardFold:
    """The state of one shard, and how records change it."""

    def __init__(
        self,
        group: str,
        shard: int,
        shards: int,
        options: FoldOptions = FoldOptions(),
        groups: Mapping[str, Group] = GROUPS,
    ) -> None:
        if groups[group].told_by:
            options = replace(options, leads=shards)  # it is one of them
        self.group, self.shard, self.shards, self.options = group, shard, shards, options
        self.kinds = groups[group].kinds
        # whoever asks for another grid than that of the levels wants to see every change where it is
        self._gathers = options.grid.pane_ms == PLAN[0][1]
        self._accumulator = Accumulator(STEPS if self._gathers else None)
        self.known_ids = KnownIds(options.known_ids_bytes)
        self.labels = LabelGuard(options.label_limit)
        self._in_use = ValuesInUse(self._accumulator, self.labels)
        self._sites = Labels("site", self._admit)
        letters = Letters(group, shard, options.topic_prefix)
        self.account = Account(self._accumulator, self._sites, options.grid, letters)
        shared = Shared(options.grid, self._admit, self._sites, options.memory_ms, shard, options.namer())
        self.stage = groups[group].stage(shared, options)
        self.labels.kept = self.stage.labels_kept
        self.chain = Chain(groups[group], shard, groups.values(), options)
        self._router = Router(shard, shards, options.partitioner, self.stage.known)
        own = [kind for kind in self.kinds if KINDS[kind].lateness_ms is not None]
        own_ms: dict[str, int] = {kind: options.limits.lateness_of(kind) for kind in own}
        self.own_ids = OwnIds(own_ms, options.known_ids_bytes)
        self._retention = Retention(self.kinds, options.limits.lateness_ms, own_ms)
        self._repeats = Repeats(self.known_ids, self.own_ids, self.account, self._retention)
        self.natively = Natively(self.stage, self._repeats, self.account, options, Place(self.kinds, shard, shards))
        self.pending_bytes = 0  # of dead letters and forwards
        known, tables = self.known_ids, self.stage.tables
        logged: Sequence[Logged] = *tables, known.horizon, known, self.own_ids, self.labels, self.account, self.chain
        self.stored: dict[bytes, Logged] = {one.prefix: one for one in logged}

    # the flow ---------------------------------------------------------------------------------------------

    def fold(self, inputs: Sequence[tuple[str, Sequence[Record]]]) -> None:
        """Fold records of any sources of the shard together; bad input is data and never raises."""
        for name, records in inputs:
            for kind, some in self._by_kind(name, records):
                if left := self.natively.take(kind, some, name):
                    batch = self._read(kind, left, name)
                    for take_out in (self._elsewhere, self._repeats.too_old, self.natively.repeated, self._uncounted):
                        batch = take_out(batch)  # gives what is left; tells the account why the rest is not
                    if len(batch):
                        self.account.take(batch)
                        self.stage.take(batch)
                self.natively.settle()
        self.natively.hand_over()
        self.account.close(self.stage.fold(self._accumulator), self.stage.noted())
        self.pending_bytes = self.account.letter_bytes + self._router.bytes

    def _by_kind(self, name: str, records: Sequence[Record]) -> Sequence[tuple[KindName, Sequence[Record]]]:
        """Part records by the kind of their source, or that in their header; what are no events go to the stage."""
        if name in (HANDOVER, TOUCHES):
            self.stage.receive(records) if name == HANDOVER else self.chain.take(records, self.stage.hear)
            return []
        return [(name, records)] if is_kind(name) else by_kind(without_orders(records, self.stage.receive), self.kinds)

    def _read(self, kind: KindName, records: Sequence[Record], source: str) -> Columns:
        """Decode records; what cannot be read is a reject."""
        self._retention.heard(kind)
        decoded = decode(kind, records, self.options.limits)
        batch = columns_of(kind, decoded, records, source)
        self.account.reject(batch, decoded.rejects)
        return batch

    def _elsewhere(self, batch: Columns) -> Columns:
        """Take out what belongs to another shard; what was forwarded once stays."""
        forwarded, ahead, left = 0, 0, batch
        if self.shards > 1 and batch.source != REROUTE:
            left, forwarded, ahead = self._router.part(batch)
            self.account.reject(batch, self._router.too_large)
        self.account.accept(batch, forwarded, batch.clock_ahead - ahead)
        return left

    def _uncounted(self, batch: Columns) -> Columns:
        """Take out what says of itself that it does not count: bots, tests, no consent."""
        reasons = classify(batch.kind, batch.events, require_consent=self.options.require_consent)
        if reasons.count(None) == len(reasons):
            return batch
        counts = np.fromiter((reason is None for reason in reasons), np.bool_, len(reasons))
        self.account.filter(batch.only(~counts), [reason for reason in reasons if reason is not None])
        return batch.only(counts)

    # state ------------------------------------------------------------------------------------------------

    def load(self, key: bytes, value: bytes | None) -> None:
        """Take one record of the state log, in order, before any fold; `stored` takes many."""
        load_into(self.stored, [(key, value)])

    def changes(self, seq: int, report: ShardReport) -> Commit:
        """Give what this commit must write, and forget it."""
        self.pending_bytes = 0
        if report.results == "all":
            self.stage.tell_all()
        if report.stands:
            self.stage.confirm(report.stands)
        self.stage.advance(self.chain.clock_ms(self.account.figures.newest_ms, report), self._accumulator)
        oldest = self._retention.oldest(self.account.figures.newest_ms, report)
        self._repeats.forget(oldest, report.now_ms)
        if oldest.rows_ms is not None:
            for table in self.stage.tables:
                table.expire(oldest.rows_ms)
        touches = self.chain.tell(self.stage.touches(), report)
        delta = self._delta(seq, report, self.options.grid if self._gathers else None, coded=True)
        state = [change for stored in self.stored.values() for change in stored.changes()]
        letters, forwards, told = self.account.letters(), self._router.forwards(), self.stage.results()
        results = [] if report.results == "kept" else list(told)
        over, untold = list(self.stage.hand_over()), self.stage.tells_all
        return Commit(state, pack(delta), letters, forwards, over, touches, results, untold, self.stage.behind)

    def take_delta(self, seq: int, report: ShardReport) -> Delta:
        """Give the delta unpacked: for a replay, which writes nothing."""
        self.account.letters()
        for table in self.stage.tables:
            table.settle()
        return self._delta(seq, report)

    def advance(self, now_ms: int) -> None:
        """Do what is due by a moment: for a replay, which has no commits and is told the time."""
        self.chain.move(now_ms)
        self.stage.advance(now_ms, self._accumulator)

    def _delta(self, seq: int, report: ShardReport, grid: Grid | None = None, *, coded: bool = False) -> Delta:
        figures, newest_ms = self.account.figures, self.account.newest_ms
        # no windows end later than a day from now, whatever a record says
        shown_ms = min(newest_ms, report.now_ms + DAY_MS) if report.now_ms else newest_ms
        names, index, panes, amounts, spreads = self._accumulator.take(grid, shown_ms, coded=coded)
        standing, stands = self._accumulator.take_standing()
        self._in_use.note(newest_ms)
        horizon_ms = self._repeats.horizon_ms(self.kinds, figures.newest_ms, self.options.limits)
        folded = {f"{self.group}/label/{label}": n for label, n in self.labels.folded.items()}
        return Delta(
            self.group, self.shard, seq, names, index.tobytes(), panes.tobytes(), amounts.tobytes(), spreads,
            dict(figures.newest_ms), figures.oldest_ms, report.caught_up and not self.stage.behind, report.now_ms,
            report.lag_records, list(report.missing), figures.outcomes | folded,
            {"dedupe_horizon_seconds": horizon_ms / 1000, **self.stage.gauges()}, dict(self.stage.marks()), report.life,
            sent=self.chain.sent, taken=self.chain.taken, standing=standing, stands=stands.tobytes(),
        )  # fmt: skip

    # what the parts need ----------------------------------------------------------------------------------

    def _admit(self, label: str, value: str | None) -> str:
        return self.labels.admit(label, clean(value))
