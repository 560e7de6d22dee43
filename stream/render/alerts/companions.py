"""Companions: what is watched beside the ratios, so that a ratio's alert can be believed.

In:  entries of the catalog, timings.
Out: recording rules on sources, volumes, costs and countries; the expressions of their alerts.

A silent producer, a worker that is behind and a moved clock all bend ratios. They are told apart here, and hold
back the ratios that need the source for as long as the window remembers.
"""

from __future__ import annotations

from typing import Any, Final

from stream import catalog
from stream.catalog import Metric
from stream.catalog.judging import COST_FACTOR, LEAST_LEADS, LEAST_SUCCESSES, LEAST_TRIALS, SIGMAS, VOLUME_PART
from stream.render.alerts.entries import Judged, named
from stream.render.alerts.promql import WORKERS, Timings, any_of, bridged, lowest_of_hours, one, same_hours, wilson
from stream.render.alerts.ratios import HELD

RuleNode = dict[str, Any]

EVENTS: Final = "leadpulse:source_events:sum"
VOLUME: Final = "leadpulse:volume:count"
VOLUME_USUAL: Final = "leadpulse:volume:usual"
SPEND: Final = "leadpulse:cost:spend"
BOUGHT: Final = "leadpulse:cost:bought"
COST_USUAL: Final = "leadpulse:cost:usual"
MISSING: Final = "leadpulse:source:missing"
BEHIND: Final = "leadpulse:source:behind"
COUNTRY: Final = "leadpulse:country_visitors:count"
COUNTRY_OF: Final = "leadpulse:country_visitors:of"
COUNTRY_SHARE: Final = "leadpulse:country_share:ratio"
COUNTRY_USUAL: Final = "leadpulse:country_share:usual"
COUNTRY_CHANGE: Final = "leadpulse:country_share_change:ratio"

#: Records that must be missing in a spell without any: to hold ratios back now, to remember it, to wake someone.
#: By chance this happens in one gap of 400, of 160,000, of 5 × 10^8.
SUSPECT, REMEMBERED, CERTAIN = 6, 12, 20
#: Share of dead letters that is too much.
DEAD_SHARE: Final = 0.01
#: Seconds that the clocks of a worker and of the broker may be apart.
CLOCKS_APART_S: Final = 5
#: Rise of a country's share, in points, that is no ordinary day.
COUNTRY_POINTS: Final = 0.1


def sources(timings: Timings, needed: list[str], windows: list[str]) -> list[RuleNode]:
    """Give the state of each source, and of each set of sources that a ratio needs."""
    rules: list[RuleNode] = [
        {"record": EVENTS, "expr": f"sum without (outcome, reason) ({one(named('events_total'))})"},
        {"record": MISSING, "expr": f"{_missing(timings)}\nor {EVENTS} * 0"},
        {"record": BEHIND, "expr": f"({_behind(timings)}) * 0 + 1\nor {EVENTS} * 0"},
    ]
    for kinds in needed:
        matcher = f'kind=~"{kinds.replace(",", "|")}"'
        for window in windows:
            rules.append({
                "record": HELD,
                "expr": any_of([
                    f"max without (kind) ({MISSING}{{{matcher}}}) > {SUSPECT}",
                    f"max without (kind) ({BEHIND}{{{matcher}}}) > 0",
                    # the hole stays in the window after the source is back
                    f"max without (kind) (max_over_time({MISSING}{{{matcher}}}[{window}])) > {REMEMBERED}",
                ]),
                "labels": {"sources": kinds, "window": window},
            })  # fmt: skip
    return rules


def _missing(timings: Timings) -> str:
    """Give the records that a source usually has in the longest spell in which it has none now."""
    spells = [
        f"label_replace(({lowest_of_hours(f'increase({EVENTS}[{spell}] @)')}\n"
        f'and increase({EVENTS}[{spell}]) == 0), "spell", "{spell}", "", "")'
        for spell in timings.silences
    ]
    return f"max without (spell) (\n{any_of(spells)}\n)"


def _behind(timings: Timings) -> str:
    return f"{one(named('source_lag_records'))} > 0\n and {one(named('source_lag_seconds'))} > {timings.lag_s}"


