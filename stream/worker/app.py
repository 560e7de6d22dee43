"""App: joins Faust, the shards, the centre and the exporter.

In:  settings, and how to make a fold and a rollup.
Out: a Faust app, ready to be started by `run`.

Faust brings group membership, the life cycle of services, and one thin agent a source topic, which only feeds
batches to their shards. It decides no position, no acknowledgement, no recovery and no back-pressure.
"""

from __future__ import annotations

import logging
import os
import time
import uuid
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import faust
from aiokafka import TopicPartition
from faust.tables.manager import TableManager
from mode import CrashingSupervisor

from stream.contract.records import REROUTE, SOURCES
from stream.kafka import refusals
from stream.kafka.clock import BrokerClock
from stream.kafka.layout import ROLLUP, Layout, ShardId
from stream.kafka.reader import Reader
from stream.kafka.security import Link
from stream.kafka.state_log import StateLog
from stream.serve.telemetry import program_version as installed_version
from stream.serve.views import (
    AlertsView,
    Exporter,
    FollowedView,
    JudgedFigure,
    LetterView,
    PastView,
    RollupView,
    WorkerView,
)
from stream.worker import told
from stream.worker.alerts_file import AlertsFile
from stream.worker.duties import duties
from stream.worker.guards.failstop import die
from stream.worker.guards.outage import Outage
from stream.worker.heart import Heart
from stream.worker.judging import Judging
from stream.worker.kept_log import KeptLog
from stream.worker.neighbours import Said, shared
from stream.worker.outputs import Outputs
from stream.worker.owner import Owned, Shards
from stream.worker.ports import EncodeReading, MakeFold, MakeRollup
from stream.worker.position import Owner
from stream.worker.restore import Claim
from stream.worker.rollup_shard import RollupShard
from stream.worker.shaped import leads_settings, rollup_settings, shard_settings
from stream.worker.shard import Shard
from stream.worker.succession import Succession
from stream.worker.transport import BatchTopic, Transport

if TYPE_CHECKING:
    from stream.settings.fields import Settings
    from stream.worker.mapping import Intake

log = logging.getLogger("leadpulse.worker")

PUBLISHES_S = 5.0  # who published within it needs not read what others publish
METADATA_AGE_MS = 10_000  # partitions that are added are noticed so soon


class App(faust.App):  # type: ignore[misc]
    """Faust's app with our transport, and without what we do ourselves."""

    link: Link
    layout: Layout
    whole: Layout
    said: Said
    shards: Shards
    outage: Outage
    shown: Shown
    alerts: AlertsFile
    shards_of: dict[str, int]
    letter_partitions: int
    intake: Intake | None  # the topics of others that are mapped
    publishes: bool  # whether results are this generation's by now

    def _new_transport(self) -> Transport:
        return Transport(self.conf.broker_consumer, self)

    def _new_consumer(self) -> Any:
        consumer = super()._new_consumer()
        self.shards = self.make_shards(consumer)
        consumer.shards = self.shards
        return consumer

    def _create_directories(self) -> None:
        """Nothing is kept on disk."""


class Tables(TableManager):  # type: ignore[misc]
    """Faust's manager of tables, of which we have none: it waits a second for some that may still be declared."""

    async def on_start(self) -> None:
        """Begin at once."""
        await self._update_channels()
        await self.recovery.start()


class Shown:
    """Passes everything to whoever shows it, if anybody does, and remembers what was published last."""

    def __init__(self, exporter: Exporter | None) -> None:
        self.published: RollupView | None = None
        self.judged: tuple[JudgedFigure, ...] = ()
        self._exporter = exporter
        self._published_at = float("-inf")

    def publishes(self) -> bool:
        """Say whether this worker published a moment ago: a view that nobody replaces says only that it did so once."""
        return time.monotonic() - self._published_at < PUBLISHES_S

    def show_rollup(self, view: RollupView | None) -> None:
        """Replace the business gauges."""
        self.published = view
        self._published_at = float("-inf") if view is None else time.monotonic()
        if self._exporter is not None:
            self._exporter.show_rollup(view)

    def show_worker(self, view: WorkerView) -> None:
        """Replace the operational gauges."""
        if self._exporter is not None:
            self._exporter.show_worker(view)

    def show_alerts(self, view: AlertsView) -> None:
        """Replace the gauges of alerts."""
        if self._exporter is not None:
            self._exporter.show_alerts(view)

    def show_judged(self, figures: tuple[JudgedFigure, ...]) -> None:
        """Replace the gauges of verdicts."""
        self.judged = figures
        if self._exporter is not None:
            self._exporter.show_judged(figures)

    def show_followed(self, view: FollowedView) -> None:
        """Replace what another worker publishes."""
        if self._exporter is not None:
            self._exporter.show_followed(view)

    def show_past(self, view: PastView) -> None:
        """Replace what the past is read from."""
        if self._exporter is not None:
            self._exporter.show_past(view)

    def wants_letters(self) -> bool:
        """Say whether anybody looks at examples of rejected records."""
        return self._exporter is not None and self._exporter.wants_letters()

    def show_letters(self, letters: tuple[LetterView, ...]) -> None:
        """Replace the examples of rejected records."""
        if self._exporter is not None:
            self._exporter.show_letters(letters)


