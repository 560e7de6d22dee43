"""Results: whether what a shard has to say of leads is written; another generation may still be the one that says it.

In:  whether this generation publishes by now; commits.
Out: what a commit does with its results, and whether all that stands was told.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from stream.engine.commit import Commit, ShardReport

#: Whether results are this generation's by now; None for one that has none before it.
Publishes = Callable[[], bool] | None


class Results:
    """The results of one shard in this process."""

    def __init__(self, publishes: Publishes) -> None:
        self._publishes = publishes
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
