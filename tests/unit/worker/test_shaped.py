"""Settings that a state was made with hold as long as it does."""

from __future__ import annotations

import pytest

from stream.errors import SettingsError
from stream.worker.shaped import refuse_changed, rollup_settings, shard_settings

AT = "x.leadpulse.state.ads partition 3"


@pytest.mark.parametrize(
    ("before", "now", "says", "back"),
    [
        (
            shard_settings("murmur2", 6),
            shard_settings("crc32", 6),
            "LEADPULSE_PARTITIONER=murmur2; this worker has crc32: who belongs to which shard would change",
            "Go back to LEADPULSE_PARTITIONER=murmur2 (a record that a producer put elsewhere is only forwarded",
        ),
        (
            shard_settings("crc32", 6),
            shard_settings("crc32", 12),
            "6 partitions; now it is 12",
            "Go back to 6 partitions",
        ),
        (
            rollup_settings({"ads": 6, "emails": 6}),
            rollup_settings({"ads": 6, "emails": 8}),
            r"6 partitions \(emails\); now it is 8",
            "Go back to 6 partitions (emails)",
        ),
        (
            {"label_limit": "50"},
            {"label_limit": "5"},
            "LEADPULSE_LABEL_LIMIT=50; this worker has 5",
            "=50; or stop all workers",
        ),
    ],
)
def test_a_changed_setting_is_named_with_both_values_and_the_ways_on(before, now, says, back):
    with pytest.raises(SettingsError, match=says) as told:
        refuse_changed(before, now, AT)
    assert told.value.where == AT
    assert back in told.value.do
    assert "leadpulse topics rebuild" in told.value.do


@pytest.mark.parametrize("before", [{}, shard_settings("murmur2", 6), {"of_a_later_release": "1"}])
def test_what_was_not_stored_or_is_not_asked_for_is_no_change(before):
    refuse_changed(before, shard_settings("murmur2", 6), AT)
