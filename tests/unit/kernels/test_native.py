"""The compiled core is taken only where it was built from the sources beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

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
