"""Rules: alerts for Prometheus, which only read what the judge says, and those on leadpulse itself.

In:  the judge's plan; timings, which tests change; links, which an installation has its own of.
Out: the files below deploy/prometheus and deploy/alertmanager, and the texts of all alerts.

No figure is judged here: an entry of the catalog that is judged has its alert by its name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from stream.catalog import AREAS
from stream.judge.plan import MANY_SITES
from stream.judge.settings import RUNBOOK
from stream.render.alerts import cases, companions, faults, figures, servers, texts
from stream.render.alerts.promql import Timings
from stream.render.alerts.texts import AlertText
from stream.render.yaml import document
from stream.serve.judged import FIRING, TEXT

RuleNode = dict[str, Any]
Group = dict[str, Any]

RULES: Final = "deploy/prometheus/rules"
TESTS: Final = "deploy/prometheus/tests"
HEAD: Final = "Rendered by `leadpulse render` from stream/catalog; change it there."

#: Where the figures of an area are drawn.
DASHBOARDS: Final = {name: f"leadpulse-{area.dashboard}" for name, area in AREAS.items()}
OVERVIEW: Final = "leadpulse-overview"


@dataclass(frozen=True, slots=True)
class Links:
    """Where annotations lead: a runbook with a heading an alert, and the Grafana that has the dashboards."""

    runbook: str = RUNBOOK
    dashboards: str = "http://localhost:3000"


def render(timings: Timings = Timings(), links: Links = Links()) -> dict[str, str]:
    """Give the text of every file, by its path in the checkout."""
    return {
        **{f"{TESTS}/{name}.yml": document(node, HEAD) for name, node in tests(timings, links).items()},
        f"{RULES}/leadpulse-alerts.yml": document({"groups": groups(timings, links)}, HEAD),
        "deploy/prometheus/prometheus.yml": document(servers.prometheus(timings.interval), HEAD),
        "deploy/alertmanager/alertmanager.yml": document(servers.alertmanager(), f"{HEAD}\n{servers.RECEIVERS}"),
    }


def alerts() -> list[AlertText]:
    """Give the texts of all alerts: those of the judge, then the companions."""
    return [*figures.texts(), *texts.COMPANIONS]


def tests(timings: Timings, links: Links) -> dict[str, RuleNode]:
    """Give the files of tests for promtool, by name."""
    rules = {rule["alert"]: rule for group in groups(timings, links) for rule in group["rules"] if "alert" in rule}
    return {"figures": cases.file(figures.texts(), rules), "operation": faults.file(rules)}


def groups(timings: Timings, links: Links) -> list[Group]:
    """Give the groups of rules: what the judge says, and what is watched of leadpulse itself."""
    own = {text.name: text for text in texts.COMPANIONS}
    operation = [
        _rule(own[name], expr, description, links, {"for": hold, "labels": {"severity": own[name].severity}})
        for name, (expr, hold, description) in _companions(timings).items()
    ]
    found = {
        "leadpulse-figures": [_of_judge(text, timings, links) for text in figures.texts()],
        "leadpulse-operation": [companions.dead_ratio(), *operation],
    }
    return [{"name": name, "interval": timings.interval, "rules": rules} for name, rules in found.items()]


_TELLS: Final = ("alert", "site", "by", "value")
#: What an alert says while no worker shows its text: in a failover.
WHERE: Final = "{{ with $labels.site }}Site {{ . }}{{ end }}{{ with $labels.by }}, {{ . }} {{ $labels.value }}{{ end }}"


def _of_judge(text: AlertText, timings: Timings, links: Links) -> RuleNode:
    """Read one alert of the judge: it is told while it fires, to those of its severity, and not held back."""
    told = f'{FIRING}{{alert="{text.known}",held="",severity=~"page|ticket"}}[{timings.bridge}]'
    expr = f"max by ({', '.join((*_TELLS, 'severity'))}) (last_over_time({told})) == 1"
    matchers, values = ",".join(f"{label}=%q" for label in _TELLS), " ".join(f"$labels.{label}" for label in _TELLS)
    says = (
        f"{{{{ with printf `{TEXT}{{{matchers}}}` {values} | query }}}}"
        f'{{{{ . | first | label "text" }}}}{{{{ else }}}}{WHERE}{{{{ end }}}}'
    )
    return _rule(text, expr, says, links, {"keep_firing_for": timings.keep})


def _companions(timings: Timings) -> dict[str, tuple[str, str, str]]:
    """Give expression, duration and description of the companions."""
    kind = "{{ $labels.kind }}"
    page, ticket = timings.page_for, timings.ticket_for
    return {
        texts.NO_WORKER: (companions.no_worker(), page, "No worker answers: nothing is counted, nothing is judged."),
        texts.WORKER_DOWN: (companions.worker_down(), ticket, "Worker {{ $labels.instance }} does not answer."),
        texts.NO_OWNER: (companions.no_owner(), ticket, "Workers run, and none of them owns the rollup."),
        texts.NO_BROKER: (companions.no_broker(), page, "No broker answers any worker."),
        texts.CUT_OFF: (companions.cut_off(), ticket, "No broker answers {{ $labels.instance }}, others reach one."),
        texts.LAG: (
            companions.lagging(timings), ticket,
            f"The newest {kind} that was read is {{{{ $value | humanizeDuration }}}} old and more lie unread.",
        ),
        texts.DEAD: (
            companions.dead_letters(), timings.hold,
            f"{{{{ $value | humanizePercentage }}}} of the records of {kind} were dead letters within an hour.",
        ),
        texts.SOURCE: (
            companions.not_mapped(), timings.hold,
            (
                "{{ $value | humanizePercentage }} of the items of the source {{ $labels.source }} were not mapped "
                "within an hour."
            ),
        ),
        texts.CONSERVATION: (
            companions.conservation(), ticket, "Accepted less accounted for: {{ $value }} records."
        ),
        texts.UNRESTORED: (
            companions.unrestored(timings), timings.restore_for,
            (
                "{{ with $labels.group }}Shard {{ $labels.shard }} of {{ . }} is not restored."
                "{{ else }}Incomplete.{{ end }}"
            ),
        ),
        texts.LEADS: (
            companions.leads_behind(timings), timings.restore_for,
            "Figures of leads are incomplete, and nothing else is.",
        ),
        texts.CLOCK: (
            companions.clock(), page,
            "The clock of {{ $labels.instance }} is {{ $value | humanizeDuration }} from the broker's.",
        ),
    }  # fmt: skip


def _rule(text: AlertText, expr: str, description: str, links: Links, more: RuleNode) -> RuleNode:
    board = OVERVIEW if text.known in figures.OVERVIEWS else DASHBOARDS[text.area]
    site = "{{ with $labels.site }}?var-site={{ . | urlquery }}{{ end }}" if text.known not in ("", MANY_SITES) else ""
    return {
        "alert": text.name,
        "expr": expr,
        **more,
        "annotations": {
            "summary": text.summary,
            "description": description,
            "runbook_url": f"{links.runbook}#{text.anchor}",
            "dashboard_url": f"{links.dashboards}/d/{board}{site}",
        },
    }
