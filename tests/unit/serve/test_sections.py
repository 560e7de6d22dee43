"""Figures of leads and of money on the live page: what is shown, and what is said where nothing is."""

from __future__ import annotations

from typing import Any

from stream.catalog import METRICS
from stream.contract.readings import Reading
from stream.serve.figures import ALL_SITES, figures
from stream.serve.sections import entries, sections
from tests.fabric import readings

NOW_MS = 1_772_323_200_000
#: What the crm alone can tell.
SALES = ("unanswered_leads", "speed_to_lead_seconds")
SHOWN = [metric for of in entries().values() for metric in of]


def told(metric: str, labels: dict[str, str], *numbers: float | None, window: str = "24h", **more: Any) -> Reading:
    value, top, bottom = (*numbers, None, None)[:3]
    return Reading(
        metric, {"site": "s1", **labels}, window, value, top, bottom, bottom, 0, 1, 1, True, 0, 1, "v", **more
    )


def rows(given: list[Reading], missing: frozenset[str] = frozenset(), site: str = "s1") -> dict[str, dict[str, Any]]:
    found = sections(figures(given, SHOWN), site, "1h", missing, along=True)
    return {row["metric"]: row for section in found for row in section["rows"]}


def test_there_is_a_section_for_leads_and_one_for_money() -> None:
    found = sections(figures(readings(NOW_MS), SHOWN), "shop", "1h", frozenset(), along=True)
    assert [section["title"] for section in found] == ["Leads", "Money"]
    assert all(section["rows"] for section in found)
    assert {row["state"] for section in found for row in section["rows"]} == {""}
    assert {section["note"] for section in found} == {""}


def test_where_nobody_follows_leads_there_is_no_section() -> None:
    assert sections(figures(readings(NOW_MS), SHOWN), "shop", "1h", frozenset(), along=None) == []


def test_figures_that_leads_are_behind_with_say_so() -> None:
    found = sections(figures(readings(NOW_MS), SHOWN), "shop", "1h", frozenset(), along=False)
    assert all(section["note"].startswith("Not complete") for section in found)


def test_what_stands_is_told_by_its_parts_and_read_now() -> None:
    found = rows([
        told("open_leads", {"stage": stage, "age": age}, n, window="now")
        for stage, age, n in (("lead", "1d", 4), ("sql", "7d", 2), ("lead", "older", 1))
    ])  # fmt: skip
    row = found["open_leads"]
    assert (row["shown"], row["said"], row["window"]) == ("7", "lead 5, sql 2", "now")


def test_a_cohort_says_how_much_of_it_is_final() -> None:
    found = rows([told("lead_quality_ratio", {}, 0.25, 5, 20, maturity=0.9)])
    row = found["lead_quality_ratio"]
    assert (row["shown"], row["said"]) == ("25.0 %", "5 of 20; 90.0 % of it final")


def test_money_is_that_of_one_currency_with_the_others_beside_it() -> None:
    revenue = [told("revenue", {"currency": currency}, n) for currency, n in (("EUR", 900.0), ("USD", 50.0))]
    row = rows(revenue)["revenue"]
    assert (row["shown"], row["said"]) == ("900.00 EUR", "EUR 900.00, USD 50.00")


def test_a_source_that_is_missing_is_named_and_is_no_nought() -> None:
    found = rows([], frozenset({"crm", "cost"}))
    assert (found["revenue"]["shown"], found["revenue"]["said"]) == ("–", "source missing: crm")
    assert found["customer_acquisition_cost"]["said"] == "source missing: cost, crm"
    # stages are entered by forms, too
    assert (found["open_leads"]["state"], found["open_leads"]["said"]) == ("empty", "no data")


def test_without_a_crm_nobody_waits_for_an_answer_of_sales() -> None:
    """All leads would, since nobody can say that they were answered."""
    given = [told("unanswered_leads", {}, 81, window="now")]
    assert rows(given)["unanswered_leads"]["shown"] == "81"
    found = rows(given, frozenset({"crm"}))
    assert [(found[name]["shown"], found[name]["said"], found[name]["state"]) for name in SALES] == [
        ("–", "source missing: crm", "missing")
    ] * len(SALES)


def test_a_figure_that_is_divided_by_one_of_costs_needs_them() -> None:
    assert rows([], frozenset({"cost"}))["ltv_to_cac_ratio"]["said"] == "source missing: cost"


def test_several_sites_are_added_up() -> None:
    two = [told("stale_leads", {"site": site, "stage": "lead"}, 3, window="now") for site in ("s1", "s2")]
    assert rows(two, site=ALL_SITES)["stale_leads"]["shown"] == "6"


def test_every_entry_that_is_shown_has_numbers_that_add_up() -> None:
    kinds = {metric.kind for metric in METRICS if metric in SHOWN}
    assert kinds <= {"count", "amount", "ratio", "summary"}
