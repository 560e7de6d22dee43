"""Duties: what a worker does beside folding: show itself, tell of itself, look after the broker, stop in order.

In:  the app with its shards; the settings.
Out: a Faust service.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from kafka.errors import KafkaError as AdminError
from mode import Service

from stream.engine.groups import chosen
from stream.errors import LeadpulseError, TopicError
from stream.kafka import probe
from stream.kafka.clock import BrokerClock
from stream.kafka.reader import Reader
from stream.serve.views import Exporter
from stream.worker import added, alerts_file, optional, succession, told
from stream.worker.alerts_shown import AlertsShown
from stream.worker.examples import Examples
from stream.worker.followed import Followed
from stream.worker.guards.failstop import begin_again, leave_within
from stream.worker.guards.watchdog import Watchdog

if TYPE_CHECKING:
    from stream.settings.fields import Settings
    from stream.worker.app import App

log = logging.getLogger("leadpulse.worker")

ADDED_LOOK_S: Final = 3.0
OUTAGE_LOOK_S: Final = 1.0
TOPICS_LOOK_S: Final = 60.0
REJOIN_S: Final = 30.0  # a join waits for the other members, who have to come back as well
SILENT_LEAVE_S: Final = 1.0  # nobody is there to say goodbye to
LEAVE_S: Final = 8.0  # time to leave the group in order, once everything is committed


def duties(app: App, settings: Settings, exporter: Exporter, clock: BrokerClock) -> type[Service]:
    """Make the service; it stops before the consumer leaves the group, so that nothing is replayed."""

    class Duties(Service):
        async def on_start(self) -> None:
            self._watchdog = Watchdog(self._stalled_s, settings.stall_timeout_s)
            self._watchdog.start()

        @Service.task
        async def _show(self) -> None:
            before, told_at, was_ready = app.shards.view(), time.monotonic(), False
            while not self.should_stop:
                view, now = replace(app.shards.view(), clock_skew_ms=clock.skew_ms), time.monotonic()
                exporter.show_worker(view)
                if (news := clock.news()) is not None:
                    log.warning("%s", news)
                if view.ready and not was_ready:
                    log.info("%s", told.ready_line(view))
                if now - told_at >= told.EVERY_S:
                    log.info("%s", told.minute_line(before, view, now - told_at, app.shown.published))
                    before, told_at = view, now
                was_ready = view.ready
                await self.sleep(1.0)

        def _stalled_s(self) -> float:
            """Give how long nothing was committed; a broker that does not answer is no standstill of ours."""
            stalled_s = app.shards.stalled_s()
            return stalled_s if stalled_s <= settings.stall_timeout_s or probe.answers(app.link) else 0.0

        @Service.task
        async def _look_for_partitions(self) -> None:
            """Notice partitions that were added to a source, and say so once."""
            known: set[TopicPartition] = set()
            while not self.should_stop:
                await self.sleep(ADDED_LOOK_S)
                found = added.unread(app.layout.sources, app.shards_of, app.consumer.partitions_of)
                tps = {tp for some in found.values() for tp in some}
                try:
                    waiting = await app.consumer.holds(tps) if tps else {}
                except (KafkaError, TimeoutError) as error:
                    log.debug("partitions that were added: %r", error)
                    continue
                app.shards.see_unread({place: sum(waiting[tp] for tp in some) for place, some in found.items()}, found)
                if tps != known and tps:
                    log.warning("%s", added.message(sorted(tps), sum(waiting.values())))
                known = tps

        @Service.task
        async def _come_back(self) -> None:
            """Join the group anew after an outage: only the group knows whose the shards are by then."""
            while not self.should_stop:
                await self.sleep(OUTAGE_LOOK_S)
                if app.shards.silent and await app.outage.silence() is None:
                    try:
                        await app.consumer.rejoin()
                    except Exception as error:  # it ends the process by itself if it cannot go on
                        log.debug("the group cannot be joined now: %r", error)
                    until = time.monotonic() + REJOIN_S
                    while app.shards.silent and time.monotonic() < until and not self.should_stop:
                        await self.sleep(0.2)

        @Service.task
        async def _look_for_take_over(self) -> None:
            """Notice that this generation publishes: results of leads are told from then on, by every worker."""
            while not (self.should_stop or app.publishes or app.layout.told is None):
                try:
                    app.publishes = await succession.taken_over(app.link, app.layout)
                except (LeadpulseError, KafkaError, TimeoutError) as error:
                    log.debug("whether this generation publishes: %r", error)
                await self.sleep(succession.LOOK_S)

        @Service.task
        async def _look_for_optional_topics(self) -> None:
            """Notice topics that were missing at the start; what they bring is read from the next start on."""
            told = ""
            while not self.should_stop and optional.left_out(app.whole, app.layout):
                await self.sleep(optional.LOOK_S)
                try:
                    found = await asyncio.to_thread(optional.appeared, app.link, app.whole, app.layout)
                except (LeadpulseError, KafkaError, AdminError) as error:
                    log.debug("optional topics: %r", error)
                    continue
                if found is not None and str(found) != told:
                    told = str(found)
                    log.warning("%s", told)
                if found is not None and found.wrong is None:
                    begin_again()
                    return

        @Service.task
        async def _look_for_topics_of_sources(self) -> None:
            """Notice topics that a pattern meets now, and partitions that were added: they are read from then on."""
            said = ""
            while not self.should_stop and app.intake is not None:
                await self.sleep(TOPICS_LOOK_S)
                try:
                    found = await asyncio.to_thread(app.intake.changed, app.link, chosen(settings.leads))
                except (LeadpulseError, KafkaError, AdminError) as error:
                    if isinstance(error, TopicError) and str(error) != said:
                        said = str(error)
                        log.warning("%s", said)
                    log.debug("topics of sources: %r", error)
                    continue
                if found:
                    log.warning(
                        "topics of sources have changed: %s. This worker ends, and is to be started again", found
                    )
                    begin_again()
                    return

        @Service.task
        async def _look_at_the_file_of_alerts(self) -> None:
            """Read the file of alerts again when it changes."""
            while not self.should_stop:
                await self.sleep(alerts_file.LOOK_S)
                app.alerts.look()

        @Service.task
        async def _show_alerts(self) -> None:
            """Follow the topic of alerts."""
            if app.layout.alerts is not None:
                shown = AlertsShown(
                    app.layout.alerts, exporter, lambda: app.alerts.settings, lambda: app.shown.judged, clock,
                    by_events=settings.clock == "events",
                )  # fmt: skip
                await shown.follow(partial(Reader, app.link), lambda: self.should_stop)

        @Service.task
        async def _follow_the_owner(self) -> None:
            """Read for the page what another worker publishes."""

            def begins() -> bool:
                view = app.shards.view()
                return not view.owns_rollup and (bool(view.shards) or view.ready)

            followed = Followed(app.layout, exporter, clock, app.shown.publishes, begins)
            await followed.follow(partial(Reader, app.link), lambda: self.should_stop)

        @Service.task
        async def _read_examples(self) -> None:
            """Read examples of rejected records while somebody looks at them."""
            examples = Examples(app.layout.dead_letter, app.letter_partitions, exporter)
            await examples.follow(partial(Reader, app.link), lambda: self.should_stop)

        async def on_stop(self) -> None:
            self._watchdog.stop()
            silent = app.shards.silent
            await app.shards.stop()
            silent = silent or app.shards.silent
            if not silent:
                await app.consumer.leave()
            log.info("stopped: %s", "no broker answered" if silent else "everything is committed")
            leave_within(SILENT_LEAVE_S if silent else LEAVE_S)

    return Duties
