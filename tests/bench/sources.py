"""Sources: how many records a second of CPU go through each preset, and what a worker without sources pays.

Run:  python -m tests.bench sources
Out:  a row a preset: bytes a record, µs of the mapping alone and with all that follows until a commit is written, records
      and events a CPU-second; a drain of nothing but unmapped and of nothing but broken records; modules imported
      without a source.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable

from stream.contract.records import MAPPED, Record
from stream.engine.commit import ShardReport
from stream.engine.groups import GROUPS
from stream.intake.fold import IntakeOptions, SourcesFold
from stream.sources import presets
from stream.sources.load import usual
from stream.sources.mapper import Mapper
from stream.sources.source import Source

BATCH = 2_000
#: The fastest of so many rounds: whatever else runs on the machine makes a round slower, and none faster.
ROUNDS = 9
SHARDS = {"visitors": 12, "emails": 12, "ads": 12, "leads": 12, "sources": 12}
NOW_MS = 1_772_400_000_000
ASKED = 30_000


def run() -> None:
    """Measure every preset on its own examples."""
    print(f"{'preset':<16}{'bytes':>7}{'events':>8}{'map µs':>9}{'all µs':>9}{'records/CPU-s':>15}{'events/CPU-s':>14}")
    for name in presets.names():
        print(_row(name))
    source = usual(presets.preset("segment"))
    unmapped = b'{"type":"track","event":"Nothing That Is Known","messageId":"m","anonymousId":"a","properties":{}}'
    for what, value in (("unmapped", unmapped), ("broken", b'{"type":"track",')):
        per_s, _ = _rate(source, [value])
        print(f"nothing but {what} records: {per_s:,.0f} records/CPU-s")
    print(f"without a source: {_imported()} module(s) of sources are imported by a worker")


def _row(name: str) -> str:
    preset = presets.preset(name)
    source, values = usual(preset), preset.examples()
    alone_us = _alone(source, values)
    per_s, events = _rate(source, values)
    size = sum(map(len, values)) / len(values)
    least = "" if per_s * max(1.0, events) >= ASKED else "  below what was asked"
    return f"{name:<16}{size:>7.0f}{events:>8.1f}{alone_us:>9.1f}{1e6 / per_s:>9.1f}{per_s:>15,.0f}{per_s * events:>14,.0f}{least}"


def _batch(values: list[bytes]) -> list[Record]:
    return [(at, NOW_MS, None, values[at % len(values)], ()) for at in range(BATCH)]


def _alone(source: Source, values: list[bytes]) -> float:
    mapper, batch = Mapper(source, b"k" * 32), _batch(values)
    return _fastest(lambda: mapper.map(batch)) / BATCH * 1e6


def _fastest(work: Callable[[], object]) -> float:
    work()
    took = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        took.append(time.process_time() - began)
    return min(took)


def _rate(source: Source, values: list[bytes]) -> tuple[float, float]:
    """Give records a CPU-second through the whole fold and its commit, and events a record."""
    fold = SourcesFold(0, SHARDS, IntakeOptions({"topic": [source]}, b"k" * 32), GROUPS)
    inputs, report = [(f"{MAPPED}topic", _batch(values))], ShardReport(True, NOW_MS)
    fold.fold(inputs)
    events = len(fold.changes(1, report).forwards) / BATCH

    def turn() -> None:
        fold.fold(inputs)
        fold.changes(1, report)

    return BATCH / _fastest(turn), events


def _imported() -> int:
    program = "import sys, stream.worker.main; print(len([m for m in sys.modules if m.startswith(('stream.sources', 'stream.intake'))]))"
    return int(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout)
