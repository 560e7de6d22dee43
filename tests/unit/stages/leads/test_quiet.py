"""Quiet: what is taken in one, or in the row as it lies, comes to what it comes to message by message."""

from __future__ import annotations

from random import Random

import pytest
from msgspec import Raw

from stream.changes.panes import DAY_MS, HOUR_MS
from stream.identity.facts import Counted, Evidence, Fact, Mailed, Submitted, Visit
from stream.identity.ids import EMAIL, VISITOR, Id
from stream.identity.messages import Drop, Link, Name, encode, told
from stream.identity.outgoing import Outgoing
from stream.lifecycle.read import shipped
from stream.stages.leads.rows import is_quiet, key, part_of, row_of
from stream.state.keys import LEAD_HOMES, LEAD_PARTS
from tests.laws.leads.simulation import LeadShard, World

B = 1_790_000_000_000 // DAY_MS * DAY_MS
TEXTS = {EMAIL: ("e1", "e2", "e3"), VISITOR: ("v1", "v2")}


def fact_of(rng: Random, id: Id, text: str) -> Fact:
    """Draw a fact of few, so that some come again."""
    at = B + rng.randrange(4) * HOUR_MS
    if id.type == EMAIL and rng.random() < 0.85:
        return Mailed(f"m{rng.randrange(3)}", rng.choice(("delivered", "opened", "clicked")), at)
    key = text, at, f"web\x1f{at}", "form", "email", "june"
    form = Submitted(text, at, "demo")
    return rng.choice((Visit(text, at, "email", "june"), form, Evidence(*key), Counted(*key)))


def said(rng: Random, world: World) -> list[Raw]:
    """Draw what one commit tells."""
    out = Outgoing()
    for _ in range(rng.randrange(1, 7)):
        type = rng.choice((EMAIL, EMAIL, VISITOR))
        text = rng.choice(TEXTS[type])
        id = world.namer.id(type, "s1", text)
        out.name(Name(id, id, "s1", text, B + rng.randrange(5) * HOUR_MS, rng.choice("ab")))
        fact = fact_of(rng, id, text)
        if rng.random() < 0.1:
            out.send(Drop(id, id, fact))
        else:
            out.put(id, fact)
        if rng.random() < 0.04:
            larger, smaller = sorted((world.namer.id(EMAIL, "s1", text) for text in TEXTS[EMAIL][:2]), reverse=True)
            out.send(Link(larger, smaller))
    return out.take().get(0, [])


@pytest.mark.parametrize("seed", range(60))
def test_a_commit_in_one_comes_to_the_same_as_its_messages_one_by_one(seed: int) -> None:
    rng, world = Random(seed), World(1, 1, 1, shipped())
    whole, apart = LeadShard(world, 0, {}), LeadShard(world, 0, {})
    for commit in range(rng.randrange(1, 6)):
        messages = said(rng, world)
        whole.stage.hear("emails", 0, messages)
        apart.stage.hear("emails", 0, [encode(one) for one in told(messages)])
        for shard in (whole, apart):
            shard.advance(B + commit * HOUR_MS)
            shard.commit()
        assert rows(whole) == rows(apart)
        assert whole.stage.results() == apart.stage.results()
    for one, other in zip(counted(whole), counted(apart), strict=True):
        assert one == other


def test_of_whom_little_is_known_a_short_row_is_kept_until_there_is_more() -> None:
    world = World(1, 1, 1, shipped())
    shard, id = LeadShard(world, 0, {}), world.namer.id(EMAIL, "s1", "e1")
    name = LEAD_HOMES.prefix + key(id)
    for what, is_short in (("delivered", True), ("opened", True), ("evident", False)):
        out = Outgoing()
        out.name(Name(id, id, "s1", "e1", B, "mail\x1f1"))
        out.put(id, Evidence("v1", B, "w", "form", "email", "june") if what == "evident" else Mailed("m", what, B))
        shard.stage.hear("emails", 0, out.take()[0])
        shard.commit()
        assert is_quiet(shard.log[name]) is is_short
    assert row_of(shard.log[name]).leads == 1
    again = LeadShard(world, 0, shard.log)
    out.put(id, Mailed("m", "clicked", B))
    again.stage.hear("emails", 0, out.take()[0])
    again.commit()
    own = row_of(shard.log[name]).own
    assert own is not None
    assert (own.n, own.text) == (4, "e1")


def rows(shard: LeadShard) -> dict[bytes, object]:
    """Give what is stored, short or not."""
    read = {LEAD_HOMES.prefix: row_of, LEAD_PARTS.prefix: part_of}
    return {name: read[name[:1]](value) if name[:1] in read else value for name, value in shard.log.items()}


def counted(shard: LeadShard) -> tuple[object, object]:
    """Give all that has been counted: what lies in panes, and what stands."""
    names, index, panes, amounts, _ = shard.accumulator.take()
    standing, stands = shard.accumulator.take_standing()
    cells = {(names[at], pane): n for at, pane, n in zip(index, panes.tolist(), amounts.tolist(), strict=True)}
    return cells, dict(zip(standing, stands.tolist(), strict=True))
