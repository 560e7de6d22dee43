"""The compiled core is taken only where it was built from the sources beside it."""

from __future__ import annotations

import gc
import sys
import threading
from pathlib import Path

import pytest

from stream.engine.options import FoldOptions
from stream.engine.shard import ShardFold
from stream.kernels import native


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
def test_whatever_thread_lets_go_of_a_shard_lets_go_of_its_core(monkeypatch: pytest.MonkeyPatch) -> None:
    """The collector runs in any thread that makes something, and a shard is a circle."""
    said: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", said.append)
    held = [ShardFold("visitors", 0, 1, FoldOptions(native="on"))]
    assert held[0].natively.core is not None
    thread = threading.Thread(target=lambda: (held.clear(), gc.collect()))
    thread.start()
    thread.join()
    assert not said
