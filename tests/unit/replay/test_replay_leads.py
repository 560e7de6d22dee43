"""Leads in a replay: they are told and order until nothing is on its way, at every reading."""

from __future__ import annotations

from typing import Any, Literal

import orjson
import pytest

from stream.changes.panes import MINUTE_MS
from stream.replay.replay import Replay, ReplayOptions
from stream.replay.steps import Backfill, Steps
from tests.unit.engine.telling import Leads, expected, groups
from tests.unit.golden.events import Envelope, ad, at_ms, mail
from tests.unit.replay.test_backfill import Watched

GROUPS = groups("ad")
SENT = {f"m{n}": ("lead-a", "anna", "lead-all")[n % 3] for n in range(9)}
MAILS = [mail(f"10:0{n}", message, "sent", id=message, lead_id=lead) for n, (message, lead) in enumerate(SENT.items())]
OWN = ad("10:10", "click", count=1, campaign="lead-a", id="own")


def replay(events: list[Envelope], leads: Literal["auto", "on", "off"], **options: Any) -> Replay:
    made = Replay(ReplayOptions(now_ms=at_ms("12:00"), windows=("24h",), leads=leads, **options), groups=GROUPS)
    made.run(map(orjson.dumps, events))
    return made


def notes(made: Replay) -> dict[str, dict[str, list[str]]]:
    stage = made._folds.of["leads"].stage
    assert isinstance(stage, Leads)
    return stage.notes()


def test_everything_told_and_ordered_arrives_before_the_reading() -> None:
    assert notes(replay(MAILS, "on")) == expected(SENT)


@pytest.mark.parametrize(
    ("leads", "events", "follows", "unread"),
    [
        ("auto", [*MAILS, OWN], True, {}),
        ("auto", MAILS, False, {}),
        ("on", MAILS, True, {}),
        ("off", [*MAILS, OWN], False, {"ad": 1}),
    ],
)
def test_leads_are_followed_where_something_is_known_of_them_elsewhere(
    leads: Literal["auto", "on", "off"], events: list[Envelope], follows: bool, unread: dict[str, int]
) -> None:
    made = replay(events, leads)
    assert ("leads" in made._folds.of) == follows
    assert made.account.unread == unread
    assert made.account.accepted == made.account.counted == len(events) - sum(unread.values())


def test_the_stage_is_told_the_moment_of_each_reading() -> None:
    made = replay([*MAILS, OWN], "auto", at_ms=at_ms("11:30"))
    stage = made._folds.of["leads"].stage
    assert isinstance(stage, Leads)
    assert stage.clock_ms == at_ms("11:30")


def test_a_backfill_is_told_every_step_and_reads_at_it_what_followed_from_the_last_one() -> None:
    options = ReplayOptions(now_ms=at_ms("12:00"), windows=("24h",), leads="on", at_ms=at_ms("10:30"))
    fill = Backfill(options, Steps(5 * MINUTE_MS), ("email_clicks",), GROUPS)
    history = Watched()
    fill.fill(map(orjson.dumps, MAILS), history)
    shown = {
        snapshot.as_of_ms: sum(int(reading.value or 0) for reading in snapshot.readings)
        for snapshot in history.snapshots
    }
    assert [shown[at_ms(time)] for time in ("10:05", "10:10", "10:30")] == [5, 9, 9], "those sent before each step"
    stage = fill._folds.of["leads"].stage
    assert isinstance(stage, Leads)
    assert stage.clock_ms == at_ms("10:30")
    assert stage.notes() == expected(SENT)
