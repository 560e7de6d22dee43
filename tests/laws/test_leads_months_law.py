"""Months with leads: a replay says what the account says of everybody, over more than a year."""

from __future__ import annotations

import json
import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from stream.changes.panes import DAY_MS, HOUR_MS, window_ms
from stream.contract.readings import Reading
from stream.demo.compare import MEDIAN, Seen, agrees
from stream.ingest.touches import ChannelOptions
from stream.lifecycle.read import made
from stream.reference.account import Key, Reference
from stream.reference.leads.rules import rules_of
from stream.reference.ledger import Window
from stream.replay.replay import ReplayOptions, replay
from tests.accounting import reference_of
from tests.laws.months import NOW_MS, came
from tests.laws.months_of_leads import LeadMonths
from tests.laws.test_months_law import BY_RECORD, time_of


def figures(readings: list[Reading]) -> dict[Key, Reading]:
    return {
        (one.metric, tuple(sorted(one.labels.items())), one.window): one
        for one in readings
        if one.window is not None and one.metric not in BY_RECORD
    }


@given(seed=st.integers(0, 10**9), look_back_ms=st.sampled_from((0, HOUR_MS, 90 * DAY_MS)))
def test_a_replay_with_leads_reads_what_the_account_says(seed: int, look_back_ms: int) -> None:
    drawn = LeadMonths(seed)
    events = drawn.stream()
    times = [time_of(event) for event in events]
    at_ms = drawn.random.choice((max(times), max(times) + drawn.random.randrange(500 * DAY_MS))) + 1
    options = ReplayOptions(
        now_ms=NOW_MS,
        at_ms=at_ms,
        channels=ChannelOptions(look_back_ms=look_back_ms),
        leads="on",
        rules=made(tomllib.loads(drawn.rules), "rules"),
    )
    replayed = replay([json.dumps(event).encode() for event in events], options)
    assert not replayed.account.dead_lettered
    told = reference_of(events, came, look_back_ms, rules_of(drawn.rules))
    ours, theirs = figures(replayed.readings), told.readings(at_ms, None, told.metrics() - BY_RECORD)
    wrong = [(key, one, theirs.get(key)) for key, one in ours.items() if not _same(key, one, theirs, told)]
    assert not wrong, (drawn.rules, wrong[:3])
    missing = {key for key, one in theirs.items() if one.value and key not in ours}
    assert {key for key in missing if not (key[0] == MEDIAN and _may_be_none(key, at_ms, told))} == set()


def _may_be_none(key: Key, at_ms: int, told: Reference) -> bool:
    """Tell whether half of a cohort are there by so little that no one who knows buckets need say so."""
    _, labels, window = key
    span = Window(window, at_ms - window_ms(window), at_ms)
    return told.leads_at(at_ms).fits(labels, span, None)


def _same(key: Key, one: Reading, theirs: dict[Key, Any], told: Reference) -> bool:
    metric, labels, window = key
    span = Window(window, one.window_start_ms, one.window_end_ms)
    if one.maturity is not None and not told.leads_at(one.as_of_ms).ripe(metric, labels, span, one.maturity, 10):
        return False
    if metric == MEDIAN:
        return told.leads_at(one.as_of_ms).fits(labels, span, one.value)
    if key not in theirs:
        return not one.value
    seen = Seen(one.value, one.numerator, one.denominator, one.n, one.window_start_ms, one.window_end_ms, one.seq)
    return agrees(metric, seen, theirs[key])
