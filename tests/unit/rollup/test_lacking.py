"""What needs a source that is missing has no reading, whatever else stands beside it."""

from __future__ import annotations

import numpy as np
import pytest

from stream.changes.deltas import Delta
from stream.changes.panes import DAY_MS
from stream.rollup.rollup import Rollup, RollupOptions

AT_MS = 20_000 * DAY_MS


@pytest.mark.parametrize(("missing", "shown"), [([], True), (["signal"], True), (["crm"], False)])
def test_who_was_not_answered_is_not_known_without_a_crm(missing: list[str], shown: bool) -> None:
    rollup = Rollup(RollupOptions({"leads": 1}, clock="events"))
    standing = [("unanswered_all", "s1"), ("open_all", "s1", "mql")]
    rollup.add(
        Delta(
            "leads", 0, 1, [], b"", b"", b"", [], {"page_view": AT_MS}, AT_MS, True, 0, {}, missing, {}, {}, {},
            standing=standing, stands=np.array([3, 3], np.int64).tobytes(),
        )
    )  # fmt: skip
    readings = {one.metric: one.value for one in rollup.readings(None)}
    assert readings.get("unanswered_leads") == (3 if shown else None)
    assert "open_leads" in readings, "a form makes a lead, too"
