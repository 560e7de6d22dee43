"""What ends a worker that stands still, and what keeps its log readable."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
import threading
import time

import pytest

from stream.kafka.bounded import within
from stream.serve.telemetry import Telemetry
from stream.serve.views import WorkerView
from stream.worker.guards import watchdog
from stream.worker.guards.quiet import RateLimit
from stream.worker.owner import Shards


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
    monkeypatch.setattr(watchdog, "end_within", lambda limit_s, code: None)
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


def _ended(code: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20, **options)


def test_what_fails_in_a_worker_that_was_told_to_stop_is_no_fault():
    ended = _ended(
        "from stream import logs; from stream.worker.guards.failstop import die, told_to_stop; logs.set_up();"
        "logs.in_background(); told_to_stop(); die('assignment', RuntimeError('event loop is closed'))"
    )
    assert ended.returncode == 0
    assert "stopping, so this is no fault: assignment: RuntimeError: event loop is closed" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_worker_that_was_told_to_stop_and_hangs_ends_with_0_in_time():
    began = time.monotonic()
    ended = _ended(
        "import time; from stream.worker.guards.failstop import told_to_stop; told_to_stop(0.2); time.sleep(9)"
    )
    assert ended.returncode == 0
    assert time.monotonic() - began < 5


def test_a_worker_ends_with_70_although_nobody_reads_its_log():
    code = (
        "import logging, os\n"
        "from stream import logs\n"
        "from stream.worker.guards.watchdog import Watchdog\n"
        "logs.set_up()\n"
        "logs.in_background()\n"
        "for n in range(5_000): logging.getLogger('leadpulse.worker').warning('x' * 100)\n"
        "print('goes on', flush=True)\n"
        "Watchdog(lambda: 99.0, 1.0, every_s=0.05).start()\n"
        "import time; time.sleep(15)\n"
    )
    read, write = os.pipe()
    try:
        began = time.monotonic()
        ended = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=write, timeout=20)
    finally:
        os.close(read)
        os.close(write)
    assert ended.stdout == b"goes on\n"
    assert ended.returncode == 70
    assert time.monotonic() - began < 8


def test_what_is_written_past_the_log_holds_nobody_up_and_is_whole_in_the_end():
    code = (
        "import sys, threading, warnings, click\n"
        "from stream import logs\n"
        "logs.set_up()\n"
        "logs.in_background()\n"
        "warnings.warn('a warning of Python')\n"
        "thread = threading.Thread(target=lambda: 1 / 0); thread.start(); thread.join()\n"
        "click.echo('leadpulse: the last message', err=True)\n"
        "sys.exit(3)\n"
    )
    ended = _ended(code)
    assert ended.returncode == 3
    for said in ("a warning of Python", "ZeroDivisionError", "leadpulse: the last message\n"):
        assert said in ended.stderr
    read, write = os.pipe()
    code = code.replace("sys.exit", "for _ in range(5_000): print('x' * 99, file=sys.stderr)\nsys.exit")
    try:
        began = time.monotonic()
        assert subprocess.run([sys.executable, "-c", code], stderr=write, timeout=20).returncode == 3
        assert time.monotonic() - began < 8
    finally:
        os.close(read)
        os.close(write)


def test_stacks_name_every_thread_and_what_it_does():
    assert "test_stacks_name_every_thread" in watchdog.stacks()


@pytest.mark.parametrize(("fetching_s", "ready"), [(None, True), (1.0, True), (11.0, False)])
def test_a_worker_whose_fetch_stands_still_is_not_ready(fetching_s, ready):
    shards = Shards(None, None, None)
    shards.assignments = 1
    shards.fetching_since = None if fetching_s is None else time.monotonic() - fetching_s
    assert shards.view().ready == ready
    assert (shards.stalled_s() > 10) == (not ready)


def test_a_view_that_nobody_replaces_any_more_is_not_ready(monkeypatch):
    shown = Telemetry("1")
    shown.show_worker(WorkerView((), owns_rollup=False, rebalances=1, ready=True))
    assert shown.ready
    later = time.monotonic() + 11
    monkeypatch.setattr("stream.serve.telemetry.time.monotonic", lambda: later)
    assert not shown.ready


def test_a_worker_that_begins_again_stops_in_order_and_ends_with_70():
    ended = _ended(
        "import signal, time; from stream.worker.guards import failstop;"
        "signal.signal(signal.SIGTERM, lambda *_: (print('in order', flush=True), failstop.leave()));"
        "failstop.begin_again(); time.sleep(20)"
    )
    assert (ended.returncode, ended.stdout) == (70, "in order\n")
