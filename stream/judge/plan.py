"""Plan: which entries of the catalog are judged, and how, by their own words.

In:  the catalog.
Out: for each judged entry its rule, windows, labels, severity and the name of its alert; names of all alerts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

from stream.catalog import COUNTS, METRICS, Metric
from stream.catalog.judging import alert_rule_of, rule_of
from stream.catalog.words import Terms
from stream.changes.cells import CELLS
from stream.judge.settings import Severity

How = Literal["visitors", "conversion", "share", "rate", "volume", "mails", "in_time", "cost", "country"]

#: Entries with rules of their own.
VISITORS: Final = "visitors"
CONVERSION: Final = "visit_to_lead_ratio"
#: Visitors and leads of each channel: what both pages on a site are judged by.
CHANNELS: Final = "channel_visit_to_lead_ratio"
COUNTRIES: Final = "country_visitors"
MAILS: Final = "emails_sent"
#: Accepted records by kind: its denominator says whether a source is silent.
RECORDS: Final = "valid_event_ratio"

#: Alerts that are of no entry, or more than one of an entry.
VISITORS_DROP: Final = "visitors_drop"
PUSHED_DROP: Final = "pushed_visitors_drop"
CONVERSION_DROP: Final = "visit_to_lead_drop"
SLOW_DROP: Final = "visit_to_lead_slow_drop"
COUNTRY_RISE: Final = "country_share_rise"
SILENT: Final = "source_silent"
VANISHED: Final = "figure_vanished"
MANY_SITES: Final = "many_sites"
LIMIT: Final = "limit"

#: Channels whose visitors come by themselves; others are pushed by money or a mailing.
PULLED: Final = ("direct", "organic_search", "referral")
#: Labels by which a figure's parts are told.
PARTS: Final = ("channel", "campaign", "form", "page_group", "country", "bot")
_SHORT: Final = ("1h", "6h", "24h")
#: What providers and platforms tell late is judged over windows that are mostly known.
_WINDOWS: Final[dict[str, tuple[str, ...]]] = {"in_time": ("24h", "7d"), "cost": ("24h",), "mails": (*_SHORT, "7d")}
_BLOCKED: Final = ("6h", "24h")  # deliverability
_VIEWS: Final = "page_view"
_IN_TIME: Final = "_in_time_ratio"
#: What was put together under one name is no channel, form or bot: its mixture changes when a label gets a place.
FOLDED: Final = "(other)"


@dataclass(frozen=True, slots=True)
class Judged:
    """An entry that is judged."""

    metric: Metric
    how: How
    by: tuple[str, ...]
    windows: tuple[str, ...]
    severity: Severity
    alert: str
    kinds: frozenset[str]  # the sources without which it says nothing

    @property
    def rises(self) -> bool:
        """Say whether more is what harms."""
        return self.metric.direction == "rise" or self.how == "country"

    @property
    def summary(self) -> str:
        """Say in a sentence what is wrong."""
        if self.how == "country":
            return "More of the visitors come from one country than usual."
        if self.metric.alert is not None:
            return self.metric.alert.summary
        return f"{self.metric.name.capitalize().replace('_', ' ')} is {'higher' if self.rises else 'lower'} than usual."


@cache
def judged() -> tuple[Judged, ...]:
    """List the entries that are judged, in the order of the catalog."""
    return tuple(entry for entry in map(_judged, METRICS) if entry is not None)


@cache
def alert_names() -> tuple[str, ...]:
    """List the names that an alert can have.

    >>> {"visitors_drop", "bounce_rise", "emails_sent_drop", "source_silent"} <= set(alert_names())
    True
    """
    own = (PUSHED_DROP, SLOW_DROP, SILENT, VANISHED, MANY_SITES, LIMIT)
    return tuple(dict.fromkeys([*(entry.alert for entry in judged()), *own]))


def judged_metrics() -> Iterable[str]:
    """Name the metrics that have a verdict, as readings name them."""
    return dict.fromkeys(entry.metric.series for entry in judged())


@cache
def by_name() -> dict[str, Judged]:
    """Give the judged entries by the names of their metrics."""
    return {entry.metric.name: entry for entry in judged()}


def kinds_of(metric: Metric) -> frozenset[str]:
    """Name the sources without which an entry cannot be judged.

    All that bring successes; of visitors and other people, who come by several, those that bring page views.

    >>> from stream.catalog import BY_NAME
    >>> sorted(kinds_of(BY_NAME["emails_sent"])), sorted(kinds_of(BY_NAME["visitors"]))
    (['email'], ['page_view'])
    >>> sorted(kinds_of(BY_NAME["visit_to_lead_ratio"]))
    ['chatbot', 'form', 'page_view']
    """
    successes = _kinds(metric.numerator)
    if not metric.denominator:
        return _most(successes)
    return successes | _most(_kinds(metric.denominator))


def _kinds(terms: Terms) -> frozenset[str]:
    found: set[str] = set()
    for _, name in terms:
        found.update(COUNTS[name].told_by or (kind for cell in COUNTS[name].cells for kind in CELLS[cell].made_of))
    return frozenset(found)


def _most(kinds: frozenset[str]) -> frozenset[str]:
    return frozenset({_VIEWS}) if _VIEWS in kinds else kinds


def label_sets(metric: Metric) -> tuple[tuple[str, ...], ...]:
    """Give the sets of labels that history keeps of an entry: all, those of its verdict, and these with a part.

    >>> from stream.catalog import BY_NAME
    >>> label_sets(BY_NAME["emails_sent"])
    (('site', 'campaign', 'purpose', 'variant'), ('site', 'purpose'), ('site', 'campaign', 'purpose'))
    """
    entry = by_name().get(metric.name)
    sets = {metric.labels: None}
    if entry is not None and set(entry.by) < set(metric.labels) - {"site"}:
        for more in ("", *(label for label in PARTS if label in metric.labels and label not in entry.by)):
            sets[tuple(label for label in metric.labels if label in ("site", more, *entry.by))] = None
    return tuple(sets)


def _judged(metric: Metric) -> Judged | None:
    if metric.share_of is not None:
        how: How = "country"
    else:
        fits = _how(metric)
        if fits is None:
            return None
        how = fits
    wanted = _WINDOWS.get(how, _SHORT)
    if "deliverability" in metric.name:
        wanted = _BLOCKED
    elif metric.ends == "both_known":
        wanted = ("24h",)  # platforms report late
    windows = tuple(window for window in wanted if window in metric.windows)
    if not windows:
        return None
    severity: Severity = "ticket" if how == "country" else "info"
    if metric.alert is not None:
        severity = metric.alert.told
    alert = COUNTRY_RISE if how == "country" else f"{metric.name.removesuffix('_ratio')}_{metric.direction}"
    return Judged(metric, how, metric.judged_by, windows, severity, alert, kinds_of(metric))


def _how(metric: Metric) -> How | None:
    """Say which rule judges an entry; None where none does."""
    if metric.direction is None or "site" not in metric.labels:
        return None
    if metric.name in (VISITORS, CONVERSION, MAILS):
        return {VISITORS: "visitors", CONVERSION: "conversion", MAILS: "mails"}[metric.name]  # type: ignore[return-value]
    if alert_rule_of(metric) is None:
        return None
    if metric.name.endswith(_IN_TIME):
        return "in_time"
    if all(COUNTS[name].of == "money" for _, name in metric.numerator + metric.denominator):
        return None  # neither is a count, and no interval fits
    rules: dict[str | None, How] = {"wilson": "share", "poisson": "rate", "volume": "volume", "cost": "cost"}
    return rules.get(rule_of(metric))
