"""Folds: one shard of each group, and what they tell each other, without topics between them.

In:  records by kind; a moment.
Out: what changed in each shard, once nothing is on its way between them any more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from stream.changes.deltas import Delta
from stream.contract.kinds import KindName
from stream.contract.records import HANDOVER, KIND_HEADER, ORDERS, REROUTE, TOUCHES, Record
from stream.engine.commit import ShardReport
from stream.engine.groups import Group, chosen, following
from stream.engine.options import FoldOptions
from stream.engine.shard import ShardFold
from stream.stages.stage import Stage

_REPORT: Final = ShardReport(caught_up=True, now_ms=0)

#: Group → what waits for it: records by source, in order.
_Waiting = dict[str, list[tuple[str, list[Record]]]]


class Folds:
    """The shards of a replay."""

    def __init__(self, options: FoldOptions, groups: Mapping[str, Group], *, leads: bool) -> None:
        """Take `leads` as false to follow nobody: whoever would be told of people does not run then."""
        groups = chosen("on" if leads else "off", groups)
        self._told = next((name for name, group in groups.items() if group.told_by), None)
        options = following(options, dict.fromkeys(groups, 1), groups)
        self.of = {name: ShardFold(name, 0, 1, options, groups) for name in groups}
        self.kinds: frozenset[KindName] = frozenset(kind for fold in self.of.values() for kind in fold.kinds)
        self._seqs = dict.fromkeys(self.of, 0)
        self._changed: set[str] = set()

    @property
    def newest_ms(self) -> int:
        """The time of the newest event that was counted; 0 before the first."""
        return max(fold.account.newest_ms for fold in self.of.values())

    def fold(self, inputs: Mapping[KindName, Sequence[Record]]) -> None:
        """Fold records, and all that follows from them.

        Whoever is told of people comes first with records of its own: what these say of a visitor meets the visitor as
        they were then, not as one who has been forgotten since and came again in the same batch.
        """
        waiting: _Waiting = {}
        for name, fold in self.of.items():
            waiting[name] = [(kind, list(inputs[kind])) for kind in fold.kinds if kind in inputs]
        self._changed |= set(self.of)
        if self._told is not None and (own := waiting.pop(self._told)):
            fold = self.of[self._told]
            fold.fold(own)
            for name, orders in self._said(fold, {}).items():
                waiting[name] = orders + waiting.get(name, [])
        self._pass_on(waiting)

    def advance(self, now_ms: int) -> None:
        """Do what is due by a moment, and all that follows from it."""
        for name, fold in self.of.items():
            if type(fold.stage).advance is not Stage.advance:  # else nothing is due by itself
                fold.advance(now_ms)
                self._changed.add(name)
        if self._told is not None:
            self._pass_on(self._said(self.of[self._told], {}))

    def deltas(self) -> Iterator[Delta]:
        """Give what changed since the last call."""
        for name in [name for name in self.of if name in self._changed]:
            self._seqs[name] += 1
            yield self.of[name].take_delta(self._seqs[name], _REPORT)
        self._changed.clear()

    def _pass_on(self, waiting: _Waiting) -> None:
        """Fold what waits for a group until nothing does; whoever feeds a group comes before it."""
        while waiting:
            for name, fold in self.of.items():
                if name in waiting:
                    fold.fold(waiting.pop(name))
                    self._changed.add(name)
                    self._said(fold, waiting)

    def _said(self, fold: ShardFold, waiting: _Waiting) -> _Waiting:
        """Put what a shard tells others to what waits for them."""
        for over in fold.stage.hand_over():
            if over.group in self.of:
                ordered = dict(over.headers).get(KIND_HEADER) in ORDERS
                record = 0, 0, over.key, over.value, over.headers
                waiting.setdefault(over.group, []).append((REROUTE if ordered else HANDOVER, [record]))
        if self._told is not None and (touches := fold.chain.tell(fold.stage.touches(), _REPORT)):
            waiting.setdefault(self._told, []).append((TOUCHES, [(0, 0, None, value, ()) for _, value in touches]))
        for _ in fold.stage.results():
            pass  # nobody reads them
        return waiting
