"""Spells: what the topic of alerts says, what is forgotten of it, and how a judge goes on that remembers nothing."""

from __future__ import annotations

import msgspec
import pytest

from stream.changes.panes import DAY_MS
from stream.contract.alert import EXAMPLE, AlertRecord
from stream.history.spells import KEPT_MS, Spells, go_on, key_of
from stream.judge.docket import Case
from stream.judge.state import Condition, State
from stream.judge.told import iso, moment_ms

FIRES = msgspec.convert(EXAMPLE, AlertRecord)
OVER = msgspec.structs.replace(FIRES, state="resolved")
SINCE = moment_ms(FIRES.since)
LATER = msgspec.structs.replace(FIRES, since=iso(SINCE + DAY_MS), at=iso(SINCE + DAY_MS))


def known(*records: AlertRecord) -> Spells:
    spells = Spells()
    for record in records:
        spells.load(key_of(record), msgspec.json.encode(record))
    return spells


def written(spells: Spells, told: list[AlertRecord], stands: list[AlertRecord], now_ms: int) -> dict[bytes, str]:
    """Give key → state, or "gone", of what is written."""
    return {
        key: "gone" if value is None else msgspec.json.decode(value)["state"]
        for key, value in spells.rows(told, stands, now_ms)
    }


def test_the_newest_record_of_a_spell_stands() -> None:
    spells = known(FIRES, LATER, OVER)
    assert {record.since: record.state for record in spells.records.values()} == {
        FIRES.since: "resolved", LATER.since: "firing",
    }  # fmt: skip
    assert spells.load(key_of(LATER), None), "that is news"
    assert not spells.load(key_of(LATER), None)
    assert spells.firing() == []


def test_what_cannot_be_read_is_counted_and_no_more() -> None:
    spells = known(FIRES)
    for value in (b"{", b'{"alert": "x"}', msgspec.json.encode(msgspec.structs.replace(FIRES, since="yesterday"))):
        spells.load(key_of(FIRES), value)
    assert (spells.unreadable, spells.records) == (3, {})


@pytest.mark.parametrize(
    ("state", "age_ms", "expected"),
    [
        (OVER, KEPT_MS, {}),
        (OVER, KEPT_MS + 1, {key_of(OVER): "gone"}),
        (FIRES, KEPT_MS + 1, {}),  # it fires still
    ],
)
def test_spells_of_six_weeks_stay(state: AlertRecord, age_ms: int, expected: dict[bytes, str]) -> None:
    assert written(known(state), [], [state], SINCE + age_ms) == expected


def test_a_spell_that_the_judge_does_not_know_of_any_more_is_ended() -> None:
    spells = known(FIRES, LATER)
    assert written(spells, [], [LATER], SINCE + DAY_MS) == {key_of(FIRES): "resolved"}
    assert written(spells, [], [LATER], SINCE + DAY_MS) == {}


def test_a_topic_that_was_emptied_is_told_everything_again() -> None:
    spells = known(OVER, LATER)
    spells.tell_again()
    assert written(spells, [], [LATER], SINCE + DAY_MS) == {key_of(OVER): "resolved", key_of(LATER): "firing"}
    assert written(spells, [], [LATER], SINCE + DAY_MS) == {}


def test_a_judge_that_remembers_nothing_goes_on_with_what_fires() -> None:
    state = State()
    assert go_on(state, [FIRES]) == 1
    case = Case("shop", "visit_to_lead_drop", "", "")
    assert state.told == {case: FIRES}
    spell = state.spells[Condition(*case, "6h")]
    assert (spell.fires, spell.first_ms, spell.held_ms) == (True, SINCE, moment_ms(FIRES.at))
    assert go_on(state, [FIRES]) == 0, "it knows of it now"
    assert go_on(state, [LATER]) == 1, "a newer spell stands over it"
