"""Texts: what every alert says, once; rules and runbook are both written from here.

In:  entries of the catalog that alert, and the companions' own texts.
Out: name, summary, severity, meaning, cost, what to look at first, how to silence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from stream.catalog import AREAS
from stream.catalog.judging import Z
from stream.render.alerts.entries import Judged
from stream.render.alerts.promql import Timings

Severity = Literal["critical", "warning", "info"]

PROMETHEUS: Final = "http://localhost:9090"
ALERTMANAGER: Final = "http://localhost:9093"
WORKER: Final = "http://127.0.0.1:9464"

DOWN: Final = "LeadpulseExporterDown"
SILENT: Final = "LeadpulseSourceSilent"
LAG: Final = "LeadpulseEventTimeLag"
VANISHED: Final = "LeadpulseSeriesVanished"
DEAD: Final = "LeadpulseDeadLetters"
CONSERVATION: Final = "LeadpulseConservationError"
UNRESTORED: Final = "LeadpulseRestoreNotComplete"
LEADS: Final = "LeadpulseLeadsNotComplete"
COUNTRY: Final = "LeadpulseCountryShareRise"
CLOCK: Final = "LeadpulseClockSkew"
BROKER: Final = "LeadpulseBrokerSilent"


@dataclass(frozen=True, slots=True)
class AlertText:
    """Everything that people read about one alert; `look_first` are commands, each with what it shows."""

    name: str
    summary: str
    severity: Severity
    meaning: str
    cost: str
    look_first: tuple[tuple[str, str], ...]
    silence: str
    area: str = "trust"


def query(expr: str) -> str:
    """Write the command that asks Prometheus."""
    return f"promtool query instant {PROMETHEUS} '{expr}'"


def silence(name: str, labels: str = "") -> str:
    """Write the command that silences an alert for two hours."""
    matchers = f"alertname={name}" + (f" {labels}" if labels else "")
    return f'amtool silence add {matchers} --duration=2h --comment="why" --alertmanager.url={ALERTMANAGER}'


_SOURCES: Final = (
    "freshness and account of the sources: a fault there bends every ratio",
    f"curl -s {WORKER}/metrics | grep -E 'leadpulse_(complete|source_lag|events_total)'",
)


def of_entry(entry: Judged, timings: Timings) -> AlertText:
    """Give the text of an entry's alert."""
    metric = entry.metric
    area = AREAS[metric.area]
    recorded = {"volume": "leadpulse:volume:count", "cost": "leadpulse:cost:spend / leadpulse:cost:bought"}
    if entry.rule in ("wilson", "poisson"):
        first = ("the state of every series (1 drop, 0 ok, -1 not enough data) and what is usual",
                 query(f'{{__name__=~"leadpulse:ratio:(state|value|usual)",ratio="{metric.name}"}}'))  # fmt: skip
    else:
        first = ("the figure by series and window", query(recorded[entry.rule]))
    return AlertText(
        entry.name, entry.alert.summary, entry.alert.severity, _meaning(entry, timings), area.cost,
        (first, _SOURCES, (area.shows, query(area.query))), silence(entry.name, "site=SITE"), metric.area,
    )  # fmt: skip


def _meaning(entry: Judged, timings: Timings) -> str:
    metric = entry.metric
    about = f"`leadpulse_{metric.name}`: {metric.help} Formula: {metric.formula}. "
    if entry.rule == "volume":
        return about + (
            "It is less than half of what the same hours of the last four weeks held, by more than four standard"
            " deviations of a count of that size."
        )
    if entry.rule == "cost":
        return about + (
            "For an hour it has been above 1.5 times the cost of the same windows of the last four weeks, with at"
            " least 30 leads in the window. A matter for the next working day."
        )
    parts = ", ".join(f"{window.part} over {window.name}" for window in timings.windows if window.name in entry.windows)
    interval = "Wilson score interval" if entry.rule == "wilson" else "Poisson score interval"
    if metric.direction == "rise":
        return about + (
            f"The lower end of its {interval} (z = {Z}) lies above the usual value divided by {parts}."
            " Usual is the pooled ratio of the same hours of the week over four weeks. This is not chance."
        )
    return about + (
        f"The upper end of its {interval} (z = {Z}) lies below the usual value times {parts}."
        " Usual is the pooled ratio of the same hours of the week over four weeks. This is not chance."
    )


