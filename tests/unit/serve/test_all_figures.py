"""All figures and one of them: none is absent, parts add up or say that they do not, verdicts go with them."""

from __future__ import annotations

import json

import pytest

from stream.catalog import AREAS, BY_NAME, METRICS
from stream.contract.alert import Verdict
from stream.contract.readings import Reading
from stream.serve.all_figures import Seen, all_figures, row
from stream.serve.cards import window_for
from stream.serve.opened import concerns, entry_named, opened
from stream.serve.shelf import Shelf
from stream.serve.verdict import by_metric
from stream.serve.views import JudgedFigure
from tests.e2e.made_past import drop
from tests.fabric import readings

NOW_MS = 1_772_323_200_000
ODD = ("<b>bold</b>", "مرحبا", "🙂" * 64, "   ", "a,b", '"', "x" * 200)


def made(metric: str, labels: dict[str, str], value: float | None, top=None, bottom=None, window="1h") -> Reading:
    return Reading(metric, labels, window, value, top, bottom, bottom, 0, 1, 1, True, 0, 1, "v")


def seen(some=None, *, site="shop", window="1h", judged=(), missing=frozenset(), leads=True) -> Seen:
    shelf = Shelf(readings(NOW_MS) if some is None else some)
    return Seen(shelf, site, window, by_metric(judged), missing, leads=leads)


def ratio_of(bot: str, top: float, bottom: float, site="shop") -> Reading:
    return made("chat_conversion_ratio", {"site": site, "bot": bot}, top / bottom, top, bottom)


def test_every_entry_of_the_catalog_is_there_in_its_section() -> None:
    sections = all_figures(seen())
    assert [section["name"] for section in sections] == list(AREAS)
    assert [row["metric"] for section in sections for row in section["rows"]] == [
        metric.name for area in AREAS for metric in METRICS if metric.area == area
    ]
    told = [row for section in sections for row in section["rows"]]
    assert [row["metric"] for row in told if row["value"] is None and not row["said"]] == []
    assert "NaN" not in json.dumps(sections)


def test_without_readings_every_entry_is_there_and_says_so() -> None:
    told = [row for section in all_figures(seen([])) for row in section["rows"]]
    assert len(told) == len(METRICS)
    assert {row["state"] for row in told} == {"empty"}


def test_what_has_no_topic_says_so_and_is_not_nought() -> None:
    found = row(seen(missing=frozenset({"crm"})), BY_NAME["revenue"])
    assert (found["state"], found["shown"], found["detail"]) == ("missing", "–", "source missing: crm")


def test_where_nobody_follows_leads_their_sections_say_so() -> None:
    notes = {section["name"]: section["note"] for section in all_figures(seen(leads=False))}
    assert notes["leads"].startswith("Nobody follows leads")
    assert notes["traffic"] == ""


@pytest.mark.parametrize(
    ("metric", "adds"),
    [
        ("leads", True),  # by the way of capture
        ("chat_conversion_ratio", True),  # by bot, divided after adding up
        ("channel_visitors", False),  # one person may come by several
        ("attributed_leads", False),  # models are looked at side by side
        ("stage_conversion_ratio", False),  # steps, too
        ("full_cost_per_lead", True),  # of the currency with the most spend
        ("keyword_rank", False),
    ],
)
def test_what_does_not_add_up_is_told_apart_and_not_added(metric: str, adds: bool) -> None:
    found = row(seen(), BY_NAME[metric])
    assert (found["value"] is not None, found["state"] != "apart") == (adds, adds)
    assert found["said"]


def test_funnels_are_chains_of_steps_with_those_who_still_may() -> None:
    funnels = {one["title"]: one["steps"] for one in all_figures(seen())[list(AREAS).index("funnel")]["funnels"]}
    steps = funnels["first view → form start → form submit"]
    assert [(step["from"], step["to"]) for step in steps] == [
        ("first view", "form start"),
        ("form start", "form submit"),
    ]
    for step in steps:
        assert 0 < step["reached"] <= step["began"]
        assert step["waiting"] is not None
        assert step["median"]
        assert step["in_time"]
    assert "lead → mql → sql → customer" in {
        one["title"] for one in all_figures(seen())[list(AREAS).index("leads")]["funnels"]
    }


