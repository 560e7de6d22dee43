"""Recipes of docs/contributing.md: what a reader is told to write is enough, and nothing of it is too much."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.structure.recipes import PAGE, Recipe, Step, apply, copied, recipes, run

RECIPES = recipes(PAGE.read_text(encoding="utf-8"))
METRIC = RECIPES["a metric"]


def done(recipe: Recipe, root: Path) -> Path:
    """Carry out a recipe in a fresh copy."""
    copied(root)
    for step in recipe.steps:
        apply(step, root)
    return root


def at_first(proof: str) -> str:
    """Let a proof end with the first test that fails: what is asked is whether one does."""
    return f"{proof} -x" if " -m pytest " in proof else proof


def test_the_page_has_its_recipes() -> None:
    assert list(RECIPES) == ["a metric", "a kind, with a group", "a format"]
    assert all(recipe.steps and recipe.proofs for recipe in RECIPES.values())


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_a_recipe_is_enough(recipe: Recipe, tmp_path: Path) -> None:
    root = done(recipe, tmp_path)
    where = run('.venv/bin/python -c "import stream; print(stream.__file__)"', root)
    assert where.stdout.strip() == str(root / "stream" / "__init__.py"), "the copy is what is tried"
    style = ".venv/bin/python -m ruff"
    for proof in (*recipe.proofs, f"{style} check stream tests", f"{style} format --check stream tests"):
        result = run(proof, root)
        assert result.returncode == 0, f"{proof}\n{result.stdout[-4_000:]}"


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("left_out", METRIC.steps, ids=str)
def test_a_metric_without_one_of_its_steps_is_refused(left_out: Step, tmp_path: Path) -> None:
    root = done(replace(METRIC, steps=tuple(step for step in METRIC.steps if step != left_out)), tmp_path)
    assert any(run(at_first(proof), root).returncode for proof in METRIC.proofs)


def test_a_ratio_of_unlike_cohorts_is_refused_by_the_name_of_the_entry(tmp_path: Path) -> None:
    entry = METRIC.steps[0]
    unlike = replace(entry, text=entry.text.replace('"emails_delivered"', '"visitors"'))
    result = run("leadpulse metrics", done(replace(METRIC, steps=(unlike,)), tmp_path))
    assert result.returncode != 0
    assert "email_spam_complaint_ratio" in result.stdout


@pytest.mark.parametrize(
    ("first_line", "step"),
    [
        ("# new file: a/b.py", Step("a/b.py", "new file", "", "x\n")),
        ("# a.py, after the line: y = [", Step("a.py", "after", "y = [", "x\n")),
        ("# a.py, before the line: )", Step("a.py", "before", ")", "x\n")),
        ("# a.py, instead of the line: y", Step("a.py", "instead of", "y", "x\n")),
        ("# a.py, at the end", Step("a.py", "at the end", "", "x\n")),
    ],
)
def test_a_block_says_where_it_goes(first_line: str, step: Step) -> None:
    text = (
        f"# Page\n\n## Recipe: r\n\nText.\n\n```python\n{first_line}\nx\n```\n\n```sh\nleadpulse render   # why\n```\n"
    )
    assert recipes(text) == {"r": Recipe("r", (step,), ("leadpulse render",))}


@pytest.mark.parametrize("first_line", ["x = 1", "# a.py, before", "# a.py, at the end the line: x", "# a.py"])
def test_a_block_that_does_not_say_where_it_goes_is_an_error(first_line: str) -> None:
    with pytest.raises(ValueError, match="begins with its file and place"):
        recipes(f"## Recipe: r\n```python\n{first_line}\nx\n```\n")


@pytest.mark.parametrize(
    ("step", "after"),
    [
        (Step("f", "after", "a", "x\n"), "a\nx\n  b\nb\n"),
        (Step("f", "before", "a", "x\n"), "x\na\n  b\nb\n"),
        (Step("f", "instead of", "b", "x\n"), "a\n  b\nx\n"),  # as it stands there, before any other indentation
        (Step("f", "at the end", "", "x\n"), "a\n  b\nb\nx\n"),
        (Step("g", "new file", "", "x\n"), "a\n  b\nb\n"),
    ],
    ids=str,
)
def test_a_step_changes_the_file_at_its_place(step: Step, after: str, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("a\n  b\nb\n", encoding="utf-8")
    apply(step, tmp_path)
    assert (tmp_path / "f").read_text(encoding="utf-8") == after
    assert (tmp_path / "g").exists() == (step.place == "new file")


@pytest.mark.parametrize(
    ("step", "why"),
    [
        (Step("f", "after", "c", "x\n"), "0 times"),
        (Step("f", "after", "a", "x\n"), "2 times"),
        (Step("f", "new file", "", "x\n"), "there already"),
    ],
    ids=str,
)
def test_a_place_that_is_not_there_once_is_an_error(step: Step, why: str, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("a\na\n", encoding="utf-8")
    with pytest.raises(ValueError, match=why):
        apply(step, tmp_path)


def test_a_recipe_runs_no_other_programs(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="rm"):
        run("rm -r stream", tmp_path)
