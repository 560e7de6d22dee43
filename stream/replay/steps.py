"""Steps: a replay that reads the metrics at every step of time, not only at its end.

In:  lines of NDJSON in any order; the length of a step.
Out: at each step the readings that a replay with `at` of that moment gives.

Steps are multiples of their length since 1970. The metrics are read before the first event at or past the step is
folded, so each step shows the events before it and no other.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from stream.changes.panes import DAY_MS
from stream.engine.groups import GROUPS, Group
from stream.errors import UsageError
from stream.replay.openmetrics import History
from stream.replay.replay import Account, Placed, Replay, ReplayOptions, batches, chosen
from stream.rollup.rollup import Rollup
from stream.serve.prometheus import Snapshot
from stream.settings.values import duration_text
from stream.windows.sliding import SlidingWindows

#: Two years and nine months at 5 min. A single event of a wrong year would else be a history of decades.
MOST_STEPS: Final = 300_000


@dataclass(frozen=True, slots=True)
class Steps:
    """How far apart the readings are, and from when on they are wanted; events before that count, too."""

    every_ms: int
    from_ms: int | None = None


class Backfill(Replay):
    """Folds lines in order of time and hands the readings of every step to a history."""

    def __init__(
        self,
        options: ReplayOptions,
        steps: Steps,
        metrics: Collection[str] = (),
        groups: Mapping[str, Group] = GROUPS,
    ) -> None:
        super().__init__(options, lambda rollup: Rollup(rollup, SlidingWindows()), groups)
        self._steps, self._metrics = steps, metrics
        self._next_ms: int | None = None
        self._taken = 0

    def fill(self, lines: Iterable[bytes], history: History, progress: Callable[[int], None] | None = None) -> Account:
        """Fold all lines, and give the account; `progress` is told how many lines were folded."""
        every_ms, placed = self._steps.every_ms, self.placed(lines)
        # what is later was told to be wrong by the decoder, and no step need come so far
        latest_ms = self.options.now_ms + DAY_MS
        for first, end, begin_ms in _between_steps(placed, every_ms):
            self._read_until(min(begin_ms, latest_ms), history)
            for at, until in batches(placed, first, end):
                self.fold(placed[at:until])
            if self._next_ms is None and self.newest_ms is not None:
                self._next_ms = max(begin_ms + every_ms, _up(self._steps.from_ms or 0, every_ms))
            if progress is not None:
                progress(end)
        self.close()
        at_ms = self.at_ms
        if at_ms is not None:
            self._read_until(at_ms, history)
            history.cut_after(at_ms)  # lines that came to nothing may have led past the newest event
        return self.account

    def _read_until(self, end_ms: int, history: History) -> None:
        """Read the steps up to a moment, itself included."""
        if self._next_ms is None:
            return
        every_ms = self._steps.every_ms
        steps = self._taken + (end_ms - self._next_ms) // every_ms + 1
        if steps > MOST_STEPS:
            raise UsageError(
                f"That would be {steps:,} steps of {duration_text(every_ms)}; {MOST_STEPS:,} is the most.",
                where="--every",
                do="Take longer steps, or part of the time with --from and --at.",
            )
        for at_ms in range(self._next_ms, end_ms + 1, every_ms):
            readings = tuple(chosen(self.read(at_ms), self._metrics))
            history.add(Snapshot(readings, at_ms))
            self._taken += 1
            self._next_ms = at_ms + every_ms


def _between_steps(placed: list[Placed], every_ms: int) -> Iterator[tuple[int, int, int]]:
    """Give stretches of lines with no step between them: first, end, and the step at or before them."""
    first = 0
    while first < len(placed):
        begin_ms = placed[first][0] // every_ms * every_ms
        end = first + 1
        while end < len(placed) and placed[end][0] < begin_ms + every_ms:
            end += 1
        yield first, end, begin_ms
        first = end


def _up(moment_ms: int, every_ms: int) -> int:
    return -(-moment_ms // every_ms) * every_ms
