"""Tellers: who tells of a lead may change while something is still on its way; what stands is said by the last one."""

from __future__ import annotations

from random import Random

import orjson

from stream.changes.panes import HOUR_MS, MINUTE_MS
from stream.contract.lead import key_text
from stream.contract.records import UNIT
from stream.identity.ids import EMAIL, LEAD, Namer
from stream.identity.messages import encode
from stream.lifecycle.read import shipped
from stream.lifecycle.rules import Rules
from stream.stages.leads.messages import Forget, Wipe
from stream.stages.stage import Stands
from tests.laws.leads.rules import with_limits
from tests.laws.leads.simulation import World
from tests.laws.leads.test_forgetting_law import every_home
from tests.unit.stages.leads.test_stage import B, happened, leads_of, tell

HOME, ROOT = 0, 1
NAMER = Namer(2, "crc32")
ids = NAMER.id
#: An id at home in one shard, addresses at home in the other; in the order of their ids.
L1 = next(text for n in range(20) if ids(LEAD, "s1", text := f"l{n}").home == HOME)
E1, E2 = sorted((f"e{n}" for n in range(20) if NAMER.home(f"e{n}") == ROOT), key=lambda text: ids(EMAIL, "s1", text))[
    :2
]


def installation(rules: Rules) -> World:
    return World(1, 1, 2, rules)


def crm(n: int, action: str = "lead_created", **data: str) -> dict[str, object]:
    return {"kind": "crm", "id": f"s{UNIT}c{n}", "time": B + n * HOUR_MS, "action": action, "lead": L1, **data}


def erase(email: str, n: int) -> dict[str, object]:
    return {"kind": "privacy", "id": f"s{UNIT}p{n}", "time": B + n * HOUR_MS, "action": "erase", "email": email}


def read(here: World, shard: int, source: str) -> None:
    """Let a shard of leads read all that there is of a source, and commit."""
    name = "leads", shard
    for sender, message in here.partition(*name, source)[here.positions[name][source] :]:
        here.shards[name].read(source, sender, message)
    here.positions[name][source] = len(here.partition(*name, source))
    here.commit(name)


def test_whoever_comes_again_is_told_of_behind_the_end_of_whom_they_were() -> None:
    """The root has still to take in what came before the wipe, when the id's home knows somebody new by it."""
    here = installation(shipped())
    tell(here, crm(0, email=E1))
    assert list(leads_of(here)) == [("lead_id", L1)]
    here.produce(erase(E1, 1))
    read(here, ROOT, "crm")
    here.shards["leads", ROOT].advance(B + HOUR_MS + MINUTE_MS)
    here.commit(("leads", ROOT))
    assert leads_of(here) == {}
    here.produce(crm(2, "call_completed"))
    read(here, HOME, "crm")  # the home sends it on as before
    read(here, ROOT, "touches")
    assert list(leads_of(here)) == [("lead_id", L1)], "who was forgotten is known once more, until the wipe comes"
    read(here, HOME, "touches")  # let the id go
    here.produce(crm(3, "first_response"))
    read(here, HOME, "crm")
    before = len(here.results)
    here.run(Random(1), crash=0)
    what = [event for event, *_ in happened(here.results[before:])]
    assert what == ["erased", "created"], "in this order, though they are told by two shards"
    (lead,) = leads_of(here).values()
    assert (lead["lead"], lead["version"]) == (L1, 2)


def test_an_id_that_others_hang_on_keeps_its_way() -> None:
    """Else what is new of the others would lie at that id, and they would be told of in two places."""
    here = installation(with_limits(shipped().shared, largest=1))  # whatever is linked, each id is alone
    tell(here, crm(0, email=E2), crm(1, email=E1))
    (root,) = (home for shard in here.leads() for home in every_home(shard) if home.row.parent is None)
    assert root.id == ids(EMAIL, "s1", E1), "the lead hangs on one address, and with it on the other"
    tell(here, {"kind": "email", "id": f"s{UNIT}m1", "time": B, "message": "m1", "action": "opened", "email": E2})
    here.produce(erase(E2, 2))
    here.run(Random(1), crash=0)
    here.advance(B + 3 * HOUR_MS)
    here.run(Random(1), crash=0)
    tell(here, crm(4, "first_response"))
    homes = [home for shard in here.leads() for home in every_home(shard)]
    assert [(home.id, told.text) for home in homes for told in home.told if told.said is not None] == [(root.id, L1)]
    assert [home.id for home in homes if home.row.parent is not None] == [ids(LEAD, "s1", L1), ids(EMAIL, "s1", E2)]


