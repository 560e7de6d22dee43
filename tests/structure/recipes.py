"""Recipes: what docs/contributing.md tells a reader to write, carried out on a copy of the tree.

In:  the page. A recipe is a section whose heading begins with "Recipe:". Each of its Python blocks names its file and
     place in the first line, as a comment; each of its sh blocks holds the commands that prove it.
Out: steps that change a copy; commands that are run in it, with the copy's own `stream`.

    # new file: stream/adapters/messagepack.py
    # stream/catalog/email.py, before the line: )
    # stream/reference/metrics.py, after the line: RATIOS: Final = {
    # stream/contract/kind.py, instead of the line: …
    # tests/events.py, at the end
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import cache_from_source
from pathlib import Path
from typing import Literal, get_args

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "contributing.md"
#: What a checkout is made of, as far as recipes and their proofs touch it.
PARTS = (
    "stream",
    "tests",
    "schemas",
    "deploy",
    "docs",
    "pyproject.toml",
    "requirements.lock",
    "README.md",
    "Makefile",
    "LICENSE",
)

Place = Literal["new file", "before", "after", "instead of", "at the end"]

_BLOCK = re.compile(r"^```(python|sh)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_NEW = re.compile(r"# new file: (?P<path>\S+)")
_OLD = re.compile(r"# (?P<path>\S+), (?P<place>before|after|instead of|at the end)(?: the line: (?P<line>.+))?")


@dataclass(frozen=True, slots=True)
class Step:
    """One block of a recipe: text, and where it goes."""

    path: str
    place: Place
    line: str
    text: str

    def __str__(self) -> str:
        return f"{self.path} {self.place} {self.line}".strip()


@dataclass(frozen=True, slots=True)
class Recipe:
    """A section of the page."""

    name: str
    steps: tuple[Step, ...]
    proofs: tuple[str, ...]


def recipes(text: str) -> dict[str, Recipe]:
    """Read the recipes of a page by their names; raises ValueError for a block that does not say where it goes."""
    sections = re.split(r"^## ", text, flags=re.MULTILINE)
    found = [section.partition("\n") for section in sections if section.startswith("Recipe: ")]
    return {recipe.name: recipe for recipe in (_recipe(head, body) for head, _, body in found)}


def _recipe(head: str, body: str) -> Recipe:
    blocks = _BLOCK.findall(body)
    commands = [line for language, block in blocks if language == "sh" for line in block.splitlines()]
    return Recipe(
        name=head.removeprefix("Recipe: ").strip(),
        steps=tuple(_step(block) for language, block in blocks if language == "python"),
        proofs=tuple(command for line in commands if (command := line.split(" #")[0].strip())),
    )


def _step(block: str) -> Step:
    first, _, text = block.partition("\n")
    if new := _NEW.fullmatch(first):
        return Step(new["path"], "new file", "", text)
    old = _OLD.fullmatch(first)
    if old is None or (old["line"] is None) != (old["place"] == "at the end"):
        raise ValueError(f"a block of a recipe begins with its file and place, not with {first!r}")
    (place,) = (place for place in get_args(Place) if place == old["place"])
    return Step(old["path"], place, old["line"] or "", text)


def copied(to: Path) -> Path:
    """Copy the tree, and what is compiled of it already: to compile all of it takes longer than many a proof."""
    ignore = shutil.ignore_patterns("__pycache__", "*.pyc", "node_modules")
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, to / part, ignore=ignore)
            for file in source.rglob("*.py"):
                _link_compiled(file, to / file.relative_to(ROOT))
        else:
            shutil.copy2(source, to / part)
    return to


def _link_compiled(file: Path, copy: Path) -> None:
    """Give a copy the bytecode of its file, which holds for as long as neither size nor time of the copy change."""
    compiled = Path(cache_from_source(str(file)))
    for found in compiled.parent.glob(f"{file.stem}.cpython-*.pyc"):
        place = _bytecode() / copy.parent.relative_to("/") / found.name
        place.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            os.link(found, place)


def _bytecode() -> Path:
    return Path(os.environ.get("PYTHONPYCACHEPREFIX") or ROOT / ".cache" / "bytecode")


def apply(step: Step, root: Path) -> None:
    """Carry out a step in a copy; raises ValueError where its place is not there exactly once."""
    path = root / step.path
    if step.place == "new file":
        if path.exists():
            raise ValueError(f"{step.path} is there already")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(step.text, encoding="utf-8")
        return
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    at = len(lines) if step.place == "at the end" else _place_of(step, lines)
    skip = int(step.place == "instead of")
    begin = at + int(step.place == "after")
    lines[begin : begin + skip] = [step.text]
    path.write_text("".join(lines), encoding="utf-8")


def _place_of(step: Step, lines: list[str]) -> int:
    """Find the line that a step names: as it stands there, else whatever its indentation."""
    exact = [at for at, line in enumerate(lines) if line.rstrip("\n") == step.line]
    found = exact or [at for at, line in enumerate(lines) if line.strip() == step.line.strip()]
    if len(found) != 1:
        raise ValueError(f"{step.path} has the line {step.line!r} {len(found)} times, not once")
    return found[0]


def run(command: str, root: Path) -> subprocess.CompletedProcess[str]:
    """Run a command of a recipe in a copy, which alone is imported; standard error goes with the output."""
    words = shlex.split(command)
    programs = {".venv/bin/python": [sys.executable], "leadpulse": [sys.executable, "-m", "stream"]}
    if words[0] not in programs:
        raise ValueError(f"a recipe is proved with {' or '.join(programs)}, not with {words[0]}")
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("LEADPULSE_", "PYTEST_"))}
    return subprocess.run(
        [*programs[words[0]], *words[1:]],
        cwd=root,
        # whether something is missing shows with few examples, too; libraries are compiled once for all copies
        env={
            **{name: value for name, value in mine.items() if name != "PYTHONDONTWRITEBYTECODE"},
            "PYTHONPATH": str(root),
            "PYTHONPYCACHEPREFIX": str(_bytecode()),
            "LEADPULSE_TEST_EXAMPLES": "quick",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