def build_app(
    settings: Settings,
    *,
    link: Link,
    layout: Layout,
    whole: Layout | None = None,
    counts: Mapping[str, int],
    make_fold: MakeFold,
    make_rollup: MakeRollup,
    encode_reading: EncodeReading,
    exporter: Exporter | None = None,
    clock: BrokerClock | None = None,
    reset: bool = False,
    intake: Intake | None = None,
) -> App:
    """Join everything; `counts` is topic → number of partitions, as the start-up checks found them.

    `layout` has what runs: an optional group or kind whose topics are missing is not in it, but in `whole`.
    """
    shown, clock = Shown(exporter), clock or BrokerClock()
    shards_of = {group: counts[layout.state(group)] for group in layout.assigned()}
    if intake is not None and SOURCES in shards_of:
        shards_of[SOURCES] = intake.shards  # its own topics may have more partitions
    exactly_once = settings.delivery == "exactly_once"
    owner = Owner(layout.consumer_group(settings.group_id), settings.instance_id, uuid.uuid4().hex[:12])
    begun, gone = set[ShardId](), set[str]()
    app = App(
        owner.group,
        broker=[f"kafka://{broker}" for broker in settings.brokers],
        broker_credentials=link.faust(),
        broker_client_id=f"leadpulse-{settings.instance_id or os.getpid()}",
        broker_session_timeout=settings.session_timeout_s,
        broker_heartbeat_interval=min(3.0, settings.session_timeout_s / 5),
        # a commit may take 20 s before a shard is given up; the embedded broker makes a join wait in proportion
        broker_rebalance_timeout=30.0 if exactly_once else 10.0,
        broker_request_timeout=max(40.0, settings.session_timeout_s + 1),
        broker_commit_interval=5.0,
        consumer_metadata_max_age_ms=METADATA_AGE_MS,
        consumer_group_instance_id=settings.instance_id or None,
        processing_guarantee="at_least_once",  # ours is exactly once; Faust's own leaves outputs outside
        agent_supervisor=CrashingSupervisor,
        Topic=BatchTopic,
        TableManager=Tables,
        topic_allow_declare=False,
        topic_disable_leader=True,
        stream_buffer_maxsize=8,
        stream_wait_empty=False,
        stream_publish_on_commit=False,
        producer_threaded=False,
        store="memory://",
        web_enabled=False,
        worker_redirect_stdouts=False,
    )
    app.link, app.layout, app.whole, app.shown, app.shards_of = link, layout, whole or layout, shown, shards_of
    app.letter_partitions = counts[layout.dead_letter]
    app.intake = intake
    rules, first = settings.rules, layout.former() is None
    app.publishes = first
    app.alerts = AlertsFile(settings.alerts)
    app.said = Said(settings.instance_id, shared(settings), reset)
    log.info("%s", told.start_line(settings, layout, shards_of, installed_version()))
    app.boot_strategy.enable_kafka_producer = False  # all writing goes through the shards' own producers

    def judging() -> Judging | None:
        if layout.history is None:
            return None
        return Judging(KeptLog(layout.history, clock), layout.alerts, lambda: app.alerts.settings)

    def make_shards(source: Any) -> Shards:
        heart = Heart(clock)
        outage = app.outage = Outage(partial(refusals.silence, link), lambda reason: app.shards.give_up(reason))

        def make(id: ShardId) -> Owned:
            name = layout.transactional_id(id) if exactly_once else None
            # forwards repeat what producers may have packed well
            senders = layout.sources if id.group == SOURCES else {id.group: layout.sources.get(id.group, {})}
            packed = [topics[REROUTE] for topics in senders.values() if REROUTE in topics]
            statelog = StateLog(link, layout.state(id.group), id.shard, name, packed, clock)
            if id.group == ROLLUP:
                claim = Claim(owner, rollup_settings(shards_of), gone)
                return RollupShard(
                    make_rollup(shards_of),
                    statelog,
                    layout,
                    shards_of,
                    encode_reading,
                    shown,
                    clock=clock,
                    claim=claim,
                    fail=outage.fail,
                    succession=Succession(link, layout, settings.group_id, fences=exactly_once),
                    judging=judging(),
                )
            fold = make_fold(id.group, id.shard, shards_of)
            results = {topic: counts[topic] for topic in layout.results.values()}
            outputs = Outputs(layout, id, shards_of, counts[layout.dead_letter], settings.partitioner, results)
            made_with = shard_settings(settings.partitioner, shards_of[id.group])
            mapping = None
            if intake is not None and id.group == SOURCES:
                made_with, mapping = intake.made_with(), intake.of_shard(id.shard, fold)
            claim = Claim(owner, made_with | leads_settings(layout, id.group, shards_of, rules), gone)
            # a log that is empty later on was not emptied for this beginning
            anew = reset and id not in begun
            begun.add(id)
            return Shard(
                outputs, fold, statelog, source, settings, clock=clock, reset=anew, claim=claim, fail=outage.fail,
                publishes=None if first else lambda: app.publishes, mapping=mapping,
                heart=heart,
            )  # fmt: skip

        return Shards(layout, make, partial(Reader, link))

    app.make_shards = make_shards
    for group, topics in layout.assigned().items():
        for topic in topics:
            _thin_agent(app, group, topic)

    @app.on_partitions_revoked.connect
    async def revoked(app: App, revoked: Any, **_: Any) -> None:
        await app.shards.quiesce()

    @app.on_partitions_assigned.connect
    async def assigned(app: App, assigned: Any, **_: Any) -> None:
        try:
            tps = [TopicPartition(tp.topic, tp.partition) for tp in assigned]
            await app.shards.assign(tps, app.consumer_generation_id)
        except Exception as error:
            die("assignment", error)

    app.service(duties(app, settings, shown, clock))
    return app


def _thin_agent(app: App, group: str, topic: str) -> None:
    @app.agent(  # type: ignore[untyped-decorator]
        app.topic(topic, key_serializer="raw", value_serializer="raw", acks=False),
        name=f"{group}.{topic}",
        concurrency=1,
    )
    async def carry(batches: Any) -> None:
        async for batch in batches:
            app.shards.feed(batch)
