"""Logs: one form for all, and nothing in a line that was not meant for it."""

from __future__ import annotations

import json
import logging
import os
import re
import time
from collections.abc import Iterator

import pytest

from stream import logs


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def fail() -> None:
    event = "canary@example.com"
    raise ValueError(len(event))


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_stack_trace_shows_no_local_variables(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("info", form)
    try:
        fail()
    except ValueError:
        logging.getLogger("leadpulse.worker").exception("a fold failed in shard %s", 3)
    text = capsys.readouterr().err
    assert "a fold failed in shard 3" in text
    assert "ValueError: 18" in text
    assert "canary" not in text.replace('event = "canary@example.com"', "")


def test_json_lines_carry_level_logger_and_fields(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("info", "json")
    logs.logger("leadpulse.page").info("page_opened", pages=3)
    logging.getLogger("leadpulse.worker").warning("a rebalance took %.1f s", 9.25)
    ours, theirs = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert (ours["event"], ours["pages"], ours["level"], ours["logger"]) == ("page_opened", 3, "info", "leadpulse.page")
    assert (theirs["event"], theirs["level"]) == ("a rebalance took 9.2 s", "warning")


@pytest.mark.parametrize(("level", "shown"), [("debug", "DIWE"), ("info", "IWE"), ("warning", "WE"), ("error", "E")])
def test_the_level_is_the_least_that_is_written(level: str, shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up(level, "json")
    for name in ("debug", "info", "warning", "error"):
        getattr(logging.getLogger("leadpulse.worker"), name)("x")
    written = [json.loads(line)["level"][0].upper() for line in capsys.readouterr().err.splitlines()]
    assert "".join(written) == shown


def test_libraries_are_heard_when_something_is_wrong_and_not_before(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("info", "json")
    logging.getLogger("aiokafka.conn").info("connected")
    logging.getLogger("aiokafka.conn").error("lost")
    logging.getLogger("kafka.net.manager").error("what is raised anyway")
    assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == ["lost"]


def test_lines_that_nobody_reads_are_dropped_and_counted() -> None:
    read, write = os.pipe()
    writer = logs.Background(write)
    writer.setFormatter(logging.Formatter("%(message)s"))
    line = logging.LogRecord("leadpulse.worker", logging.INFO, "f", 1, "x" * 999, (), None)
    began = time.monotonic()
    for _ in range(3_000):
        writer.emit(line)
    assert time.monotonic() - began < 1, "a full pipe holds nobody up"
    got = b""
    while b"z" not in got:
        got += os.read(read, 1 << 16)
        if got.count(b"\n") > 2_000 and b"z" not in got:
            line.msg = "z"
            writer.emit(line)
    dropped = sum(int(number) for number in re.findall(rb"(\d+) log lines were dropped, because nobody read", got))
    assert 0 < dropped <= 1_000
    assert got.count(b"x" * 999) + dropped == 3_000
