"""Followed: what the owner of the rollup publishes, as every other worker reads it for its page.

In:  the records of `leadpulse.metrics` and `leadpulse.history`, read_committed, from their beginnings on; whether this
     worker publishes itself.
Out: views of the newest readings, of the last verdicts and of the past, each second while something publishes.

Two that run show the same, and when the owner dies the others go on from what they have read: the page has no gap.
Nothing of it becomes a gauge: a figure must not stand twice in one Prometheus.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from stream.contract.readings import Reading
from stream.contract.results import decode
from stream.errors import LeadpulseError
from stream.history.judged import JudgedLog
from stream.kafka.clock import BrokerClock
from stream.kafka.fetch import Unpacked
from stream.kafka.layout import ROLLUP, Layout
from stream.kafka.reader import OpenReader, Reader
from stream.serve.views import Exporter, FollowedView, JudgedFigure, PastView
from stream.worker.judging import judged_figures
from stream.worker.kept_log import KeptPast

log = logging.getLogger("leadpulse.page")

_POLL_S: Final = 1.0
_AGAIN_S: Final = 3.0
#: Where no reading changes, the owner's own log says whether it lives; it is asked so often.
_ALIVE_S: Final = 2.0


class Readings:
    """The newest record of each key of the result topic."""

    def __init__(self) -> None:
        self._found: dict[bytes, Reading] = {}
        self.unreadable = 0

    def load(self, key: bytes, value: bytes | None) -> None:
        """Take one record, in the order of the topic."""
        if value is None:
            self._found.pop(key, None)
            return
        try:
            self._found[key] = decode(value)
        except ValueError:  # of another release, or written by something else
            self.unreadable += 1
            self._found.pop(key, None)

    def view(self, judged: tuple[JudgedFigure, ...], *, live: bool) -> FollowedView | None:
        """Give all of them as of their newest moment; None where there are none."""
        readings = tuple(self._found.values())
        as_of_ms = max((reading.as_of_ms for reading in readings), default=None)
        return None if as_of_ms is None else FollowedView(readings, as_of_ms, judged, live)


class Past:
    """History and verdicts, as their log has them."""

    def __init__(self) -> None:
        self._kept, self._verdicts = KeptPast(), JudgedLog()
        self.judged: tuple[JudgedFigure, ...] = ()
        self._looked = False

    @property
    def view(self) -> PastView:
        """Give what charts are drawn from."""
        return self._kept.view

    def load(self, key: bytes, value: bytes | None) -> None:
        """Take one record, in the order of the log; `settle` understands it."""
        if self._verdicts.load(key, value):
            self._looked = True
        else:
            self._kept.load(key, value)

    def settle(self, now_ms: int | None) -> None:
        """Understand what was loaded."""
        self._kept.settle(now_ms)
        if self._looked:
            self.judged, self._looked = judged_figures(self._verdicts), False


class Followed:
    """Follow what another worker publishes."""

    def __init__(
        self,
        layout: Layout,
        exporter: Exporter,
        clock: BrokerClock,
        publishes: Callable[[], bool],
        begins: Callable[[], bool],
    ) -> None:
        """Take whether this worker publishes itself: then there is nothing to follow; and whether another will.

        Whoever takes the rollup over goes on following until it publishes. Whoever has it from the start, and reads
        the same history for itself, does not begin.
        """
        self._metrics = TopicPartition(layout.metrics, 0)
        self._history = None if layout.history is None else TopicPartition(layout.history, 0)
        self._alive = TopicPartition(layout.state(ROLLUP), 0)
        self._exporter, self._clock = exporter, clock
        self._publishes, self._begins = publishes, begins

    async def follow(self, open_reader: OpenReader, stopped: Callable[[], bool]) -> None:
        """Follow until the worker stops; what goes wrong with it is tried again."""
        while not stopped():
            if self._publishes() or not self._begins():
                await asyncio.sleep(_POLL_S)
                continue
            try:
                async with open_reader() as reader:
                    await self._follow(reader, stopped)
            except (LeadpulseError, KafkaError, TimeoutError) as error:
                log.debug("what is published cannot be followed now: %r", error)
                await asyncio.sleep(_AGAIN_S)
            except Exception:  # a bug here must not end a worker that counts
                log.exception("what is published cannot be followed")
                await asyncio.sleep(_AGAIN_S)

    async def _follow(self, reader: Reader, stopped: Callable[[], bool]) -> None:
        readings, past = Readings(), Past()
        tps = [self._metrics, *([] if self._history is None else [self._history])]
        bounds = await reader.bounds(tps)
        for tp in tps:
            async for records in reader.scan(tp, *bounds[tp]):
                for record in records:
                    (readings if tp == self._metrics else past).load(record[2] or b"", record[3])
        # aside: a second of arithmetic at the limit of readings, in which the loop must go on
        await asyncio.to_thread(past.settle, self._clock.now_ms() or None)
        self._exporter.show_past(past.view)
        self._show(readings, past, live=False)
        at = {tp: end for tp, (_, end) in bounds.items()}
        reader.follow(at)
        alive, asked = -1, time.monotonic()
        while not (stopped() or self._publishes()):
            got = await reader.poll(_POLL_S)
            at |= {tp: unpacked.next for tp, unpacked in got.items()}
            news = self._take(got, readings, past)
            if not news and time.monotonic() - asked >= _ALIVE_S:
                before, (_, alive) = alive, (await reader.bounds([self._alive]))[self._alive]
                news, asked = -1 < before < alive, time.monotonic()
                reader.follow(at)
            if news:
                self._show(readings, past, live=True)

    def _show(self, readings: Readings, past: Past, *, live: bool) -> None:
        view = readings.view(past.judged, live=live)
        if view is not None:
            self._exporter.show_followed(view)

    def _take(self, got: dict[TopicPartition, Unpacked], readings: Readings, past: Past) -> bool:
        """Take what came; say whether readings were among it."""
        news = False
        for tp, unpacked in got.items():
            of = readings if tp == self._metrics else past
            for record in unpacked.records:
                of.load(record[2] or b"", record[3])
            news = news or (tp == self._metrics and bool(unpacked.records))
            if tp != self._metrics:
                past.settle(self._clock.now_ms() or None)
        return news
