"""Mapper: each item of a record ends in one place, and no address in any."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest

from stream.sources import Source, copy_of, email, email_hash, fingerprint, form, ignored, page_view, privacy
from stream.sources.mapper import Mapper, Outcome

KEY = b"k" * 32
TIME = "2026-03-01T00:00:00Z"


def run(read: Any, *records: Any, key: bytes | None = KEY, headers: Any = (), **said: Any) -> Outcome:
    source = Source("acme", **{"site": "shop", "named": "name", **said})
    source.event(read)
    values = [value if isinstance(value, bytes) or value is None else orjson.dumps(value) for value in records]
    return Mapper(source, key).map([(at, 5, b"k", value, headers) for at, value in enumerate(values)], "t", 2)


def view(record: Any, about: Any) -> Any:
    return page_view(id=record["id"], time=TIME, visitor_id=record.get("who"), page={"path": record.get("path")})


def test_items_end_in_exactly_one_place() -> None:
    def read(record: Any, about: Any) -> Any:
        match record["name"]:
            case "view":
                yield view(record, about)
                yield view({**record, "id": "2"}, about)
            case "known":
                yield ignored("cmp_visible")
            case "broken":
                yield view(record, about)
                raise KeyError("jo@acme.example")

    names = [{"id": "1", "name": name} for name in ("view", "known", "other", "broken")]
    out = run(read, names, None, b"{", each=".")
    assert (out.items, out.mapped, len(out.events)) == (6, 1, 2)
    assert out.ignored == {"cmp_visible": 1, "tombstone": 1}
    assert out.unmapped == {"other": 1}
    line = view.__code__.co_firstlineno + 14
    assert [(each.place, each.item, each.reason) for each in out.refused] == [(0, 3, "mapping"), (2, 0, "not_json")]
    assert out.refused[0].path == f"test_mapper.py:{line} KeyError"


def test_an_envelope_says_its_source_and_its_site() -> None:
    (event,) = run(view, {"id": 7, "who": "v", "path": "/"}).events
    assert orjson.loads(event.value) == {
        "specversion": "1.0", "id": "7", "source": "acme", "type": "page_view", "time": TIME,
        "data": {"visitor_id": "v", "page": {"path": "/"}, "site_id": "shop"},
    }  # fmt: skip


def test_a_site_may_stand_in_the_record_or_around_it() -> None:
    def site_of(**said: Any) -> str:
        (event,) = run(view, said, site="", site_field="tenant", each="events").events
        return str(orjson.loads(event.value)["data"]["site_id"])

    assert site_of(events=[{"id": 1, "tenant": "a"}]) == "a"
    assert site_of(events=[{"id": 1}], tenant="b") == "b"


@pytest.mark.parametrize(
    ("fields", "reason", "path"),
    [
        ({"id": None}, "missing_field", "id"),
        ({"id": ""}, "missing_field", "id"),
        ({"time": None}, "missing_field", "time"),
        ({"time": 1772323200}, "bad_time", "time"),
        ({"visitor_id": object()}, "wrong_type", ""),
        ({"engagement_ms": 1 << 70}, "wrong_type", ""),
        ({"value": Decimal("1e400")}, "out_of_range", ""),
        ({"value": Decimal("-1e-999999999")}, "out_of_range", ""),
        ({"value": Decimal("NaN")}, "out_of_range", ""),
    ],
)
def test_what_cannot_be_written_is_refused(fields: dict[str, Any], reason: str, path: str) -> None:
    def read(record: Any, about: Any) -> Any:
        made = form if "value" in fields else page_view
        rest: dict[str, Any] = {"action": "submit"} if made is form else {"page": {"path": "/"}}
        yield made(**{"id": "1", "time": TIME, "visitor_id": "v", **rest, **fields})

    (refused,) = run(read, {}).refused
    assert (refused.reason, refused.path) == (reason, path)


def test_values_of_avro_are_written_as_the_contract_has_them() -> None:
    def read(record: Any, about: Any) -> Any:
        moment = datetime(2026, 3, 1, 12, 30, 1, 250_000, tzinfo=UTC)
        yield form(
            id="1", time=moment, action="submit", form_id="f", visitor_id="v", value=Decimal("19.90"), currency="EUR"
        )

    (event,) = run(read, {}).events
    assert b'"time":"2026-03-01T12:30:01.250000Z"' in event.value
    assert b'"value":19.90' in event.value


@pytest.mark.parametrize(
    ("read", "says"),
    [
        (lambda r, a: form(id="1", time=TIME, action="view", form_id="f", visitr_id="v"), "did you mean visitor_id"),
        (lambda r, a: page_view(id="1", time=TIME, visitor_id="v", page={"pth": "/"}), "did you mean path"),
    ],
)
def test_a_field_that_there_is_not_names_the_one_that_was_meant(read: Any, says: str) -> None:
    with pytest.raises(TypeError, match=says):
        read({}, None)
    assert run(read, {}).refused[0].reason == "mapping"


def test_what_is_no_event_is_a_mistake_of_the_mapping() -> None:
    assert run(lambda record, about: ["page_view"], {}).refused[0].reason == "mapping"


def test_orders_of_people_must_be_meant() -> None:
    def read(record: Any, about: Any) -> Any:
        yield privacy(id="1", time=TIME, action="erase", lead_id="l")

    assert [(each.reason, each.path) for each in run(read, {}).refused] == [("mapping", "privacy")]
    assert run(read, {}, privacy=True).mapped == 1


def test_addresses_become_pseudonyms_wherever_they_stand() -> None:
    def read(record: Any, about: Any) -> Any:
        yield email(
            id="Jo@acme.example", time=TIME, action="clicked", message_id="<m@mail.example>", lead_id="Jo@Acme.example",
            email_hash=email_hash("Jo <jo@acme.example>"), campaign_id="for jo%40acme.example, again",
            link_path="/a/jo@acme.example/b", user_agent="bot (owner@bot.example)",
        )  # fmt: skip

    out = run(read, {})
    event = orjson.loads(out.events[0].value)
    data, hashed = event["data"], event["data"]["email_hash"]
    assert len(hashed) == 64
    assert (event["id"], data["lead_id"]) == (hashed, hashed)
    assert data["campaign_id"] == f"for {hashed}, again"
    assert data["link_path"] == f"/a/{hashed}/b"
    assert (data["message_id"], data["user_agent"]) == ("<m@mail.example>", "bot (owner@bot.example)")
    assert out.redacted == 1


def test_without_a_key_an_address_is_personal_data() -> None:
    for address in (email_hash("jo@acme.example"), "jo@acme.example"):
        read = lambda record, about, of=address: email(  # noqa: E731
            id="1", time=TIME, action="sent", message_id="m", email_hash=of
        )
        assert [each.reason for each in run(read, {}, key=None).refused] == ["personal_data"]


def test_what_stands_for_an_address_shows_nothing_of_it() -> None:
    shown = repr([email_hash("jo@acme.example"), copy_of("m", "jo@acme.example"), fingerprint("a", "jo@acme.example")])
    assert shown == "[#, m/#, #]"


def test_a_fingerprint_of_an_address_needs_the_key_to_be_guessed() -> None:
    def read(record: Any, about: Any) -> Any:
        yield page_view(id=fingerprint("a", "jo@acme.example"), time=TIME, visitor_id="v", page={"path": "/"})

    one, two = (run(read, {}, key=key).events[0].value for key in (KEY, b"another" * 4))
    assert one != two


def test_a_name_of_what_is_unmapped_is_short_and_nobodys() -> None:
    out = run(lambda record, about: None, {"name": "x" * 99}, {"name": "jo@acme.example"}, {"name": [1]}, {})
    assert out.unmapped == {"x" * 64: 1, "(address)": 1, "(no name)": 2}


def test_a_mapping_knows_where_its_record_lies() -> None:
    def read(record: Any, about: Any) -> Any:
        said = f"{about.topic}-{about.partition}-{about.offset}-{about.item}-{about.arrival_ms}-{about.header('h')}"
        yield page_view(id=said, time=TIME, visitor_id=about.of_outer("who"), page={"path": "/"})

    (_, event) = run(read, {"who": "w", "in": [1, 2]}, each="in", headers=(("h", b"x"),)).events
    envelope = orjson.loads(event.value)
    assert envelope["id"] == "t-2-0-1-5-x"
    assert envelope["data"]["visitor_id"] == "w"
