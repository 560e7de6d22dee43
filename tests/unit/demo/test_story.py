"""The story of the demo: what is told of the form that breaks, and when it did not come about."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from stream.demo.pace import LEAD_IN_MS, RATE, SPEED, Pace, traffic_of
from stream.demo.story import Alerts, Story
from stream.demo.traffic import Traffic
from stream.demo.visits import Outage
from stream.demo.world import MAIN_FORM

HOUR_MS = 3_600_000
START = 1_767_225_600_000


def record(state: str = "firing", severity: str = "page", held: str = "", form: str = MAIN_FORM) -> dict[str, Any]:
    parts = [{"by": "form", "value": form, "missing": 60.0, "share": 0.9}] if form else []
    return {
        "alert": "visit_to_lead_drop", "site": "acme", "state": state, "severity": severity, "held": held,
        "text": f"Missing: form {form} 60.", "parts": parts,
    }  # fmt: skip


def told(*at: tuple[float, dict[str, Any] | str]) -> Story:
    """Tell a story records of alerts and states of the figure."""
    story = Story()
    for now_s, what in at:
        if isinstance(what, str):
            story.take_reading({"verdict": {"state": what}}, now_s)
        else:
            story.take_alert(what, now_s)
    return story


WHOLE = ((40.0, "ok"), (55.0, "drop"), (58.0, record()), (101.0, record("resolved")))


def test_a_story_that_came_about_in_time_holds() -> None:
    story = told(*WHOLE)
    assert story.faults() == []
    assert story.is_decided(101.0)
    assert story.summary().endswith(
        "Red after 25.0 s, alert after 28.0 s, the form named after 28.0 s; over 41.0 s after it was mended."
    )


@pytest.mark.parametrize(
    ("at", "fault"),
    [
        (WHOLE[2:], "the figure was not shown as a drop after the break"),
        ((WHOLE[1], WHOLE[3]), "the alert did not fire after the break"),
        ((WHOLE[1], (66.0, record()), WHOLE[3]), "the alert did not fire within 35 s of the break: it took 36.0 s"),
        ((WHOLE[1], (58.0, record(form="")), WHOLE[3]), f"the alert did not name the form {MAIN_FORM} after the break"),
        ((WHOLE[1], (58.0, record(form="other")), WHOLE[3]), f"did not name the form {MAIN_FORM} after the break"),
        (WHOLE[:3], "the alert was not over after the mending"),
        ((*WHOLE[:3], (131.0, record("resolved"))), "not over within 70 s of the mending: it took 71.0 s"),
        # what was red before anything broke is no sign of the break
        (((20.0, "drop"), (20.0, record()), WHOLE[3]), "the figure was not shown as a drop after the break"),
    ],
)
def test_what_does_not_come_about_is_said(at: tuple[tuple[float, dict[str, Any] | str], ...], fault: str) -> None:
    assert any(fault in said for said in told(*at).faults())


def test_a_story_is_decided_when_it_can_come_about_no_more() -> None:
    assert not told().is_decided(129.0)
    assert told().is_decided(131.0)


def test_nothing_holds_up_news_that_are_due() -> None:
    due = [second for second in range(140) if Story().is_news_due(second)]
    assert due == [*range(42, 64), *range(72, 94)]


def test_alerts_that_somebody_is_told_of_are_listed_pages_first() -> None:
    alerts = Alerts()
    for key, said in (
        (b"1", record(severity="ticket")),
        (b"2", record()),
        (b"3", record(severity="ticket", held="page")),
        (b"4", record(severity="info")),
    ):
        alerts.take(key, orjson.dumps(said))
    assert [one.severity for one in alerts.told()] == ["page", "ticket"]
    alerts.take(b"2", orjson.dumps(record("resolved")))
    alerts.take(b"1", None)
    assert alerts.told() == []


def test_time_that_is_held_is_not_played() -> None:
    pace = Pace(START)
    assert pace.go_on(START + HOUR_MS) == START  # not begun
    pace.start(START + HOUR_MS)
    assert pace.go_on(START + HOUR_MS + 10_000) == START + 10_000 * SPEED
    assert pace.go_on(START + HOUR_MS + 15_000, held=True) == START + 10_000 * SPEED
    assert pace.go_on(START + HOUR_MS + 16_000) == START + 11_000 * SPEED
    assert pace.played_s == 11.0
    assert pace.go_on(START + HOUR_MS + 90_000) == START + HOUR_MS + 90_000  # never later than now


def submits(outage: Outage | None) -> dict[str, list[int]]:
    """Play three hours at a tenth of the pace; give the moments of submits by form."""
    options = traffic_of(seed=2, sites=1, rate=RATE / 10, start_ms=START, length_ms=3 * HOUR_MS, outage=outage)
    found: dict[str, list[int]] = {}
    for one in Traffic(options):
        data = one.truth.data
        if one.kind == "form" and data is not None and data["action"] == "submit":
            found.setdefault(data["form_id"], []).append(one.truth.happened_ms - START)
    return found


def test_a_form_that_is_out_is_sent_by_nobody_and_others_are() -> None:
    sent = submits(Outage(MAIN_FORM, START + HOUR_MS, START + 2 * HOUR_MS))
    hours = {form: {ms // HOUR_MS for ms in moments} for form, moments in sent.items()}
    assert hours[MAIN_FORM] == {0, 2}
    assert any(1 in hours[form] for form in hours if form != MAIN_FORM)


def test_the_main_form_brings_most_of_what_is_sent() -> None:
    sent = submits(None)
    assert len(sent[MAIN_FORM]) > 2 * sum(len(moments) for form, moments in sent.items() if form != MAIN_FORM)


def test_an_hour_is_there_before_anything_is_played() -> None:
    assert LEAD_IN_MS == HOUR_MS
