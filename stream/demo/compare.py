"""Compare: leadpulse's readings beside the books, honestly, while traffic moves.

In:  records of the result topic; the books.
Out: for each reading: equal, wrong, or not comparable yet.

Two moving things can only be held side by side at one and the same state of the traffic:

1. The simulator falls silent for a moment. From then on the books stand still.
2. leadpulse publishes its account (`events_total`) with its readings. Once that account equals the books'
   account, kind by kind and reason by reason, each record has ended where it belongs, and what is published
   from that number (`seq`) on rests on exactly the records that the books know. Until then nothing is
   compared.
3. Windows move on even in silence. So the books are asked for the very edges that a reading names
   (window_start, window_end), not for "now". A reading is published only when it changes: one that was not
   published again stands for the newest edges published for its window, and is compared there.

Counts and ratios must be equal (money to nine digits, since it is divided in another order here); medians
of durations may differ by the 2 % that their buckets promise.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple

import orjson

from stream.reference.account import Key, Reference, shift_of
from stream.reference.leads import metrics as of_leads
from stream.reference.ledger import Window
from stream.reference.metrics import BOTH_KNOWN, LEAD_COSTS, TIMES, windows_of
from stream.reference.money import Expected

#: Figures that end where both of their sides are known; they do not move without it.
END_EARLY = frozenset(BOTH_KNOWN) | frozenset(LEAD_COSTS) | of_leads.END_EARLY

DURATION_ERROR: Final = 0.02
DURATION_FLOOR_S: Final = 0.01  # durations below the finest bucket
#: Whoever is about to pass an edge passes it with the pane.
BY_PANE: Final = frozenset({"open_leads", "stale_leads", "unanswered_leads"})
#: Half of them have got there: known to a step of the curve of those who wait, and by panes.
MEDIAN: Final = "stage_median_seconds"
#: Counted by arrival. In fast motion one shard reports some minutes of what is played before another; what arrived
#: later than the newest event that was known then counts at that event, and leaves its window so much earlier.
BY_ARRIVAL: Final = frozenset({"traffic_events", "valid_event_ratio"})
#: What people amount to as leads is told from shard to shard, which takes some commits. leadpulse says when that is
#: done, but for what was told just now.
OF_LEADS: Final = of_leads.METRICS | {
    "leads", "channel_leads", "leads_by_action", "leads_by_offer_stage", "event_leads", "opt_in_ratio",
    "new_lead_ratio", "cost_per_lead", "paid_cost_per_lead",
}  # fmt: skip
ALONG: Final = "leads_complete"
LEADS_LAG_S: Final = 20.0
#: How old the oldest of something is, is told to the day.
OLDEST: Final = "oldest_open_seconds"
DAY_S: Final = 86_400.0


class Seen(NamedTuple):
    """A reading as it stands on the result topic."""

    value: int | float | None
    numerator: int | float | None
    denominator: int | float | None
    n: int | float | None
    start_ms: int
    end_ms: int
    seq: int
    as_of_ms: int = 0


class Edges(NamedTuple):
    """Where a window lay at its newest publication."""

    seq: int
    start_ms: int
    end_ms: int


State = Literal["equal", "wrong", "waiting"]


class Line(NamedTuple):
    """One comparison; without `expected` the books do not know the series."""

    key: Key
    state: State
    seen: Seen | None
    expected: Expected | None


@lru_cache(maxsize=4_096)
def moment_ms(written: str) -> int:
    """Read the time of a reading."""
    return round(datetime.fromisoformat(written).timestamp() * 1000)


_NEVER: Final = Edges(0, 0, 0)


@dataclass(slots=True)
class Board:
    """What the result topic says now."""

    seen: dict[Key, Seen] = field(default_factory=dict)
    #: (window, how much earlier than others it ends) → its newest edges: where they are rounded to depends on that
    edges: dict[tuple[str, int], Edges] = field(default_factory=dict)
    account: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    account_seq: int = 0
    as_of: str = ""
    data_since: str = ""
    complete: bool = False
    #: Everything that shards told each other of leads has been taken in; None where people are not followed.
    along: bool | None = None
    along_seq: int = 0
    seq: int = 0
    moments: dict[int, int] = field(default_factory=dict)  # publication → its moment
    #: In seconds; where time goes by events it stands still in silence, and cannot say how long something is over.
    steady: Callable[[], float] = time.monotonic
    skew_ms: int = 0  # how far shards may lie apart, by the time of events
    account_at: float = 0.0
    newest_ms: int = 0
    missed: int = 0  # values that are no reading

    def take(self, key: bytes | None, value: bytes | None) -> dict[str, Any] | None:
        """Take one record of the result topic; give the reading that it is, None where it is none."""
        try:
            if value is not None:
                reading: dict[str, Any] = orjson.loads(value)
                self._note(reading)
                return reading
            self._forget(key)
        except (ValueError, KeyError, TypeError):
            self.missed += 1
        return None

    def _forget(self, key: bytes | None) -> None:
        name = orjson.loads(key or b"")
        metric, labels, window = (name["metric"], name["labels"], name["window"]) if isinstance(name, dict) else name
        self.seen.pop((metric, tuple(sorted(labels.items())), window), None)

    def _note(self, reading: dict[str, Any]) -> None:
        metric, labels, window, seq = reading["metric"], reading["labels"], reading["window"], reading["seq"]
        as_of_ms = moment_ms(reading["as_of"])
        self.newest_ms = self.moments[seq] = max(self.newest_ms, as_of_ms)
        if seq >= self.seq:
            self.seq, self.as_of, self.complete = seq, reading["as_of"], reading["complete"]
            self.data_since = reading["data_since"] or ""
        if metric == "events_total":
            self.account[labels["kind"], labels["outcome"], labels.get("reason", "")] = int(reading["value"])
            if seq > self.account_seq:
                self.account_seq, self.account_at = seq, self.steady()
        if metric == ALONG:
            self.along, self.along_seq = bool(reading["value"]), max(seq, self.along_seq)
        if window is None:
            return
        start_ms, end_ms = moment_ms(reading["window_start"]), moment_ms(reading["window_end"])
        figures = (reading["value"], reading["numerator"], reading["denominator"], reading["n"])
        whose = tuple(sorted(labels.items()))
        self.seen[metric, whose, window] = Seen(*figures, start_ms, end_ms, seq, as_of_ms)
        named = window, shift_of(metric, whose)
        if metric not in END_EARLY and seq >= self.edges.get(named, _NEVER).seq:
            self.edges[named] = Edges(seq, start_ms, end_ms)

    def settled(self, books: Reference) -> bool:
        """Tell whether leadpulse has accounted for each record that the books know, and for no other."""
        told = {key: n for key, n in books.outcomes.items() if n}
        return bool(told) and {key: n for key, n in self.account.items() if n} == told

    def unsettled(self, books: Reference) -> list[str]:
        """Name what the account of leadpulse and the books say differently, a line each."""
        told = {key: n for key, n in books.outcomes.items() if n}
        keys = sorted(key for key in {*told, *self.account} if told.get(key, 0) != self.account[key])
        return [
            f"{' '.join(part for part in key if part)}: leadpulse {self.account[key]:,}, books {told.get(key, 0):,}"
            for key in keys
        ]

    def published_since_settled(self, leads: bool = False) -> set[str]:
        """Name the windows published after the account was complete; with `leads` also what shards tell each other."""
        if leads and (self.along is False or self.steady() - self.account_at < LEADS_LAG_S):
            return set()
        since = max(self.account_seq, self.along_seq if leads else 0)
        return {window for (window, ago), edges in self.edges.items() if not ago and edges.seq >= since}

    def span_of(self, key: Key) -> Window | None:
        """Give the edges that a reading stands for; None when its window was not published since."""
        metric, labels, window = key
        seen, newest = self.seen.get(key), self.edges.get((window, 0))
        if newest is None or newest.seq < self.account_seq:
            return None
        if metric in END_EARLY and (seen is None or seen.as_of_ms < self.moments[seen.seq]):
            return None if seen is None else Window(window, seen.start_ms, seen.end_ms)
        if seen is not None and seen.seq >= newest.seq:
            return Window(window, seen.start_ms, seen.end_ms)
        edges = self.edges.get((window, shift_of(metric, labels)))
        return None if edges is None else Window(window, edges.start_ms, edges.end_ms)


def agrees(metric: str, seen: Seen, expected: Expected) -> bool:
    """Tell whether a reading says what the books say.

    >>> agrees("visitors", Seen(3, None, None, 3, 0, 1, 1), Expected(3))
    True
    """
    if metric in BY_PANE:
        return abs((seen.value or 0) - (expected.value or 0)) <= 1
    if metric == OLDEST:
        return abs((seen.value or 0) - (expected.value or 0)) <= DAY_S
    if metric in TIMES or metric in of_leads.TIMES:
        if seen.n != expected.denominator or (seen.value is None) != (expected.value is None):
            return False
        error = abs((seen.value or 0) - (expected.value or 0))
        return error <= DURATION_ERROR * abs(expected.value or 0) + DURATION_FLOOR_S
    pairs = [(seen.value, expected.value)]
    if seen.denominator is not None:
        pairs += [(seen.numerator, expected.numerator), (seen.denominator, expected.denominator)]
    return all(_same(a, b) for a, b in pairs)


def _same(a: int | float | None, b: int | float | None) -> bool:
    if a is None or b is None or (isinstance(a, int) and isinstance(b, int)):
        return a == b
    return abs(a - b) <= 1e-9 * max(abs(a), abs(b))


def compare(board: Board, books: Reference, wanted: Collection[Key] | None = None) -> list[Line]:
    """Compare the readings on the board, or the wanted ones, with the books.

    Everything is `waiting` while the account is not settled. Ask while the simulator is silent.
    """
    settled = board.settled(books)
    along = board.published_since_settled(leads=True)
    figures: dict[tuple[str, Window], dict[Any, Expected]] = {}

    def figures_of(metric: str, span: Window) -> dict[Any, Expected]:
        if (metric, span) not in figures:
            figures[metric, span] = books.between(metric, span, board.newest_ms)
        return figures[metric, span]

    keys = list(board.seen if wanted is None else wanted)
    if wanted is None and settled:
        keys += [key for key in _missing(board, books, figures_of) if key not in board.seen]
    lines: list[Line] = []
    for key in keys:
        metric, labels, window = key
        seen, span = board.seen.get(key), board.span_of(key) if settled else None
        if span is None:
            lines.append(Line(key, "waiting", seen, None))
            continue
        expected = figures_of(metric, span).get(labels)
        if metric == MEDIAN:
            value = seen.value if seen is not None else None
            same = books.leads_at(board.newest_ms).fits(labels, span, value, slack_ms=span.length_ms // 24)
        elif seen is None or expected is None:
            # A series that is there on one side only is right as long as it says nothing.
            same = (seen is None or not seen.value) and (expected is None or not expected.value)
        else:
            same = agrees(metric, seen, expected)
        if not same and metric in BY_ARRIVAL and board.skew_ms:
            same = _within(board.skew_ms, seen, metric, labels, span, figures_of)
        on_the_way = metric in OF_LEADS and window not in along
        lines.append(Line(key, "equal" if same else "waiting" if on_the_way else "wrong", seen, expected))
    return lines


def _within(
    skew_ms: int, seen: Seen | None, metric: str, labels: Any, span: Window,
    figures_of: Callable[[str, Window], dict[Any, Expected]],
) -> bool:  # fmt: skip
    """Tell whether both sides of a reading lie between those of a window that begins so much later or earlier."""
    least, most = (
        figures_of(metric, Window(span.name, min(span.start_ms + by_ms, span.end_ms), span.end_ms)).get(labels)
        for by_ms in (skew_ms, -skew_ms)
    )
    sides = ("numerator", "denominator") if metric.endswith("_ratio") else ("value",)
    return all(
        (getattr(least, side, 0) or 0) <= (getattr(seen, side, 0) or 0) <= (getattr(most, side, 0) or 0)
        for side in sides
    )


def _missing(board: Board, books: Reference, figures_of: Callable[[str, Window], dict[Any, Expected]]) -> Iterator[Key]:
    """Name what the books can read in the windows that were published, so that a lost series is noticed."""
    for metric in sorted(books.metrics()):
        for window in of_leads.windows_of(metric) or windows_of(metric):
            span = board.span_of((metric, (), window))
            if span is not None:
                shown = of_leads.EXPOSED.get(metric, metric)
                yield from ((shown, labels, window) for labels in figures_of(metric, span))
