"""What ends a worker that stands still, and what keeps its log readable."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import threading

import pytest

from stream.kafka.bounded import within
from stream.worker.guards import watchdog
from stream.worker.guards.quiet import RateLimit


def _line(text: str) -> logging.LogRecord:
    return logging.LogRecord("kafka", logging.ERROR, "f", 1, text, (), None)


def test_a_flood_of_one_message_is_cut_and_other_messages_pass():
    limit = RateLimit(lines=2, period_s=60)
    assert [limit.filter(_line("gone")) for _ in range(4)] == [True, True, False, False]
    assert limit.filter(_line("other"))


def test_the_next_period_tells_how_much_was_left_out():
    limit = RateLimit(lines=1, period_s=0)
    limit.filter(_line("gone"))
    limit._seen["gone"] = (0.0, 8)
    told = _line("gone")
    assert limit.filter(told)
    assert told.msg == "gone [7 more like this were left out]"


@pytest.mark.parametrize(("stalled_s", "ends"), [(0.0, False), (59.0, False), (61.0, True)])
def test_the_watchdog_ends_a_worker_that_has_not_committed_for_too_long(monkeypatch, stalled_s, ends):
    told = threading.Event()
    monkeypatch.setattr(watchdog, "die", lambda where, why: told.set())
    monkeypatch.setattr(watchdog.faulthandler, "dump_traceback", lambda *_, **__: None)
    dog = watchdog.Watchdog(lambda: stalled_s, 60.0, every_s=0.01)
    dog.start()
    assert told.wait(2.0 if ends else 0.2) == ends
    dog.stop()


def test_waiting_within_a_limit_gives_the_result():
    async def quick():
        return 7

    assert asyncio.run(within(1, quick())) == 7


def test_a_fail_stop_says_why_and_ends_with_70():
    code = (
        "import logging; logging.basicConfig(); from stream.worker.guards.failstop import die; die('here', 'because')"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ended.returncode == 70
    assert "fail-stop in here: because" in ended.stderr
