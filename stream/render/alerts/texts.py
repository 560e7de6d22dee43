"""Texts: what every alert on leadpulse itself says, once; rules and runbook are both written from here.

In:  nothing.
Out: name, summary, severity, meaning, cost, what to look at first, how to silence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from stream.judge.settings import Severity
from stream.render.alerts.promql import WORKERS

PROMETHEUS: Final = "http://localhost:9090"
ALERTMANAGER: Final = "http://localhost:9093"
WORKER: Final = "http://127.0.0.1:9464"

NO_WORKER: Final = "LeadpulseNoWorker"
WORKER_DOWN: Final = "LeadpulseWorkerDown"
NO_OWNER: Final = "LeadpulseNoRollupOwner"
NO_BROKER: Final = "LeadpulseBrokerSilent"
CUT_OFF: Final = "LeadpulseWorkerCutOff"
LAG: Final = "LeadpulseEventTimeLag"
DEAD: Final = "LeadpulseDeadLetters"
CONSERVATION: Final = "LeadpulseConservationError"
UNRESTORED: Final = "LeadpulseRestoreNotComplete"
LEADS: Final = "LeadpulseLeadsNotComplete"
CLOCK: Final = "LeadpulseClockSkew"
SOURCE: Final = "LeadpulseSourceNotMapped"


@dataclass(frozen=True, slots=True)
class AlertText:
    """Everything that people read about one alert; `look_first` are commands, each with what it shows.

    `known` is its name on the topic `leadpulse.alerts`; what is watched of leadpulse itself has none.
    """

    name: str
    summary: str
    severity: Severity
    meaning: str
    cost: str
    look_first: tuple[tuple[str, str], ...]
    silence: str
    area: str = "trust"
    known: str = ""

    @property
    def heading(self) -> str:
        """Give the heading of its section in the runbook.

        >>> AlertText("LeadpulseBounceRise", "", "ticket", "", "", (), "", known="bounce_rise").heading
        'Bounce rise'
        """
        return self.known.replace("_", " ").capitalize() if self.known else self.name

    @property
    def anchor(self) -> str:
        """Give what links to its section end in."""
        return self.heading.replace(" ", "-").lower()


def query(expr: str) -> str:
    """Write the command that asks Prometheus."""
    return f"promtool query instant {PROMETHEUS} '{expr}'"


def silence(name: str, labels: str = "") -> str:
    """Write the command that silences an alert for two hours."""
    matchers = f"alertname={name}" + (f" {labels}" if labels else "")
    return f'amtool silence add {matchers} --duration=2h --comment="why" --alertmanager.url={ALERTMANAGER}'


COMPANIONS: Final[tuple[AlertText, ...]] = (
    AlertText(
        NO_WORKER, "No worker answers.", "page",
        "Prometheus reads the metrics of no worker: none runs, or none is found. Nothing is lost, since what is not"
        " durable is read again.",
        "Nothing is counted and nothing is judged: until a worker is back no figure alerts, however bad it is.",
        (
            ("what a worker says last", "journalctl -u leadpulse -n 50  # or: kubectl logs -l app=leadpulse"),
            ("whether one runs and is ready", f"curl -si {WORKER}/readyz"),
            ("which targets Prometheus looks at", query(f"up{{{WORKERS}}}")),
        ),
        silence(NO_WORKER),
    ),
    AlertText(
        WORKER_DOWN, "A worker of several does not answer.", "ticket",
        "Prometheus cannot read the metrics of a worker. Its shards have moved to those that are left.",
        "No figure is wrong or missing. There is less room for the next one to fail, and for peaks.",
        (
            ("what the worker says last", "journalctl -u leadpulse -n 50  # or: kubectl logs -l app=leadpulse"),
            ("whether the others have all shards", "leadpulse status"),
            ("since when it is down", query(f"up{{{WORKERS}}}")),
        ),
        silence(WORKER_DOWN, "instance=INSTANCE"),
    ),
    AlertText(
        NO_OWNER, "Workers run, and none of them shows the figures.", "page",
        "One worker owns the rollup: it adds up what all shards count, judges and publishes. For minutes there has been"
        " none, which is more than a take-over lasts.",
        "Figures stand still and nothing is judged; shards go on counting, so nothing is lost.",
        (
            ("what stands in the way, with what to do", "leadpulse status"),
            ("who owned it, and since when nobody does", query("leadpulse_rollup_owner")),
            ("what the workers say", "journalctl -u leadpulse -n 50  # or: kubectl logs -l app=leadpulse"),
        ),
        silence(NO_OWNER),
    ),
    AlertText(
        NO_BROKER, "No broker answers any worker.", "page",
        "No worker has reached a broker for minutes. They gave their shards up, show the last figures as not complete,"
        " and take their shards over anew when a broker answers.",
        "Nothing is counted or judged meanwhile. Nothing is lost unless the topics' retention ends first.",
        (
            ("which workers", query("leadpulse_broker_answers")),
            ("why nothing answers, in one message", "kubectl logs -l app=leadpulse --tail=20  # or: its log"),
            ("whether the broker answers here", "leadpulse topics verify"),
        ),
        silence(NO_BROKER),
    ),
    AlertText(
        CUT_OFF, "No broker answers a worker of several.", "ticket",
        "A worker has reached no broker for minutes while others do: its network, name resolution or certificate is"
        " at fault. Its shards have moved to the others.",
        "No figure is wrong or missing. There is less room for the next one to fail, and for peaks.",
        (
            ("which worker", query("leadpulse_broker_answers == 0")),
            ("why nothing answers it, in one message", "kubectl logs -l app=leadpulse --tail=20  # or: its log"),
            ("whether the others have all shards", "leadpulse status"),
        ),
        silence(CUT_OFF, "instance=INSTANCE"),
    ),
    AlertText(
        LAG, "Workers do not keep up with a source.", "ticket",
        "Records of this kind lie unread and the newest one that was read is more than five minutes old.",
        "Figures are late, not wrong; what needs the source is not judged until it is caught up.",
        (
            ("how far behind, and whether it grows", query("deriv(leadpulse_source_lag_records[10m])")),
            ("which shards are behind", query("topk(5, leadpulse_shard_lag_records)")),
            ("whether the workers are busy", query('rate(process_cpu_seconds_total{job=~".*leadpulse.*"}[5m])')),
        ),
        silence(LAG, "kind=KIND"),
    ),
    AlertText(
        DEAD, "More than 1 % of a source's records are dead letters.", "ticket",
        "Over the last hour more than 1 % of the records of this kind were rejected, for certain.",
        "Rejected records are not counted; they are kept in the dead-letter topic with the reason.",
        (
            ("the reasons", query('sort_desc(increase(leadpulse_events_total{outcome="dead_lettered"}[1h]))')),
            ("the newest rejects", "leadpulse dead-letter list"),
            ("what is wrong with one", "leadpulse dead-letter show"),
        ),
        silence(DEAD, "kind=KIND"),
    ),
    AlertText(
        SOURCE, "More of a source's items are not mapped than the day before.", "ticket",
        "Over the last hour the share of items of this source that no mapping took, or that could not be mapped, is"
        " more than five points above that of the day before. Its vendor may send what it did not send before, or in"
        " another form.",
        "What is not mapped is not counted. `leadpulse dead-letter list` has what was refused, and where it lies in its"
        " topic.",
        (
            ("what is not mapped, by name", query("sort_desc(increase(leadpulse_source_unmapped_total[1h]))")),
            ("whether items are refused, or not taken", query("increase(leadpulse_source_items_total[1h])")),
            ("what the newest records say and become", "leadpulse check --source NAME --topic TOPIC"),
        ),
        silence(SOURCE, "source=NAME"),
    ),
    AlertText(
        CONSERVATION, "The account of all records does not add up.", "page",
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
        UNRESTORED, "Shards are not restored.", "ticket",
        "A shard has not finished reading its state log for a quarter of an hour, or some shard has no owner, while"
        " no source is behind.",
        "Figures lack what the shard would add; `complete` is 0 and what needs the shard is not judged.",
        (
            ("which shards", query("leadpulse_shard_restored == 0")),
            ("how far the restore is", query("leadpulse_shard_restored_records")),
            ("whether all workers are in the group", query("leadpulse_worker_ready")),
        ),
        silence(UNRESTORED),
    ),
    AlertText(
        LEADS, "Figures of leads are not complete.", "ticket",
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
        CLOCK, "A worker's clock is wrong.", "ticket",
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
)  # fmt: skip
