"""What is found by looking at offsets, times and keys."""

from __future__ import annotations

import pytest

from stream.cli.topic_checks import clock_findings, offset_findings, partitioner_findings
from stream.engine.groups import GROUPS
from stream.ingest.route import partitions_of
from stream.kafka.inspect import Inspection, Newest
from stream.kafka.layout import Layout

LAYOUT = Layout("", GROUPS.values())
AD = "ad", 0


@pytest.mark.parametrize(
    ("offset", "says"),
    [(5, "Records 5 to 9 were deleted"), (10, None), (20, None), (21, "ends at offset 20, but was read up to 21")],
)
def test_how_far_the_group_has_read_is_compared_with_what_there_is(offset, says):
    seen = Inspection((), {}, committed={AD: offset}, begins={AD: 10}, ends={AD: 20})
    found = list(offset_findings(seen, LAYOUT))
    assert [says in one.what and one.fatal for one in found] == ([] if says is None else [True])


@pytest.mark.parametrize(
    ("ahead_s", "newest_ms", "says"),
    [
        (0.4, 0, None),
        (1_800.0, 0, "1800 s ahead of"),
        (-60.0, 0, "60 s behind"),
        (None, 90_000, "80 s behind"),  # nobody writes now, but what was written is of the future
        (None, 1, None),
    ],
)
def test_a_clock_that_is_off_is_told(ahead_s, newest_ms, says):
    seen = Inspection((), {}, newest={AD: Newest(newest_ms, b"", 0)}, ahead_s=ahead_s)
    assert [says in one.what for one in clock_findings(seen, 10_000)] == ([] if says is None else [True])


@pytest.mark.parametrize(("placed", "configured", "told"), [
    ("murmur2", "murmur2", False), ("crc32", "murmur2", True), ("murmur2", "crc32", True), ("crc32", "crc32", False),
])  # fmt: skip
def test_how_producers_place_keys_is_seen_in_the_records(placed, configured, told):
    keys = [f"v{i}" for i in range(60)]
    records = [(int(p), key.encode()) for p, key in zip(partitions_of(keys, 6, placed), keys, strict=True)]
    found = list(partitioner_findings({"page_view": [*records, (0, None)]}, {"page_view": 6}, configured))
    assert [f"LEADPULSE_PARTITIONER={placed}" in one.do for one in found] == ([True] if told else [])
