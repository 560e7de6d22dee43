"""Companions: what is watched beside the ratios, so that a ratio's alert can be believed.

In:  entries of the catalog, timings.
Out: recording rules on sources, volumes, costs and countries; the expressions of their alerts.

A silent producer, a worker that is behind and a moved clock all bend ratios. They are told apart here, and hold
back the ratios that need the source for as long as the window remembers.
"""

from __future__ import annotations

from typing import Any, Final

from stream.export.alerts.entries import Judged, named
from stream.export.alerts.promql import (
    LEAST_SUCCESSES,
    LEAST_TRIALS,
    WORKERS,
    Timings,
    any_of,
    lowest_of_hours,
    one,
    same_hours,
    wilson,
)
from stream.export.alerts.ratios import HELD

RuleNode = dict[str, Any]

EVENTS: Final = "leadpulse:source_events:sum"
VOLUME: Final = "leadpulse:volume:count"
VOLUME_USUAL: Final = "leadpulse:volume:usual"
SPEND: Final = "leadpulse:cost:spend"
BOUGHT: Final = "leadpulse:cost:bought"
COST_USUAL: Final = "leadpulse:cost:usual"
LATE: Final = "leadpulse:source:late"
SILENT: Final = "leadpulse:source:silent"
BEHIND: Final = "leadpulse:source:behind"
COUNTRY: Final = "leadpulse:country_visitors:count"
COUNTRY_CHANGE: Final = "leadpulse:country_share_change:ratio"

#: Records that must be missing in a spell without any: to hold ratios back now, to remember it, to wake someone.
#: By chance this happens in one gap of 400, of 160,000, of 5 × 10^8.
SUSPECT, REMEMBERED, CERTAIN = 6, 12, 20
#: A volume is down when it is so many standard deviations and more than half below the same hours.
SIGMAS, VOLUME_PART = 4, 0.5
LEAST_LEADS, COST_FACTOR = 30, 1.5
#: Share of dead letters that is too much.
DEAD_SHARE: Final = 0.01
#: Rise of a country's share, in points, that is no ordinary day.
COUNTRY_POINTS: Final = 0.1
#: Counts that must not vanish once they were there; ratios do at a denominator of 0.
WATCHED: Final = (
    ("visitors", "1h"), ("leads", "1h"), ("conversations", "1h"), ("emails_sent", "1h"), ("ad_impressions", "24h"),
)  # fmt: skip


def sources(timings: Timings, needed: list[str], windows: list[str]) -> list[RuleNode]:
    """Give the state of each source, and of each set of sources that a ratio needs."""
    rules: list[RuleNode] = [
        {"record": EVENTS, "expr": f"sum without (outcome, reason) ({one(named('events_total'))})"},
    ]
    for record, least in ((LATE, SUSPECT), (SILENT, REMEMBERED)):
        rules.append({"record": record, "expr": f"({missing(timings, least)} > bool 0)\nor {EVENTS} * 0"})
    lag_s = timings.lag_s
    rules.append({
        "record": BEHIND,
        "expr": f"({one(named('source_lag_records'))} > 0\n"
        f" and {one(named('source_lag_seconds'))} > {lag_s}) * 0 + 1\nor {EVENTS} * 0",
    })  # fmt: skip
    for kinds in needed:
        matcher = f'kind=~"{kinds.replace(",", "|")}"'
        for window in windows:
            rules.append({
                "record": HELD,
                "expr": any_of([
                    f"max without (kind) ({LATE}{{{matcher}}}) > 0",
                    f"max without (kind) ({BEHIND}{{{matcher}}}) > 0",
                    # the hole stays in the window after the source is back
                    f"max without (kind) (max_over_time({SILENT}{{{matcher}}}[{window}])) > 0",
                ]),
                "labels": {"sources": kinds, "window": window},
            })  # fmt: skip
    return rules


def missing(timings: Timings, least: int) -> str:
    """Give the records that a source usually has in a spell in which it has none now, where they are many."""
    spells = []
    for spell in timings.silences:
        usual = lowest_of_hours(f"increase({EVENTS}[{spell}] @)")
        spells.append(f"(({usual}) > {least} and increase({EVENTS}[{spell}]) == 0)")
    return f"({any_of(spells)})"


def volumes(entries: list[Judged]) -> list[RuleNode]:
    """Give the counts that are watched, by window, and what is usual for them."""
    rules: list[RuleNode] = []
    for entry in entries:
        labels = {"metric": entry.metric.name} | ({"by": "/".join(entry.by)} if entry.by else {})
        rules.append({"record": VOLUME, "expr": _summed(entry, entry.windows), "labels": labels})
    alerting = {entry.metric.name for entry in entries}
    for name, window in WATCHED:
        if name not in alerting:
            series = one(f'{named(name)}{{window="{window}"}}')
            rules.append({"record": VOLUME, "expr": f"sum by (site, window) ({series})", "labels": {"metric": name}})
    return [*rules, {"record": VOLUME_USUAL, "expr": lowest_of_hours(f"{VOLUME} @")}]


def _summed(entry: Judged, windows: tuple[str, ...], part: str = "") -> str:
    series = one(f'{named(entry.metric.name)}{part}{{window=~"{"|".join(windows)}"}}')
    if entry.by:
        joined = ", ".join(f'"{label}"' for label in entry.by)
        series = f'label_join(\n  {series},\n  "value", "/", {joined}\n)'
    return f"sum without ({', '.join(entry.dropped)}) ({series})" if entry.dropped else series


