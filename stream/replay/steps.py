"""Steps: a replay that reads the metrics at every step of time, not only at its end.

In:  lines of NDJSON in any order; the length of a step.
Out: at each step the readings that a replay with `at` of that moment gives.

Steps are multiples of their length since 1970. The metrics are read before the first event at or past the step is
folded, so each step shows the events before it and no other. Events are in order of their own times, for a history as
it was; or in order of arrival, for what a worker knew: there an event that came late is in no step before it came.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from stream.changes.panes import DAY_MS
from stream.engine.groups import GROUPS, Group
from stream.errors import UsageError
from stream.replay.openmetrics import History
from stream.replay.replay import Account, Placed, Replay, ReplayOptions, chosen
from stream.rollup.rollup import Rollup
from stream.serve.prometheus import Snapshot
from stream.settings.values import duration_text
from stream.windows.sliding import SlidingWindows

#: Two years and nine months at 5 min. A single event of a wrong year would else be a history of decades.
MOST_STEPS: Final = 300_000
_BATCH: Final = 20_000


@dataclass(frozen=True, slots=True)
class Steps:
    """How far apart the readings are, and from when on they are wanted; events before that count, too."""

    every_ms: int
    from_ms: int | None = None


class Stepwise(Replay):
    """Folds lines in order and reads the metrics at every step, one at a time: what was read is not kept."""

    def __init__(
        self,
        options: ReplayOptions,
        steps: Steps,
        metrics: Collection[str] = (),
        groups: Mapping[str, Group] = GROUPS,
        *,
        order: Literal["time", "arrival"] = "time",
    ) -> None:
        super().__init__(options, lambda rollup: Rollup(rollup, SlidingWindows()), groups)
        self._steps, self._metrics, self._order = steps, metrics, order
        # what is later was told to be wrong by the decoder, and no step need come so far
        self._latest_ms = options.now_ms + DAY_MS
        self._next_ms: int | None = None
        self._taken = self._reached_ms = 0

    def snapshots(self, lines: Iterable[bytes], progress: Callable[[int], None] | None = None) -> Iterator[Snapshot]:
        """Fold all lines, and give what is read at each step on the way; `progress` is told how many were folded.

        In order of time there may be steps past the newest event, if lines that came to nothing led there.
        """
        every_ms, placed = self._steps.every_ms, self.placed(lines)
        for first, end, begin_ms in _between_steps(placed, every_ms):
            yield from self._read_until(min(begin_ms, self._latest_ms))
            for at in range(first, end, _BATCH):
                self.fold(placed[at : min(at + _BATCH, end)])
            if self._next_ms is None and self.newest_ms is not None:
                self._next_ms = max(begin_ms + every_ms, _up(self._steps.from_ms or 0, every_ms))
            if progress is not None:
                progress(end)
        self.close()
        if self.at_ms is not None:
            yield from self._read_until(self.at_ms)

    @property
    def at_ms(self) -> int | None:
        """Give the last moment that may be a step: the one that was asked for, else just after what came last."""
        if self._order == "time" or self.options.at_ms is not None or self.newest_ms is None:
            return super().at_ms
        return max(self._reached_ms, self.newest_ms) + 1

    def placed(self, lines: Iterable[bytes]) -> list[Placed]:
        """Put lines in their order; account for those that name no known kind, and for what comes after the end."""
        placed = super().placed(lines)
        if self._order == "time":
            return placed
        at_ms, latest_ms = self.options.at_ms, self._latest_ms
        # a line without a time lies at no moment
        came = [(max(ms, line.record[1]) if line.time_ms is not None else ms, line) for ms, line in placed]
        if at_ms is not None:
            read = len(came)
            came = [(ms, line) for ms, line in came if ms < at_ms]
            self.account.left_out += read - len(came)
        self._reached_ms = max((ms for ms, _ in came if ms <= latest_ms), default=0)
        # an arrival that lies in the future is a clock that is wrong: time does not go on to it
        came = [(min(ms, self._reached_ms), line) for ms, line in came]
        came.sort(key=_moment)  # stable: what came together stays in order of time
        return came

    def _read_until(self, end_ms: int) -> Iterator[Snapshot]:
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
            self._taken += 1
            self._next_ms = at_ms + every_ms
            yield Snapshot(readings, at_ms)


class Backfill(Stepwise):
    """Hands the readings of every step to a history."""

    def fill(self, lines: Iterable[bytes], history: History, progress: Callable[[int], None] | None = None) -> Account:
        """Fold all lines, and give the account; `progress` is told how many lines were folded."""
        for snapshot in self.snapshots(lines, progress):
            history.add(snapshot)
        if self.at_ms is not None:
            history.cut_after(self.at_ms)  # lines that came to nothing may have led past the newest event
        return self.account


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


def _moment(placed: Placed) -> int:
    return placed[0]


def _up(moment_ms: int, every_ms: int) -> int:
    return -(-moment_ms // every_ms) * every_ms