def silent() -> str:
    """Give the sources that have nothing while much is usual; what lies unread is not silence."""
    return f"{MISSING} > {CERTAIN}\nunless {one(named('source_lag_records'))} > 0"


def lagging(timings: Timings) -> str:
    """Give how far the sources lie behind that have records which are not read."""
    return f"{one(named('source_lag_seconds'))} > {timings.lag_s}\nand {BEHIND} == 1"


def volumes(entries: list[Judged]) -> list[RuleNode]:
    """Give the counts that are watched, by window, and what is usual for them."""
    rules: list[RuleNode] = []
    for entry in entries:
        labels = {"metric": entry.metric.name} | ({"by": "/".join(entry.by)} if entry.by else {})
        rules.append({"record": VOLUME, "expr": _summed(entry, entry.windows), "labels": labels})
    alerting = {entry.metric.name for entry in entries}
    for metric in catalog.METRICS:
        if metric.watched is not None and metric.name not in alerting:
            series = bridged(f'{named(metric.name)}{{window="{metric.watched}"}}')
            others = ", ".join(label for label in metric.labels if label != "site")
            expr = f"sum without ({others}) ({series})"
            rules.append({"record": VOLUME, "expr": expr, "labels": {"metric": metric.name}})
    return [*rules, {"record": VOLUME_USUAL, "expr": lowest_of_hours(f"{VOLUME} @")}]


def _summed(entry: Judged, windows: tuple[str, ...], part: str = "") -> str:
    constant = "".join(f',{label}="{value}"' for label, value in entry.metric.constant)
    series = bridged(f'{named(entry.metric.name)}{part}{{window=~"{"|".join(windows)}"{constant}}}')
    if entry.by:
        joined = ", ".join(f'"{label}"' for label in entry.by)
        series = f'label_join(\n  {series},\n  "value", "/", {joined}\n)'
    return f"sum without ({', '.join(entry.dropped)}) ({series})" if entry.dropped else series


def costs(entries: list[Judged]) -> list[RuleNode]:
    """Give spend and what it bought, and the usual cost from the same windows of four weeks."""
    rules: list[RuleNode] = []
    for entry in entries:
        labels = {"ratio": entry.metric.name, "by": "/".join(entry.by)}
        for record, part in ((SPEND, "_numerator"), (BOUGHT, "_denominator")):
            rules.append({"record": record, "expr": _summed(entry, entry.windows, part), "labels": labels})
    if rules:
        spend, bought = same_hours(f"{SPEND} @", "sum"), same_hours(f"{BOUGHT} @", "sum")
        rules.append({"record": COST_USUAL, "expr": f"{spend}\n/\n({bought} >= {LEAST_LEADS})"})
    return rules


def watched_share() -> tuple[Metric, Metric]:
    """Give the count by country whose shares are watched, and the count of which they are shares."""
    (share,) = (metric for metric in catalog.METRICS if metric.share_of is not None)
    return share, catalog.BY_NAME[str(share.share_of)]


def countries() -> list[RuleNode]:
    """Give how far a country's share of the visitors lies above its usual one."""
    share, whole = watched_share()
    visitors = f'{VOLUME}{{metric="{whole.name}",window="{whole.watched}"}}'
    beside = "ignoring (country, metric) group_left ()"
    here = bridged(f'{named(share.name)}{{window="{whole.watched}",country!="(other)"}}')
    usual_all = f"({same_hours(f'{visitors} @', 'sum')} >= {LEAST_TRIALS})"
    return [
        {"record": COUNTRY, "expr": here},
        {"record": COUNTRY_OF, "expr": f"{COUNTRY} * 0 + {beside} ({visitors} > 0)"},
        {"record": COUNTRY_SHARE, "expr": f"{COUNTRY} / {COUNTRY_OF}"},
        # a country that was never seen before had a share of 0
        {"record": COUNTRY_USUAL,
         "expr": f"{same_hours(f'{COUNTRY} @', 'sum')}\n/ {beside}\n{usual_all}\n"
         f"or ({COUNTRY} * 0 and on (site) {usual_all})"},
        {"record": COUNTRY_CHANGE, "expr": f"{COUNTRY_SHARE} - {COUNTRY_USUAL}"},
    ]  # fmt: skip