def costs(entries: list[Judged]) -> list[RuleNode]:
    """Give spend and what it bought, and the usual cost from the same windows of four weeks."""
    rules: list[RuleNode] = []
    for entry in entries:
        labels = {"ratio": entry.metric.name, "by": "/".join(entry.by), "sources": entry.sources}
        for record, part in ((SPEND, "_numerator"), (BOUGHT, "_denominator")):
            rules.append({"record": record, "expr": _summed(entry, entry.windows, part), "labels": labels})
    if rules:
        spend, bought = same_hours(f"{SPEND} @", "sum"), same_hours(f"{BOUGHT} @", "sum")
        rules.append({"record": COST_USUAL, "expr": f"{spend}\n/\n({bought} >= {LEAST_LEADS})"})
    return rules


def countries() -> list[RuleNode]:
    """Give how far a country's share of the visitors lies above its usual one."""
    window = '{window="1h"}'
    here = one(f'{named("country_visitors")}{{window="1h",country!="other"}}')
    all_of_them = f'{VOLUME}{{metric="visitors",window="1h"}}'
    share = f"{COUNTRY} / ignoring (country, metric) group_left () ({all_of_them} > 0)"
    usual_all = f"({same_hours(f'{all_of_them} @', 'sum')} >= {LEAST_TRIALS})"
    usual = f"{same_hours(f'{COUNTRY}{window} @', 'sum')}\n/ ignoring (country, metric) group_left ()\n{usual_all}"
    return [
        {"record": COUNTRY, "expr": here},
        {"record": "leadpulse:country_share:ratio", "expr": share},
        # a country that was never seen before had a share of 0
        {"record": "leadpulse:country_share:usual",
         "expr": f"{usual}\nor\n{COUNTRY} * 0 and ignoring (country, metric) group_left () {usual_all}".replace(
             "and ignoring (country, metric) group_left ()", "and on (site)")},
        {"record": COUNTRY_CHANGE, "expr": "leadpulse:country_share:ratio - leadpulse:country_share:usual"},
    ]  # fmt: skip


def volume_drop(entry: Judged) -> str:
    """Give the expression of a volume's alert: no chance finding, and less than half."""
    now = f'{VOLUME}{{metric="{entry.metric.name}"}}'
    return (
        f"{now} < {VOLUME_PART} * {VOLUME_USUAL}\n"
        f"and {now} < {VOLUME_USUAL} - {SIGMAS} * sqrt({VOLUME_USUAL})\n"
        f"and on () (min({one(named('complete'))}) == 1)"
    )


def cost_rise(entry: Judged) -> str:
    """Give the expression of a cost's alert."""
    of = f'{{ratio="{entry.metric.name}"}}'
    return f"{SPEND}{of} / ({BOUGHT} >= {LEAST_LEADS})\n> {COST_FACTOR} * {COST_USUAL}"


def vanished() -> str:
    """Give the counts that were there within a day and are not now, while a worker is up; and a lost rollup."""
    # the last value that was there: later ones are the absence itself
    gone = f"max_over_time({VOLUME}[1d] offset 15m) unless {VOLUME}"
    lost = f"absent({named('complete')})"
    return f"({gone} or {lost})\nand on () (max(up{{{WORKERS}}}) == 1)"


def down() -> str:
    """Give the workers that do not answer, or that there is none."""
    return f"up{{{WORKERS}}} == 0\nor absent(up{{{WORKERS}}})"


def dead_letters() -> str:
    """Give the share of dead letters in an hour where it is above the limit for certain."""
    dead = f'sum by (kind) (increase({one_of("dead_letter")}[1h]))'
    total = f"(sum by (kind) (increase({EVENTS}[1h])) > 0)"
    share = "leadpulse:dead_letters:ratio1h"
    lower = wilson(share, total, "-")
    return f"{share}\nand {lower} > {DEAD_SHARE}\nand {dead} >= {LEAST_SUCCESSES}"


def one_of(outcome: str) -> str:
    """Name the recorded count of an outcome."""
    return f'leadpulse:source_outcomes:sum{{outcome="{outcome}"}}'


def outcomes() -> list[RuleNode]:
    """Give the account by outcome, and the share of dead letters."""
    dead = f'sum by (kind) (increase({one_of("dead_letter")}[1h]))'
    return [
        {"record": "leadpulse:source_outcomes:sum",
         "expr": f"sum without (reason) ({one(named('events_total'))})"},
        {"record": "leadpulse:dead_letters:ratio1h",
         "expr": f"{dead} / (sum by (kind) (increase({EVENTS}[1h])) > 0)"},
    ]  # fmt: skip


def unrestored() -> str:
    """Give the shards that do not run; or that something is, while no source is behind."""
    return (
        f"{one('leadpulse_shard_restored')} == 0\n"
        f"or (min({one(named('complete'))}) == 0 unless on () (max({BEHIND}) == 1))"
    )


def country_rise() -> str:
    """Give the countries whose share is above the usual one by more than the points allowed, for certain."""
    total = f'ignoring (country, metric) group_left () {VOLUME}{{metric="visitors",window="1h"}}'
    share = "leadpulse:country_share:ratio"
    # Wilson's lower end, with the total of the site on the right
    return (
        f"{COUNTRY_CHANGE} > {COUNTRY_POINTS}\n"
        f"and {COUNTRY} >= {LEAST_SUCCESSES}\n"
        f"and ({share} - 3 * sqrt({share} * (1 - {share}) / {total}))\n"
        f"  > leadpulse:country_share:usual + {COUNTRY_POINTS}"
    )
