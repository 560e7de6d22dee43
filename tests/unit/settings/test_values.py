"""Values: text of durations, sizes, moments and addresses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.settings.values import duration_ms, duration_text, host_port, is_loopback, moment_ms, size_bytes


@given(st.integers(min_value=0, max_value=10**12))
def test_a_duration_is_read_as_it_was_written(value_ms: int) -> None:
    assert duration_ms(duration_text(value_ms)) == value_ms


@pytest.mark.parametrize("text", ["", "5", "1 day", "-1s", "1s2", "1e3s", "٣s", "s", "999999999d"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is (not a duration|longer)"):
        duration_ms(text)


@pytest.mark.parametrize("text", ["", "64", "64 MB/s", "MiB", "-1KiB"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a size"):
        size_bytes(text)


@pytest.mark.parametrize("text", ["2026-03-01", "2026-03-01T00:00:00", "2026-02-30T00:00:00Z", "now", "0"])
def test_a_moment_needs_its_zone_and_a_real_day(text: str) -> None:
    with pytest.raises(ValueError, match="is not a time"):
        moment_ms(text)


@pytest.mark.parametrize("text", ["", "host", "host:", "host:x", "a b:1", "u@host:1", "::1:9", "h:70000", "h/p:1"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"address|port|brackets"):
        host_port(text)


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("127.1.2.3", True), ("::1", True), ("LOCALHOST", True), ("localhost.", True),
     ("0.0.0.0", False), ("", False), ("::", False), ("10.0.0.1", False), ("localhost.evil.example", False)],
)  # fmt: skip
def test_only_this_machine_is_loopback(host: str, local: bool) -> None:
    assert is_loopback(host) is local
