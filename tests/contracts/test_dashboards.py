"""The dashboards: what Grafana reads, what Prometheus answers, and that nothing of the catalog is forgotten."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from stream.catalog import BY_NAME
from stream.errors import CatalogError
from stream.judge.plan import judged
from stream.render import rules
from tests.contracts.grafana import (
    RANGES,
    STEP_S,
    Query,
    compile_against_schema,
    load,
    load_scrapes,
    panels,
    queries,
)
from tests.e2e.prometheus import Prometheus, prometheus

pytest.importorskip("grafana_foundation_sdk", reason="grafana-foundation-sdk renders the dashboards; not installed")

ROOT = Path(__file__).resolve().parents[2]
CONFIG = "global: {evaluation_interval: 1m}\n"


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    from stream.render.dashboards import render

    return render()


@pytest.fixture(scope="module")
def boards(files) -> dict[str, dict[str, Any]]:
    return {Path(path).stem: json.loads(text) for path, text in files.items() if path.endswith(".json")}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory) -> Iterator[tuple[Prometheus, int]]:
    folder = tmp_path_factory.mktemp("dashboards")
    now_s = int(time.time()) // STEP_S * STEP_S
    load(folder / "data", now_s)
    with prometheus(folder, CONFIG, more=["--query.lookback-delta=20m"]) as server:
        yield server, now_s


@pytest.fixture(scope="module")
def scraped(tmp_path_factory) -> Iterator[tuple[Prometheus, int]]:
    folder = tmp_path_factory.mktemp("scrapes")
    now_s = int(time.time()) // 600 * 600
    load_scrapes(folder / "data", now_s)
    with prometheus(folder, CONFIG) as server:
        yield server, now_s


def answer(loaded: tuple[Prometheus, int], query: Query) -> list[dict[str, Any]]:
    server, now_s = loaded
    return (
        server.instant(query.expr, now_s) if query.instant else server.range(query.expr, now_s - 7_200, now_s, STEP_S)
    )


# -- files


def test_there_are_the_dashboards_that_alerts_link_to(boards):
    assert set(boards) == {
        f"leadpulse-{n}"
        for n in ["overview", "conversion", "chatbot", "email", "ads", "funnel", "leads", "money", "trust"]
    }
    assert set(rules.DASHBOARDS.values()) <= set(boards)


def test_what_is_committed_is_what_would_be_rendered(files):
    different = [
        path for path, text in files.items() if not (ROOT / path).is_file() or (ROOT / path).read_text() != text
    ]
    assert different == []


def test_rendering_twice_gives_the_same(files):
    from stream.render.dashboards import render

    assert render() == files


def test_a_dashboard_survives_the_model_of_the_sdk(boards):
    from grafana_foundation_sdk.cog import plugins
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.models.dashboard import Dashboard

    plugins.register_default_plugins()
    for uid, board in boards.items():
        again = json.loads(json.dumps(Dashboard.from_json(json.loads(json.dumps(board))), cls=JSONEncoder))
        assert again == board, uid


def test_the_compiler_finds_nothing_against_grafanas_own_types(boards):
    assert compile_against_schema(boards) == ""


@pytest.mark.parametrize("name", ["datasources/leadpulse.yaml", "dashboards/leadpulse.yaml"])
def test_provisioning_is_of_version_1(files, name):
    assert yaml.safe_load(files[f"deploy/grafana/provisioning/{name}"])["apiVersion"] == 1


# -- panels


def test_every_metric_of_the_catalog_is_on_a_dashboard(boards):
    shown = "\n".join(query.expr for query in queries(boards))
    missing = [
        name for name, metric in BY_NAME.items()
        if not re.search(rf"\bleadpulse_{metric.series}(_numerator|_denominator|_count)?\b", shown)
    ]  # fmt: skip
    assert missing == []


def test_no_query_depends_on_which_worker_shows_a_figure(boards):
    """Each series of the catalog stands inside `max without (instance, …)`; a move neither doubles nor loses it."""
    names = "|".join(sorted(BY_NAME, key=len, reverse=True))
    for query in queries(boards):
        for found in re.finditer(
            rf"\bleadpulse_(?:{names})(?:_numerator|_denominator|_count|_maturity)?\b", query.expr
        ):
            before = query.expr[: found.start()]
            assert re.search(r"max without \([a-z, ]*\binstance\b[a-z, ]*\) \($", before), query


def test_every_panel_can_be_read(boards):
    for uid, board in boards.items():
        ids = [panel["id"] for panel in board["panels"]]
        assert len(ids) == len(set(ids)), uid
        for panel in panels(board):
            where = f"{uid}: {panel['title']}"
            assert panel["title"], uid
            assert panel.get("description"), where
            assert panel["fieldConfig"]["defaults"]["noValue"], where
            refs = [target["refId"] for target in panel["targets"]]
            assert len(refs) == len(set(refs)), where
            assert all(target["datasource"]["uid"] == "${datasource}" for target in panel["targets"]), where
            if panel["type"] == "timeseries":
                assert panel["options"]["legend"]["showLegend"] is True, where
                assert panel["fieldConfig"]["defaults"]["unit"], where


def test_panels_neither_overlap_nor_leave_the_grid(boards):
    for uid, board in boards.items():
        taken: set[tuple[int, int]] = set()
        for panel in board["panels"]:
            at = panel["gridPos"]
            cells = {(at["x"] + dx, at["y"] + dy) for dx in range(at["w"]) for dy in range(at["h"])}
            assert at["x"] + at["w"] <= 24, (uid, panel["title"])
            assert not cells & taken, (uid, panel["title"])
            taken |= cells


def test_every_dashboard_has_its_variables_annotation_and_links(boards):
    for board in boards.values():
        variables = {variable["name"]: variable for variable in board["templating"]["list"]}
        assert variables["datasource"]["type"] == "datasource"
        assert variables["site"]["allValue"] == ".+"
        assert any(name.endswith("window") for name in variables)
        assert [a["expr"] for a in board["annotations"]["list"]] == [
            'max by (alert, severity, site, by, value, held) (leadpulse_alert_firing{site=~"$site|"}) == 1'
        ]
        used = set(re.findall(r"\$([a-z_]*window)\b", json.dumps(board["panels"])))
        assert used == {name for name in variables if name.endswith("window")}
        assert board["links"][0]["tags"] == ["leadpulse"]


def test_the_overview_links_each_main_figure_to_a_dashboard_that_exists(boards):
    stats = [p for p in panels(boards["leadpulse-overview"]) if p["type"] == "stat" and len(p["targets"]) > 1]
    main = {name for name, metric in BY_NAME.items() if metric.tier == "main"}
    assert len(stats) == len(main)
    for panel in stats:
        url = panel["fieldConfig"]["defaults"]["links"][0]["url"]
        assert url.removeprefix("/d/").partition("?")[0] in boards


@pytest.mark.parametrize(
    ("metric", "colours"),
    [("visit_to_lead_ratio", ["red", "yellow", "text", "green"]), ("cost_per_lead", ["green", "text", "yellow", "red"]),
     ("sessions", ["text"])],
)  # fmt: skip
def test_the_colours_of_a_change_follow_the_direction_in_the_catalog(metric, colours):
    from stream.render.dashboards.panels import figure

    overrides = figure(BY_NAME[metric], "1h").build().field_config.overrides
    steps = next(p.value["steps"] for o in overrides for p in o.properties if p.id_val == "thresholds")
    assert [step["color"] for step in steps] == colours


def test_a_metric_that_is_not_in_the_catalog_is_named():
    from stream.render.dashboards.queries import entry

    with pytest.raises(CatalogError, match="visit_to_leed_ratio"):
        entry("visit_to_leed_ratio")


# -- against a real Prometheus


@pytest.mark.prometheus
def test_every_query_gives_a_result(boards, loaded):
    empty, seen = [], {}
    for query in queries(boards):
        key = (query.expr, query.instant)
        if key not in seen:
            seen[key] = answer(loaded, query)
        if not seen[key] and not of_window_without_verdict(query):
            empty.append(f"{query.board} / {query.panel} / {query.ref}: {query.expr}")
    assert empty == []
    print(f"{len(seen)} different queries")


def of_window_without_verdict(query: Query) -> bool:
    """What is usual is told of the windows that are judged; in others a chart shows the figure alone."""
    found = re.search(r'leadpulse_judged_(?:usual|limit){metric="(\w+)".*window="(\w+)"', query.expr)
    return found is not None and found[2] not in next(e.windows for e in judged() if e.metric.series == found[1])


@pytest.mark.prometheus
@pytest.mark.parametrize("shown_s", RANGES)
def test_what_counts_up_has_points_in_every_range_of_time(boards, scraped, shown_s):
    """A rate needs two points in an interval: of all others it does not matter how long a time is shown."""
    server, now_s = scraped
    step_s, interval = RANGES[shown_s]
    rates = {query.expr for query in queries(boards, interval) if f"[{interval}" in query.expr}
    assert len(rates) > 10
    for expr in rates:
        found = server.range(expr, now_s - shown_s, now_s, step_s)
        points = max((len(series["values"]) for series in found), default=0)
        assert points >= min(shown_s, 1_500) // step_s, expr


@pytest.mark.prometheus
def test_a_move_of_the_figures_neither_doubles_nor_loses_them(loaded):
    server, now_s = loaded
    raw = server.instant('leadpulse_visitors{site="shop",window="1h"}', now_s - 2_700)
    assert len(raw) == 2, "two workers show the figure at this moment"
    from stream.render.dashboards.queries import entry, value

    expr = value(entry("visitors"), "1h", ("site",)).replace("$site", "shop")
    (shown,) = server.range(expr, now_s - 7_200, now_s, STEP_S)
    assert len(shown["values"]) == 7_200 // STEP_S + 1
    assert max(float(v) for _, v in shown["values"]) < 1.5 * min(float(v) for _, v in shown["values"])


@pytest.mark.prometheus
def test_the_rate_of_records_goes_on_over_a_move(loaded):
    server, now_s = loaded
    from stream.render.dashboards.queries import rate

    expr = rate("leadpulse_events_total", ("outcome",)).replace("$__rate_interval", "1h")
    for series in server.range(expr, now_s - 7_200, now_s, STEP_S):
        rates = [float(v) for _, v in series["values"]]
        assert 0 < max(rates) <= 1.5 * max(min(rates), 1e-4), series["metric"]
