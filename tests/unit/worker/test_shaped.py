"""Settings that a state was made with hold as long as it does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from stream.errors import SettingsError
from stream.kafka.layout import Layout
from stream.lifecycle.read import shipped
from stream.worker.shaped import leads_settings, refuse_changed, rollup_settings, shard_settings
from tests.topics import Topics

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


# --- leads --------------------------------------------------------------------------------------------------

LAYOUT = Layout(
    "x.", [Topics("mails", ("email",)), Topics("leads", (), told_by=("mails", "leads")), Topics("ads", ("ad",))]
)
SHARDS = {"mails": 3, "leads": 4, "ads": 3}
OFF = leads_settings(Layout("x.", [Topics("mails", ("email",))]), "mails", {"mails": 3}, shipped())


def on(group: str = "mails", shards: Mapping[str, int] = SHARDS, **rules: Any) -> dict[str, str]:
    return leads_settings(LAYOUT, group, shards, replace(shipped(), **rules))


def test_who_hands_over_to_leads_does_so_from_then_on():
    assert on("ads") == {}
    refuse_changed(OFF, on(), AT)
    with pytest.raises(SettingsError, match="4 shards of leads; now it is no: what was told of people") as told:
        refuse_changed(on(), OFF, AT)
    assert "LEADPULSE_LEADS=auto" in told.value.do
    assert "leadpulse topics rebuild" in told.value.do
    with pytest.raises(SettingsError, match="4 shards of leads; now it is 6"):
        refuse_changed(on(), on(shards=SHARDS | {"leads": 6}), AT)


def test_which_ids_are_ignored_is_kept_by_who_tells_and_other_rules_may_change():
    with pytest.raises(SettingsError, match="ignored ids"):
        refuse_changed(on(), on(ignore=("shop@example.org",)), AT)
    refuse_changed(on(ignore=("a", "b")), on(ignore=("b", "a")), AT)
    refuse_changed(on(), on(threshold=70), AT)
    refuse_changed(on("leads"), on("leads", ignore=("x",), threshold=70), AT)