COMPANIONS: Final[tuple[AlertText, ...]] = (
    AlertText(
        DOWN, "A worker does not answer.", "critical",
        "Prometheus cannot read the metrics of a worker, or finds no worker at all. Its shards move to the workers"
        " that are left; nothing is lost, since what is not durable is read again.",
        "Until a worker has taken over, figures stand still and no other alert is to be believed: all are silenced.",
        (
            ("what the worker says last", "journalctl -u leadpulse -n 50  # or: kubectl logs -l app=leadpulse"),
            ("whether it runs and is ready", f"curl -si {WORKER}/readyz"),
            ("which targets Prometheus looks at", query('up{job=~".*leadpulse.*"}')),
        ),
        silence(DOWN, "instance=INSTANCE"),
    ),
    AlertText(
        SILENT, "A source that usually has records has none.", "critical",
        "No record of this kind came in for a spell in which more than 20 are usual (the same hours of four weeks),"
        " and none lies unread in Kafka. The producer or its way to Kafka is broken.",
        "What this source tells is not counted until it is back. Ratios that need it hold back their alerts.",
        (
            ("when the newest record came", query("leadpulse_source_newest_event_timestamp_seconds")),
            ("whether Kafka has newer ones", "leadpulse topics verify"),
            ("whether records are rejected instead", "leadpulse dead-letter list"),
        ),
        silence(SILENT, "kind=KIND"),
    ),
    AlertText(
        LAG, "Workers do not keep up with a source.", "warning",
        "Records of this kind lie unread and the newest one that was read is more than five minutes old.",
        "Figures are late, not wrong; ratios that need the source hold back their alerts until it is caught up.",
        (
            ("how far behind, and whether it grows", query("deriv(leadpulse_source_lag_records[10m])")),
            ("which shards are behind", query("topk(5, leadpulse_shard_lag_records)")),
            ("whether the workers are busy", query('rate(process_cpu_seconds_total{job=~".*leadpulse.*"}[5m])')),
        ),
        silence(LAG, "kind=KIND"),
    ),
    AlertText(
        VANISHED, "A count that was shown is gone.", "critical",
        "A count that Prometheus had within the last day is not exposed any more, although a worker is up. Counts"
        " show 0 when nothing happens; they only go when nobody owns the rollup or its state was lost.",
        "All figures of the series are missing, and with them their alerts.",
        (
            ("who owns the rollup", query("leadpulse_rollup_owner")),
            ("since when there is data", query("leadpulse_data_since_timestamp_seconds")),
            ("whether label values were folded", query("increase(leadpulse_labels_folded_total[1d])")),
        ),
        silence(VANISHED),
    ),
    AlertText(
        DEAD, "More than 1 % of a source's records are dead letters.", "warning",
        "Over the last hour more than 1 % of the records of this kind were rejected, for certain.",
        "Rejected records are not counted; they are kept in the dead-letter topic with the reason.",
        (
            ("the reasons", query("sort_desc(increase(leadpulse_events_total{outcome=\"dead_letter\"}[1h]))")),
            ("the newest rejects", "leadpulse dead-letter list"),
            ("what is wrong with one", "leadpulse dead-letter show"),
        ),
        silence(DEAD, "kind=KIND"),
    ),
    AlertText(
        CONSERVATION, "The account of all records does not add up.", "critical",
        "Accepted records less counted, duplicate, filtered and dead-lettered ones must be 0 and is not: records"
        " were lost or counted twice. This is a fault of the program or of its state.",
        "The figures cannot be trusted until the cause is known.",
        (
            ("by how much, and since when", query("leadpulse_conservation_error")),
            ("the account", query("sum by (kind, outcome) (leadpulse_events_total)")),
            ("restarts before it", query('changes(process_start_time_seconds{job=~".*leadpulse.*"}[1d])')),
        ),
        silence(CONSERVATION),
    ),
    AlertText(
        UNRESTORED, "Shards are not restored.", "warning",
        "A shard has not finished reading its state log for a quarter of an hour, or some shard has no owner, while"
        " no source is behind.",
        "Figures lack what the shard would add; `complete` is 0 and ratios hold back their alerts.",
        (
            ("which shards", query("leadpulse_shard_restored == 0")),
            ("how far the restore is", query("leadpulse_shard_restored_records")),
            ("whether all workers are in the group", query("leadpulse_worker_ready")),
        ),
        silence(UNRESTORED),
    ),
    AlertText(
        LEADS, "Figures of leads are not complete.", "warning",
        "For a quarter of an hour the shards of leads have not taken in what the others told them of people, or have"
        " not read their own sources, while no source is behind and everything else is complete.",
        "Stages, who waits, merit and money lag behind, and leads that turned out to be one count twice. Visitors,"
        " chats, mails and ads are right. Nothing is lost.",
        (
            ("which shards of leads are not restored or not caught up",
             query('{__name__=~"leadpulse_shard_(restored|caught_up)",group="leads"} == 0')),
            ("what they have still to read, and whether it falls", query('leadpulse_shard_lag_records{group="leads"}')),
            ("how long their commits take, in seconds", query('leadpulse_shard_last_commit_seconds{group="leads"}')),
        ),
        silence(LEADS),
    ),
    AlertText(
        CLOCK, "A worker's clock is wrong.", "warning",
        "The clock of a worker's machine is more than five seconds from that of the broker, which stamps every record"
        " that leadpulse writes. Windows, lateness and retention go by the broker's.",
        "No figure is wrong. Certificates, tokens and the times in logs are judged by the machine's clock; if it is the"
        " broker's that is wrong, every window ends at a wrong moment.",
        (
            ("which workers, and by how much", query("leadpulse_clock_skew_seconds")),
            ("whether the machine's time service runs", "timedatectl status  # or: chronyc tracking"),
            ("whether all are off by as much: then it is the broker's", query("min(leadpulse_clock_skew_seconds)")),
        ),
        silence(CLOCK, "instance=INSTANCE"),
    ),
    AlertText(
        BROKER, "No broker answers a worker.", "critical",
        "A worker has reached no broker for minutes. It gave its shards up, shows the last figures as not complete,"
        " and takes its shards over anew when a broker answers.",
        "Nothing is counted meanwhile and every figure stands still. Nothing is lost unless the topics' retention ends"
        " first.",
        (
            ("which workers, all or one", query("leadpulse_broker_answers")),
            ("why nothing answers, in one message", "kubectl logs -l app=leadpulse --tail=20  # or: its log"),
            ("whether the broker answers here", "leadpulse topics verify"),
        ),
        silence(BROKER, "instance=INSTANCE"),
    ),
    AlertText(
        COUNTRY, "Far more visitors than usual come from one country.", "warning",
        "A country's share of the visitors of an hour lies more than ten points above its usual share, for certain."
        " Most often these are bots that pass for people, or a mention in that country.",
        "Such visitors hardly ever convert: ratios of all visitors fall, and ad budgets go to the wrong place.",
        (
            ("by how much, and from where", query("topk(5, leadpulse:country_share_change:ratio)")),
            ("by which channel they come", query('sort_desc(leadpulse_channel_visitors{window="1h"})')),
            ("whether they are taken for bots", query('leadpulse_traffic_events{window="1h"}')),
        ),
        silence(COUNTRY, "country=COUNTRY"), "traffic",
    ),
)  # fmt: skip
