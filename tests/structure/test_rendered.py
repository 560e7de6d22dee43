"""Rendered files: schemas and reference are what the code would write now."""

from __future__ import annotations

from pathlib import Path

from stream.__main__ import run
from stream.catalog import AREAS, BY_NAME
from stream.render.reference import SHOWN_AS, reference
from stream.render.render import drift, files, write

ROOT = Path(__file__).resolve().parents[2]


def test_nothing_has_drifted() -> None:
    assert [str(each.path.relative_to(ROOT)) for each in drift(ROOT)] == []


def test_drift_is_found_told_and_mended(tmp_path: Path) -> None:
    assert {how for _, how in drift(tmp_path)} == {"missing"}
    write(tmp_path)
    assert drift(tmp_path) == []
    page = tmp_path / "schemas" / "METRICS.md"
    page.write_text(page.read_text() + "by hand\n")
    assert [(each.path, each.how) for each in drift(tmp_path)] == [(page, "differs")]
    assert run(["render", "--check", "--root", str(tmp_path)]) == 1
    assert run(["render", "--root", str(tmp_path)]) == 0
    assert run(["render", "--check", "--root", str(tmp_path)]) == 0


def test_rendering_twice_gives_the_same() -> None:
    assert files(ROOT) == files(ROOT)


def test_every_metric_stands_in_the_reference_with_its_formula() -> None:
    page = reference()
    for metric in BY_NAME.values():
        assert f"| {metric.name} |" in page or f"| **{metric.name}** |" in page
        assert metric.help in page
        assert metric.area in AREAS
        assert metric.kind in SHOWN_AS
