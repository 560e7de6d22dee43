"""Rules: what is rendered passes Prometheus's own checks, every alert fires and keeps silent, and a catalog that
cannot be rendered says which entry is at fault."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from stream import catalog
from stream.catalog import METRICS, TOTALS, Alert
from stream.cli.root import root
from stream.contract import alert
from stream.errors import CatalogError
from stream.judge.alerts import known
from stream.judge.plan import judged
from stream.judge.settings import RUNBOOK, Settings
from stream.render import rules, runbook
from stream.render.alerts import figures, servers
from stream.render.alerts.notes import is_unjudged
from stream.render.alerts.promql import Timings, named
from stream.worker import runbook as served
from tests.e2e.prometheus import program

ROOT = Path(__file__).resolve().parents[2]
PROMETHEUS = ROOT / "deploy" / "prometheus"
CASES = sorted((PROMETHEUS / "tests").glob("*.yml"))
ALERTS = {text.name: text for text in rules.alerts()}
GROUPS = rules.groups(Timings(), rules.Links())
RULES = {rule["alert"]: rule for group in GROUPS for rule in group["rules"] if "alert" in rule}
PAGE = runbook.page()
FIGURES = {figures.alert_name(name): name for name in known()}

#: What a worker shows of itself, as far as the runbook asks for it.
OWN = {"shard_last_commit_seconds"}

#: Functions that Prometheus 2.42 and 3.x both have; those that were renamed or are experimental are not among them.
FUNCTIONS = {"abs", "absent", "clamp_min", "increase", "last_over_time", "sqrt"}
AGGREGATIONS = {"count", "max", "min", "sum"}


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


def test_each_alert_of_the_judge_has_a_rule_of_its_name_and_nothing_is_judged_by_rules() -> None:
    assert set(FIGURES) <= set(RULES)
    for name, of in FIGURES.items():
        rule = RULES[name]
        assert f'leadpulse_alert_firing{{alert="{of}",held="",severity=~"page|ticket"}}' in rule["expr"]
        assert set(re.findall(r"leadpulse[_:]\w+", rule["expr"])) == {"leadpulse_alert_firing"}
        assert rule["keep_firing_for"] == "5m"
        assert "for" not in rule  # two looks of the judge were enough
    recorded = [rule["record"] for group in GROUPS for rule in group["rules"] if "record" in rule]
    assert recorded == ["leadpulse:dead_letters:ratio1h"]


def test_every_proportion_that_harms_has_an_alert() -> None:
    harmful = {m.name for m in catalog.METRICS if m.proportion and m.direction and m.alert and m.alert.ruled}
    assert harmful <= {entry.metric.name for entry in judged()}
    assert len(harmful) > 20


@pytest.mark.parametrize("name", RULES)
def test_an_alert_says_what_and_where_to_go_on(name: str) -> None:
    rule = RULES[name]
    notes = rule["annotations"]
    assert notes["summary"].endswith(".")
    assert "{{" not in notes["summary"]
    assert len(notes["description"]) > 20
    if name not in FIGURES:
        assert rule["labels"]["severity"] in {"page", "ticket"}
    page, anchor = notes["runbook_url"].split("#")
    assert page == rules.Links().runbook
    assert f'<section id="{anchor}">' in PAGE
    headings = re.findall(r"^## (.+)$", (ROOT / runbook.PATH).read_text(), re.MULTILINE)
    assert anchor in {heading.lower().replace(" ", "-") for heading in headings}
    board = re.search(r"/d/([a-z-]+)", notes["dashboard_url"])
    assert board is not None
    assert (ROOT / "deploy" / "grafana" / "dashboards" / f"{board[1]}.json").is_file()


def test_links_are_absolute_and_lead_to_what_a_worker_serves() -> None:
    links = rules.Links()
    assert links.runbook == RUNBOOK == Settings().runbook
    assert urlsplit(links.runbook).path == served.PATH
    assert alert.EXAMPLE["runbook"] == f"{RUNBOOK}#visit-to-lead-drop"
    for url in links.runbook, links.dashboards:
        assert urlsplit(url).scheme == "http"
        assert urlsplit(url).hostname == "localhost"


def test_links_are_those_of_the_installation_that_renders() -> None:
    links = rules.Links("https://wiki.example/leadpulse", "https://grafana.example")
    for group in rules.groups(Timings(), links):
        for rule in group["rules"]:
            if "alert" in rule:
                assert rule["annotations"]["runbook_url"].startswith("https://wiki.example/leadpulse#")
                assert rule["annotations"]["dashboard_url"].startswith("https://grafana.example/d/leadpulse-")


@pytest.mark.parametrize(
    "url", ["deploy/RUNBOOK.md", "/runbook", "ftp://wiki.example", "https://", "http://a.example/#b"]
)
def test_an_address_that_no_link_leads_to_is_refused(url: str, tmp_path: Path) -> None:
    from click.testing import CliRunner

    from stream.errors import UsageError

    result = CliRunner().invoke(root, ["render", "--root", str(tmp_path), "--runbook-url", url])
    assert isinstance(result.exception, UsageError)
    assert url in str(result.exception)
    assert "https://" in str(result.exception)
    assert not list(tmp_path.iterdir())


def test_pages_are_told_by_site_and_tickets_are_a_list_an_hour() -> None:
    route = servers.alertmanager()["route"]
    (page,) = route["routes"]
    assert page["matchers"] == ['severity="page"']
    assert (page["group_by"], page["group_wait"], page["repeat_interval"]) == (["site"], "2m", "12h")
    assert (route["group_by"], route["group_interval"], route["repeat_interval"]) == (["site"], "1h", "24h")
    sources = [rule["source_matchers"] for rule in servers.alertmanager()["inhibit_rules"]]
    assert sources == [["alertname=LeadpulseNoWorker"]], "a worker of three that is down hides nothing"


def test_the_runbook_has_three_commands_an_alert() -> None:
    text = next(iter(runbook.render().values()))
    for one in rules.alerts():
        section = text.split(f"\n## {one.heading}\n")[1].split("\n## ")[0]
        assert section.count("```sh") == 4, one.name  # three to look at, one to silence
        assert one.meaning in section
        assert one.cost in section
        assert one.name in section


def test_the_runbook_speaks_of_every_figure_that_has_words_and_no_rule() -> None:
    text = (ROOT / runbook.PATH).read_text(encoding="utf-8").split("\n# Figures that nothing judges\n")[1]
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    unruled = {m.name: m.alert.summary for m in METRICS if m.alert is not None and is_unjudged(m)}
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
    for group in GROUPS:
        for rule in group["rules"]:
            text = re.sub(r'"[^"]*"', "", rule["expr"])
            used |= set(re.findall(r"([a-z_]+)\s*\(", text))
    used -= {"without", "by", "on", "or", "and", "unless"} | AGGREGATIONS
    assert used <= FUNCTIONS


def test_dead_letters_are_looked_for_under_the_name_that_workers_give_them() -> None:
    """The outcome stands in the account as `engine/account.py` writes it; a rule that spells it otherwise never fires."""
    account = (ROOT / "stream" / "engine" / "account.py").read_text()
    for name in "leadpulse:dead_letters:ratio1h", "LeadpulseDeadLetters":
        (rule,) = (r for group in GROUPS for r in group["rules"] if name in (r.get("record"), r.get("alert")))
        (outcome,) = set(re.findall(r'outcome="(\w+)"', rule["expr"]))
        assert f"/{outcome}/" in account


def test_an_entry_that_alerts_and_is_not_judged_is_named() -> None:
    entry = catalog.BY_NAME["channel_visit_to_lead_ratio"]
    words = replace(entry, alert=Alert("Fewer.", ruled=False))
    figures.without_rule([entry, words], [entry.name])
    figures.without_rule([words], [])
    with pytest.raises(CatalogError, match="channel_visit_to_lead_ratio has an alert, and nothing judges it"):
        figures.without_rule([words, entry], ["visitors"])


def test_a_rule_cannot_name_a_metric_that_is_not_there() -> None:
    with pytest.raises(CatalogError, match="visits_per_moon"):
        named("visits_per_moon")
