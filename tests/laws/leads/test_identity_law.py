"""Identity over shards: whatever the order, the repeats and the crashes, cells equal those of brute force."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.identity.facts import Counted, PlatformForm
from stream.identity.ids import FIELDS
from stream.lifecycle.read import shipped
from stream.lifecycle.rules import Rules
from stream.stages.leads import contribution
from stream.stages.leads.clusters import groups, lives
from stream.stages.leads.life import view
from stream.stages.leads.rows import row_of
from tests.examples import examples
from tests.laws.leads.brute import LETTERS, Found, people
from tests.laws.leads.readers import PANE_MS, SITE, counted_as
from tests.laws.leads.rules import with_limits
from tests.laws.leads.simulation import World
from tests.laws.leads.worlds import END, T0, Event, world

SEED = st.integers(0, 2**32).map(Random)
TIGHT = {"e": {"l": 1, "u": 1, "v": 2}, "l": {"e": 2, "u": 1, "v": 2}, "u": {"e": 1, "l": 1, "v": 1}}
Cells = Counter[tuple[Any, int | None]]


def expected(events: list[Event], clock_ms: int, rules: Rules) -> tuple[dict[tuple[Any, int | None], int], Found]:
    """Count all leads that brute force finds, and what is counted where events are read."""
    found, total = people(events, rules.shared, rules.largest), Cells()

    def out(cell: Any, time_ms: int | None, amount: int) -> None:
        total[cell, None if time_ms is None else time_ms // PANE_MS] += amount

    for ids, facts in found.groups:
        for life in lives(list(facts), rules.memory_ms) if facts else ():
            seen = view(life, clock_ms, rules)
            if seen is not None:
                contribution.counted(SITE, seen, rules, lambda label, value: value or "unknown", out)
                if not seen.expired_ms and any(letter != "v" for letter, _ in ids):
                    out(("identified", SITE), None, 1)
        for fact in facts:
            if isinstance(fact, Counted | PlatformForm):
                for cell in counted_as(fact):
                    out(cell, fact.time_ms, 1)
    for deal, refunds in found.of_nobody:
        contribution.unattributed(SITE, deal, refunds, lambda label, value: value or "unknown", out)
    for letter, _ in found.shared:
        out(("shared_id", SITE, FIELDS[LETTERS.index(letter)]), None, 1)
    return {key: n for key, n in total.items() if n}, found


def check(
    events: list[Event],
    rng: Random,
    shards: tuple[int, int, int],
    rules: Rules | None = None,
    crash: float = 0.15,
    watch: Any = None,
    moving: bool = True,
) -> tuple[World, Found]:
    """Let shards read all events, in any order; compare them with brute force."""
    rules = rules or shipped()
    rng.shuffle(events)
    here = World(*shards, rules)
    here.until_ms = END if moving else 0
    for event in events:
        here.produce(event)
    here.run(rng, crash=crash, watch=watch)
    here.advance(END)
    want, found = expected(events, END, rules)
    got = here.result()
    assert got == want, sorted(set(got.items()) ^ set(want.items()), key=repr)[:10]
    return here, found


@settings(max_examples=examples(60))
@given(SEED, st.integers(1, 6), st.integers(1, 4), st.integers(5, 140), st.sampled_from([0.0, 0.05, 0.2, 0.5]))
def test_cells_equal_brute_force(rng: Random, leads: int, visitors: int, events: int, junk: float) -> None:
    check(world(rng, rng.randint(1, 8), events, junk), rng, (visitors, rng.randint(1, 3), leads))


@settings(max_examples=examples(40))
@given(SEED, st.integers(1, 4), st.sampled_from([0.1, 0.5]))
def test_cells_equal_brute_force_where_ids_are_shared_everywhere(rng: Random, leads: int, junk: float) -> None:
    rules = with_limits(TIGHT, largest=4)
    check(world(rng, rng.randint(1, 6), rng.randint(5, 110), junk), rng, (2, 2, leads), rules)


@settings(max_examples=examples(80))
@given(SEED, st.integers(0, 70), st.integers(3, 10), st.integers(1, 6), st.integers(0, 2))
def test_links_alone_make_exactly_these_people(rng: Random, many: int, ids: int, shards: int, tight: int) -> None:
    low = {"e": {"l": 2, "u": 2, "v": 3}, "l": {"e": 2, "u": 1, "v": 2}, "u": {"e": 2, "l": 1, "v": 2}}
    wide = {a: dict.fromkeys("eluv", 9) for a in "elu"}
    rules = (shipped(), with_limits(low, largest=6), with_limits(wide, largest=5))[tight]
    events: list[Event] = []
    for n in range(many):
        fields = rng.sample(("email", "lead", "user"), 2)
        named = {field: f"{field[0]}{rng.randrange(ids)}" for field in fields}
        events.append({"kind": "web", "id": f"s\x1fx{n}", "time": T0 + n, "visitor": f"v{n % 5}", "action": "submit",
                       "form_type": "contact", "stage": "", "channel": "direct", "campaign": "", **named})  # fmt: skip
    here, found = check(events, rng, (2, 1, shards), rules)
    got: set[frozenset[tuple[str, str]]] = set()
    for shard in here.leads():
        store = shard.stage._store
        for key in store.homes.rows:
            row = row_of(store.homes.rows[key])
            assert row.parent is None or (row.parent.type, row.parent.hash) < (key[0], key[1:17]), "no loops"
            if key[0] < 3:
                limits = rules.shared["elu"[key[0]]]
                for type, letter in enumerate("elu"):
                    assert sum(id.type == type for id in row.near) <= limits.get(letter, 0) + 1
                assert len(row.visitors) <= limits["v"] + 1
            home = store.get(type_id(key))
            assert home is not None
            for group in groups(list(home.parts), row.edges, row.gone, rules.largest):
                if len(group) > 1:
                    got.add(frozenset((LETTERS[id.type], home.parts[id].text) for id in group))
        store.write()
    assert got == {frozenset(group) for group, _ in found.groups if len(group) > 1}


def type_id(key: bytes) -> Any:
    """Read the id of a key."""
    from stream.stages.leads.store import id_of

    return id_of(key)


@settings(max_examples=examples(30))
@given(SEED)
def test_each_person_counts_once(rng: Random) -> None:
    """`leads` after the correction: one a lead, whichever devices and forms it came by."""
    here, found = check(world(rng, 6, 100, 0.15), rng, (3, 1, 3))
    counted = sum(n for (cell, _), n in here.result().items() if cell[0] == "lead")
    rules = shipped()
    lives_of = [life for _, facts in found.groups if facts for life in lives(list(facts), rules.memory_ms)]
    assert counted == sum(view(life, END, rules) is not None for life in lives_of)


@settings(max_examples=examples(20))
@given(SEED)
def test_credit_is_whole_at_every_commit(rng: Random) -> None:
    """However far each shard has come: credit of each model adds up to one a lead that is counted."""

    def watch(here: World) -> None:
        leads = sum(n for (cell, _), n in here.total.items() if cell[0] == "stage" and cell[2] == "lead")
        for model in ("first", "last", "last_non_direct", "linear", "position", "time_decay"):
            credit = sum(n for (cell, _), n in here.total.items() if cell[0] == "credit" and cell[2] == model)
            assert credit == leads * 1_000_000

    check(world(rng, 5, 80, 0.1), rng, (3, 2, 4), watch=watch)


@settings(max_examples=examples(20))
@given(SEED)
def test_complete_means_exact(rng: Random) -> None:
    """When all sources are read and nothing is said to be on its way, figures are final, not a turn later."""
    events = world(rng, 5, 60, 0.1)
    at: dict[str, Any] = {}

    def watch(here: World) -> None:
        if "total" not in at and here.complete():
            at["total"] = here.result()

    check(events, rng, (2, 2, 3), watch=watch, moving=False)
    late = World(2, 2, 3, shipped())
    for event in events:
        late.produce(event)
    late.run(Random(1), crash=0)
    assert late.result() == at["total"]


@pytest.mark.parametrize("junk", ["email", "lead"])
def test_a_shared_id_gathers_nobody(junk: str) -> None:
    """An address of a thousand crm records, a crm record of a thousand addresses: the cluster stays small."""
    other = {"email": "lead", "lead": "email"}[junk]
    events: list[Event] = [
        {"kind": "crm", "id": f"s\x1fc{n}", "time": T0 + n, "action": "lead_created", junk: "info", other: f"o{n}"}
        for n in range(1000)
    ]
    here, found = check(events, Random(1), (1, 1, 3), crash=0)
    assert found.shared == {(junk[0], "info")}
    assert len(found.groups) == 1001
    most = max(shipped().shared[junk[0]].values())
    rows = [row_of(raw) for shard in here.leads() for raw in shard.stage._store.homes.rows.values()]
    assert max(len(row.members) for row in rows) <= most + 2
    assert max(len(row.near) for row in rows) <= most + 1
