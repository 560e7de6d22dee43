"""Rendered files: schemas and reference are what the code would write now."""

from __future__ import annotations

from pathlib import Path

import pytest

from stream.__main__ import run
from stream.catalog import AREAS, BY_NAME
from stream.render.reference import SHOWN_AS, reference
from stream.render.render import WHOLE, drift, files, write

ROOT = Path(__file__).resolve().parents[2]
Capture = pytest.CaptureFixture[str]


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


@pytest.mark.parametrize("folder", WHOLE)
def test_what_nothing_renders_any_more_is_named_and_fails_the_check(
    folder: str, checkout: Path, capsys: Capture
) -> None:
    old = checkout / folder / "of-old.yml"
    old.write_text("rendered once\n")
    (checkout / folder / ".swap").touch()  # an editor's
    assert [(each.path, each.how) for each in drift(checkout)] == [(old, "is left over")]
    assert run(["render", "--check", "--root", str(checkout)]) == 1
    assert f"{old} is left over" in capsys.readouterr().out
    assert run(["render", "--root", str(checkout)]) == 0
    assert f"{old} is left over" in capsys.readouterr().out
    assert old.exists(), "it may be somebody's own"
    old.unlink()
    assert run(["render", "--check", "--root", str(checkout)]) == 0


def test_files_written_by_hand_may_lie_in_folders_beside_the_rendered_ones(checkout: Path) -> None:
    for folder in ("schemas/examples/form/valid", "deploy/kubernetes", "docs/images"):
        (checkout / folder).mkdir(parents=True, exist_ok=True)
        (checkout / folder / "by-hand.json").write_text("{}")
    assert drift(checkout) == []


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Give a folder in which everything is rendered."""
    write(tmp_path)
    return tmp_path


def test_rendering_twice_gives_the_same() -> None:
    assert files(ROOT) == files(ROOT)


def test_every_metric_stands_in_the_reference_with_its_formula() -> None:
    page = reference()
    for metric in BY_NAME.values():
        shown = metric.series + "".join(f'{{{label}="{value}"}}' for label, value in metric.constant)
        assert f"| {shown} |" in page or f"| **{shown}** |" in page
        assert metric.help in page
        assert metric.area in AREAS
        assert metric.kind in SHOWN_AS
