"""Packaging: what is installed is whole, locked, and says where nothing comes from."""

from __future__ import annotations

import importlib
import os
import re
import tomllib
from itertools import chain
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
LOCKED = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", LOCK, re.MULTILINE))


def name_of(requirement: str) -> str:
    """`prometheus_client>=0.21,<1` is locked as prometheus-client."""
    return re.split(r"[\[<>=~!;\s]", requirement)[0].lower().replace("_", "-")


def test_every_file_beside_the_code_is_shipped() -> None:
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["stream"]
    ours = {".py", ".pyc", ".so", ".pyd"}  # the compiled core has a wheel of its own, for each platform
    files = [path for path in (ROOT / "stream").rglob("*") if path.is_file() and path.suffix not in ours]
    left_out = [
        str(path.relative_to(ROOT)) for path in files if not any(path.match(p.removeprefix("**/")) for p in patterns)
    ]
    assert left_out == []


def test_every_dependency_is_locked_with_hashes() -> None:
    project = PROJECT["project"]
    wanted = {name_of(line) for line in (*project["dependencies"], *chain(*project["optional-dependencies"].values()))}
    assert wanted - {"leadpulse"} <= set(LOCKED)
    for block in re.split(r"\n(?=\S)", LOCK):
        if not block.startswith("#"):
            assert "--hash=sha256:" in block, block


def test_the_lock_says_nothing_of_where_packages_come_from() -> None:
    assert re.findall(r"://|--(?:extra-)?index|--find-links|--trusted", LOCK) == []


def test_the_command_is_there() -> None:
    module, _, function = PROJECT["project"]["scripts"]["leadpulse"].partition(":")
    assert callable(getattr(importlib.import_module(module), function))


def test_ci_and_the_makefile_offer_what_was_promised() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert {"setup", "demo", "test", "bench", "render", "lint"} <= targets
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
