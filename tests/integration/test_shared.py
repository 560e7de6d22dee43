"""One broker a run: all its processes get the same one, and nothing outlives the run."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.integration.brokers import ROOT, Broker

ASK = "from tests.integration.shared import shared_broker; print(shared_broker('embedded').bootstrap)"
#: a run with two processes that ask at the same moment; it ends in order when its input does
RUN = f"""
import subprocess, sys
from tests.integration import shared
shared.begin()
asked = [subprocess.Popen([sys.executable, "-c", {ASK!r}], stdout=subprocess.PIPE, text=True) for _ in range(2)]
print(shared.os.environ[shared.RUN], *(process.communicate()[0].strip() for process in asked), flush=True)
sys.stdin.read()
shared.end()
"""


def answers(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize("how", ["in order", "killed"])
def test_the_processes_of_a_run_share_a_broker_that_ends_with_it(embedded: Broker, how: str) -> None:
    run = subprocess.Popen(
        [sys.executable, "-c", RUN], cwd=ROOT, env=dict(os.environ), text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert run.stdout is not None
    folder, first, second = run.stdout.readline().split()
    assert first == second != embedded.bootstrap
    assert answers(first)
    if how == "killed":
        run.send_signal(signal.SIGKILL)
    run.communicate(timeout=30)
    until = time.monotonic() + 10
    while (answers(first) or Path(folder).exists()) and time.monotonic() < until:
        time.sleep(0.1)
    assert not answers(first)
    assert not Path(folder).exists()
    assert answers(embedded.bootstrap), "the broker of this run goes on"
