"""Replay: the same pipeline over files of envelopes, without Kafka; the answer as of one moment.

In:  lines of NDJSON, one envelope each, in any order.
Out: readings with edges exact to the millisecond, and the account of where every record ended.

People are followed if the files hold what is known of them elsewhere, or if that is asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from stream.changes.panes import DAY_MS, Grid, window_ms
from stream.contract.kinds import KindName
from stream.contract.readings import Reading
from stream.contract.records import Record
from stream.contract.rejects import Reject
from stream.engine.groups import GROUPS, Group
from stream.engine.options import FoldOptions
from stream.ingest.decode import Limits
from stream.ingest.ladder import Ladder
from stream.ingest.lines import Line, read_lines
from stream.ingest.touches import ChannelOptions
from stream.lifecycle.read import shipped
from stream.lifecycle.rules import Rules
from stream.replay.folds import Folds
from stream.rollup.budget import most_readings
from stream.rollup.rollup import Rollup, RollupOptions

_BATCH: Final = 20_000
#: A batch spans no more, however few its lines are: bounds of what is kept are of what is known of somebody at a time.
_SPAN_MS: Final = 7 * DAY_MS
_MEMORY_MS: Final = 35 * DAY_MS

#: (time of the event, line); a time after the arrival is the arrival, as in the decoder.
Placed = tuple[int, Line]


@dataclass(slots=True)
class Account:
    """Where records ended; `left_out` were at or after the moment of reading and are not part of it.

    `unread` are of kinds that nobody reads, because people are not followed.
    """

    accepted: int = 0
    counted: int = 0
    duplicates: int = 0
    filtered: Counter[str] = field(default_factory=Counter)
    dead_lettered: Counter[str] = field(default_factory=Counter)
    left_out: int = 0
    unread: Counter[str] = field(default_factory=Counter)

    def add(self, account: dict[str, int]) -> None:
        """Add the account of a shard; its names are kind/outcome or kind/outcome/reason."""
        for name, n in account.items():
            _, outcome, *reason = name.split("/", 2)
            if outcome == "accepted":
                self.accepted += n
            elif outcome == "counted":
                self.counted += n
            elif outcome == "duplicate":
                self.duplicates += n
            elif outcome == "filtered":
                self.filtered[reason[0]] += n
            elif outcome == "dead_lettered":
                self.dead_lettered[reason[0]] += n

    def as_dict(self) -> dict[str, Any]:
        """Give the account as it is printed."""
        return {
            "accepted": self.accepted,
            "counted": self.counted,
            "duplicates": self.duplicates,
            "filtered": dict(sorted(self.filtered.items())),
            "dead_lettered": dict(sorted(self.dead_lettered.items())),
        }


@dataclass(slots=True)
class Replayed:
    """The answer of a replay."""

    at_ms: int | None
    readings: list[Reading]
    account: Account


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """What to read and how; `windows` None stands for those of the catalog, `now_ms` is the wall clock."""

    now_ms: int
    at_ms: int | None = None
    windows: tuple[str, ...] | None = None
    lateness_ms: int = DAY_MS
    own_lateness_ms: Mapping[str, int] = field(default_factory=dict)
    require_consent: bool = False
    label_limit: int = 50
    most_readings: int | None = None  # None: what a worker keeps if nobody says how many
    allowed: dict[str, frozenset[str]] = field(default_factory=dict)
    channels: ChannelOptions = ChannelOptions()
    leads: Literal["auto", "on", "off"] = "auto"  # auto: if there is a line of a kind that leads alone read
    rules: Rules = field(default_factory=shipped)


class Replay:
    """Folds lines in order of time and reads the metrics."""

    def __init__(
        self,
        options: ReplayOptions,
        rollup: Callable[[RollupOptions], Rollup] = Rollup,
        groups: Mapping[str, Group] = GROUPS,
    ) -> None:
        self.options = options
        self.account = Account()
        longest = max((window_ms(name) for name in options.windows or ()), default=0)
        self._limits = Limits(
            lateness_ms=options.lateness_ms,
            now_ms=options.now_ms,
            own_lateness_ms=options.own_lateness_ms,
            ladder=Ladder(options.rules.ladder),
        )
        self._fold_options = FoldOptions(
            limits=self._limits,
            require_consent=options.require_consent,
            grid=Grid(pane_ms=1),
            memory_ms=max(_MEMORY_MS, longest + DAY_MS),
            channels=options.channels,
            rules=options.rules,
        )
        self._groups, self._make_rollup = groups, rollup
        self._begin(leads=options.leads == "on")

    def _begin(self, *, leads: bool) -> None:
        """Make the shards and their rollup; nothing was folded yet."""
        options = self.options
        self._folds = Folds(self._fold_options, self._groups, leads=leads)
        told = tuple(name for name in self._folds.of if self._groups[name].told_by)
        self._rollup = self._make_rollup(
            RollupOptions(
                dict.fromkeys(self._folds.of, 1),
                windows=options.windows,
                exact=True,
                label_limit=options.label_limit,
                most_readings=most_readings(options.most_readings, followed=bool(told)),
                allowed=options.allowed,
                told=told,
                periods=options.rules.periods,
            )
        )

    def run(self, lines: Iterable[bytes], progress: Callable[[int], None] | None = None) -> Replayed:
        """Fold all lines and read at the end; `progress` is told how many lines were folded."""
        placed = self.placed(lines)
        for first, end in batches(placed):
            self.fold(placed[first:end])
            if progress is not None:
                progress(end)
        self.close()
        at_ms = self.at_ms
        return Replayed(at_ms, [] if at_ms is None else self.read(at_ms), self.account)

    @property
    def newest_ms(self) -> int | None:
        """Give the time of the newest event that was counted so far."""
        return self._folds.newest_ms or None

    @property
    def at_ms(self) -> int | None:
        """Give the moment of reading: the one that was asked for, else just after the newest event."""
        newest_ms = self.newest_ms
        return self.options.at_ms if self.options.at_ms is not None else None if newest_ms is None else newest_ms + 1

    def read(self, at_ms: int) -> list[Reading]:
        """Read the metrics of what was folded, as of a moment."""
        self._folds.advance(at_ms)
        self._add_up()
        self._rollup.read_at(at_ms)
        return self._rollup.readings(None)

    def close(self) -> None:
        """Complete the account, once all lines are folded."""
        for fold in self._folds.of.values():
            self.account.add(fold.account.outcomes)

    def placed(self, lines: Iterable[bytes]) -> list[Placed]:
        """Put lines in order of (time of the event, arrival, line); account for those that name no known kind."""
        at_ms, account = self.options.at_ms, self.account
        out = self._of_kinds_read(self._known(lines))
        _behind_the_first(out)
        if at_ms is not None:
            read = len(out)
            out = [placed for placed in out if placed[0] < at_ms or placed[1].time_ms is None]
            account.left_out += read - len(out)
        # stable: lines of one moment that arrived together stay in their order
        out.sort(key=lambda placed: (placed[0], placed[1].record[1]))
        return out

    def _known(self, lines: Iterable[bytes]) -> list[Placed]:
        """Give the lines that name a known kind."""
        account = self.account
        out: list[Placed] = []
        for line in read_lines(lines, self._limits):
            if isinstance(line, Reject):
                account.accepted += 1
                account.dead_lettered[line.reason] += 1
                continue
            if line.time_ms is None:
                # the decoder will reject it; it lies at no moment, so it is part of every account
                out.append((0, line))
                continue
            out.append((min(line.time_ms, line.record[1] or line.time_ms), line))
        return out

    def _of_kinds_read(self, lines: list[Placed]) -> list[Placed]:
        """Leave out lines that nobody reads; if nobody said whether leads are followed, what is there decides."""
        if all(line.kind in self._folds.kinds for _, line in lines):
            return lines
        if self.options.leads == "auto":
            self._begin(leads=True)
        kinds = self._folds.kinds
        self.account.unread.update(line.kind for _, line in lines if line.kind not in kinds)
        return [placed for placed in lines if placed[1].kind in kinds]

    def fold(self, lines: list[Placed]) -> None:
        """Fold lines, in one batch."""
        inputs: dict[KindName, list[Record]] = {}
        for _, line in lines:
            inputs.setdefault(line.kind, []).append(line.record)
        self._folds.fold(inputs)
        self._add_up()

    def _add_up(self) -> None:
        for delta in self._folds.deltas():
            self._rollup.add(delta)


def _behind_the_first(lines: list[Placed]) -> None:
    """Move copies of an event behind the one that arrived first, which is the one that counts, whatever their times."""
    places: dict[int, int] = {}
    copies: dict[int, list[int]] = {}
    for place, (_, line) in enumerate(lines):
        if line.name is not None and line.time_ms is not None:
            known = places.setdefault(line.name, place)
            if known != place:
                copies.setdefault(line.name, [known]).append(place)
    for some in copies.values():
        first_ms, _ = lines[min(some, key=lambda place: (lines[place][1].record[1], place))]
        for place in some:
            time_ms, line = lines[place]
            lines[place] = max(time_ms, first_ms), line


def batches(placed: Sequence[Placed], first: int = 0, end: int | None = None) -> Iterator[tuple[int, int]]:
    """Cut lines in order, or a stretch of them, into batches that are not too large: first and end of each.

    >>> list(batches([(day * DAY_MS, line) for day, line in ((0, None), (7, None), (8, None))]))
    [(0, 2), (2, 3)]
    """
    until = len(placed) if end is None else end
    while first < until:
        most, from_ms = min(first + _BATCH, until), placed[first][0]
        far = (at for at in range(first + 1, most) if abs(placed[at][0] - from_ms) > _SPAN_MS)
        cut = next(far, most)  # one by one: lines may come in the order of their arrival
        yield first, cut
        first = cut


def replay(lines: Iterable[bytes], options: ReplayOptions, progress: Callable[[int], None] | None = None) -> Replayed:
    """Fold lines and read the metrics as of one moment."""
    return Replay(options).run(lines, progress)


def chosen(readings: Iterable[Reading], metrics: Collection[str]) -> Iterator[Reading]:
    """Pick the readings of some metrics; all of them where none are named."""
    return (reading for reading in readings if not metrics or reading.metric in metrics)
