"""What was freed goes back to the system, and not too often."""

from __future__ import annotations

from stream.worker.guards import memory


def test_memory_is_given_back_once_a_second_at_most(monkeypatch):
    calls, now = [], [100.0]
    monkeypatch.setattr(memory, "_trim", calls.append)
    monkeypatch.setattr(memory, "_given_at", 0.0)
    monkeypatch.setattr(memory.time, "monotonic", lambda: now[0])
    for at_s in (100.0, 100.5, 101.0, 101.9, 102.1):
        now[0] = at_s
        memory.give_back()
    assert len(calls) == 3


def test_another_c_library_is_left_alone(monkeypatch):
    monkeypatch.setattr(memory, "_trim", None)
    memory.give_back()
    assert memory._given_at >= 0
