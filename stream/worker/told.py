"""Told: the lines that a worker writes about itself: one at the start, one a minute.

In:  settings and partition counts; what the worker shows of itself, then and now.
Out: text for the log. What a person should know besides is logged where it happens.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from stream.kafka.layout import ROLLUP, Layout
from stream.serve.views import RollupView, WorkerView

if TYPE_CHECKING:
    from stream.settings.fields import Settings

EVERY_S: Final = 60.0


def start_line(settings: Settings, layout: Layout, shards: Mapping[str, int], version: str) -> str:
    """Say what starts, where, and with how many shards."""
    sources = ", ".join(topic for name, group in layout.groups.items() for kind, topic in layout.sources[name].items()
                        if kind in group.kinds)  # fmt: skip
    dealt = ", ".join(f"{name} {count}" for name, count in shards.items() if name != ROLLUP)
    return (
        f"leadpulse {version} starts: brokers {', '.join(settings.brokers)}; group "
        f"{layout.consumer_group(settings.group_id)}{f', as {settings.instance_id}' if settings.instance_id else ''}; "
        f"topics {sources}; shards {dealt}; delivery {settings.delivery}"
        f"{_unjudged(layout)}"
    )


def _unjudged(layout: Layout) -> str:
    if layout.history is None:
        return "; history is not kept: its topic is missing; nothing is judged"
    return "" if layout.alerts is not None else "; nothing is judged: the topic of alerts is missing"


def minute_line(before: WorkerView, now: WorkerView, took_s: float, published: RollupView | None) -> str:
    """Say what was done since, and how things are."""
    shards = [shard for shard in now.shards if shard.group != ROLLUP]
    records, letters = _sums(now)
    records_before, letters_before = _sums(before)
    done = max(0, records - records_before)  # shards that went to another worker took their counts with them
    lag = sum(sum(shard.lag_records.values()) for shard in shards)
    running = sum(shard.state == "running" for shard in now.shards)
    parts = [
        f"{done:,} records ({done / max(took_s, 0.001):,.0f}/s)",
        f"lag {lag:,}",
        f"{max(0, letters - letters_before):,} dead letters",
        f"{running} of {len(now.shards)} shards run",
    ]
    if published is not None:
        whole = bool(published.readings) and published.readings[-1].complete
        parts.append(f"{len(published.readings):,} readings, {'complete' if whole else 'not complete'}")
    if now.silent_s is not None:
        parts.append(f"no broker has answered for {now.silent_s:.0f} s")
    return "; ".join(parts)


def _sums(view: WorkerView) -> tuple[int, int]:
    shards = [shard for shard in view.shards if shard.group != ROLLUP]
    return sum(shard.records for shard in shards), sum(shard.dead_letters for shard in shards)


def ready_line(view: WorkerView) -> str:
    """Say that everything that was dealt to this worker runs."""
    restored = sum(shard.restored_records for shard in view.shards)
    took_s = max((shard.restore_s for shard in view.shards), default=0.0)
    return f"ready: {len(view.shards)} shards run, {restored:,} records of state restored in {took_s:.1f} s at most"