def test_an_opened_figure_has_both_sides_its_windows_and_its_parts() -> None:
    found = opened(seen(), BY_NAME["visit_to_lead_ratio"], [])
    assert (found["above"]["of"], found["below"]["of"]) == ("converted visitors", "visitors")
    assert [one["window"] for one in found["windows"]] == list(BY_NAME["visit_to_lead_ratio"].windows)
    assert [part["by"] for part in found["parts"]] == ["channel", "campaign", "page", "form", "bot", "way of capture"]
    assert {part["by"] for part in found["parts"] if part["overlap"]} == {"form", "bot", "way of capture"}
    assert found["runbook"] == "/runbook#visit-to-lead-drop"


@pytest.mark.parametrize("metric", [metric.name for metric in METRICS])
@pytest.mark.parametrize("site", ["shop", ""])
def test_every_figure_can_be_opened(metric: str, site: str) -> None:
    both = seen(list(readings(NOW_MS, ("shop", "blog"), names=frozenset({metric}))), site=site, window="24h")
    found = opened(both, BY_NAME[metric], [])
    assert found["title"]
    assert found["help"]
    assert found["windows"]
    if set(BY_NAME[metric].labels) - {"site", "currency", "cost"} or site == "":
        assert found["parts"] or metric == "funnel_step_seconds"
    assert "NaN" not in json.dumps(found)


def test_parts_have_the_verdict_of_the_nearest_judged_window_and_say_what_is_missing() -> None:
    some = [ratio_of("greeter", 5, 100), ratio_of("advisor", 20, 100)]
    judged = [
        JudgedFigure("chat_conversion_ratio", "shop", "bot", bot, window, Verdict(state, 0.2, 0.17, 300))
        for bot, window, state in (("greeter", "1h", "drop"), ("greeter", "24h", "ok"), ("advisor", "6h", "ok"))
    ]
    (part,) = opened(seen(some, judged=judged), BY_NAME["chat_conversion_ratio"], [])["parts"]
    rows = {one["name"]: one for one in part["rows"]}
    assert (rows["greeter"]["state"], rows["greeter"]["missing"]) == ("drop", 15.0)
    assert (rows["advisor"]["state"], rows["advisor"]["missing"]) == ("ok", None)
    assert rows["advisor"]["detail"].endswith("(6h)")


@pytest.mark.parametrize("name", ODD)
def test_whatever_a_label_says_stays_text(name: str) -> None:
    found = opened(seen([ratio_of(name, 1, 2), ratio_of("b", 1, 3)]), BY_NAME["chat_conversion_ratio"], [])
    assert name.replace("_", " ") in {one["name"] for one in found["parts"][0]["rows"]}


def test_ten_thousand_parts_are_told_with_how_many_are_left_out() -> None:
    many = [made("form_submits", {"site": "shop", "form": f"f{n}"}, n) for n in range(10_000)]
    found = opened(seen(many), BY_NAME["form_submits"], [])
    assert (len(found["parts"][0]["rows"]), found["parts"][0]["more"]) == (50, 9_950)
    assert found["parts"][0]["rows"][0]["name"] == "f9999", "the largest first"


def test_an_alert_is_of_the_figure_and_of_what_is_part_of_it() -> None:
    of_channel = drop(NOW_MS, metric="channel_visit_to_lead_ratio", by="channel", value="email")
    assert concerns(drop(NOW_MS), BY_NAME["visit_to_lead_ratio"])
    assert concerns(of_channel, BY_NAME["visit_to_lead_ratio"])
    assert not concerns(drop(NOW_MS), BY_NAME["visitors"])


def test_only_what_has_windows_can_be_opened() -> None:
    assert entry_named("visitors") is BY_NAME["visitors"]
    assert entry_named("events_total") is None
    assert entry_named("no such thing") is None


def test_the_window_of_a_row_is_the_one_that_it_has() -> None:
    for section in all_figures(seen(window="5m")):
        for one in section["rows"]:
            assert one["window"] == window_for(BY_NAME[one["metric"]], "5m")
