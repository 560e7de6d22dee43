"""Figures: texts of the alerts that the judge tells, one for each name that there is.

In:  the judge's plan, with its constants; entries and areas of the catalog.
Out: texts for rules and runbook; CatalogError where an entry has an alert that nothing judges.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from stream.catalog import AREAS, BY_NAME, METRICS, Metric
from stream.errors import CatalogError
from stream.judge import conversion, ratios, rules, volumes
from stream.judge.alerts import Known, known
from stream.judge.plan import (
    CHANNELS,
    CONVERSION,
    LIMIT,
    MANY_SITES,
    PUSHED_DROP,
    RECORDS,
    SILENT,
    SLOW_DROP,
    VANISHED,
    VISITORS,
    Judged,
    by_name,
)
from stream.render.alerts.promql import named
from stream.render.alerts.texts import WORKER, AlertText, query, silence

#: Areas of the alerts that are of no entry.
_AREAS: Final = {
    PUSHED_DROP: BY_NAME[VISITORS].area, SLOW_DROP: BY_NAME[CONVERSION].area, SILENT: BY_NAME[RECORDS].area,
    VANISHED: BY_NAME[RECORDS].area, MANY_SITES: BY_NAME[VISITORS].area, LIMIT: BY_NAME[VISITORS].area,
}  # fmt: skip
#: Where these are drawn.
OVERVIEWS: Final = (MANY_SITES, LIMIT)

_SOURCES: Final = (
    "whether sources are behind or silent: a fault there bends every figure",
    f"curl -s {WORKER}/metrics | grep -E 'leadpulse_(complete|source_lag|events_total)'",
)
_FIRING: Final = ("what fires there, and what is held back", query('leadpulse_alert_firing{site="SITE"} == 1'))
_STATUS: Final = ("whether all workers, shards and sources are well", "leadpulse status")
_IN_FORCE: Final = ("what is in force, and why", "leadpulse alerts show")


def texts() -> list[AlertText]:
    """Give the texts, in the order of the catalog."""
    without_rule(METRICS, by_name())
    return [_text(alert) for alert in known().values()]


def alert_name(name: str) -> str:
    """Give the name that an alert has in Prometheus.

    >>> alert_name("visit_to_lead_drop")
    'LeadpulseVisitToLeadDrop'
    """
    return "Leadpulse" + "".join(word.capitalize() for word in name.split("_"))


def without_rule(metrics: Iterable[Metric], judged: Iterable[str]) -> None:
    """Refuse an entry whose alert would never be told, because no rule or window of the judge fits it."""
    names = set(judged)
    for metric in metrics:
        if metric.alert is not None and metric.alert.ruled and metric.name not in names:
            raise CatalogError(
                f"{metric.name} has an alert, and nothing judges it.", where=f"stream/catalog, {metric.name}",
                do="Give it a label site and one of the windows 1h, 6h, 24h; or Alert(..., ruled=False).",
            )  # fmt: skip


def _text(alert: Known) -> AlertText:
    area_name = _AREAS[alert.name] if alert.entry is None else alert.entry.metric.area
    area, name = AREAS[area_name], alert_name(alert.name)
    if alert.entry is None:
        meaning, cost, first = _OWN[alert.name]
    else:
        meaning, cost = _meaning(alert.entry), area.cost
        first = (_verdicts(alert.entry.metric), _SOURCES, (area.shows, query(area.query)))
    return AlertText(
        name, alert.summary, alert.severity, meaning, cost, first, silence(name, "site=SITE"), area_name, alert.name
    )


def _verdicts(metric: Metric) -> tuple[str, str]:
    """Give the command that shows the verdicts of a metric."""
    return (
        "the verdict of each series and window: state, usual, limit",
        query(f'{{__name__=~"leadpulse_judged_(state|usual|limit|needed)",metric="{metric.series}"}}'),
    )


def _meaning(entry: Judged) -> str:
    metric = entry.metric
    apart = f", each {' and '.join(entry.by)} by itself" if entry.by else ""
    about = f"`{named(metric.name).removesuffix(metric.name)}{metric.series}`{apart}: {metric.help}"
    return f"{about} Formula: {metric.formula}. {_RULES[entry.how]} Windows: {', '.join(entry.windows)}."


_SAME_HOURS: Final = (
    "Expected is the second lowest of the same hours of four weeks, an hour earlier or later where that is lower, and"
    " less where the day before was low already."
)
_VOLUME: Final = (
    f"Fewer than {volumes.PART:.0%} of what is expected came, and more than {volumes.SIGMAS} standard deviations of"
    " chance too few."
)
_INTERVAL: Final = (
    f"The whole interval of the ratio (Wilson's, of rates Poisson's; z = {ratios.Z:g}) lies beyond"
    f" {ratios.PARTS['1h']:g} of the usual over an hour, {ratios.PARTS['24h']:g} over six hours and a day (of a rise:"
    " the usual divided by it). Usual is the lower, of a rise the higher, of pool and median of the same hours of four"
    " weeks, which hold 200 trials or more."
)

#: How each rule judges, in words.
_RULES: Final[dict[str, str]] = {
    "visitors": f"{_VOLUME} {_SAME_HOURS} And those who come by themselves (direct, search, referral) are missing too:"
    " when only those are missing who are pushed by ads or mailings, it is the ticket"
    f" `{PUSHED_DROP}`.",
    "conversion": "Leads are held against what the visitors of each channel should have brought by the rates of the"
    " weeks before, so that a promotion or a campaign that changes who comes is no drop. The upper end of Poisson's"
    f" interval (z = {conversion.Z:g}) lies below {ratios.PARTS['1h']:g} of the usual over an hour,"
    f" {ratios.PARTS['24h']:g} over six hours and a day. A channel with far more visitors than ever is left out.",
    "share": _INTERVAL,
    "rate": _INTERVAL,
    "volume": f"{_VOLUME} {_SAME_HOURS}",
    "mails": f"{_VOLUME} {_SAME_HOURS} Mailings may move: six hours either way over 6 h, a day over 24 h. Over 7 d: the"
    " mailing of the week did not go out.",
    "in_time": "Only those count who had as long to answer as the ratio allows. The upper end of Wilson's interval"
    f" (z = {ratios.Z:g}) lies below {ratios.TIMELY_PART:g} of the usual: the lower of pool and lower quarter of the"
    " last four weeks. Mailings differ by a fifth.",
    "cost": f"It is more than {ratios.COST_FACTOR:g} times the usual, with {ratios.COST_LEAST:g} or more bought in the"
    " window. Usual is the higher of pool and median of the same windows of four weeks.",
    "country": f"A country's share lies more than {100 * ratios.COUNTRY_MORE:.0f} points above its usual one, for"
    " certain (Wilson's interval). Most often these are bots that pass for people, or a mention in that country.",
}

_Own = tuple[str, str, tuple[tuple[str, str], ...]]


def _of(name: str) -> Metric:
    return BY_NAME[name]


_CHANNELS: Final = (
    "which channels they are missing from",
    query(f'sort_desc({{__name__=~"{named(CHANNELS)}_(numerator|denominator)",site="SITE",window="24h"}})'),
)

#: Meaning, cost and what to look at first of the alerts that are of no entry.
_OWN: Final[dict[str, _Own]] = {
    PUSHED_DROP: (
        (
            f"{_VOLUME} {_SAME_HOURS} Those who come by themselves are there: an ad account is paused, a budget is"
            " spent, a campaign is over, or a mailing did not go out."
        ),
        "What paid or mailed traffic would have become is missing; the site itself works.",
        (_verdicts(_of(VISITORS)), _CHANNELS, _SOURCES),
    ),
    SLOW_DROP: (
        (
            "What the page on conversion looks at, over 48 and 96 hours of windows side by side, with"
            f" z = {conversion.LONG_Z:g}: losses that are too small or too slow for a day, on sites where a day expects"
            f" fewer than {conversion.FEW:g} leads."
        ),
        "Leads are lost by and by; nobody notices, since each day looks like the one before.",
        (_verdicts(_of(CONVERSION)), _CHANNELS, _SOURCES),
    ),
    SILENT: (
        (
            f"No record of a kind came in over 1 h or 6 h in which {rules.SILENT_PAGES} or more are expected, by the"
            f" rule of volumes. From {rules.SILENT_HOLDS} expected on nothing that needs the source is judged while it"
            f" is silent, from {rules.SILENT_SURE} on not before the gap has left the window. The producer is broken,"
            " or its way to Kafka."
        ),
        "What this source tells is not counted until it is back; what needs it is not judged.",
        (
            ("when the newest record came", query("leadpulse_source_newest_event_timestamp_seconds")),
            ("whether Kafka has newer ones", "leadpulse topics verify"),
            ("whether records are rejected instead", "leadpulse dead-letter list"),
        ),
    ),
    VANISHED: (
        (
            "A count that the site had within the last day is not published any more, although others of the site are."
            " Counts show 0 when nothing happens; they only go when state was lost or the catalog changed."
        ),
        "All figures made of it are missing, and with them their alerts.",
        (
            ("since when there is data", query("leadpulse_data_since_timestamp_seconds")),
            ("whether label values were folded", query("increase(leadpulse_labels_folded_total[1d])")),
            _STATUS,
        ),
    ),
    MANY_SITES: (
        (
            "Three sites or more, and half of all at least, have a page at once; it ends when none has any more."
            " Their own pages are held back. Look for what they share: tag manager, form service, consent banner,"
            " network, leadpulse itself."
        ),
        "Whatever the pages of the sites say, at all of them.",
        (
            ("which sites, and what fires there", query('leadpulse_alert_firing{held="many_sites"} == 1')),
            _STATUS,
            _SOURCES,
        ),
    ),
    LIMIT: (
        (
            "A figure is below or above a value that somebody wrote into the file of alerts (`[[limit]]`), on at least"
            " as many trials as it says there. No statistics: chance can pass a limit."
        ),
        "As whoever set the limit knows.",
        (_IN_FORCE, ("what passes it, and by how much", query('leadpulse_alert_text{alert="limit"}')), _FIRING),
    ),
}
