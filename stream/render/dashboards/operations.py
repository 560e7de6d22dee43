"""Operations: panels on trust in the figures and on the workers themselves.

In:  the totals of the catalog, what the judge says of figures, and the workers' own metrics.
Out: rows of the trust dashboard, and the panels of them that the overview shows as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from stream.catalog.areas import sections_of
from stream.render.alerts.promql import WORKERS, one
from stream.render.dashboards import queries
from stream.render.dashboards.panels import (
    FULL,
    GREEN,
    HALF,
    PLAIN,
    RED,
    YELLOW,
    Panel,
    lines,
    listing,
    single,
    states,
)
from stream.render.dashboards.queries import entry, rate
from stream.render.dashboards.sections import Row, Windows, entries, section_panels
from stream.serve.judged import CALENDAR, FIRING, LIMIT, NEEDED, STATE, TEXT, USUAL

#: Numbers of states, as `stream.serve.judged` gives them.
STATES: Final = {
    "0": ("as usual", GREEN),
    "1": ("drop or rise", RED),
    "2": ("too little to tell", "semi-dark-blue"),
    "3": ("young", "blue"),
    "4": ("marked", "purple"),
    "5": ("waiting", YELLOW),
}
_TELLS: Final = ("alert", "severity", "site", "by", "value", "held")
#: What is of many sites names none.
_SITES: Final = 'site=~"$site|"'
#: What fires, whichever worker shows it; what is held back, too.
FIRES: Final = f"max by ({', '.join(_TELLS)}) ({FIRING}{{{_SITES}}}) == 1"
YES_NO: Final = {"1": ("yes", GREEN), "0": ("no", RED)}


def standing() -> list[Panel]:
    """Say whether the figures may be believed: complete, conserved, fresh."""
    return [
        single("Complete", entry("complete").help, "short", f"min({_total('complete')})", words=YES_NO),
        single("Records unaccounted for", entry("conservation_error").help, "short",
               f"max({_total('conservation_error')})", [(None, RED), (0, GREEN), (1, RED)]),
        single("Figures end", "How long ago the windows end.", "s",
               f"time() - max({one('leadpulse_as_of_timestamp_seconds')})", [(None, PLAIN), (60, YELLOW), (300, RED)]),
        single("Oldest source", entry("source_lag_seconds").help, "s", f"max({_total('source_lag_seconds')})",
               [(None, PLAIN), (300, YELLOW), (3_600, RED)]),
        single("Unread records", entry("source_lag_records").help, "short", f"sum({_total('source_lag_records')})",
               [(None, PLAIN), (10_000, YELLOW)]),
        single("Data since", entry("data_since_timestamp_seconds").help, "dateTimeAsIso",
               f"1000 * min({_total('data_since_timestamp_seconds')})"),
    ]  # fmt: skip


def figure_states() -> Panel:
    """Show which figures of a site are as usual, which are not, and of which too little is known."""
    return states(
        "States of the sites' figures",
        "What the judge says, against the same hours of four weeks; figures without further labels.",
        f'max by (metric, site, window) ({STATE}{{site=~"$site",by=""}})',
        "{{metric}} {{site}} {{window}}",
        STATES,
    )


def firing() -> Panel:
    """List the alerts with their texts, those that fire first."""
    now = f"max by ({', '.join(_TELLS)}) ({FIRING}{{{_SITES}}})"
    same = "alert, site, by, value"
    text = f"topk by ({same}) (1, max by ({same}, text) ({TEXT}{{{_SITES}}}))"
    expr = f"{now} * on ({same}) group_left (text) {text}\nor on ({', '.join(_TELLS)}) {now}"
    about = "Those that fire first; held says why nobody is told. What is over stays for a day."
    return listing("Alerts", (*_TELLS, "text"), [("Fires", "short", expr)], FULL, about).height(8)


def rows(on: Windows) -> Iterable[Row]:
    """Give the rows of the dashboard."""
    yield "May the figures be believed?", standing()
    yield "Figures against their usual", [figure_states(), firing(), _judged(), _calendar()]
    for section in sections_of("trust"):
        yield section.name, [*_account(), *section_panels(section, entries("trust"), on)]
    yield "Sources", _sources()
    yield "Workers", list(_workers())
    yield "Shards", _shards()


def _total(name: str) -> str:
    return queries.series(entry(name), "")


def _judged() -> Panel:
    by = ("metric", "site", "window")

    def of(gauge: str) -> str:
        return f'max by ({", ".join(by)}) ({gauge}{{site=~"$site",by=""}})'

    columns = [("State", "short", of(STATE)), ("Usual", "short", of(USUAL)), ("Limit", "short", of(LIMIT)),
               ("n needed", "short", of(NEEDED))]  # fmt: skip
    about = "State: " + ", ".join(f"{number} {text}" for number, (text, _) in STATES.items()) + "."
    return listing("Figures, their usual and what is needed to judge", by, columns, FULL, about)


def _calendar() -> Panel:
    expr = f'max by (site) ({CALENDAR}{{site=~"$site"}})'
    return single("Calendar", "Entries of the calendar that are of a site.", "short", expr, legend="{{site}}", width=6)


def _account() -> list[Panel]:
    events, kind = entry("events_total"), ("kind",)
    total = _total("events_total")
    dead = 'leadpulse_events_total{outcome="dead_lettered"}'
    return [
        lines("Records by outcome", f"{events.help} Per second.", "cps",
              [(rate("leadpulse_events_total", ("outcome",)), "{{outcome}}")]),
        lines("Share of dead letters", "Dead letters / accepted records.", "percentunit",
              [(f"{rate(dead, kind)} / ({rate('leadpulse_events_total', kind)} > 0)", "{{kind}}")],
              limits=[(None, GREEN), (0.01, RED)]),
        listing("Account", ("kind", "outcome", "reason"),
                [("Records", "short", f"sum by (kind, outcome, reason) ({total})")], HALF, events.help),
        lines("Dead letters and filtered records by reason", "Per second.", "cps",
              [(rate('leadpulse_events_total{reason!=""}', ("outcome", "reason")), "{{outcome}} {{reason}}")]),
    ]  # fmt: skip


def _sources() -> list[Panel]:
    def by(name: str, label: str = "kind") -> list[tuple[str, str]]:
        return [(f"max by ({label}) ({_total(name)})", f"{{{{{label}}}}}")]

    newest = f"time() - max by (kind) ({_total('source_newest_event_timestamp_seconds')})"
    return [
        lines("Age of the newest event", entry("source_newest_event_timestamp_seconds").help, "s",
              [(newest, "{{kind}}")], limits=[(None, GREEN), (300, YELLOW), (3_600, RED)]),
        lines("Lag in event time", entry("source_lag_seconds").help, "s", by("source_lag_seconds")),
        lines("Unread records", entry("source_lag_records").help, "short", by("source_lag_records")),
        lines("Missing topics", entry("source_missing").help, "short", by("source_missing")),
        lines("Items of topics of others", "What became of them, by source; events that were made of them. Per second.",
              "cps", [(rate("leadpulse_source_items_total", ("source", "outcome")), "{{source}} {{outcome}}"),
                      (rate("leadpulse_source_events_total", ("source", "kind")), "{{source}} gives {{kind}}"),
                      (rate("leadpulse_source_redacted_total", ("source",)), "{{source}} with an address")]),
        lines("Items that no mapping took", entry("source_unmapped_total").help, "cps",
              [(rate("leadpulse_source_unmapped_total", ("source", "event")), "{{source}}: {{event}}")]),
        lines("Corrected clocks and forwarded records",
              "Events whose clock ran ahead; records on a wrong partition; fields and ids that could not be used.",
              "cps", [(rate("leadpulse_clock_ahead_total", ("kind",)), "{{kind}} clock ahead"),
                      (rate("leadpulse_rerouted_total", ("kind",)), "{{kind}} forwarded"),
                      (rate("leadpulse_fields_ignored_total", ("kind", "field")), "{{kind}} {{field}} ignored"),
                      (rate("leadpulse_unjoined_recipients_total", ()), "recipients not joined")]),
        lines("Ids and facts of leads that are not used",
              "Ids that name nobody; facts for which a lead had no room. Per second.",
              "cps", [(rate("leadpulse_ignored_ids_total", ("field",)), "{{field}} names nobody"),
                      (rate("leadpulse_lead_facts_dropped_total", ()), "facts without room")]),
        single("Figures of leads complete", entry("leads_complete").help, "short",
               f"min({_total('leads_complete')})", words=YES_NO),
        single("Leads still counted by former rules", entry("leads_behind").help, "short",
               f"max({_total('leads_behind')})", [(None, GREEN), (1, YELLOW)]),
        lines("Label values folded into other", entry("labels_folded_total").help, "short",
              by("labels_folded_total", "label")),
        single("Ids known for", entry("dedupe_horizon_seconds").help, "s",
               f"min({_total('dedupe_horizon_seconds')})", width=6),
        single("Mixed ad reports", entry("mixed_granularity").help, "short", f"max({_total('mixed_granularity')})",
               [(None, GREEN), (1, YELLOW)], width=6),
        single("Catalog", entry("catalog_info").help, "short", f"max by (version) ({_total('catalog_info')})",
               width=HALF, legend="{{version}}"),
    ]  # fmt: skip


def _workers() -> Iterable[Panel]:
    yield single(
        "Workers up", "Workers that answer.", "short", f"sum(up{{{WORKERS}}})", [(None, RED), (1, GREEN)], width=6
    )
    yield single("Ready", "Workers in the group whose shards all run.", "short", "sum(leadpulse_worker_ready)",
                 [(None, RED), (1, GREEN)], width=6)  # fmt: skip
    yield single("Owners of the rollup", "One worker shows the figures; none only while they move.", "short",
                 "sum(leadpulse_rollup_owner)", [(None, RED), (1, GREEN), (2, RED)], width=6)  # fmt: skip
    yield single("Versions", "More than one only during an update.", "short",
                 "count(count by (version, catalog_version) (leadpulse_build_info))",
                 [(None, GREEN), (2, YELLOW)], width=6)  # fmt: skip
    for name, about, unit, expr in (
        ("Memory", "Resident memory of a worker.", "bytes", "process_resident_memory_bytes"),
        ("Processor", "Cores that a worker uses.", "short", "rate(process_cpu_seconds_total[$__rate_interval])"),
        ("Open files", "Descriptors that a worker holds.", "short", "process_open_fds"),
        ("Clock", "How far a worker's clock is ahead of the broker's; no figure rests on it.", "s",
         "leadpulse_clock_skew_seconds"),
        ("Rebalances", "Assignments since the start of a worker.", "short", "leadpulse_rebalances_total"),
        ("Time to write /metrics", "Time that writing the last snapshot took.", "s", "leadpulse_http_render_seconds"),
        ("HTTP requests", "Answers a second by code.", "reqps",
         "sum by (instance, code) (rate(leadpulse_http_requests_total[$__rate_interval]))"),
    ):  # fmt: skip
        selected = _of_workers(expr) if "process_" in expr else expr
        yield lines(name, about, unit, [(selected, "{{instance}} {{code}}" if "code" in expr else "{{instance}}")])


def _of_workers(expr: str) -> str:
    """Leave out other processes that the same Prometheus scrapes.

    >>> _of_workers("rate(process_cpu_seconds_total[1m])")
    'rate(process_cpu_seconds_total{job=~".*leadpulse.*"}[1m])'
    """
    name = next(word for word in expr.replace("(", " ").replace("[", " ").split() if word.startswith("process_"))
    return expr.replace(name, f"{name}{{{WORKERS}}}")


def _shards() -> list[Panel]:
    def by_group(how: str, name: str) -> list[tuple[str, str]]:
        return [(f"{how} by (group) ({one(f'leadpulse_shard_{name}')})", "{{group}}")]

    def rate_by_group(name: str) -> list[tuple[str, str]]:
        return [(f"sum by (group) (rate(leadpulse_shard_{name}[$__rate_interval]))", "{{group}}")]

    restored = one("leadpulse_shard_restored")
    missing = f"count by (group) ({restored} == 0) or sum by (group) ({restored} * 0)"
    committed = f"max by (group, shard) ({one('leadpulse_shard_commit_timestamp_seconds')})"
    restoring = f"max by (group, shard) ({one('leadpulse_shard_restore_seconds')})"
    unread = f"sum by (source) ({one('leadpulse_shard_lag_records')})"
    limits: list[tuple[float | None, str]] = [(None, GREEN), (1, YELLOW), (20, RED)]
    return [
        lines("Shards that are not restored", "Their last figures stay, and count as incomplete.", "short",
              [(missing, "{{group}}")]),
        lines("Records folded", "Per second, of whatever outcome.", "cps", rate_by_group("records_total")),
        lines("Unread records by source", "By the shards' own account.", "short", [(unread, "{{source}}")]),
        lines("Duration of the last commit", "A commit that takes 20 s ends the worker.", "s",
              by_group("max", "last_commit_seconds"), limits=limits),
        lines("Age of the last commit", "Grows while a shard has nothing to write or cannot.", "s",
              [(f"time() - {committed}", "{{group}} {{shard}}")]),
        lines("Time spent folding", "Share of a core.", "percentunit", rate_by_group("fold_seconds_total")),
        lines("Fetched and not folded", "Bytes in the inboxes of shards.", "bytes", by_group("sum", "inbox_bytes")),
        lines("Time to restore", "The last take-over of a shard.", "s", [(restoring, "{{group}} {{shard}}")]),
    ]  # fmt: skip
