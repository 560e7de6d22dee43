"""Rules: recording rules and alerts for Prometheus, rendered from the catalog.

In:  the catalog; timings and links, which tests change.
Out: the files below deploy/prometheus and deploy/alertmanager, and the texts of all alerts.

A new ratio in the catalog gets its alert by having direction, proportion and a text: nothing is written here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from stream.catalog import AREAS
from stream.render.alerts import cases, companions, ratios, servers, texts
from stream.render.alerts.entries import Judged, judged
from stream.render.alerts.promql import Timings
from stream.render.alerts.texts import AlertText
from stream.render.yaml import document

RuleNode = dict[str, Any]
Group = dict[str, Any]

RULES: Final = "deploy/prometheus/rules"
TESTS: Final = "deploy/prometheus/tests"
HEAD: Final = "Rendered by `leadpulse render` from stream/catalog; change it there."

#: Where the figures of an area are drawn.
DASHBOARDS: Final = {name: f"leadpulse-{area.dashboard}" for name, area in AREAS.items()}


@dataclass(frozen=True, slots=True)
class Links:
    """Where annotations point to."""

    runbook: str = "deploy/RUNBOOK.md"
    grafana: str = "http://localhost:3000"


def render(timings: Timings = Timings(), links: Links = Links()) -> dict[str, str]:
    """Give the text of every file, by its path in the checkout."""
    return {
        **{f"{TESTS}/{name}.yml": document(node, HEAD) for name, node in tests(timings, links).items()},
        f"{RULES}/leadpulse-recording.yml": document({"groups": recording(timings)}, HEAD),
        f"{RULES}/leadpulse-alerts.yml": document({"groups": alerting(timings, links)}, HEAD),
        "deploy/prometheus/prometheus.yml": document(servers.prometheus(timings.interval), HEAD),
        "deploy/alertmanager/alertmanager.yml": document(servers.alertmanager(), f"{HEAD}\n{servers.RECEIVERS}"),
    }


def alerts(timings: Timings = Timings()) -> list[AlertText]:
    """Give the texts of all alerts: those of the catalog's entries, then the companions."""
    return [*(texts.of_entry(entry, timings) for entry in judged(timings)), *texts.COMPANIONS]


def tests(timings: Timings, links: Links) -> dict[str, RuleNode]:
    """Give the files of tests for promtool, by name: ratios by area, so that each takes seconds."""
    entries = judged(timings)
    of_ratios, volumes, costs = _kinds(entries)
    rules = {rule["alert"]: rule for group in alerting(timings, links) for rule in group["rules"]}
    areas = dict.fromkeys(entry.metric.area for entry in of_ratios)
    first = next(
        entry for entry in of_ratios if "form" in entry.sources and entry.metric.direction == "drop" and not entry.by
    )
    return {
        **{
            f"ratios-{area}": cases.file(cases.ratio_tests([e for e in of_ratios if e.metric.area == area], rules))
            for area in areas
        },
        "volumes": cases.file(cases.volume_tests(volumes, rules)),
        "costs": cases.file(cases.cost_tests(costs, rules)),
        "sources": cases.file(cases.source_tests(rules, first), f"{cases.SOURCE_STEP_H}h"),
        "operation": cases.file(cases.operation_tests(rules), f"{cases.MINUTES}m"),
    }


def recording(timings: Timings) -> list[Group]:
    """Give the groups of recording rules; within a group each rule reads what stands above it."""
    entries = judged(timings)
    of_ratios, volumes, costs = _kinds(entries)
    every = ratios.Ratios(tuple(of_ratios))
    needed = list(every.by_sources())
    windows = [window.name for window in timings.windows]
    groups = {
        "leadpulse-sources": [*companions.sources(timings, needed, windows), *companions.outcomes()],
        "leadpulse-volumes": [*companions.volumes(volumes), *companions.countries(), *companions.costs(costs)],
        "leadpulse-ratios": [
            *(rule for entry in of_ratios for rule in ratios.normalised(entry)),
            *ratios.history(timings),
            *ratios.judgement(timings, every),
        ],
    }
    return [{"name": name, "interval": timings.interval, "rules": rules} for name, rules in groups.items()]


def alerting(timings: Timings, links: Links) -> list[Group]:
    """Give the groups of alerts: those on figures, and those on the program and its sources."""
    entries = judged(timings)
    figures = [_of_entry(entry, texts.of_entry(entry, timings), timings, links) for entry in entries]
    by_name = {text.name: text for text in texts.COMPANIONS}
    own = [
        _rule(by_name[name], expr, hold, description, links)
        for name, (expr, hold, description) in _companions(timings).items()
    ]
    return [
        {"name": "leadpulse-figures", "interval": timings.interval, "rules": figures},
        {"name": "leadpulse-operation", "interval": timings.interval, "rules": own},
    ]


def _kinds(entries: list[Judged]) -> tuple[list[Judged], list[Judged], list[Judged]]:
    def of(*rules: str) -> list[Judged]:
        return [entry for entry in entries if entry.rule in rules]

    return of("wilson", "poisson"), of("volume"), of("cost")


