"""Totals: the account of all records and the freshness of sources, as readings without a window.

In:  the standings of all shards.
Out: (metric, labels, value); the largest of what shards report of a site.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from stream.rollup.budget import Budget
from stream.rollup.mapped import Mapped
from stream.rollup.standing import Standings
from stream.rollup.value import Value
from stream.state.labels import FOLDED

Total = tuple[str, dict[str, str], int | float]


def totals(
    standings: Standings, budget: Budget, now_ms: int, complete: bool, along: bool, catalog_version: str
) -> Iterator[Total]:
    """Give every total; names in the account are `kind/outcome` or `kind/outcome/reason`."""
    account = standings.account()
    accepted: dict[str, int] = {}
    ended = dropped = 0
    ignored: Counter[str] = Counter()
    folded = dict(budget.folded)
    mapped = Mapped()
    for name, n in sorted(account.items()):
        kind, outcome, *rest = name.split("/", 2)
        if kind == "source":
            mapped.take(outcome, rest[0], n)
            continue
        if outcome == "accepted":
            accepted[kind] = accepted.get(kind, 0) + n
        elif outcome in ("clock_ahead", "rerouted"):
            yield f"{outcome}_total", {"kind": kind}, n
        elif outcome == "ignored":
            yield "fields_ignored_total", {"kind": kind, "field": rest[0]}, n
        elif outcome == "unjoined":
            yield "unjoined_recipients_total", {}, n
        elif outcome == "ignored_id":
            ignored[rest[0]] += n
        elif outcome == "fact_dropped":
            dropped += n
        elif outcome == "label":
            folded[rest[0]] = folded.get(rest[0], 0) + n
        else:
            ended += n
            yield "events_total", {"kind": kind, "outcome": outcome, "reason": rest[0] if rest else ""}, n
    yield "conservation_error", {}, sum(accepted.values()) - ended
    yield from mapped.totals()
    if standings.any_told:
        for field, n in sorted(ignored.items()):
            yield "ignored_ids_total", {"field": field}, n
        yield "lead_facts_dropped_total", {}, dropped
    # of topics of others the arrival of the newest record is told: what it says of time is not known
    arrived: dict[str, int] = {}
    for name, ms in standings.by_site("source_newest_ms"):
        arrived[name] = max(int(ms), arrived.get(name, 0))
    for kind, newest in sorted((standings.newest_ms() | arrived).items()):
        yield "source_newest_event_timestamp_seconds", {"kind": kind}, newest / 1000
        yield "source_lag_seconds", {"kind": kind}, max(0, now_ms - newest) / 1000
    for kind, records in sorted(standings.lag_records().items()):
        yield "source_lag_records", {"kind": kind}, records
    for kind in sorted(standings.missing()):
        yield "source_missing", {"kind": kind}, 1
    yield "complete", {}, int(complete)
    if standings.any_told:
        yield "leads_complete", {}, int(along)
        yield "leads_behind", {}, int(sum(standings.gauges("leads_behind")))
    since = standings.data_since_ms()
    if since is not None:
        yield "data_since_timestamp_seconds", {}, since / 1000
    horizon = min(standings.gauges("dedupe_horizon_seconds"), default=None)
    if horizon is not None:
        yield "dedupe_horizon_seconds", {}, horizon
    mixed: dict[str, int] = {}
    for site, n in standings.by_name("mixed_granularity/").items():
        site = site if budget.shows_site(site) else FOLDED
        mixed[site] = mixed.get(site, 0) + n
    for site, n in sorted(mixed.items()):
        yield "mixed_granularity", {"site": site}, n
    for label, n in sorted(folded.items()):
        yield "labels_folded_total", {"label": label}, n
    yield "catalog_info", {"version": catalog_version}, 1


def largest(name: str, standings: Standings, budget: Budget) -> Iterator[Value]:
    """Give the largest of a gauge over all shards, by site."""
    found: dict[str, float] = {}
    for site, value in standings.by_site(name):
        site = site if budget.shows_site(site) else FOLDED
        found[site] = max(value, found.get(site, value))
    for site, value in sorted(found.items()):
        whole = int(value) if value == int(value) else value
        yield Value({"site": site}, whole, None, None, whole, None)
