"""Clock: the broker's time as its stamps tell it; the machine's own says nothing but how wrong it is."""

from __future__ import annotations

import pytest

from stream.kafka.clock import APART_MS, BrokerClock
from stream.render.alerts.companions import CLOCKS_APART_S

NOW_MS = 1_750_000_000_000


class Machine:
    """Two clocks that are set by hand."""

    def __init__(self) -> None:
        self.wall_s, self.steady_s = NOW_MS / 1_000, 50.0
        self.clock = BrokerClock(lambda: self.wall_s, lambda: self.steady_s)

    def goes_on(self, seconds: float) -> None:
        self.wall_s += seconds
        self.steady_s += seconds

    def write(self, stamp_ms: int, takes_s: float = 0.0) -> None:
        sent = self.clock.sent()
        self.goes_on(takes_s)
        self.clock.stamped(sent, stamp_ms)


def test_nothing_is_known_before_the_first_stamp() -> None:
    machine = Machine()
    assert (machine.clock.now_ms(), machine.clock.skew_ms, machine.clock.news()) == (0, None, None)


@pytest.mark.parametrize("jump_s", [0, 3_600, -3_600, -900_000_000])
def test_time_goes_on_from_the_last_stamp_whatever_the_machines_clock_does(jump_s: int) -> None:
    machine = Machine()
    machine.write(NOW_MS)
    machine.wall_s += jump_s
    machine.goes_on(2.5)
    assert machine.clock.now_ms() == NOW_MS + 2_500
    machine.write(NOW_MS + 2_600)
    assert machine.clock.now_ms() == NOW_MS + 2_600
    assert machine.clock.skew_ms == pytest.approx(jump_s * 1_000 - 100 if jump_s else 0, abs=101)


@pytest.mark.parametrize(
    ("stamp_ms", "skew_ms"),
    [
        # sent at 0, acknowledged at 4,000 ms by the machine: the stamp lies somewhere between
        (2_000, 0),
        (0, 0),
        (4_000, 0),
        (5_000, -1_000),  # the broker was ahead by a second at least
        (-1_000, 1_000),
    ],
)
def test_a_slow_answer_is_no_wrong_clock(stamp_ms: int, skew_ms: int) -> None:
    machine = Machine()
    machine.write(NOW_MS + stamp_ms, takes_s=4.0)
    assert machine.clock.skew_ms == skew_ms


def test_the_machines_clock_stands_for_that_of_a_broker_that_stamps_nothing() -> None:
    machine = Machine()
    machine.clock.unstamped()
    machine.wall_s += 9
    assert (machine.clock.now_ms(), machine.clock.skew_ms) == (NOW_MS + 9_000, None)
    machine.write(NOW_MS)
    machine.clock.unstamped()  # of an answer that knows no time; it does not undo what is known
    assert machine.clock.now_ms() == NOW_MS


def test_a_wrong_clock_is_said_once_and_once_that_it_is_right_again() -> None:
    machine = Machine()
    said = []
    for skew_s in (0, 4, 1_800, 1_801, -7_200, 0, 1):
        machine.write(NOW_MS - skew_s * 1_000)
        said.append(machine.clock.news())
    assert [bool(text) for text in said] == [False, False, True, False, False, True, False]
    assert str(said[2]).startswith("this machine's clock is 1800 s ahead of the broker's.")
    assert "agrees" in str(said[5])


def test_the_alert_says_what_the_log_says() -> None:
    assert CLOCKS_APART_S * 1_000 == APART_MS
