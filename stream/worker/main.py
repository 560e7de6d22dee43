"""Main: the one place where settings, the centre, the exporter and the shell are joined to a worker.

In:  settings.
Out: a running worker with /metrics, live page and runbook beside it; exit code 0 after SIGTERM, 70 after a fail-stop.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, NoReturn

from stream import catalog, logs
from stream.contract.records import SOURCES
from stream.contract.results import encode
from stream.engine.groups import GROUPS, Group, absent, chosen, following
from stream.engine.natively import found
from stream.engine.options import FoldOptions
from stream.engine.shard import ShardFold
from stream.errors import SettingsError
from stream.ingest.decode import Limits
from stream.ingest.ladder import Ladder
from stream.ingest.touches import ChannelOptions
from stream.kafka import security
from stream.kafka.clock import BrokerClock
from stream.kafka.pieces import keep_packed
from stream.rollup.budget import most_readings
from stream.rollup.rollup import Rollup, RollupOptions
from stream.serve.http import HttpService
from stream.serve.live import LivePage
from stream.serve.telemetry import Telemetry
from stream.settings.fields import Settings
from stream.stages.visitors.bounds import Bounds
from stream.worker import run as shell
from stream.worker import runbook
from stream.worker.ports import Fold

if TYPE_CHECKING:
    from stream.worker.mapping import Intake

log = logging.getLogger("leadpulse.worker")


def run(settings: Settings, *, reset: bool = False) -> NoReturn:
    """Serve HTTP and run the shards until told to stop; a port in use is told before anything starts."""
    shell.leave_at_signals()
    logs.in_background()
    look_for_core(settings)
    telemetry = Telemetry(catalog.version(), settings.pace)
    clock = BrokerClock()
    live = LivePage(telemetry, clock.now_ms)
    service = HttpService(settings, telemetry, catalog.BY_NAME, [*live.routes(), runbook.route()])
    service.start()
    live.start()
    fold, groups = fold_options(settings), chosen(settings.leads)
    intake = intake_of(settings, groups) if settings.sources else None

    def make_fold(group: str, shard: int, shards: Mapping[str, int]) -> Fold:
        if intake is not None and group == SOURCES:
            return intake.fold(shard, shards, fold.limits, groups)
        return ShardFold(group, shard, shards[group], following(fold, shards))

    try:
        shell.run(
            settings,
            groups=(groups if intake is None else intake.groups(groups)).values(),
            make_fold=make_fold,
            make_rollup=lambda shards: Rollup(rollup_options(settings, shards)),
            encode_reading=encode,
            exporter=telemetry,
            clock=clock,
            reset=reset,
            intake=intake,
        )
    finally:
        live.stop()
        service.stop()


def intake_of(settings: Settings, groups: Mapping[str, Group]) -> Intake:
    """Read the definitions of sources; nothing of it is imported by who has none."""
    from stream.worker.mapping import Intake

    return Intake.of(settings, security.link(settings), groups)


def fold_options(settings: Settings) -> FoldOptions:
    """Give what the folds depend on."""
    return FoldOptions(
        limits=Limits(
            settings.max_record_bytes,
            settings.max_depth,
            settings.lateness_ms,
            own_lateness_ms=settings.lateness_by_kind_ms,
            ladder=Ladder(settings.rules.ladder),
        ),
        partitioner=settings.partitioner,
        require_consent=settings.consent == "require",
        bounds=Bounds(flood_events=settings.flood_events, flood_chats=settings.flood_chats),
        topic_prefix=settings.topic_prefix,
        known_ids_bytes=settings.known_ids_bytes,
        channels=ChannelOptions(
            settings.own_domains,
            settings.ignored_referrers,
            settings.referrer_names,
            settings.channel_sets,
            settings.look_back_ms,
        ),
        once=settings.delivery == "exactly_once",
        rules=settings.rules,
        native=settings.native,
    )


def look_for_core(settings: Settings) -> None:
    """Use the compiled core, or say that it is not there; raises SettingsError where it must be and is not."""
    core, said = found(settings.native)
    if core is None and settings.native == "on":
        raise SettingsError(f"LEADPULSE_NATIVE is on, and {said}.", do="Build it, or leave the setting at auto.")
    keep_packed(core)
    if said:
        log.info("%s: the Python does all of the work, with the same figures", said)


def rollup_options(settings: Settings, shards: Mapping[str, int]) -> RollupOptions:
    """Give what the rollup depends on; `shards` is group → number of shards."""
    told = tuple(group for group in GROUPS if group in shards and GROUPS[group].told_by)
    return RollupOptions(
        {group: shards[group] for group in (*GROUPS, SOURCES) if group in shards},
        absent=absent(shards),
        clock=settings.clock,
        label_limit=settings.label_limit,
        most_readings=most_readings(settings.readings_limit, followed=bool(told)),
        allowed={label: frozenset(values) for label, values in settings.labels.items()},
        once=settings.delivery == "exactly_once",
        told=told,
        periods=settings.rules.periods,
        native=settings.native,
    )
