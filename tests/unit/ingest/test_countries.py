"""Countries: codes that exist."""

from __future__ import annotations

import pytest

from stream.ingest.countries import country_of


@pytest.mark.parametrize(
    ("code", "country"),
    [
        ("DE", "DE"),
        ("US", "US"),
        ("XK", "XK"),
        ("ZZ", None),
        ("EU", None),
        ("UK", None),
        ("de", None),
        (None, None),
    ],
)
def test_a_code_is_a_country_or_nothing(code: str | None, country: str | None) -> None:
    assert country_of(code) == country
