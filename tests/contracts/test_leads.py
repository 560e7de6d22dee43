"""Leads: what their shards write is what the contract, its schemas and the documentation say."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator

from stream.changes.panes import DAY_MS, HOUR_MS, MINUTE_MS
from stream.contract import lead, lead_event
from stream.contract.common import EXAMPLE_HASH
from stream.contract.records import UNIT
from stream.lifecycle.read import shipped
from stream.render.schemas import all_schemas
from stream.stages.stage import Result
from tests.laws.leads.simulation import World
from tests.laws.leads.worlds import END, Event, world

PAGE = Path(__file__).parents[2] / "docs" / "leads.md"
TYPES: dict[str, Any] = {"leads": lead.Lead, "lead_events": lead_event.LeadEvent}
SCHEMAS = {"leads": all_schemas()["lead"], "lead_events": all_schemas()["lead_event"]}
#: What each event says beside what all of them say.
LADDER = {"from", "to", "reason", "score"}
SAYS = {
    **dict.fromkeys(("created", "stage_entered", "customer", "moved_back", "reopened", "lost"), LADDER),
    "band_changed": {"from", "to", "score"},
    "merged": {"from"},
    "split": {"from"},
    "withdrawn": set[str](),
    "erased": set[str](),
}
B = 1_790_035_200_000  # a midnight
FORM = {"kind": "web", "action": "submit", "channel": "direct", "campaign": "", "email": EXAMPLE_HASH}
#: Somebody reads of prices, takes an e-book, is known to the crm and given to sales, and asks for a demo on the phone.
STORY: list[Event] = [
    {**FORM, "time": B + 9 * HOUR_MS, "action": "view", "visitor": "v1", "channel": "paid_search",
     "campaign": "brand", "group": "pricing", "form_type": "contact", "stage": "", "email": None},
    {**FORM, "time": B + 2 * DAY_MS, "visitor": "v1", "form_type": "download", "stage": "top"},
    {"kind": "crm", "time": B + 3 * DAY_MS, "action": "lead_created", "lead": "l1", "email": EXAMPLE_HASH},
    {"kind": "crm", "time": B + 3 * DAY_MS + HOUR_MS, "action": "assigned", "lead": "l1", "rep": "rep-3"},
    {**FORM, "time": B + 5 * DAY_MS, "visitor": "v2", "channel": "email", "campaign": "news", "form_type": "demo",
     "stage": ""},
]  # fmt: skip


def story() -> list[Result]:
    """Give what is told of the story, each event read before the next."""
    here = World(2, 1, 1, shipped())
    for n, event in enumerate(STORY):
        here.produce({**event, "id": f"s{UNIT}{n}"})
        here.run(Random(1), crash=0)
        here.advance(event["time"])
    return here.results


@cache
def told() -> tuple[Result, ...]:
    """Give what is told in some worlds: of people with several devices, junk, repeats, crashes; some want to be forgotten."""
    out: list[Result] = []
    for seed in range(6):
        rng = Random(seed)
        here = World(2, 2, 1 + seed % 3, shipped())
        here.until_ms = END
        events = world(rng, 6, 150, 0.2)
        rng.shuffle(events)
        for event in events:
            here.produce(event)
        here.run(rng)
        here.advance(END)
        here.produce({"kind": "privacy", "id": f"s{UNIT}p", "time": END, "action": "erase", "user": "u2"})
        here.run(rng)
        here.advance(END + 2 * MINUTE_MS)
        here.run(rng)
        out += here.results
    return tuple(out)


def of(topic: str, results: Iterable[Result]) -> Iterator[tuple[list[str], Any]]:
    """Give keys and values of a topic, as a consumer reads them."""
    for one in results:
        if one.topic == topic:
            yield json.loads(one.key), None if one.value is None else json.loads(one.value)


@pytest.mark.parametrize("topic", TYPES)
def test_each_record_is_as_its_schema_says(topic: str) -> None:
    validator = Draft202012Validator(SCHEMAS[topic])
    of_key = Draft202012Validator(SCHEMAS["lead_events"]["properties"]["lead"])
    records = list(of(topic, told()))
    assert len(records) > 500
    for key, value in records:
        of_key.validate(key)
        if value is not None:
            validator.validate(value)


def test_a_record_has_the_fields_of_its_type_and_no_others() -> None:
    """A schema allows unknown fields, so that consumers outlive new ones; what is written has none."""
    standing = [value for _, value in of("leads", told()) if value is not None]
    for value in standing:
        assert value.keys() == lead.Lead.__annotations__.keys()
        assert value["ids"].keys() <= lead.LeadIds.__annotations__.keys()
        assert sum(points for _, points, _ in value["score_parts"]) == value["score"]
        assert {sum(share for *_, share in shares) for shares in value["credit"].values()} == {1_000_000}
    common = lead_event.LeadEvent.__required_keys__
    seen = {value["event"]: value.keys() - common for _, value in of("lead_events", told())}
    assert seen == SAYS
    assert seen.keys() == set(get_args(lead_event.What))
    assert all(value.keys() - common == SAYS[value["event"]] for _, value in of("lead_events", told()))


def test_a_record_names_the_lead_of_its_key() -> None:
    assert all(value is None or value["lead"] == key[2] for key, value in of("leads", told()))
    assert all(value["lead"] == key for key, value in of("lead_events", told()))


def test_only_a_lead_that_stands_gets_a_tombstone() -> None:
    stands: set[tuple[str, ...]] = set()
    ended = 0
    for key, value in of("leads", story()):
        if value is None:
            stands.remove(tuple(key))
            ended += 1
        else:
            stands.add(tuple(key))
    assert ended == 1
    assert stands == {lead.KEY_EXAMPLE}


def test_the_examples_are_what_is_written() -> None:
    results = story()
    _, standing = list(of("leads", results))[-1]
    key, happened = list(of("lead_events", results))[-1]
    assert tuple(key) == lead.KEY_EXAMPLE
    assert standing == json.loads(json.dumps(lead.EXAMPLE))
    assert happened == json.loads(json.dumps(lead_event.EXAMPLE))


def test_the_page_shows_the_examples() -> None:
    blocks = [
        json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    ]
    assert blocks == [json.loads(json.dumps(example)) for example in (lead.EXAMPLE, lead_event.EXAMPLE)]