def volume_drop(entry: Judged) -> str:
    """Give the expression of a volume's alert: no chance finding, and less than half."""
    now = f'{VOLUME}{{metric="{entry.metric.name}"}}'
    return (
        f"{now} < {VOLUME_PART} * {VOLUME_USUAL}\n"
        f"and {now} < {VOLUME_USUAL} - {SIGMAS} * sqrt({VOLUME_USUAL})\n"
        f"and on () (min({bridged(named('complete'))}) == 1)"
    )


def cost_rise(entry: Judged) -> str:
    """Give the expression of a cost's alert."""
    of = f'{{ratio="{entry.metric.name}"}}'
    return f"{SPEND}{of} / ({BOUGHT} >= {LEAST_LEADS})\n> {COST_FACTOR} * {COST_USUAL}"


def vanished(timings: Timings) -> str:
    """Give the counts that were there within a day and are not now, while a worker is up; and a lost rollup."""
    watched = f'{VOLUME}{{window=~"{timings.volume_windows[0]}|24h"}}'
    gone = f"max_over_time({watched}[1d]) unless {VOLUME}"
    return f"({gone} or absent({named('complete')}))\nand on () (max(up{{{WORKERS}}}) == 1)"


def down() -> str:
    """Give the workers that do not answer, or that there is none."""
    return f"up{{{WORKERS}}} == 0\nor absent(up{{{WORKERS}}})"


def dead_letters() -> str:
    """Give the share of dead letters in an hour where it is above the limit for certain."""
    dead = f"sum by (kind) (increase({one_of('dead_letter')}[1h]))"
    total = f"(sum by (kind) (increase({EVENTS}[1h])) > 0)"
    share = "leadpulse:dead_letters:ratio1h"
    lower = wilson(share, total, "-")
    return f"{share}\nand {lower} > {DEAD_SHARE}\nand {dead} >= {LEAST_SUCCESSES}"


def one_of(outcome: str) -> str:
    """Name the recorded count of an outcome."""
    return f'leadpulse:source_outcomes:sum{{outcome="{outcome}"}}'


def outcomes() -> list[RuleNode]:
    """Give the account by outcome, and the share of dead letters."""
    dead = f"sum by (kind) (increase({one_of('dead_letter')}[1h]))"
    return [
        {"record": "leadpulse:source_outcomes:sum",
         "expr": f"sum without (reason) ({one(named('events_total'))})"},
        {"record": "leadpulse:dead_letters:ratio1h",
         "expr": f"{dead} / (sum by (kind) (increase({EVENTS}[1h])) > 0)"},
    ]  # fmt: skip


def conservation() -> str:
    """Give the account's error where there is one."""
    return f"{one(named('conservation_error'))} != 0"


def unrestored() -> str:
    """Give the shards that do not run; or that something is, while no source is behind."""
    return (
        f"{one('leadpulse_shard_restored')} == 0\n"
        f"or (min({one(named('complete'))}) == 0 unless on () (max({BEHIND}) == 1))"
    )


def leads_behind() -> str:
    """Give that leads are incomplete while the rest is not, and no source is behind."""
    others = f"max({BEHIND}) == 1 or min({one(named('complete'))}) == 0"
    return f"min({one(named('leads_complete'))}) == 0\nunless on () ({others})"


def clock() -> str:
    """Give how far the clocks of workers are from the broker's, where it is more than they say in their logs."""
    return f"abs(leadpulse_clock_skew_seconds) > {CLOCKS_APART_S}"


def broker() -> str:
    """Give the workers that no broker answers."""
    return "leadpulse_broker_answers == 0"


def country_rise() -> str:
    """Give the countries whose share is above the usual one by more than the points allowed, for certain."""
    return (
        f"{COUNTRY_CHANGE}\n"
        f"and {COUNTRY} >= {LEAST_SUCCESSES}\n"
        f"and {wilson(COUNTRY_SHARE, COUNTRY_OF, '-')} > {COUNTRY_USUAL} + {COUNTRY_POINTS}"
    )
