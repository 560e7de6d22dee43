"""Times: what a record says of itself can be any number, and can always be written."""

from __future__ import annotations

import pytest

from stream.contract.times import format_ms


@pytest.mark.parametrize(
    ("time_ms", "text"),
    [
        (2**63 - 1, "9999-12-31T23:59:59.999Z"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        (0, "1970-01-01T00:00:00.000Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (-62_135_596_800_000, "0001-01-01T00:00:00.000Z"),
        (-(2**63), "0001-01-01T00:00:00.000Z"),
    ],
)
def test_any_number_is_written_as_a_time(time_ms: int, text: str) -> None:
    assert format_ms(time_ms) == text
