"""Calm: what comes in order is taken by a short way, and the long one finds the same."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.changes.panes import DAY_MS, HOUR_MS
from stream.contract.records import UNIT
from stream.lifecycle.read import shipped
from stream.lifecycle.rules import Rules
from stream.stages.leads import homes
from stream.stages.leads.store import Home, id_of
from stream.stages.leads.value import said_of
from tests.examples import examples
from tests.laws.leads.simulation import LeadShard, World
from tests.laws.leads.test_identity_law import expected
from tests.laws.leads.worlds import T0, Event, world

SEED = st.integers(0, 2**32).map(Random)
TAKEN: Counter[str] = Counter()


def steady(rng: Random) -> list[Event]:
    """Make a world in which much is mailed, opened and visited for months, in order."""
    events = world(rng, 3, 60, 0.05, days=40)
    for n in range(140):
        person = rng.randrange(3)
        time = T0 + rng.randrange(100 * DAY_MS) // HOUR_MS * HOUR_MS + rng.randrange(3) * 60_000
        event: Event = {"id": f"s{UNIT}y{n}", "time": time}
        if rng.random() < 0.6:
            what = rng.choice(("delivered", "delivered", "opened", "clicked", "replied", "unsubscribed"))
            event |= {"kind": "email", "message": f"n{n}", "action": what, "machine": False, "email": f"e{person}a"}
            event["nurtures"] = rng.random() < 0.5
        else:
            event |= {"kind": "web", "visitor": f"v{person}a", "channel": rng.choice(("direct", "email"))}
            event |= {"campaign": "", "group": rng.choice(("blog", "blog", "pricing"))}
        events.append(event)
    return sorted(events, key=lambda event: (event["time"], event["id"]))


def rules_of(rng: Random) -> Rules:
    """Give rules that are shipped, or by which more happens at once."""
    rules = shipped()
    if rng.random() < 0.5:
        return rules
    score = tuple(
        replace(
            rule, a_day=rng.choice((1, 2, 20)), points=rng.choice((rule.points, -5, 0, 25)), once=rng.random() < 0.1
        )
        if rule.fact[0].startswith("mail:") and not rule.within_ms
        else rule
        for rule in rules.score
    )
    return replace(
        rules, score=score, threshold=30, what_if=(10, 20), forget_after_ms=rng.choice((30, 40, 400)) * DAY_MS
    )


@settings(max_examples=examples(40))
@given(SEED, st.integers(1, 3))
def test_the_short_way_finds_what_the_long_one_does(rng: Random, leads: int) -> None:
    rules, events = rules_of(rng), steady(rng)
    here = World(1, 1, leads, rules)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(homes.Homes, "_calmly", noted(homes.Homes._calmly))
        for at, event in enumerate(events):
            here.produce(event)
            if rng.random() < 0.5 or at + 1 == len(events):
                here.run(rng, crash=0.1)
                if rng.random() < 0.5:
                    here.advance(event["time"])
                for shard in here.leads():
                    assert all_is_said(shard)
    end_ms = events[-1]["time"] + rng.choice((0, DAY_MS, 31 * DAY_MS, 60 * DAY_MS))
    here.advance(end_ms)
    here.run(rng)
    want, _ = expected(events, end_ms, rules)
    assert here.result() == want


def test_the_short_way_is_the_common_one() -> None:
    """Else nothing was tried above."""
    rng = Random(7)
    TAKEN.clear()
    here = World(1, 1, 1, shipped())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(homes.Homes, "_calmly", noted(homes.Homes._calmly))
        for event in steady(rng):
            here.produce(event)
            here.run(rng, crash=0)
    assert TAKEN["short"] > 50, TAKEN


def noted(calmly: object) -> object:
    """Count how often the short way is taken by leads."""

    def other(self: homes.Homes, home: Home, *rest: object) -> bool:
        taken: bool = calmly(self, home, *rest)  # type: ignore[operator]
        TAKEN["short" if taken and home.row.calm is not None else "long"] += 1
        return taken

    return other


def all_is_said(shard: LeadShard) -> bool:
    """Tell whether what is kept of calm leads is what comes of working them out anew."""
    store, counting = shard.stage._store, shard.stage._counting
    for key in store.homes.rows:
        home = store.get(id_of(key))
        assert home is not None
        row = home.row
        if row.calm is None:
            continue
        anew = counting.sum(home, row.counted_ms, row.rules)
        (lead,) = anew.leads
        assert row.calm == anew.calm
        assert home.told[0].said == said_of(home, lead)
        assert row.due_ms <= anew.due_ms
    store.write()
    return True
