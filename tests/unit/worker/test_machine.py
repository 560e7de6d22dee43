"""Which processes of this machine are gone for sure, and that nothing is said of others."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from stream.worker.guards.machine import is_gone, place

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells")

BOOT = "6c1f0d5e-0000-4000-8000-000000000000"


@pytest.fixture
def proc(tmp_path):
    """A machine with this process, begun at tick 700."""
    (tmp_path / "sys/kernel/random").mkdir(parents=True)
    (tmp_path / "sys/kernel/random/boot_id").write_text(f"{BOOT}\n")
    (tmp_path / "self/ns").mkdir(parents=True)
    (tmp_path / "self/ns/pid").symlink_to("pid:[4026531836]")
    _runs(tmp_path, os.getpid(), 700)
    return tmp_path


def _runs(proc, process, began, state="S", name="a (b) c"):
    (proc / str(process)).mkdir(exist_ok=True)
    fields = [state, *["0"] * 18, str(began), "0"]
    (proc / str(process) / "stat").write_text(f"{process} ({name}) {' '.join(fields)}\n")


def test_this_process_has_a_name_and_is_not_gone(proc):
    assert BOOT in place(proc)
    assert place(proc).endswith(f" {os.getpid()} 700")
    assert not is_gone(place(proc), proc)
    assert not is_gone(place())


def test_another_process_with_the_same_number_or_a_dead_one_is_gone(proc):
    name = place(proc)
    _runs(proc, os.getpid(), 701)
    assert is_gone(name, proc)
    _runs(proc, os.getpid(), 700, state="Z")
    assert is_gone(name, proc)


def test_a_process_that_ended_is_gone():
    child = subprocess.Popen([sys.executable, "-c", "from stream.worker.guards.machine import place; print(place())"],
                             stdout=subprocess.PIPE, text=True)  # fmt: skip
    name, _ = child.communicate()
    assert is_gone(name.strip())


def test_one_that_may_not_be_seen_but_answers_is_not_gone(proc):
    name = place(proc)
    (proc / str(os.getpid()) / "stat").unlink()
    assert not is_gone(name, proc)


def test_of_another_machine_or_other_process_numbers_nothing_is_known(proc):
    machine, process, began = place(proc).split(" ")
    for name in (
        "",
        "x",
        f"{machine}x {process} 1",
        f"{machine.replace(BOOT, 'other')} {process} 1",
        f"{machine} -1 {began}",
    ):
        assert not is_gone(name, proc)


def test_where_a_machine_tells_nothing_there_is_no_name_and_nobody_is_gone(tmp_path, proc):
    nothing = tmp_path / "nothing"
    assert place(nothing) == ""
    assert not is_gone(place(proc), nothing)
