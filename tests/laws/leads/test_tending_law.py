"""Tending: what happens to rows by time alone changes nothing that is counted, but for what is over."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.changes.panes import DAY_MS
from stream.lifecycle.read import shipped
from stream.stages.leads import tending
from tests.examples import examples
from tests.laws.leads.rules import with_limits
from tests.laws.leads.simulation import World
from tests.laws.leads.test_identity_law import TIGHT, expected
from tests.laws.leads.worlds import T0, Event, world

SEED = st.integers(0, 2**32).map(Random)
_SURE_MS = 72 * DAY_MS
_LATE_MS = {"crm": 35 * DAY_MS, "email": DAY_MS, "web": DAY_MS}


def months(rng: Random, days: int) -> list[Event]:
    """Make a month of everything, and mails and records of the same people for as long as is said."""
    first = world(rng, rng.randint(1, 4), 60, 0.1, days=25)
    later = world(rng, 4, 80, 0.1, days=days)
    out = list(first)
    for event in later:
        if event["kind"] == "web" or event["time"] < T0 + 30 * DAY_MS:
            continue
        named = [field for field in ("email", "lead") if event.get(field)]
        lost = {"user", "visitor", *named[1:]}  # no link and no sight: those that come months later join from then on
        kept = {key: value for key, value in event.items() if key not in lost}
        kept["id"] += "later"
        if event["kind"] == "email":
            kept["message"] = kept["id"]
        if "deal" in kept:
            kept["deal"] += "later"
        out.append(kept)
    return out


def live(here: World, rng: Random, events: list[Event], until_ms: int) -> None:
    """Let days go by: each event comes late by as much as its kind may be, and clocks follow."""
    arriving = [(event["time"] + rng.randrange(_LATE_MS[event["kind"]]), at) for at, event in enumerate(events)]
    arriving.sort()
    at = 0
    for day_ms in range(T0 // DAY_MS * DAY_MS, until_ms + 1, DAY_MS):
        while at < len(arriving) and arriving[at][0] < day_ms:
            here.produce(events[arriving[at][1]])
            at += 1
        here.run(rng)
        here.advance(day_ms)
        here.run(rng)


@settings(max_examples=examples(15))
@given(SEED, st.integers(1, 4))
def test_settling_rows_changes_nothing(rng: Random, leads: int) -> None:
    events, end_ms = months(rng, 160), T0 // DAY_MS * DAY_MS + 210 * DAY_MS
    here = World(2, 1, leads, shipped(), _SURE_MS)
    live(here, rng, events, end_ms)
    want, _ = expected(events, end_ms, shipped())
    assert here.result() == want
    settled = [raw for shard in here.leads() for raw in shard.log.values() if b"\xa1S" in raw]
    leads_there = [cell for cell, _ in want if cell[0] == "band"]
    assert settled or not leads_there


@settings(max_examples=examples(15))
@given(SEED, st.integers(1, 4))
def test_rows_of_whom_nothing_was_heard_are_let_go(rng: Random, leads: int) -> None:
    """What they counted for stays in its panes, and so does what they bought."""
    rules = replace(shipped(), forget_after_ms=45 * DAY_MS)
    events, end_ms = world(rng, 5, 80, 0.1, days=25), T0 // DAY_MS * DAY_MS + 90 * DAY_MS
    here = World(2, 1, leads, rules, _SURE_MS)
    live(here, rng, events, end_ms)
    want, _ = expected(events, end_ms, rules)
    assert here.result() == want
    for days in range(91, 240):
        here.advance(T0 // DAY_MS * DAY_MS + days * DAY_MS)
        here.run(rng, crash=0)
    assert here.result() == {key: n for key, n in want.items() if key[0][0] != "shared_id"}
    kept = [key for shard in here.leads() for key in shard.log if key[:1] in (b"b", b"p")]
    assert not kept


@settings(max_examples=examples(25))
@given(SEED, st.integers(1, 4), st.booleans())
def test_other_rules_apply_to_what_is_stored(rng: Random, leads: int, tight: bool) -> None:
    """In slices, with crashes between, while records go on coming: in the end all counts as if it had always been so."""
    former = shipped()
    today = replace(
        with_limits(TIGHT, largest=4) if tight else former,
        threshold=25,
        what_if=(10, 30),
        score=tuple(replace(rule, points=rule.points + 2) for rule in former.score),
    )
    events = world(rng, 5, 90, 0.2)
    cut, end_ms = rng.randrange(len(events)), T0 + 130 * DAY_MS
    rng.shuffle(events)
    here = World(2, 1, leads, former)
    for event in events[:cut]:
        here.produce(event)
    here.run(rng)
    here.advance(T0 + 50 * DAY_MS)
    here.rules = today
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tending, "SLICE", 3)
        for name in here.shards:
            if name[0] == "leads":
                here.restart(name)
        for event in events[cut:]:
            here.produce(event)
        here.run(rng)
        for _ in range(200):
            here.advance(end_ms)
            here.run(rng)
            if not behind(here):
                break
            name: Any = rng.choice([name for name in here.shards if name[0] == "leads"])
            here.restart(name)
    assert not behind(here)
    want, _ = expected(events, end_ms, today)
    assert here.result() == want
    for shard in here.leads():
        (rules,) = [value for key, value in shard.log.items() if key[:1] == b"r"]
        assert today.hash.encode() in rules


def behind(here: World) -> int:
    return int(sum(shard.stage.gauges()["leads_behind"] for shard in here.leads()))
