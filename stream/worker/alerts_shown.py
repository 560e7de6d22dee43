"""Alerts shown: the topic of alerts, followed by every worker for its gauges.

In:  the records of `leadpulse.alerts`, read_committed, from its beginning on; settings; what is judged here.
Out: a view of them for whoever shows it, replaced when it changes.

Who owns the rollup writes them; a worker that does not must show them as well, or a failover would resolve what fires.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final, NamedTuple

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from stream.changes.panes import MINUTE_MS
from stream.contract.alert import AlertRecord
from stream.errors import LeadpulseError
from stream.history.spells import Spells
from stream.judge.settings import Settings
from stream.judge.told import moment_ms
from stream.kafka.clock import BrokerClock
from stream.kafka.reader import OpenReader, Reader
from stream.serve.views import AlertsView, Exporter, JudgedFigure

log = logging.getLogger("leadpulse.alerts")

_POLL_S: Final = 1.0
_AGAIN_S: Final = 5.0
#: What ended a day ago is shown no more: time alone changes what is shown, though not soon.
_REFRESH_MS: Final = 10 * MINUTE_MS


class _Shown(NamedTuple):
    """What a view was made of, beside the records."""

    settings: Settings
    judged: tuple[JudgedFigure, ...]
    turn: int


class AlertsShown:
    """Alerts as one worker shows them."""

    def __init__(
        self,
        topic: str,
        exporter: Exporter,
        settings: Callable[[], Settings],
        judged: Callable[[], tuple[JudgedFigure, ...]],
        clock: BrokerClock,
        *,
        by_events: bool = False,
    ) -> None:
        """Take `by_events` where time goes by events, and not by the broker's clock."""
        self._tp = TopicPartition(topic, 0)
        self._exporter, self._settings, self._judged = exporter, settings, judged
        self._clock, self._by_events = clock, by_events
        self._spells = Spells()
        self._shown: _Shown | None = None

    async def follow(self, open_reader: OpenReader, stopped: Callable[[], bool]) -> None:
        """Follow the topic until the worker stops; what goes wrong with it is tried again."""
        while not stopped():
            try:
                async with open_reader() as reader:
                    await self._follow(reader, stopped)
            except (LeadpulseError, KafkaError, TimeoutError) as error:
                log.debug("alerts cannot be followed now: %r", error)
                await asyncio.sleep(_AGAIN_S)

    async def _follow(self, reader: Reader, stopped: Callable[[], bool]) -> None:
        begin, end = (await reader.bounds([self._tp]))[self._tp]
        spells = Spells()
        async for records in reader.scan(self._tp, begin, end):
            for record in records:
                spells.load(record[2] or b"", record[3])
        self._spells, self._shown = spells, None  # whole from here on: what was shown before stood until now
        reader.follow({self._tp: end})
        while not stopped():
            self.show()
            for unpacked in (await reader.poll(_POLL_S)).values():
                for record in unpacked.records:
                    if self._spells.load(record[2] or b"", record[3]):
                        self._shown = None

    def show(self) -> None:
        """Show what is known, if anything about it is new."""
        records = tuple(self._spells.records.values())
        now_ms = self._now_ms(records)
        before, now = self._shown, _Shown(self._settings(), self._judged(), now_ms // _REFRESH_MS)
        if before is not None and before.settings is now.settings and before.judged is now.judged:
            if before.turn == now.turn:
                return
        self._shown = now
        sites = sorted({figure.site for figure in now.judged})
        self._exporter.show_alerts(AlertsView(records, tuple(sites), now.settings, now_ms))

    def _now_ms(self, records: tuple[AlertRecord, ...]) -> int:
        newest_ms = max((moment_ms(record.at) for record in records), default=0)
        return newest_ms if self._by_events else max(newest_ms, self._clock.now_ms())
