"""Due: rows come up when their moment has come, not before, and none is forgotten."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from stream.changes.panes import HOUR_MS
from stream.stages.leads.due import Due


def test_rows_come_up_in_the_order_of_their_moments() -> None:
    due = Due()
    for name, moment_ms in ((b"c", 3 * HOUR_MS), (b"a", 5), (b"b", HOUR_MS + 1), (b"never", 0)):
        due.add(moment_ms, name)
    assert list(due.by(4)) == []
    assert list(due.by(5)) == [b"a"]
    assert list(due.by(3 * HOUR_MS)) == [b"b", b"c"]
    due.add(7, b"late")
    assert list(due.by(3 * HOUR_MS)) == [b"late"]
    assert list(due.by(1 << 50)) == []


@given(st.integers(0, 2**32).map(Random))
def test_whoever_looks_at_the_row_finds_all_at_their_moment(rng: Random) -> None:
    """Moments move about; a row that moves on is found too early, and listed anew."""
    due, moments = Due(), dict[bytes, int]()
    now_ms = 0
    for _ in range(60):
        name = bytes((rng.randrange(5),))
        before_ms, moment_ms = moments.get(name, 0), now_ms + 1 + rng.randrange(5 * HOUR_MS)
        moments[name] = moment_ms
        due.move(name, before_ms, moment_ms)
        now_ms += rng.randrange(HOUR_MS)
        for found in list(due.by(now_ms)):
            if moments.get(found, 0) > now_ms:
                due.add(moments[found], found)
            else:
                moments.pop(found, None)
        assert not [name for name, moment_ms in moments.items() if moment_ms <= now_ms]