_WHERE: Final = "site {{ $labels.site }}{{ with $labels.by }}, {{ . }} {{ $labels.value }}{{ end }}"


def _lookup(series: str, *labels: str, then: str) -> str:
    """Write the template that reads one other series with the same labels."""
    matchers = ",".join(f"{label}=%q" for label in labels)
    values = " ".join(f"$labels.{label}" for label in labels)
    ask = f"printf `{series}{{{matchers}}}` {values} | query"
    return f"{{{{ with {ask} }}}}{{{{ . | first | value | {then} }}}}{{{{ end }}}}"


def _of_entry(entry: Judged, text: AlertText, timings: Timings, links: Links) -> RuleNode:
    name = entry.metric.name
    same = ("ratio", "site", "by", "value", "window")
    if entry.rule == "volume":
        usual = _lookup(companions.VOLUME_USUAL, "metric", *same[1:], then="humanize")
        says = f"{name} of {_WHERE} over {{{{ $labels.window }}}}: {{{{ $value | humanize }}}}; usual: {usual}."
        return _rule(text, companions.volume_drop(entry), timings.hold, says, links, timings.keep, entry.sources)
    if entry.rule == "cost":
        usual = _lookup(companions.COST_USUAL, *same, then="humanize")
        n = _lookup(companions.BOUGHT, *same, then="humanize")
        says = (
            f"{name} of {_WHERE} over {{{{ $labels.window }}}}: {{{{ $value | humanize }}}} (n = {n}); usual: {usual}."
        )
        return _rule(text, companions.cost_rise(entry), timings.cost_for, says, links, None, entry.sources)
    usual = _lookup(ratios.USUAL, *same, then="humanizePercentage")
    n = _lookup(ratios.TRIALS, *same, then="humanize")
    says = (
        f"{name} of {_WHERE} over {{{{ $labels.window }}}}: {{{{ $value | humanizePercentage }}}} (n = {n});"
        f" usual: {usual}."
    )
    of = f'{{ratio="{name}"}}'
    expr = f"{ratios.VALUE}{of} and {ratios.STATE}{of} == {ratios.DROP}"
    return _rule(text, expr, timings.hold, says, links, timings.keep, entry.sources)


def _companions(timings: Timings) -> dict[str, tuple[str, str, str]]:
    """Give expression, duration and description of the companions."""
    kind = "{{ $labels.kind }}"
    return {
        texts.DOWN: (
            companions.down(), timings.down_for,
            "{{ with $labels.instance }}Worker {{ . }} does not answer.{{ else }}There is no worker.{{ end }}",
        ),
        texts.SILENT: (
            companions.silent(), timings.silent_for,
            f"No {kind} came in where {{{{ $value | humanize }}}} are usual.",
        ),
        texts.LAG: (
            companions.lagging(timings), timings.lag_for,
            f"The newest {kind} that was read is {{{{ $value | humanizeDuration }}}} old and more lie unread.",
        ),
        texts.VANISHED: (
            companions.vanished(timings), timings.vanished_for,
            "{{ with $labels.metric }}{{ . }} of site {{ $labels.site }}{{ else }}The rollup{{ end }} is not exposed.",
        ),
        texts.DEAD: (
            companions.dead_letters(), timings.hold,
            f"{{{{ $value | humanizePercentage }}}} of the records of {kind} were dead letters within an hour.",
        ),
        texts.CONSERVATION: (
            companions.conservation(), timings.lag_for, "Accepted less accounted for: {{ $value }} records."
        ),
        texts.UNRESTORED: (
            companions.unrestored(), timings.restore_for,
            (
                "{{ with $labels.group }}Shard {{ $labels.shard }} of {{ . }} is not restored."
                "{{ else }}Incomplete.{{ end }}"
            ),
        ),
        texts.LEADS: (
            companions.leads_behind(), timings.restore_for, "Figures of leads are incomplete, and nothing else is."
        ),
        texts.BROKER: (
            companions.broker(), timings.down_for, "No broker answers {{ $labels.instance }}.",
        ),
        texts.CLOCK: (
            companions.clock(), timings.down_for,
            "The clock of {{ $labels.instance }} is {{ $value | humanizeDuration }} from the broker's.",
        ),
        texts.COUNTRY: (
            companions.country_rise(), timings.hold,
            "{{ $labels.country }}: {{ $value | humanizePercentage }} more of site {{ $labels.site }} than is usual.",
        ),
    }  # fmt: skip


def _rule(
    text: AlertText, expr: str, hold: str, description: str, links: Links, keep: str | None = None, sources: str = ""
) -> RuleNode:
    rule: RuleNode = {"alert": text.name, "expr": expr, "for": hold}
    if keep is not None:
        rule["keep_firing_for"] = keep
    # Alertmanager holds back what needs a source that is silent
    rule["labels"] = {"severity": text.severity} | ({"sources": sources} if sources else {})
    rule["annotations"] = {
        "summary": text.summary,
        "description": description,
        "runbook_url": f"{links.runbook}#{text.name.lower()}",
        "dashboard_url": f"{links.grafana}/d/{DASHBOARDS[text.area]}?var-site={{{{ $labels.site | urlquery }}}}",
    }
    return rule
