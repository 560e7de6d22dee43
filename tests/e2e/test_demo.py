"""The demo as a person runs it: it finds true numbers, ends when told, and leaves nothing behind."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from rich.console import Console

from stream.demo import demo as demo_module
from stream.demo import play as play_module
from stream.demo.broker import BrokerUnavailable, EmbeddedBroker, binary
from stream.demo.stage import GIVES_UP_MOST, Stage, StageFailed
from tests import patience

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 240


@pytest.fixture(autouse=True)
def _broker_is_here() -> None:
    try:
        binary()
    except BrokerUnavailable as why:
        pytest.skip(str(why))


def start(*options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "stream", "demo", "--port", "19464", *options]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.fixture
def demo() -> Iterator[subprocess.Popen[str]]:
    process = start()
    yield process
    process.kill()
    process.wait()


def alive(pid: int) -> bool:
    """Tell whether a process runs; one that waits to be buried does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def children(pid: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == pid:
            found.append(int(stat.parent.name))
    return found


def until(condition: object, patience_s: float = PATIENCE_S) -> None:
    deadline = patience.until(patience_s)
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


def test_every_reading_equals_the_books_at_the_end() -> None:
    process = start("--for", "25s", "--check", "--history", "2h")
    out, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, out
    equal, compared = re.findall(r"at the end ([\d,]+) of ([\d,]+) readings equal the books", out)[-1]
    assert equal == compared
    assert int(compared.replace(",", "")) > 1_000
    assert "Everything here is in memory" in out
    assert "data_since" in out
    assert "http://127.0.0.1:19464/" in out.splitlines()[2]  # the page, before anything else
    assert "nothing will break: --history must be 5h" in out
    firsts = [line for line in out.splitlines() if "leadpulse nothing" not in line and line[:1] in "=≠"]
    assert firsts
    assert not [line for line in firsts if line[0] == "≠"]


def asked(path: str) -> str:
    """Ask the worker of the demo; nothing while it is not up."""
    try:
        with urlopen(f"http://127.0.0.1:19464{path}", timeout=5) as answer:
            return str(answer.read().decode())
    except OSError:
        return ""


def test_the_form_that_breaks_is_told_and_named_and_it_is_over_when_it_was_mended() -> None:
    process = start("--for", "150s", "--check")
    red = named = False
    try:
        deadline = patience.until(PATIENCE_S)
        while process.poll() is None and not (red and named):
            assert time.monotonic() < deadline, "nothing was told"
            told = asked("/metrics").splitlines()
            red = red or any(
                line.startswith("leadpulse_judged_state{")
                and 'metric="visit_to_lead_ratio"' in line
                and 'window="1h"' in line
                and line.endswith(" 1")
                for line in told
            )
            named = named or any(
                line.startswith("leadpulse_alert_text{")
                and 'alert="visit_to_lead_drop"' in line
                and "form demo-form" in line
                for line in told
            )
            time.sleep(2)
        out, _ = process.communicate(timeout=PATIENCE_S)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0, out
    assert red
    assert named
    assert re.search(
        r"Red after [\d.]+ s, alert after [\d.]+ s, the form named after [\d.]+ s; over [\d.]+ s after", out
    )
    equal, compared = re.findall(r"at the end ([\d,]+) of ([\d,]+) readings equal the books", out)[-1]
    assert equal == compared


def test_a_worker_that_publishes_nothing_is_started_again_and_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(play_module, "FIRST_PATIENCE_S", 20.0)
    been = tmp_path / "been"
    hung_once = (
        "import pathlib, runpy, sys, time\n"
        f"been = pathlib.Path({str(been)!r})\n"
        "if not been.exists():\n"
        "    been.touch(); time.sleep(600)\n"
        "sys.argv[1:] = ['worker']; runpy.run_module('stream', run_name='__main__')\n"
    )
    options = play_module.DemoOptions(run_s=1.0, check=True, history_ms=1_800_000, metrics_port=19465)
    out = Console(file=io.StringIO(), width=200)
    with Stage(metrics_port=19465, worker=(sys.executable, "-c", hung_once)) as stage:
        play = play_module.Play(options, stage, lambda scene: None)
        try:
            play.run()
        finally:
            play.close()
    code = demo_module.verdict(play, options, out)
    said = out.file.getvalue()  # type: ignore[attr-defined]
    assert code == 0, said
    assert len(play.restarts) == 1
    assert "was started again" in said
    assert "most recent call first" in said  # the stack of the one that hung


def test_a_worker_that_gives_up_is_started_again_but_not_for_ever() -> None:
    told: list[str] = []
    gives_up = (sys.executable, "-c", "import sys; print('no broker'); sys.exit(70)")
    with Stage(metrics_port=19466, worker=gives_up, say=told.append) as stage, pytest.raises(StageFailed) as failed:
        until(lambda: stage.check(), PATIENCE_S)
    assert "exit code 70" in str(failed.value)
    again = [line for line in told if "is started again" in line]
    assert len(again) == GIVES_UP_MOST
    assert all("no broker" in line for line in again)


linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, and only Linux tells children of a death")


@linux
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_however_it_ends_no_process_is_left(demo: subprocess.Popen[str], how: signal.Signals) -> None:
    until(lambda: len(children(demo.pid)) == 2)  # broker and worker
    offspring = children(demo.pid)
    demo.send_signal(how)
    demo.communicate(timeout=PATIENCE_S)
    until(lambda: not any(alive(pid) for pid in offspring), 15)
    assert demo.returncode == (-how if how == signal.SIGKILL else 0)


@linux
def test_the_broker_stops_at_once_and_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with EmbeddedBroker() as broker:
        pid = broker.pid
        assert pid is not None
        assert alive(pid)
    assert not alive(pid)
    assert not os.listdir(tmp_path)
