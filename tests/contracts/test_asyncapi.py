"""AsyncAPI: the document's structure, since no validator of that format can be asked here."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from stream.contract.kinds import KINDS
from stream.render.asyncapi import CONTRACT_VERSION, document
from stream.render.schemas import all_schemas

DOCUMENT = document()
#: The payload of a record without a value.
NOTHING = {"type": "null"}
SCHEMAS = Path(__file__).parents[2] / "schemas"
TOPICS = {
    **{kind: kind for kind in KINDS},
    "metrics": "leadpulse.metrics",
    "alerts": "leadpulse.alerts",
    "leads": "leadpulse.leads",
    "lead_events": "leadpulse.lead_events",
    "dead_letter": "leadpulse.dead_letter",
}


def at(ref: str) -> Any:
    """Follow a reference within the document."""
    assert ref.startswith("#/")
    node: Any = DOCUMENT
    for step in ref[2:].split("/"):
        node = node[step]
    return node


def test_it_is_version_3_and_names_itself() -> None:
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert DOCUMENT["info"]["title"] == "leadpulse"
    assert DOCUMENT["info"]["version"] == CONTRACT_VERSION
    assert set(DOCUMENT) == {
        "asyncapi", "info", "defaultContentType", "servers", "channels", "operations", "components"
    }  # fmt: skip


def test_every_topic_that_outsiders_see_is_a_channel() -> None:
    assert {name: channel["address"] for name, channel in DOCUMENT["channels"].items()} == TOPICS


@pytest.mark.parametrize("name", TOPICS)
def test_a_channel_leads_to_a_message_with_a_schema_file(name: str) -> None:
    message = at(DOCUMENT["channels"][name]["messages"][name]["$ref"])
    assert message["name"] == name
    assert message["payload"]["schemaFormat"] == "application/schema+json;version=2020-12"
    file = message["payload"]["schema"]["$ref"]
    assert re.fullmatch(r"\./\w+\.schema\.json", file)
    assert (SCHEMAS / file).is_file()
    assert file[2:].removesuffix(".schema.json") in all_schemas()


@pytest.mark.parametrize("name", TOPICS)
def test_each_channel_has_one_operation_on_its_own_message(name: str) -> None:
    action = "receive" if name in KINDS else "send"
    operation = DOCUMENT["operations"][f"{action}_{name}"]
    assert operation["action"] == action
    assert at(operation["channel"]["$ref"]) is DOCUMENT["channels"][name]
    refs = [message["$ref"] for message in operation["messages"]]
    # an operation names the messages of its channel, never those of the components
    assert refs == [f"#/channels/{name}/messages/{message}" for message in DOCUMENT["channels"][name]["messages"]]
    assert at(at(refs[0])["$ref"])["name"] == name


def test_there_is_nothing_that_no_channel_uses() -> None:
    assert len(DOCUMENT["operations"]) == len(DOCUMENT["channels"])
    used = [message["$ref"] for channel in DOCUMENT["channels"].values() for message in channel["messages"].values()]
    assert sorted(used) == sorted(f"#/components/messages/{name}" for name in DOCUMENT["components"]["messages"])


def test_what_stands_no_more_is_a_message_without_a_value() -> None:
    without = {
        name: [m for m in channel["messages"] if at(at(f"#/channels/{name}/messages/{m}/$ref"))["payload"] == NOTHING]
        for name, channel in DOCUMENT["channels"].items()
    }
    assert {name: found for name, found in without.items() if found} == {
        "alerts": ["alerts_tombstone"], "leads": ["leads_tombstone"],
    }  # fmt: skip


@pytest.mark.parametrize("name", [*KINDS, "alerts", "leads", "lead_events"])
def test_the_examples_of_a_message_are_valid(name: str) -> None:
    message = DOCUMENT["components"]["messages"][name]
    schema = message["payload"]["schema"]["$ref"].removeprefix("./").removesuffix(".schema.json")
    assert message["examples"]
    for example in message["examples"]:
        written = json.loads(json.dumps(example["payload"]))
        Draft202012Validator(all_schemas()[schema]).validate(written)


@pytest.mark.parametrize("name", TOPICS)
def test_each_message_says_what_its_kafka_key_is(name: str) -> None:
    binding = DOCUMENT["components"]["messages"][name]["bindings"]["kafka"]
    assert binding["key"]["type"] == "string"
    assert binding["key"]["description"]
    assert binding["bindingVersion"] == "0.5.0"
