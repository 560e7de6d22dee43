"""The compiled core is taken only where it was built from the sources beside it."""

from __future__ import annotations

import gc
import sys
import threading
import weakref
from collections import defaultdict
from pathlib import Path

import pytest

from stream.contract.records import Record
from stream.engine.options import FoldOptions
from stream.engine.shard import ShardFold
from stream.kernels import native
from tests.bench.mix import Mix, Options
from tests.laws.traffic import REPORT


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    (tmp_path / "src" / "fold").mkdir(parents=True)
    (tmp_path / "Cargo.toml").write_text("[package]\n")
    (tmp_path / "src" / "fold" / "mod.rs").write_text("pub fn one() {}\n")
    return tmp_path


def test_a_core_of_other_sources_is_another_one(sources: Path) -> None:
    built_from = native.state_of(sources)
    assert native.is_of(built_from, sources)
    (sources / "src" / "fold" / "mod.rs").write_text("pub fn two() {}\n")
    assert not native.is_of(built_from, sources)


def test_one_that_was_built_elsewhere_is_taken_by_its_interface(sources: Path, tmp_path: Path) -> None:
    assert native.is_of("", sources)
    assert native.is_of("of a wheel", tmp_path / "no sources here")


def test_where_it_is_off_nobody_asks_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(native.VARIABLE, "off")
    assert native.found("auto") == (None, "")
    assert native.found("off") == (None, "")


@pytest.mark.native
@pytest.mark.parametrize("leads", [False, True])
@pytest.mark.parametrize("group", ["visitors", "emails", "ads"])
def test_a_shard_that_is_given_up_leaves_nothing_behind_whatever_thread_finds_it(
    group: str, leads: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shard and its core hold each other, and the collector runs in any thread that makes something."""
    said: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", said.append)
    held = [ShardFold(group, 0, 1, FoldOptions(native="on", leads=leads))]
    by_kind: dict[str, list[Record]] = defaultdict(list)
    for offset, (kind, key, value, at_ms) in enumerate(Mix(Options(events=400, visitors=40))):
        by_kind[kind].append((offset, at_ms, key, value, ()))
    some = [(kind, records) for kind, records in by_kind.items() if kind in held[0].kinds]
    held[0].fold(some)
    held[0].changes(1, REPORT)
    seen = held[0].natively.seen
    if group != "emails" or not leads:
        assert sum(native for _, native in seen.values()) > 0
    gone = weakref.ref(held[0])
    thread = threading.Thread(target=lambda: (held.clear(), gc.collect()))
    thread.start()
    thread.join()
    assert gone() is None
    assert not said