def test_what_is_left_when_an_id_is_taken_out_goes_by_a_name_of_its_own() -> None:
    here = installation(shipped())
    form = {"kind": "web", "visitor": "v1", "channel": "direct", "campaign": "", "action": "submit", "email": E1,
            "form_type": "contact", "stage": ""}  # fmt: skip
    tell(here, {**form, "id": f"s{UNIT}f1", "time": B}, crm(1, email=E1))
    assert list(leads_of(here)) == [("lead_id", L1)]
    lead, root = ids(LEAD, "s1", L1), ids(EMAIL, "s1", E1)
    last = Forget(lead, "s1", [lead], [L1], [], True)
    before, shard = len(here.results), here.shards["leads", ROOT]
    shard.read("touches", ("leads", HOME), encode(Wipe(root, lead, last)))
    here.commit(("leads", ROOT))
    assert list(leads_of(here)) == [("email_hash", E1)]
    assert [(event, name) for event, name, _ in happened(here.results[before:])][:2] == [
        ("erased", L1),
        ("created", E1),
    ]


def test_what_came_together_with_the_wish_is_told_before_the_end() -> None:
    here = installation(shipped())
    tell(here, crm(0, email=E1))
    here.produce(crm(1, "qualified"))
    here.produce({"kind": "privacy", "id": f"s{UNIT}p1", "time": B + HOUR_MS, "action": "erase", "lead": L1})
    read(here, HOME, "crm")
    here.shards["leads", HOME].advance(B + HOUR_MS + MINUTE_MS)
    here.commit(("leads", HOME))
    read(here, ROOT, "touches")
    assert leads_of(here) == {}
    assert [event for event, *_ in happened(here.results)][-1] == "erased"


def test_what_stands_is_told_anew_by_a_higher_version_or_ended() -> None:
    """Another generation, which counted by itself, may have told of a lead more often."""
    here = installation(shipped())
    tell(here, crm(0, email=E1))
    known, nobody = key_text(("s1", "lead_id", L1)), key_text(("s1", "email_hash", E1))
    foreign = known.replace(",", ", ")
    before, shard = len(here.results), here.shards["leads", HOME]
    shard.stage.confirm([Stands(known, 50), Stands(nobody, 9), Stands(foreign, 9), Stands("", 9)])
    shard.advance(0)
    here.commit(("leads", HOME))
    here.run(Random(1), crash=0)
    answers = {one.key: one.value and orjson.loads(one.value)["version"] for one in here.results[before:]}
    assert answers == {known: 51, nobody: None}
    tell(here, crm(1, "qualified"))
    assert leads_of(here)["lead_id", L1]["version"] > 51


def test_a_generation_that_takes_over_tells_also_which_names_are_over() -> None:
    here = installation(shipped())
    form = {"kind": "web", "visitor": "v1", "channel": "direct", "campaign": "", "action": "submit", "email": E1,
            "form_type": "contact", "stage": ""}  # fmt: skip
    tell(here, {**form, "id": f"s{UNIT}f1", "time": B}, crm(1, email=E1))
    before, shard = len(here.results), here.shards["leads", ROOT]
    shard.stage.tell_all()
    shard.advance(0)
    here.commit(("leads", ROOT))
    told = {one.key: one.value is not None for one in here.results[before:]}
    assert told == {key_text(("s1", "lead_id", L1)): True, key_text(("s1", "email_hash", E1)): False}
