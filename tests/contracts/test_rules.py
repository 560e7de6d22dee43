"""Rules: what is rendered passes Prometheus's own checks, every alert fires and keeps silent, and a catalog that
cannot be rendered says which entry is at fault."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from stream import catalog
from stream.catalog import METRICS, TOTALS, Alert, Metric
from stream.changes.cells import CELLS
from stream.errors import CatalogError
from stream.render import rules, runbook
from stream.render.alerts.entries import Judged, judged, named
from stream.render.alerts.promql import Timings
from stream.render.alerts.sources import sources_of
from tests.e2e.prometheus import program

ROOT = Path(__file__).resolve().parents[2]
PROMETHEUS = ROOT / "deploy" / "prometheus"
CASES = sorted((PROMETHEUS / "tests").glob("*.yml"))
ALERTS = {text.name: text for text in rules.alerts()}
RULES = {rule["alert"]: rule for group in rules.alerting(Timings(), rules.Links()) for rule in group["rules"]}

#: What a worker shows of itself, as far as the runbook asks for it.
OWN = {"shard_last_commit_seconds"}

#: Functions that Prometheus 2.42 and 3.x both have; those that were renamed or are experimental are not among them.
FUNCTIONS = {
    "abs", "absent", "ceil", "clamp_min", "increase", "label_join", "label_replace", "last_over_time", "max_over_time", "sqrt", "sum_over_time",
}  # fmt: skip
AGGREGATIONS = {"avg", "max", "min", "sum"}


def promtool(*arguments: str | Path) -> str:
    done = subprocess.run(
        [program("promtool"), *map(str, arguments)], capture_output=True, text=True, check=False, timeout=250
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.prometheus
def test_rules_pass_every_lint() -> None:
    promtool("check", "rules", "--lint=all", "--lint-fatal", *sorted((PROMETHEUS / "rules").glob("*.yml")))


@pytest.mark.prometheus
def test_the_configuration_of_prometheus_is_valid() -> None:
    promtool("check", "config", PROMETHEUS / "prometheus.yml")


@pytest.mark.prometheus
def test_the_configuration_of_alertmanager_is_valid() -> None:
    path = ROOT / "deploy" / "alertmanager" / "alertmanager.yml"
    subprocess.run([program("amtool"), "check-config", str(path)], check=True, capture_output=True)


@pytest.mark.prometheus
@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_alerts_fire_and_keep_silent(case: Path) -> None:
    promtool("test", "rules", case)


def test_every_alert_has_a_case_that_fires_and_one_that_keeps_silent() -> None:
    fires, silent = set(), set()
    for case in CASES:
        for test in yaml.safe_load(case.read_text())["tests"]:
            for check in test["alert_rule_test"]:
                (fires if check["exp_alerts"] else silent).add(check["alertname"])
    assert fires == silent == set(ALERTS) == set(RULES)


def test_every_proportion_that_harms_has_an_alert() -> None:
    harmful = {m.name for m in catalog.METRICS if m.proportion and m.direction and m.alert and m.alert.ruled}
    assert harmful <= {entry.metric.name for entry in judged(Timings())}
    assert len(harmful) > 20


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())
def test_an_alert_says_what_and_where_to_go_on(rule: dict[str, dict[str, str]]) -> None:
    notes = rule["annotations"]
    assert notes["summary"].endswith(".")
    assert "{{" not in notes["summary"]
    assert "{{" in notes["description"] or "complete" in str(rule["expr"])
    assert rule["labels"]["severity"] in {"critical", "warning", "info"}
    page, anchor = notes["runbook_url"].split("#")
    headings = re.findall(r"^## (.+)$", (ROOT / page).read_text(), re.MULTILINE)
    assert anchor in {heading.lower() for heading in headings}
    board = re.search(r"/d/([a-z-]+)", notes["dashboard_url"])
    assert board is not None
    assert (ROOT / "deploy" / "grafana" / "dashboards" / f"{board[1]}.json").is_file()


def test_the_runbook_has_three_commands_an_alert() -> None:
    text = next(iter(runbook.render().values()))
    for alert in rules.alerts():
        section = text.split(f"\n## {alert.name}\n")[1].split("\n## ")[0]
        assert section.count("```sh") == 4, alert.name  # three to look at, one to silence
        assert alert.meaning in section
        assert alert.cost in section


def test_the_runbook_speaks_of_every_figure_that_has_words_and_no_rule() -> None:
    text = (ROOT / runbook.PATH).read_text(encoding="utf-8").split("\n# Figures without a rule\n")[1]
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    unruled = {m.name: m.alert.summary for m in METRICS if m.alert is not None and not m.alert.ruled}
    totals = {total.name for total in TOTALS}
    assert len(headings) == len(set(headings))
    assert set(headings) - totals == unruled.keys()
    for name in headings:
        section = text.split(f"\n## {name}\n")[1].split("\n## ")[0]
        assert section.count("```sh") >= 3, name
        assert unruled.get(name, "") in section
        for series in re.findall(r"'(?:increase\()?leadpulse_(\w+)", section):
            assert series in {m.series for m in METRICS} | totals | OWN, series


def test_only_functions_that_all_versions_have_are_used() -> None:
    used = set()
    for group in (*rules.recording(Timings()), *rules.alerting(Timings(), rules.Links())):
        for rule in group["rules"]:
            text = re.sub(r'"[^"]*"', "", rule["expr"])
            used |= set(re.findall(r"([a-z_]+)\s*\(", text))
    used -= {"without", "by", "on", "ignoring", "group_left", "or", "and", "unless", "bool"} | AGGREGATIONS
    assert used <= FUNCTIONS


def test_history_has_no_labels_that_a_change_of_the_catalog_would_change() -> None:
    for group in rules.recording(Timings()):
        for rule in group["rules"]:
            assert set(rule.get("labels", {})) <= {"ratio", "by", "metric", "sources", "window"}
            if rule["record"] in ("leadpulse:successes:sum", "leadpulse:trials:sum"):
                assert set(rule["labels"]) <= {"ratio", "by"}


def test_sources_are_known_for_every_kind_of_cell() -> None:
    for kind in CELLS:
        count = next((c for c in catalog.COUNTS.values() if kind in c.cells), None)
        if count is not None:
            sources_of(replace(_entry("visit_to_lead_ratio"), numerator=((1, count.name),), denominator=()))


@pytest.mark.parametrize(("name", "sources"), [
    ("visit_to_lead_ratio", ("page_view", "form", "chatbot")),
    ("form_completion_ratio", ("form",)),
    ("chat_conversion_ratio", ("chatbot",)),
    ("deliverability_ratio", ("email",)),
    ("click_through_ratio", ("ad",)),
    ("cost_per_lead", ("page_view", "form", "chatbot", "ad")),
    ("valid_event_ratio", ()),
])  # fmt: skip
def test_a_figure_names_the_sources_it_needs(name: str, sources: tuple[str, ...]) -> None:
    assert sources_of(_entry(name)) == sources


def _entry(name: str) -> Metric:
    return catalog.BY_NAME[name]


def _rendered(**changes: object) -> list[Judged]:
    return judged(Timings(), [replace(_entry("channel_visit_to_lead_ratio"), **changes)])  # type: ignore[arg-type]


@pytest.mark.parametrize(("changes", "says"), [
    ({"alert": None}, "has no alert text"),
    ({"direction": None}, "no direction of harm"),
    ({"alert": Alert("No period")}, "does not end in a period"),
    ({"windows": ("30d",)}, "none of the windows"),
    ({"labels": ("site", "visitor_id")}, "could explode"),
    ({"labels": ("site", "channel", "campaign", "country")}, "too many series"),
    ({"alert": Alert("Fewer.", by=())}, "do not add up"),
    ({"alert": Alert("Fewer.", by=("bot",))}, "none of its labels"),
    ({"kind": "gauge"}, "No rule fits"),
])  # fmt: skip
def test_an_entry_that_cannot_be_rendered_is_named(changes: dict[str, object], says: str) -> None:
    with pytest.raises(CatalogError, match=says) as caught:
        _rendered(**changes)
    assert "channel_visit_to_lead_ratio" in str(caught.value)


def test_a_rule_cannot_name_a_metric_that_is_not_there() -> None:
    with pytest.raises(CatalogError, match="visits_per_moon"):
        named("visits_per_moon")


def test_cells_of_an_unknown_kind_name_the_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(catalog.COUNTS, "visitors", replace(catalog.COUNTS["visitors"], cells=("moonwalk",)))
    with pytest.raises(CatalogError, match="moonwalk") as caught:
        sources_of(_entry("visit_to_lead_ratio"))
    assert "visit_to_lead_ratio" in str(caught.value)
