"""Page: the model of the live page, from readings and the catalog.

In:  readings as published last and what is judged of them, the history of the main figures, and how the worker is.
Out: for a site and window, one table of plain values; everything the page shows, in words and in numbers.

No time of day is written here: the browser does so, in the zone of the site. All moments are integer milliseconds UTC.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final, NamedTuple

from stream.catalog import TRAFFIC
from stream.contract.readings import Reading
from stream.judge.settings import UTC
from stream.serve import words
from stream.serve.cards import card, window_for
from stream.serve.figures import ALL_SITES, Figure, Key, figures, overview, sites
from stream.serve.sections import entries, sections
from stream.serve.told import brief
from stream.serve.trust import account, gauge, sources, waiting_for
from stream.serve.verdict import Judged, by_metric, verdict_of
from stream.serve.views import AlertsView, JudgedFigure
from stream.settings.values import duration_ms

WINDOWS: Final = TRAFFIC
FIRST_WINDOW: Final = "1h"
#: A publication comes each second; one that is older than this is not live any more.
STALLED_AFTER_MS: Final = 10_000

Table = dict[str, Any]


class View(NamedTuple):
    """What a page shows; an empty site is all of them."""

    site: str
    window: str


@dataclass(frozen=True, slots=True)
class Health:
    """How the worker is that serves the page."""

    shards: int = 0
    restored: int = 0
    owns_rollup: bool = False
    ready: bool = False
    silent_s: float | None = None  # how long no broker has answered
    unread: tuple[str, ...] = ()  # topics with partitions that were added and nobody reads
    pace: int = 1  # seconds of events that are played in one, until they have come to now


@dataclass(frozen=True, slots=True)
class Publication:
    """What was published last, worked out once for all pages."""

    figures: Mapping[Key, Figure] = field(default_factory=dict)
    beside: Mapping[Key, Figure] = field(default_factory=dict)  # those of leads and of money
    sites: tuple[str, ...] = ()
    as_of_ms: int = 0
    taken_ms: int = 0  # wall clock when the page took notice
    complete: bool = False
    along: bool | None = None  # whether figures of leads are; None where nobody follows leads
    data_since_ms: int | None = None
    sources: tuple[Table, ...] = ()
    trust: Table = field(default_factory=dict)
    catalog_version: str = ""
    judged: Judged = field(default_factory=dict)
    readings: tuple[Reading, ...] = ()
    heard: bool = True  # of whoever publishes, since this worker reads


def publication(
    readings: Iterable[Reading],
    as_of_ms: int,
    taken_ms: int,
    judged: Iterable[JudgedFigure] = (),
    *,
    heard: bool = True,
) -> Publication:
    """Take from readings what the page needs."""
    readings = tuple(readings)
    main, others = overview(), list(chain.from_iterable(entries().values()))
    both = figures(readings, [*main, *others])
    first, names = {metric.name for metric in main}, {metric.name for metric in others}
    found = {key: figure for key, figure in both.items() if key.metric in first}
    beside = {key: figure for key, figure in both.items() if key.metric in names}
    totals = [reading for reading in readings if reading.window is None]
    newest = max(readings, key=lambda reading: reading.seq, default=None)
    complete = bool(gauge(totals, "complete"))
    return Publication(
        found, beside, tuple(sites(both)), as_of_ms, taken_ms, complete, _along(totals),
        newest.data_since_ms if newest else None,
        tuple(sources(totals, complete)), account(totals), newest.catalog_version if newest else "",
        by_metric(judged), readings, heard,
    )  # fmt: skip


def model(
    shown: Publication | None, view: View, health: Health, now_ms: int, alerts: AlertsView | None = None
) -> Table:
    """Give what a page shows first, and goes on showing each second."""
    now = shown or Publication()
    view = settled(now, view)
    state, text = state_of(shown, health, now_ms)
    return {
        "state": state,
        "state_text": text,
        "motion": motion(now, health, now_ms),
        "now_ms": now_ms,
        "as_of_ms": now.as_of_ms or None,
        "taken_ms": now.taken_ms or None,
        "site": view.site,
        "sites": [*([ALL_SITES] if len(now.sites) > 1 else []), *now.sites],
        "window": view.window,
        "windows": list(WINDOWS),
        "cover": _cover(now, view.window),
        "complete": now.complete,
        "data_since_ms": now.data_since_ms,
        "catalog_version": now.catalog_version,
        "zone": zone_of(alerts, view.site),
        "alerts": brief(alerts, view.site),
        "cards": _cards(now, shown is not None, view),
        "sections": sections(now.beside, view.site, view.window, missing(now), now.along),
        "sources": list(now.sources),
        "trust": now.trust,
        "worker": {"shards": health.shards, "restored": health.restored},
    }


def zone_of(alerts: AlertsView | None, site: str) -> str:
    """Name the zone in which times of a site are told: of all sites theirs, where it is one and the same."""
    if alerts is None:
        return UTC
    if site != ALL_SITES:
        return alerts.settings.zone(site)
    zones = {alerts.settings.zone(one) for one in alerts.sites}
    return zones.pop() if len(zones) == 1 else alerts.settings.default_zone


def settled(shown: Publication, view: View) -> View:
    """Put a site or window that does not exist right.

    >>> settled(Publication(sites=("s1",)), View("gone", "3y"))
    View(site='s1', window='1h')
    """
    site = view.site
    if site not in shown.sites:
        site = shown.sites[0] if len(shown.sites) == 1 else ALL_SITES
    return View(site, view.window if view.window in WINDOWS else FIRST_WINDOW)


def state_of(shown: Publication | None, health: Health, now_ms: int) -> tuple[str, str]:
    """Say how things are: the first of these that holds."""
    if health.silent_s is not None:
        return "stalled", f"No broker answers for {words.span(health.silent_s)}; the figures are the last ones."
    if health.restored < health.shards:
        return "restoring", f"{health.restored} of {health.shards} shards of this worker are restored."
    if shown is None:
        return _without_figures(health)
    if not shown.heard:
        return "stalled", "These are the last figures that were published; whoever publishes was not heard of yet."
    age_ms = now_ms - shown.taken_ms
    if age_ms > STALLED_AFTER_MS:
        return "stalled", f"Nothing was published for {words.span(age_ms / 1_000)}; the figures are the last ones."
    if health.unread:
        text = f"Partitions were added to {', '.join(health.unread)} and are not read: figures lack what lies there."
        return "catching_up", text + " `leadpulse topics rebuild` counts everything anew."
    if not shown.complete:
        unread = sum(source["unread"] for source in shown.sources)
        text = f"{words.number(unread)} records are still to be read." if unread else "Not all shards have reported."
        return "catching_up", text + " Figures end where reading stands."
    if not shown.figures:
        return "no_data", waiting_for(shown.sources)
    fast = motion(shown, health, now_ms)
    return "live", f"In fast motion: {fast}." if fast else "All sources are read to their end."


def motion(shown: Publication, health: Health, now_ms: int) -> str:
    """Say how fast events are played; empty where they have come to now, or were never played.

    >>> motion(Publication(as_of_ms=1), Health(pace=120), 7_200_000)
    '1 s = 2 min'
    """
    if health.pace == 1 or not shown.as_of_ms or now_ms - shown.as_of_ms < health.pace * 1_000:
        return ""
    return f"1 s = {words.span(health.pace)}"


def _without_figures(health: Health) -> tuple[str, str]:
    if health.owns_rollup:
        return "restoring", "This worker is taking over the figures."
    if health.ready:
        return "restoring", "This worker reads what another one publishes; nothing was found yet."
    return "starting", "This worker is joining its group."


def _cards(now: Publication, known: bool, view: View) -> list[Table]:
    out = []
    for metric in overview():
        window = window_for(metric, view.window)
        figure = now.figures.get(Key(view.site, window, metric.name))
        verdict = verdict_of(metric, view.site, window, figure, now.judged)
        out.append(card(metric, window, view.window, figure, verdict, known))
    return out


def _along(totals: list[Reading]) -> bool | None:
    along = gauge(totals, "leads_complete")
    return None if along is None else bool(along)


def missing(now: Publication) -> frozenset[str]:
    """Name the kinds of events that have no topic."""
    return frozenset(source["kind"] for source in now.sources if source["state"] == "missing")


def _cover(now: Publication, window: str) -> str:
    """Say how much of a window data covers, where it does not cover all of it."""
    if now.data_since_ms is None:
        return ""
    covered_ms = now.as_of_ms - now.data_since_ms
    if covered_ms >= duration_ms(window):
        return ""
    return f"Data covers {words.span(max(0, covered_ms) / 1_000)} of these {window}."
