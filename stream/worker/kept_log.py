"""Kept log: the history of figures in its topic, beside the rollup that writes it.

In:  the records of `leadpulse.history`, from its beginning to its end and then as they come: what former owners
     measured, and what somebody fills in; readings of all windows as they are published.
Out: a history in memory, and beside it what charts of two days are drawn from; rows for the transaction that publishes.

A topic that is lost or torn, or was made by another release, is no reason to refuse: what it does not say was not
known.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Iterable
from typing import Final

from aiokafka import TopicPartition

from stream.changes.panes import HOUR_MS
from stream.contract.readings import Reading
from stream.contract.records import Record
from stream.history.kept import LATE_MS, Kept
from stream.history.whole import by_own_sources
from stream.judge.history import History
from stream.judge.readings import KNOWN, Names, figures_of
from stream.kafka.clock import BrokerClock
from stream.kafka.reader import Reader
from stream.kafka.security import Link
from stream.kafka.state_log import Row, StateLog
from stream.serve.points import SLOTS, TEN_MS, by_hours, points
from stream.serve.views import PastView

log = logging.getLogger("leadpulse.history")

_TENS: Final = b"ten/"
_SHOWN: Final = b"shown/"


class KeptPast:
    """All that the log has of the past: full hours, and beside them what charts are drawn from."""

    def __init__(self) -> None:
        self.hours = Kept()
        self.tens = Kept(History(SLOTS), slot_ms=TEN_MS, word=_TENS)
        self.shown = Kept(word=_SHOWN)
        self.view = PastView(self.hours.history, self.tens.history, self.shown.history)

    def load(self, key: bytes, value: bytes | None) -> None:
        """Take one record, in the order of the log; `settle` understands it."""
        of = self.tens if key.startswith(_TENS) else self.shown if key.startswith(_SHOWN) else self.hours
        of.load(key, value)

    def settle(self, now_ms: int | None) -> int:
        """Understand what was loaded, and say of how many records of hours names are lost."""
        self.tens.settle(now_ms)
        self.shown.settle(now_ms)
        return self.hours.settle(now_ms)

    def rows(self, moment_ms: int, readings: Iterable[Reading]) -> list[tuple[bytes, bytes | None]]:
        """Keep what the page shows at a full ten minutes, and give what is to be written."""
        found = points(readings)
        return [*self.tens.rows(moment_ms, found), *self.shown.rows(moment_ms, by_hours(found))]


class KeptLog:
    """The history of one owner of the rollup."""

    def __init__(self, topic: str, clock: BrokerClock) -> None:
        self.topic, self.tp = topic, TopicPartition(topic, 0)
        self.next = 0
        self._clock, self._names = clock, Names()
        self._past = KeptPast()
        self._kept = self._past.hours
        self._filled = -1  # the hour of which nothing more is to come

    @property
    def history(self) -> History:
        """Give what is known."""
        return self._kept.history

    @property
    def past(self) -> PastView:
        """Give what charts are drawn from."""
        return self._past.view

    @property
    def now_ms(self) -> int:
        """Give the broker's time, 0 while nothing is known of it."""
        return self._clock.now_ms()

    async def restore(self, link: Link, reader: Reader, others: Callable[[bytes, bytes | None], bool]) -> None:
        """Read all that is there; whoever wrote it before is fenced by now. `others` takes what is no history."""
        began = time.monotonic()

        def load(key: bytes, value: bytes | None) -> None:
            if not others(key, value):
                self._past.load(key, value)

        read = await StateLog(link, self.tp.topic, 0, None).read(reader, load)
        self.next = read.end
        # aside: a second of arithmetic at the limit of readings, in which the loop must go on
        lost = await asyncio.to_thread(self._settle)
        self._tell(read.records, lost, time.monotonic() - began)

    def _tell(self, records: int, lost: int, took_s: float) -> None:
        hours = list(self.history.held())
        reach = hours[-1] - hours[0] + 1 if hours else 0
        what = f"{len(self.history.rows):,} figures, {len(hours):,} of the last {reach:,} hours"
        faults = [
            f"{self._kept.unreadable:,} records cannot be read" if self._kept.unreadable else "",
            f"of {lost:,} records some figures have lost their names" if lost else "",
        ]
        log.info(
            "history: %s", "; ".join(filter(None, [
                what if hours else "nothing yet, what is usual is learned anew",
                f"restored from {records:,} records in {took_s:.1f} s", *faults,
            ])),
        )  # fmt: skip

    def take(self, records: Iterable[Record], next: int) -> None:
        """Take what came since: seeds, and what was written here."""
        for _, _, key, value, _ in records:
            self._past.load(key or b"", value)
        self._settle()
        self.next = next

    def _settle(self) -> int:
        return self._past.settle(self._clock.now_ms() or None)

    def rows(self, moment_ms: int, readings: Iterable[Reading], behind: Collection[str]) -> list[Row]:
        """Keep what is published of a full hour, and give what is to be written.

        `behind` are kinds of events of which more is to come: what does not rest on them is whole all the same.
        """
        hour, late_ms = divmod(moment_ms, HOUR_MS)
        if late_ms > LATE_MS or self._filled == hour:
            return []
        seen = figures_of(by_own_sources(readings, behind), self._names)
        rows = self._kept.rows(
            moment_ms, {figure: one[:2] for figure, one in seen.items() if one.waits == KNOWN}
        )  # fmt: skip
        if seen and not behind:
            self._filled = hour
        return [(key, value, None, []) for key, value in rows]

    def ten_rows(self, moment_ms: int, readings: Iterable[Reading], behind: Collection[str]) -> list[Row]:
        """Keep what the page shows at a full ten minutes, and give what is to be written."""
        rows = self._past.rows(moment_ms, by_own_sources(readings, behind))
        return [(key, value, None, []) for key, value in rows]
