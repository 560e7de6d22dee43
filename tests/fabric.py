"""Fabric: made-up but believable readings of every entry of the catalog, for pages and dashboards.

In:  a moment, sites, and what is wrong (a factor on a metric's numerator).
Out: readings of all metrics, windows and totals; the same for the same arguments.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Mapping
from itertools import product

from stream import catalog
from stream.catalog import NOW_WINDOW, Metric
from stream.contract.kinds import KINDS
from stream.contract.readings import Reading
from stream.settings.values import duration_ms

LABELS: dict[str, tuple[str, ...]] = {
    "channel": ("organic_search", "paid_search", "email"),
    "campaign": ("spring", "autumn"),
    "country": ("DE", "AT"),
    "engine": ("google", "bing"),
    "domain": ("example.org", "example.net"),
    "page_group": ("blog",),
    "content": ("a-17", "a-18"),
    "capture_method": ("form", "chatbot", "ad_platform"),
    "action": ("demo", "lead_captured"),
    "offer_stage": ("top",),
    "event": ("webinar-june",),
    "form": ("contact", "demo"),
    "offer": ("ebook",),
    "bot": ("greeter", "advisor"),
    "purpose": ("newsletter",),
    "variant": ("unknown",),
    "bounce_type": ("hard", "soft"),
    "platform": ("google", "meta"),
    "channel_type": ("search",),
    "audience_type": ("prospecting",),
    "currency": ("EUR", "USD"),
    "kind": tuple(KINDS),
    "class": ("human", "bot"),
    "stage": ("lead", "mql", "sql", "customer"),
    "age": ("1d", "7d", "30d", "90d", "older"),
    "reason": ("price", "unknown"),
    "nurtured": ("true", "false"),
    "segment": ("industry",),
    "value": ("retail", "unknown"),
    "assignment": ("round_robin", "rule"),
    "rep": ("kim", "lee", "unknown"),
    "band": ("hot", "warm", "cold"),
    "threshold": ("40", "50", "60"),
    "framework": ("bant", "meddic"),
    "type": ("email_hash", "lead_id"),
    "model": ("first", "last", "linear"),
    "category": ("tools", "agency"),
    "provider": ("serp",),
    "entity": ("crm software", "lead scoring"),
}
STEPS = (
    ("first_view", "form_start"),
    ("form_start", "form_submit"),
    ("first_view", "lead"),
    ("conversation_started", "chat_lead"),
    ("ad_landing", "key_event"),
    ("email_landing", "key_event"),
)
STAGES = (("lead", "mql"), ("mql", "sql"), ("sql", "customer"), ("lead", "customer"))
RATIOS = {"visit_to_lead_ratio": 0.061, "chat_conversion_ratio": 0.214, "click_through_ratio": 0.0131,
          "deliverability_ratio": 0.974, "cost_per_lead": 41.7}  # fmt: skip
AN_HOUR = {"visitors": 412, "leads": 9, "click_through_ratio": 11_000, "chat_conversion_ratio": 37,
           "deliverability_ratio": 240, "cost_per_lead": 25, "visit_to_lead_ratio": 412}  # fmt: skip
ACCOUNT = (("counted", "", 0.958), ("duplicate", "", 0.019), ("filtered", "bot", 0.014), ("filtered", "test", 0.002),
           ("dead_lettered", "too_late", 0.004), ("dead_lettered", "not_json", 0.003))  # fmt: skip


def label_sets(metric: Metric, sites: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """Give every set of labels of a metric."""
    constant = dict(metric.constant)
    if "from" in metric.labels:
        for site, (start, end) in product(sites, STAGES if metric.area == "leads" else STEPS):
            yield {"site": site, "from": start, "to": end}
        return
    values = [
        sites if name == "site" else (constant[name],) if name in constant else LABELS[name] for name in metric.labels
    ]
    for each in product(*values):
        yield dict(zip(metric.labels, each, strict=True))


def wave(seed: str, at_ms: int) -> float:
    """Give a smooth number around 1 that depends on the hour and on the seed."""
    phase = zlib.crc32(seed.encode()) % 628 / 100
    hours = at_ms / 3_600_000
    day, short = math.sin(hours * 2 * math.pi / 24 + phase), math.sin(hours * 1.9 + phase) * math.sin(hours * 5.3)
    return 1 + 0.09 * day + 0.03 * short


def readings(
    at_ms: int,
    sites: tuple[str, ...] = ("shop",),
    *,
    factors: Mapping[str, float] | None = None,
    windows: tuple[str, ...] | None = None,
    names: frozenset[str] | None = None,
    complete: bool = True,
    since_ms: int = 0,
    unread: int = 0,
) -> list[Reading]:
    """Make readings as of a moment."""
    out: list[Reading] = []
    version = catalog.version()

    def add(metric: Metric, labels: dict[str, str], window: str | None, *numbers: float | None) -> None:
        value, top, bottom, n = numbers
        span = (None, None) if window in (None, NOW_WINDOW) else (at_ms - duration_ms(window), at_ms)
        mature = 0.93 if metric.maturity is not None else None
        restated = False if metric.kind == "last" else None
        out.append(Reading(metric.series, labels, window, value, top, bottom, n, *span, at_ms, complete, since_ms,
                           at_ms // 1_000, version, mature, restated))  # fmt: skip

    for metric in catalog.METRICS if names is None else [catalog.BY_NAME[name] for name in sorted(names)]:
        factor = (factors or {}).get(metric.name, 1.0)
        for labels, window in product(label_sets(metric, sites), metric.windows):
            if windows is None or window in windows:
                _read(add, metric, labels, window, at_ms, factor)
    for metric, labels, value in _totals(at_ms, sites, complete, since_ms, unread, version):
        add(catalog.BY_NAME[metric], labels, None, value, None, None, None)
    return out


def _read(add, metric: Metric, labels: dict[str, str], window: str, at_ms: int, factor: float) -> None:  # type: ignore[no-untyped-def]
    seed = metric.name + "".join(labels.values())
    hours = 24.0 if window == NOW_WINDOW else duration_ms(window) / 3_600_000
    size = AN_HOUR.get(metric.name, 60) * hours * wave(seed, at_ms)
    if "site" in labels:
        size *= 1 + zlib.crc32(labels["site"].encode()) % 3 / 4
    whole = max(1, round(size))
    if metric.kind in ("count", "amount"):
        value = round(whole * factor) if metric.kind == "count" else round(size * 7.13, 2)
        add(metric, labels, window, value, None, None, value)
    elif metric.kind in ("oldest", "survival"):
        add(metric, labels, window, 86_400.0 * round(9 * wave(seed, at_ms)), None, None, None)
    elif metric.kind in ("spread", "last", "largest"):
        add(metric, labels, window, 0.12 if metric.kind == "spread" else round(7 * wave(seed, at_ms)), None, None, None)
    elif metric.kind == "summary":
        median = 5_400 * wave(seed, at_ms) if labels.get("to") in ("lead", "key_event") else 95 * wave(seed, at_ms)
        for quantile, times in (("0.5", 1.0), ("0.9", 4.2)):
            add(metric, {**labels, "quantile": quantile}, window, median * times, whole * median * 1.7, whole, whole)
    else:
        ratio = RATIOS.get(metric.name, 2.5 if metric.unit in ("currency", "seconds") else 0.35)
        top = whole * ratio * wave(seed + "top", at_ms) * factor
        top = round(min(top, whole)) if metric.unit == "ratio" else round(top, 2)
        add(metric, labels, window, top / whole, top, whole, whole)


def _totals(
    at_ms: int, sites: tuple[str, ...], complete: bool, since_ms: int, unread: int, version: str
) -> Iterator[tuple[str, dict[str, str], float]]:
    records = 1_000 + max(0, at_ms // 1_000 - 1_700_000_000) // 7
    for at, kind in enumerate(KINDS):
        for outcome, reason, share in ACCOUNT:
            yield (
                "events_total",
                {"kind": kind, "outcome": outcome, "reason": reason},
                int(records * share * (len(KINDS) - at)),
            )
        lag_s = 0.4 + at * 0.7
        yield "source_newest_event_timestamp_seconds", {"kind": kind}, at_ms / 1_000 - lag_s
        yield "source_lag_seconds", {"kind": kind}, lag_s
        yield "source_lag_records", {"kind": kind}, unread if kind == "page_view" else at
        yield "source_missing", {"kind": kind}, 0
        yield "clock_ahead_total", {"kind": kind}, records // 900
        yield "rerouted_total", {"kind": kind}, records // 500
        yield "fields_ignored_total", {"kind": kind, "field": "geo.country"}, records // 300
    yield "conservation_error", {}, 0
    yield "complete", {}, int(complete)
    yield "leads_complete", {}, int(complete)
    yield "leads_behind", {}, 0
    yield "data_since_timestamp_seconds", {}, since_ms / 1_000
    yield "dedupe_horizon_seconds", {}, 86_400
    for site in sites:
        yield "mixed_granularity", {"site": site}, 0
    yield "unjoined_recipients_total", {}, len(KINDS) - at
    source = {"source": "segment"}
    yield "source_items_total", {**source, "outcome": "mapped"}, 1_000 - at
    yield "source_items_total", {**source, "outcome": "unmapped"}, 90 - at
    yield "source_events_total", {**source, "kind": "page_view"}, 1_000 - at
    yield "source_unmapped_total", {**source, "event": "Clicked"}, 90 - at
    yield "source_redacted_total", source, 30 - at
    yield "ignored_ids_total", {"field": "user_id"}, 3
    yield "lead_facts_dropped_total", {}, 0
    yield "labels_folded_total", {"label": "campaign"}, 12
    yield "catalog_info", {"version": version}, 1
