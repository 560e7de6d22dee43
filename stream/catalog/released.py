"""Released: what the last release promised of its entries, and what was taken back on purpose.

In:  released.toml beside this file; at a release `python -m stream.catalog` writes it anew.
Out: names with labels and units, and the tombstones.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from stream.catalog.policies.promises import Promise
from stream.catalog.words import Metric

PATH: Final = Path(__file__).with_name("released.toml")

#: Entry that was released and is gone or changed → why, and what to read instead.
RETIRED: Final[dict[str, str]] = {
    "mixed_granularity": "it is told by site; without it sum over site",
}


def read() -> dict[str, Promise]:
    """Read what the last release promised."""
    entries = tomllib.loads(PATH.read_text(encoding="utf-8"))
    return {name: Promise(tuple(entry["labels"]), entry["unit"]) for name, entry in entries.items()}


def text(metrics: Iterable[Metric]) -> str:
    """Write what a release of these entries promises."""
    head = "# What the last release promised of each entry; written by `python -m stream.catalog` at a release.\n"
    lines = [f"{m.name} = {{ unit = {_quoted(m.unit)}, labels = [{_all(m.labels)}] }}\n" for m in metrics]
    return head + "".join(lines)


def _quoted(word: str) -> str:
    return f'"{word}"'


def _all(words: Iterable[str]) -> str:
    return ", ".join(map(_quoted, words))
