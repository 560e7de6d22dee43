"""Fields: events by dotted paths, and every mistake of a definition at once."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import orjson
import pytest

from stream.errors import SettingsError
from stream.sources.load import of_table
from stream.sources.mapper import Mapper, Outcome

HEAD = """
preset = "fields"
name = "acme"
topics = ["acme.views"]
site = "acme"
"""
VIEW = """
[[event]]
kind = "page_view"
when = { kind = "VIEW" }
id = "event_id"
time = "occurred_at"
visitor_id = "visitor.id"
page.path = "url"
campaign = "url"
"""
RECORD = {
    "kind": "VIEW", "event_id": 7, "occurred_at": "2026-03-01 10:00:00", "visitor": {"id": "v"},
    "url": "https://acme.example/a?utm_source=x#y",
}  # fmt: skip


def run(text: str, *records: Any) -> Outcome:
    source = of_table(tomllib.loads(text), "here", Path())
    return Mapper(source, b"k" * 32).map([(0, 0, None, orjson.dumps(record), ()) for record in records])


def data(text: str, record: Any) -> dict[str, Any]:
    out = run(text, record)
    assert out.refused == []
    return orjson.loads(out.events[0].value)["data"]  # type: ignore[no-any-return]


def mistakes(text: str) -> str:
    with pytest.raises(SettingsError) as error:
        of_table(tomllib.loads(text), "here", Path())
    return str(error.value)


def test_what_a_target_is_decides_how_its_value_is_read() -> None:
    out = run(HEAD + VIEW, RECORD)
    assert orjson.loads(out.events[0].value) == {
        "specversion": "1.0", "id": "7", "source": "acme", "type": "page_view", "time": "2026-03-01T10:00:00Z",
        "data": {"visitor_id": "v", "page": {"path": "/a"}, "campaign": {"source": "x"}, "site_id": "acme"},
    }  # fmt: skip


def test_what_no_table_takes_is_unmapped_by_the_value_that_it_was_asked_for() -> None:
    assert run(HEAD + VIEW, {**RECORD, "kind": "CLICK"}).unmapped == {"CLICK": 1}


def test_a_path_that_is_absent_leaves_its_target_out() -> None:
    assert data(HEAD + VIEW, {**RECORD, "url": "/b"}) == {"visitor_id": "v", "page": {"path": "/b"}, "site_id": "acme"}


def test_values_are_translated_set_and_hashed() -> None:
    text = (
        HEAD
        + """
[[event]]
kind = "email"
id = ["message", "what", "at"]
time = "at"
time_unit = "s"
action = "what"
map.action = { OPEN = "opened", CLICK = "clicked" }
message_id = "message"
email_hash = "to"
recipient_domain = "to"
set = { machine = false, geo.country = "DE" }
"""
    )
    record = {"message": "m", "what": "OPEN", "at": 1772359200, "to": "Jo@Acme.example"}
    made = data(text, record)
    assert made["action"] == "opened"
    assert made["machine"] is False
    assert made["geo"] == {"country": "DE"}
    assert made["recipient_domain"] == "acme.example"
    assert len(made["email_hash"]) == 64
    assert run(text, {**record, "what": "PRINT"}).unmapped == {"(no name)": 1}


def test_totals_of_a_day_in_the_zone_of_the_account() -> None:
    text = (
        HEAD
        + """
zone = "Europe/Berlin"
[[event]]
kind = "ad"
id = ["day", "campaign"]
time = "loaded"
period = "day"
campaign_id = "campaign"
cost_micros = "spend"
money_unit = "unit"
set = { action = "spend", platform = "meta", currency = "EUR" }
"""
    )
    made = data(text, {"day": "2026-03-29", "campaign": "c", "loaded": "2026-03-30T06:00:00Z", "spend": "12.5"})
    assert (made["period_start"], made["period_end"]) == ("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z")
    assert made["cost_micros"] == 12_500_000


@pytest.mark.parametrize(
    ("change", "reason", "path"),
    [
        ({"occurred_at": "yesterday"}, "bad_time", "time"),
        ({"occurred_at": 1772359200}, "bad_time", "time"),
        ({"occurred_at": None}, "missing_field", "time"),
        ({"event_id": None}, "missing_field", "id"),
        ({"url": 7}, "wrong_type", "page.path"),
    ],
)
def test_a_value_that_cannot_be_is_a_fault_of_its_field(change: dict[str, Any], reason: str, path: str) -> None:
    (refused,) = run(HEAD + VIEW, {**RECORD, **change}).refused
    assert (refused.reason, refused.path) == (reason, path)


def test_every_mistake_is_said_at_once_with_what_was_meant() -> None:
    told = mistakes("""
preset = "fields"
name = "acme views"
topics = ["a b", "leadpulse.metrics"]
site = "acme"
site_field = "tenant"
zone = "Europe/Berlinn"
formt = "json"
[[event]]
kind = "form"
visitr_id = "a"
action = "what"
set = { form_type = "demos" }
time = "a..b"
time_unit = "minutes"
[[event]]
kind = "page_vew"
[[event]]
kind = "ad"
id = "id"
time = "t"
cost_micros = "spend"
map.audience = { a = "b" }
""")
    for part in (
        "name: 'acme views' is no name", "topics: 'a b' is no name", "topics: 'leadpulse.metrics' is leadpulse's own",
        "site: there are site and site_field", "zone: 'Europe/Berlinn' is no zone",
        "formt: there is no option formt. Did you mean format?", "event 1: id: it is missing",
        "event 1: visitr_id: form has no field visitr_id. Did you mean visitor_id?",
        "event 1: set.form_type: 'demos' is not one of", "Did you mean demo?", "event 1: time: 'a..b' is no path",
        "event 1: time_unit: 'minutes' is no unit", "event 1: form_id: form needs it",
        "event 2: kind: 'page_vew' is no kind. Did you mean page_view?", "event 3: money_unit: cost_micros needs it",
        "event 3: action: ad needs it", "event 3: map.audience: no field is read for it",
    ):  # fmt: skip
        assert part in told


def test_orders_of_people_must_be_meant() -> None:
    text = '\n[[event]]\nkind = "privacy"\nid = "id"\ntime = "t"\nlead_id = "l"\nset = { action = "erase" }\n'
    assert "Write privacy = true" in mistakes(HEAD + text)
    assert run(HEAD + "privacy = true" + text, {"id": 1, "t": "2026-03-01T00:00:00Z", "l": "x"}).mapped == 1
