"""Telemetry: what a worker shows about itself and, if it owns the rollup, about the business.

In:  the views that the shell publishes after a commit or once a second, each a whole and immutable value.
Out: the current snapshot of readings, verdicts and alerts, readiness, and a registry of operational metrics.

The HTTP thread reads all of this: views are replaced, never changed, so no lock is needed. Label values are
names of groups, shards and sources from our own code: nothing from an event.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, version

from prometheus_client import CollectorRegistry, Counter, Gauge, Info, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.registry import Collector

from stream.serve.prometheus import Snapshot
from stream.serve.views import (
    AlertsView,
    FollowedView,
    JudgedFigure,
    LetterView,
    PastView,
    RollupView,
    ShardView,
    WorkerView,
)

#: A view is replaced each second; one that is older is of a worker that stands still.
STALE_S = 10.0
#: Who looks at examples of rejected records asks again sooner.
LETTERS_S = 30.0
RESTORED_STATES = ("running", "paused")


def program_version() -> str:
    """Give the installed version."""
    try:
        return version("leadpulse")
    except PackageNotFoundError:  # a checkout that was never installed
        return "unknown"


class Telemetry:
    """Hold what is shown; the shell's exporter. Each call replaces a view and returns at once."""

    def __init__(self, catalog_version: str, pace: int = 1) -> None:
        """Take how many seconds of events are played in one of the clock: a demo has fast motion."""
        self.pace = pace
        self.snapshot: Snapshot | None = None
        self.alerts: AlertsView | None = None
        self.judged: tuple[JudgedFigure, ...] = ()
        self.followed: FollowedView | None = None
        self.past: PastView | None = None
        self.letters: tuple[LetterView, ...] | None = None
        self._letters_asked = float("-inf")
        self.worker = WorkerView((), owns_rollup=False, rebalances=0, ready=False)
        self._shown_at = time.monotonic()
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)  # process_cpu_seconds_total, process_resident_memory_bytes, …
        self.registry.register(WorkerCollector(self))
        build = {
            "version": program_version(),
            "catalog_version": catalog_version,
            "python": platform.python_version(),
        }
        self.build = f"catalog {catalog_version}, Python {build['python']}"
        Info("leadpulse_build", "Versions of the running program.", registry=self.registry).info(build)
        Gauge("leadpulse_worker_start_timestamp_seconds", "When this worker started.", registry=self.registry).set(
            time.time()
        )
        self.requests = Counter(
            "leadpulse_http_requests",
            "HTTP requests, by the route's pattern.",
            ("route", "code"),
            registry=self.registry,
        )
        self.refused = Counter(
            "leadpulse_http_connections_refused", "HTTP connections over the limit.", registry=self.registry
        )
        self.render_seconds = Gauge(
            "leadpulse_http_render_seconds",
            "Time that writing the last snapshot took.",
            registry=self.registry,
        )

    def show_rollup(self, view: RollupView | None) -> None:
        """Replace the business metrics; None when another worker owns them now."""
        self.snapshot = None if view is None else Snapshot(view.readings, view.as_of_ms)

    def show_worker(self, view: WorkerView) -> None:
        """Replace the operational metrics."""
        self.worker, self._shown_at = view, time.monotonic()

    def show_alerts(self, view: AlertsView) -> None:
        """Replace the gauges of alerts, which every worker shows."""
        self.alerts = view

    def show_judged(self, figures: tuple[JudgedFigure, ...]) -> None:
        """Replace the gauges of verdicts; none when another worker owns the rollup now."""
        self.judged = figures

    def show_followed(self, view: FollowedView) -> None:
        """Replace what another worker publishes; only the page shows it."""
        self.followed = view

    def show_past(self, view: PastView) -> None:
        """Replace what the page's charts are drawn from."""
        self.past = view

    def ask_for_letters(self) -> None:
        """Have examples of rejected records read, now and for a while."""
        self._letters_asked = time.monotonic()

    def wants_letters(self) -> bool:
        """Say whether anybody looked at them a moment ago."""
        return time.monotonic() - self._letters_asked < LETTERS_S

    def show_letters(self, letters: tuple[LetterView, ...]) -> None:
        """Replace the examples of rejected records."""
        self.letters = letters

    @property
    def ready(self) -> bool:
        """Say whether the worker does its work: a view that nobody replaces says only that it did so once."""
        return self.worker.ready and time.monotonic() - self._shown_at < STALE_S

    def text(self, *, openmetrics: bool = False) -> bytes:
        """Write the operational metrics in exposition format, or in OpenMetrics."""
        text: bytes = (generate_openmetrics if openmetrics else generate_latest)(self.registry)
        return text


