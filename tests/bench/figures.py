"""Figures: what the stages of the bench have measured last on this machine.

In:  the name of a stage, its figures.
Out: build/bench.json, stage → figures with the moment at which they were measured; a stage that runs again replaces its own.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

JSON: Final = Path(__file__).resolve().parents[2] / "build" / "bench.json"


def machine() -> str:
    """Name the machine, as far as a figure depends on it."""
    info = Path("/proc/cpuinfo")
    names = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
    return f"{os.cpu_count()} cores, {names[0] if names else platform.machine()}, Python {platform.python_version()}"


def now() -> str:
    """Give the moment as it is written down."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")


def read(path: Path = JSON) -> dict[str, Any]:
    """Give what was measured last, by stage."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def keep(stage: str, figures: Mapping[str, Any], path: Path = JSON) -> None:
    """Put a stage's figures in the place of its former ones."""
    told = read(path) | {stage: {"at": now(), "machine": machine(), **figures}}
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
