"""Counted by: a state goes on with the look-back that it was counted by, and with no other."""

from __future__ import annotations

from typing import Any

import pytest

from stream.changes.panes import DAY_MS
from stream.engine.shard import ShardFold
from stream.ingest.touches import ChannelOptions
from stream.state.table import CountedOtherwise
from tests.laws.traffic import REPORT, batch, shard
from tests.unit.golden.events import view

VIEWS = [{"id": "1", **view("00:30", "ann", utm="news/email")}, {"id": "2", **view("10:00", "ann")}]


def looking_back(days: int) -> ShardFold:
    return shard("visitors", channels=ChannelOptions(look_back_ms=days * DAY_MS))


def restore(fold: ShardFold, log: list[tuple[bytes, Any]]) -> None:
    for key, value in log:
        fold.load(key, value)


def log_of(fold: ShardFold) -> list[tuple[bytes, Any]]:
    fold.fold(batch(VIEWS[:1]))
    log = fold.changes(1, REPORT).state
    fold.fold(batch(VIEWS[1:]))
    return log + fold.changes(2, REPORT).state


@pytest.mark.parametrize(("before", "now", "says"), [(0, 90, "off, and it is 90d"), (90, 0, "90d, and it is off"),
                                                     (30, 90, "30d, and it is 90d")])  # fmt: skip
def test_a_state_that_was_counted_by_another_look_back_is_refused(before: int, now: int, says: str) -> None:
    with pytest.raises(CountedOtherwise) as refused:
        restore(looking_back(now), log_of(looking_back(before)))
    assert f"LEADPULSE_LOOK_BACK={says}" in refused.value.what
    assert refused.value.do == f"Set LEADPULSE_LOOK_BACK={says.partition(',')[0]} again."


@pytest.mark.parametrize("days", [0, 90])
def test_a_state_goes_on_with_its_own(days: int) -> None:
    fold = looking_back(days)
    restore(fold, log_of(looking_back(days)))
    assert "s1\x1fann" in (fold.stage.known or ())
    assert fold.changes(3, REPORT).state == []


def test_without_a_look_back_nothing_of_it_is_stored() -> None:
    assert [key[:1] for key, _ in log_of(looking_back(0)) if key[:1] == b"o"] == []
    assert [key[:1] for key, _ in log_of(looking_back(90)) if key[:1] in (b"o", b"v")] == [b"o", b"v", b"v"]


def test_what_cannot_be_written_as_days_is_written_in_its_unit() -> None:
    fold, log = shard("visitors", channels=ChannelOptions(look_back_ms=1_500)), log_of(looking_back(90))
    with pytest.raises(CountedOtherwise, match="LOOK_BACK=90d, and it is 1500ms now"):
        restore(fold, log)
