"""Countries: codes that exist."""

from __future__ import annotations

import msgspec
import pytest

from stream.contract.kinds import KINDS
from stream.ingest.countries import country_of, settle_countries
from tests.events import data_of, event


@pytest.mark.parametrize(
    ("code", "country"),
    [
        ("DE", "DE"),
        ("US", "US"),
        ("XK", "XK"),
        ("ZZ", None),
        ("EU", None),
        ("T1", None),
        ("A1", None),
        ("UK", "GB"),
        ("uk", "GB"),
        ("de", "DE"),
        ("dE ", "DE"),
        ("xk", "XK"),
        ("DEU", None),
        ("Germany", None),
        ("", None),
        (None, None),
    ],
)
def test_a_code_is_a_country_or_nothing(code: str | None, country: str | None) -> None:
    assert country_of(code) == country


def test_what_is_no_country_is_dropped_from_the_event_and_counted() -> None:
    given = ["DE", "uk", "T1", "Germany", "", " ", None]
    made = [event("page_view", data_of("page_view", geo={"country": code})) for code in given]
    events = [msgspec.convert(one, KINDS["page_view"].struct) for one in made]
    assert settle_countries(events) == {"geo.country": 2}
    assert [one.data.geo.country for one in events] == ["DE", "GB", None, None, None, None, None]


def test_without_a_place_there_is_nothing_to_drop() -> None:
    nowhere = msgspec.convert(event("chatbot", data_of("chatbot", geo=None)), KINDS["chatbot"].struct)
    assert settle_countries([nowhere]) == {}
