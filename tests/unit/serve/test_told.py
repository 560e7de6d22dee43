"""Alerts as the page tells them: what stands first, what is held back, what the calendar marks."""

from __future__ import annotations

from datetime import datetime

import pytest

from stream.judge.settings import CalendarEntry, Settings
from stream.serve.told import brief, listed, table
from stream.serve.views import AlertsView
from tests.e2e.made_past import drop

NOW_MS = 1_772_323_200_000  # 1 March 2026, 0 h UTC


def view(*records, sites=("shop", "blog"), **settings) -> AlertsView:
    return AlertsView(tuple(records), sites, Settings(**settings), NOW_MS)


def test_what_stands_comes_by_severity_and_what_is_over_by_its_end() -> None:
    found = listed(
        view(
            drop(NOW_MS, alert="a", severity="ticket"),
            drop(NOW_MS, alert="b"),
            drop(NOW_MS, alert="held", held="quiet"),
            drop(NOW_MS, alert="long", state="resolved", ago_min=5_000),
            drop(NOW_MS - 60_000, alert="earlier", state="resolved"),
        ),
        "shop",
    )
    assert [one["alert"] for one in found["firing"]] == ["b", "a", "held"]
    assert [one["alert"] for one in found["over"]] == ["long", "earlier"]


def test_alerts_of_a_site_are_those_of_many_sites_too() -> None:
    records = [drop(NOW_MS, site) for site in ("shop", "blog", "")]
    assert [one["site"] for one in listed(view(*records), "shop")["firing"]] == ["shop", ""]
    assert len(listed(view(*records), "")["firing"]) == 3


def test_the_strip_names_what_fires_and_leaves_out_what_nobody_is_told() -> None:
    some = view(drop(NOW_MS), drop(NOW_MS, alert="x", severity="info"), drop(NOW_MS, alert="y", held="page"),
                drop(NOW_MS, alert="z", state="resolved"))  # fmt: skip
    found = brief(some, "shop")
    assert (found["pages"], found["count"]) == (1, 2)
    assert found["first"][0]["title"] == "Visit to lead drop"
    assert found["first"][1]["held"].startswith("not told: a page of the site stands")


def test_an_alert_says_since_when_how_long_and_what_it_comes_from() -> None:
    found = table(drop(NOW_MS, ago_min=20))
    assert (found["since_ms"], found["lasted"]) == (NOW_MS - 1_200_000, "19 min")
    assert [(part["by"], part["value"]) for part in found["parts"]] == [("form", "demo"), ("channel", "paid_search")]
    assert found["runbook"] == "/runbook#visit-to-lead-drop"


@pytest.mark.parametrize(
    ("zone", "names"),
    [
        ("Europe/Berlin", ["Sale"]),  # there it is one o'clock, and the sale began with the day
        ("America/New_York", []),  # there it is the evening before
    ],
)
def test_the_calendar_holds_by_the_clocks_of_the_site(zone: str, names: list[str]) -> None:
    sale = CalendarEntry(
        ("shop",), datetime.fromisoformat("2026-03-01"), datetime.fromisoformat("2026-03-02"), "promotion", name="Sale"
    )
    some = view(calendar=(sale,), zones={"shop": zone})
    assert [one["name"] for one in listed(some, "shop")["calendar"]] == names
    assert listed(some, "blog")["calendar"] == []


def test_without_a_topic_nothing_is_claimed() -> None:
    assert listed(None, "shop") == {"known": False, "firing": [], "over": [], "calendar": []}
    assert brief(None, "shop")["count"] == 0