class WorkerCollector(Collector):
    """Turn the current view of the worker into families; what it no longer owns is no longer shown."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry

    def describe(self) -> Iterable[Metric]:
        """Name nothing beforehand."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Give the worker's families, then those of its shards."""
        view = self._telemetry.worker
        yield GaugeMetricFamily(
            "leadpulse_worker_ready", "1 when in the group and all of its shards run.", value=int(self._telemetry.ready)
        )
        yield GaugeMetricFamily(
            "leadpulse_rollup_owner", "1 when this worker owns the rollup and shows the business metrics.",
            value=int(view.owns_rollup),
        )  # fmt: skip
        yield GaugeMetricFamily(
            "leadpulse_broker_answers", "0 while no broker answers: the figures shown are the last ones.",
            value=int(view.silent_s is None),
        )  # fmt: skip
        unread = GaugeMetricFamily(
            "leadpulse_partitions_unread", "Partitions that were added to a source and that nobody reads.",
            labels=("topic",),
        )  # fmt: skip
        for topic, count in view.unread.items():
            unread.add_metric((topic,), count)
        yield unread
        if view.clock_skew_ms is not None:
            yield GaugeMetricFamily(
                "leadpulse_clock_skew_seconds",
                "How far this worker's clock is ahead of the broker's (behind: below 0); no figure rests on it.",
                value=view.clock_skew_ms / 1_000,
            )
        yield CounterMetricFamily("leadpulse_rebalances", "Assignments since the start.", value=view.rebalances)
        yield _native(view.shards)
        yield from _gauges(view.shards)
        yield from _counters(view.shards)
        lag = GaugeMetricFamily(
            "leadpulse_shard_lag_records", "Records of the source that are not folded yet.",
            labels=("group", "shard", "source"),
        )  # fmt: skip
        for shard in view.shards:
            for source, records in shard.lag_records.items():
                lag.add_metric((shard.group, str(shard.shard), source), records)
        yield lag


def _native(shards: tuple[ShardView, ...]) -> Metric:
    family = GaugeMetricFamily(
        "leadpulse_native_ratio",
        "Share of the records of this process that the compiled core took; none is shown where it is not there.",
        labels=("kind",),
    )
    seen: dict[str, list[int]] = {}
    for shard in shards:
        for kind, (records, taken) in shard.native.items():
            sums = seen.setdefault(kind, [0, 0])
            sums[0], sums[1] = sums[0] + records, sums[1] + taken
    for kind, (records, taken) in sorted(seen.items()):
        if records:
            family.add_metric((kind,), taken / records)
    return family


def _gauges(shards: tuple[ShardView, ...]) -> Iterator[Metric]:
    values: list[tuple[str, str, list[float]]] = [
        (
            "restored",
            "1 when the shard's state is restored.",
            [int(s.state in RESTORED_STATES) for s in shards],
        ),
        ("caught_up", "1 when the shard has folded all there is.", [int(s.caught_up) for s in shards]),
        (
            "held",
            "1 while the shard does not fetch because it has too much to fold.",
            [int(s.held) for s in shards],
        ),
        ("inbox_bytes", "Bytes fetched and not folded yet.", [s.inbox_bytes for s in shards]),
        (
            "commit_timestamp_seconds",
            "When the last commit succeeded.",
            [s.committed_ms / 1_000 for s in shards],
        ),
        ("last_commit_seconds", "Time that the last commit took.", [s.commit_s for s in shards]),
        ("restore_seconds", "Time that restoring took.", [s.restore_s for s in shards]),
        (
            "restored_records",
            "Records of the state log that were read to restore.",
            [s.restored_records for s in shards],
        ),
    ]
    for name, text, column in values:
        family = GaugeMetricFamily(f"leadpulse_shard_{name}", text, labels=("group", "shard"))
        for shard, value in zip(shards, column, strict=True):
            family.add_metric((shard.group, str(shard.shard)), value)
        yield family


def _counters(shards: tuple[ShardView, ...]) -> Iterator[Metric]:
    values: list[tuple[str, str, list[float]]] = [
        ("records", "Records folded by this process, of whatever outcome.", [s.records for s in shards]),
        ("commits", "Commits by this process.", [s.commits for s in shards]),
        ("fold_seconds", "Time that folding took in this process.", [s.fold_s for s in shards]),
    ]
    for name, text, column in values:
        family = CounterMetricFamily(f"leadpulse_shard_{name}", text, labels=("group", "shard"))
        for shard, value in zip(shards, column, strict=True):
            family.add_metric((shard.group, str(shard.shard)), value)
        yield family
