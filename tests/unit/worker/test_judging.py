"""When the judge looks: at full ten minutes of the time of the readings, once each, and at once where it never did."""

from __future__ import annotations

import pytest

from stream.changes.panes import MINUTE_MS
from stream.contract.results import encode
from stream.judge.settings import Settings
from stream.kafka.clock import BrokerClock
from stream.worker.judging import Judging
from stream.worker.kept_log import KeptLog
from stream.worker.published import Published
from tests.unit.judge.made import NOON_MS


def at(minute: float) -> int:
    return NOON_MS + int(minute * MINUTE_MS)


def looked(minute: float) -> Judging:
    """Give a judge that has looked at a moment."""
    judging = Judging(KeptLog("history", BrokerClock()), "alerts", Settings)
    judging.until_ms(at(minute), at(minute))
    judging.parts(at(minute), [], (), Published(encode), looks=True)
    return judging


def test_without_time_there_is_no_look_and_the_first_one_is_at_once() -> None:
    judging = Judging(KeptLog("history", BrokerClock()), "alerts", Settings)
    assert judging.until_ms(0, at(3)) is None
    assert not judging.is_due(at(3))
    assert judging.until_ms(at(3), at(3)) == at(0)
    assert judging.is_due(at(3))


@pytest.mark.parametrize(
    ("last", "time", "clock", "until", "due"),
    [
        # time goes to the edge, and not beyond before it was looked at
        (0, 9.9, 9.9, 10, False),
        (0, 10, 10.1, 10, True),
        (0.4, 9.9, 9.9, 10, False),  # a look that came late moves no edge
        # of several that were missed the newest, if time can still be read there
        (0, 3, 37, 30, False),
        (0, 30, 37, 30, True),
        (0, 34, 37, 30, True),
        # events may be ahead of the clock, or far behind it
        (0, 12, 5, 10, True),
        (0, 9, 6_000, 6_000, False),
    ],
)
def test_time_stops_at_an_edge_until_it_was_looked_at(
    last: float, time: float, clock: float, until: float, due: bool
) -> None:
    judging = looked(last)
    assert judging.until_ms(at(time), at(clock)) == at(until)
    assert judging.is_due(at(time)) == due


def test_each_edge_is_looked_at_once() -> None:
    judging = looked(10.2)
    assert not judging.is_due(at(19.9))
    assert judging.is_due(at(20))
    judging.parts(at(20), [], (), Published(encode), looks=True)
    assert not judging.is_due(at(20))
