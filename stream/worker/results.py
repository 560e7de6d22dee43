"""Results: whether what a shard has to say of leads is written; another generation may still be the one that says it.

In:  whether this generation publishes by now; commits; what stands in the topic of leads.
Out: what a commit does with its results, and whether all that stands was told and looked through.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from stream.engine.commit import Commit, ShardReport
from stream.kafka.reader import OpenReader
from stream.worker.look_through import LookThrough, Slice
from stream.worker.position import Position

#: Whether results are this generation's by now; None for one that has none before it.
Publishes = Callable[[], bool] | None


class Results:
    """The results of one shard in this process."""

    def __init__(self, publishes: Publishes, look: LookThrough | None = None) -> None:
        """Take `look`, what is to be looked through; None for a shard that tells nothing of leads."""
        self._publishes, self._look = publishes, look
        self._began = False

    def now(self, *, told: bool) -> Literal["kept", "all", "written"]:
        """Say what becomes of results; `told` says that all were told before, as the position has it.

        Until all are told a new owner begins with them anew: who reads results takes the highest version.
        """
        if self._publishes is None or told or self._began:
            return "written"
        if not self._publishes():
            return "kept"
        self._began = True
        return "all"

    def told(self, report: ShardReport, commit: Commit) -> bool:
        """Say for the position whether all results are told with this commit."""
        return self._publishes is not None and report.results != "kept" and not commit.untold

    def rest(self, position: Position, report: ShardReport) -> bool:
        """Say whether nothing of results is left to be done after a commit, as long as nothing comes."""
        looked = self._look is None or position.placed == self._look.partitions
        return looked and report.results == "written"

    async def read(self, position: Position, open_reader: OpenReader) -> None:
        """Read what stands, if nobody of this shard has looked through it and it is ours to write."""
        look = self._look
        if look is not None and position.placed != look.partitions and (self._publishes is None or self._publishes()):
            await look.read(open_reader)

    def slice(self, position: Position, written: str) -> Slice:
        """Give what a commit does of looking through, and note in the position when all is done."""
        look = self._look
        if look is None or position.placed == look.partitions or not look.was_read or written == "kept":
            return Slice()
        some = look.slice()
        if look.done:
            position.placed = look.partitions
        return some
