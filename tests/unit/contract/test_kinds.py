"""Kinds: what each says of itself, and that nothing is forgotten of any."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from stream.contract.fields import hook
from stream.contract.kinds import KINDS, KindName, is_kind
from stream.contract.records import UNIT
from stream.contract.table import by_path
from stream.contract.times import parse_ms
from stream.ingest.decode import decode
from tests.events import data_of, event, total

ROOT = Path(__file__).parents[3]
SCHEMAS = ROOT / "schemas"
HASH = "ab" * 32

every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


def made(kind: KindName, **data: Any) -> Any:
    return msgspec.convert(event(kind, data_of(kind, **data)), KINDS[kind].struct, dec_hook=hook)


def test_every_name_has_its_kind_in_the_order_of_the_names() -> None:
    assert tuple(KINDS) == get_args(KindName)
    assert [kind.name for kind in KINDS.values()] == list(KINDS)


def test_no_two_kinds_share_a_type_or_an_example() -> None:
    for part in ("struct", "data"):
        assert len({getattr(kind, part) for kind in KINDS.values()}) == len(KINDS)
    assert len({kind.example["id"] for kind in KINDS.values()}) == len(KINDS)


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("ad", True),
        ("page_view", True),
        ("", False),
        ("Form", False),
        ("crm", True),
        ("call", False),
        (None, False),
        (["ad"], False),
    ],
)
def test_a_name_from_outside_is_a_kind_or_not(name: object, known: bool) -> None:
    assert is_kind(name) is known


@every_kind
def test_the_type_in_the_envelope_is_the_name(kind: Any) -> None:
    (said,) = (field.type for field in msgspec.structs.fields(kind.struct) if field.name == "type")
    assert get_args(said) == (kind.name,)
    assert kind.example["type"] == kind.name


@every_kind
def test_the_example_is_read(kind: Any) -> None:
    value = json.dumps(kind.example).encode()
    decoded = decode(kind.name, [(0, parse_ms(kind.example["time"]) or 0, None, value, ())])
    assert decoded.rejects == []
    assert msgspec.to_builtins(decoded.events) == [
        msgspec.to_builtins(msgspec.convert(kind.example, kind.struct, dec_hook=hook))
    ]


@every_kind
def test_every_field_says_what_it_is_used_for_and_shows_a_value(kind: Any) -> None:
    for field in by_path(kind.name).values():
        if field.path not in ("", "specversion", "type"):
            assert field.says, field.path
            assert field.reads == "object" or field.example is not None or "reference" in field.says, field.path


def test_what_nothing_uses_is_not_in_the_contract() -> None:
    gone = {"view_id", "scroll_pct", "title", "device", "reasons", "ads", "flow_id", "intent", "appointment_at",
            "machine_reason", "impression_id", "click_id"}  # fmt: skip
    assert not gone & {field.name for kind in KINDS for field in by_path(kind).values()}


@every_kind
def test_schema_and_channel_are_written(kind: Any) -> None:
    schema = json.loads((SCHEMAS / f"{kind.name}.schema.json").read_text(encoding="utf-8"))
    assert schema["properties"]["type"]["anyOf"][0] == {"enum": [kind.name]}
    conditions = schema["$defs"][kind.data.__name__].get("allOf", [])
    assert conditions == ([] if kind.rule is None else list(kind.rule.conditions))
    asyncapi = json.loads((SCHEMAS / "asyncapi.json").read_text(encoding="utf-8"))
    message = asyncapi["components"]["messages"][kind.name]
    assert message["bindings"]["kafka"]["key"]["description"] == kind.key_says
    assert message["examples"][0]["payload"] == kind.example
    assert asyncapi["channels"][kind.name]["address"] == kind.name


@pytest.mark.parametrize(
    ("kind", "data", "canonical", "row"),
    [
        #              what differs                                                   partition  row
        ("page_view", {"visitor_id": "v1"},                                             "v1", ("shop", "v1")),
        ("chatbot",   {"visitor_id": "v2", "conversation_id": "c"},                     "v2", ("shop", "v2")),
        ("form",      {"visitor_id": "v3", "lead_id": "l"},                             "v3", ("shop", "v3")),
        ("form",      {"visitor_id": None, "platform": "meta", "lead_id": "l1", "email_hash": HASH}, "l1", None),
        ("form",      {"visitor_id": "v", "platform": "google", "email_hash": HASH},     HASH, None),
        ("email",     {"message_id": "m1", "lead_id": "l"},                             "m1", ("shop", "m1")),
        ("ad",        {"campaign_id": "brand"},                                         "brand", None),
        ("crm",       {"lead_id": "l1"},                                                "l1", None),
        ("crm",       {"action": "deal_won", "lead_id": "l1", "deal_id": "d1"},         "l1", None),
        ("crm",       {"action": "deal_won", "lead_id": None, "deal_id": "d1"},         "d1", None),
        ("crm",       {"action": "deal_won", "lead_id": "Undefined", "deal_id": "d1"},  "d1", None),
        ("cost",      {"category": "agency"},                                           "agency", None),
        ("signal",    {"provider": "p", "name": "keyword_rank", "entity": "k"},         "p/keyword_rank", None),
        ("privacy",   {"visitor_id": "v"},                                              "v", None),
        ("privacy",   {"visitor_id": "v", "user_id": "u", "lead_id": "l"},              "l", None),
        ("privacy",   {"visitor_id": "v", "user_id": "u", "lead_id": "null"},           "u", None),
        ("privacy",   {"visitor_id": "v", "email_hash": HASH},                          HASH, None),
    ],
)  # fmt: skip
def test_keys(kind: KindName, data: dict[str, Any], canonical: str, row: tuple[str, str] | None) -> None:
    events = [made(kind, **data)] * 2
    assert KINDS[kind].canonical_keys(events) == [canonical] * 2
    assert KINDS[kind].row_keys([each.data for each in events]) == ["" if row is None else UNIT.join(row)] * 2


def test_keys_stand_in_the_order_of_the_batch() -> None:
    forms = [made("form", visitor_id="a"), made("form", platform="meta", lead_id="l"), made("form", visitor_id="b")]
    assert KINDS["form"].canonical_keys(forms) == ["a", "l", "b"]
    assert KINDS["form"].row_keys([each.data for each in forms]) == [f"shop{UNIT}a", "", f"shop{UNIT}b"]


@every_kind
def test_no_event_is_no_key(kind: Any) -> None:
    assert (kind.canonical_keys([]), kind.row_keys([])) == ([], [])


@pytest.mark.parametrize(
    ("kind", "ids"),
    [
        ("page_view", {"visitor_id"}),
        ("form", {"visitor_id", "form_id", "submission_id"}),
        ("chatbot", {"visitor_id", "conversation_id", "order_id", "appointment_id"}),
        ("email", {"visitor_id", "message_id"}),
        ("ad", {"visitor_id", "platform", "campaign_id", "ad_group_id", "ad_id"}),
        ("crm", {"visitor_id", "deal_id", "appointment_id"}),
        ("signal", {"provider", "entity"}),
        ("privacy", {"visitor_id"}),
    ],
)
def test_ids_of_a_kind(kind: KindName, ids: set[str]) -> None:
    assert {"site_id", "lead_id", "user_id"} | ids <= set(KINDS[kind].ids)
    assert not set(KINDS[kind].ids) & {"user_agent", "product", "action", "session_id", "value"}


@pytest.mark.parametrize(
    ("kind", "data", "place_is_suspect"),
    [
        ("form", data_of("form"), False),
        ("form", data_of("form", platform="meta", lead_id="l"), True),
        ("chatbot", data_of("chatbot"), False),
        ("chatbot", data_of("chatbot", actor=None), True),
        ("email", data_of("email"), False),
        ("email", data_of("email", action="bounced"), True),
        ("email", data_of("email", email_hash=None), True),
        ("ad", data_of("ad"), False),
        ("ad", data_of("ad", action="spend"), True),
        ("ad", total(), True),
        ("crm", data_of("crm", action="assigned"), False),
        ("crm", data_of("crm", lead_id="null"), True),
        ("crm", data_of("crm", action="assigned", lead_id=None), True),
        ("crm", data_of("crm", action="assigned", deal_id="0"), True),
        ("crm", data_of("crm", action="refund"), True),
    ],
)
def test_the_pass_over_a_batch_finds_what_the_rule_has_to_see(
    kind: KindName, data: dict[str, Any], place_is_suspect: bool
) -> None:
    rule = KINDS[kind].rule
    assert rule is not None
    plain = made(kind, action="qualified") if kind == "crm" else made(kind)
    events = [plain, msgspec.convert(event(kind, data), KINDS[kind].struct, dec_hook=hook), plain]
    assert rule.suspects(events) == ([1] if place_is_suspect else [])


def test_only_page_views_have_no_rule() -> None:
    assert [kind.name for kind in KINDS.values() if kind.rule is None] == ["page_view"]


def test_where_bots_are_not_filtered_they_are_noted() -> None:
    assert {kind.name: kind.user_agent for kind in KINDS.values() if kind.user_agent != "filters"} == {
        "email": "machine",
        **dict.fromkeys(("ad", "crm", "cost", "signal", "privacy"), "nothing"),
    }
    assert "machine" in KINDS["email"].data.__struct_fields__


def test_the_first_five_have_a_topic_in_every_installation() -> None:
    assert [kind.name for kind in KINDS.values() if not kind.optional] == list(KINDS)[:5]


def test_only_what_is_told_of_privacy_counts_whatever_it_says_of_consent() -> None:
    assert [kind.name for kind in KINDS.values() if not kind.asks_consent] == ["privacy"]


def test_what_figures_rest_on_by_action_decorates_elsewhere() -> None:
    for kind in KINDS.values():
        fields = by_path(kind.name)
        actions = fields["data.action"].values if "data.action" in fields else ()
        assert set(kind.rests_on) <= set(actions)
        for names in kind.rests_on.values():
            assert not any(fields[f"data.{name}"].strict for name in names)


@pytest.mark.parametrize("room", ["adapters", "contract", "ingest"])
def test_no_other_list_of_kinds_stands_in_the_rooms_of_events(room: str) -> None:
    """A tuple, list, set or table that names two kinds and more is a second list."""
    for path in sorted((ROOT / "stream" / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            named = node.keys if isinstance(node, ast.Dict) else getattr(node, "elts", [])
            texts = {each.value for each in named if isinstance(each, ast.Constant)} & set(KINDS)
            is_the_list = path.name == "kind.py" and isinstance(node, ast.Tuple)
            assert len(texts) < 2 or is_the_list, f"{path.name}:{node.lineno} names {sorted(texts)}"
