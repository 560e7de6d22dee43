"""Page: what README.md, docs/performance.md and docs/scaling.md say of speed, written from what was measured last.

In:  the name of a table, its text.
Out: the page, with the text between the marks of that name; nothing else of it changes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Final

DOCS: Final = Path(__file__).resolve().parents[2] / "docs"
README: Final = DOCS.parent / "README.md"
PERFORMANCE: Final = DOCS / "performance.md"
SCALING: Final = DOCS / "scaling.md"


def filled(page: str, tables: Mapping[str, str]) -> str:
    """Put tables between their marks; raises KeyError where a page has no marks of a name.

    >>> filled("a\\n<!-- x: written by `make it` -->\\n\\nold\\n\\n<!-- end of x -->\\nb", {"x": "new"})
    'a\\n<!-- x: written by `make it` -->\\n\\nnew\\n\\n<!-- end of x -->\\nb'
    >>> filled("It is <!-- x -->old<!-- end of x -->.", {"x": "new"})
    'It is <!-- x -->new<!-- end of x -->.'
    """
    for name, text in tables.items():
        begin, end = rf"<!-- {re.escape(name)}(?:: [^\n]*)? -->", rf"<!-- end of {re.escape(name)} -->"
        page, count = re.subn(rf"({begin})(\n?).*?({end})", partial(_between, text), page, flags=re.DOTALL)
        if count != 1:
            raise KeyError(f"{count} pairs of marks for {name}")
    return page


def _between(text: str, marks: re.Match[str]) -> str:
    space = "\n\n" if marks[2] else ""  # a table, or a part of a sentence
    return f"{marks[1]}{space}{text}{space}{marks[3]}"


def fill(path: Path, tables: Mapping[str, str]) -> None:
    """Write tables into a page."""
    path.write_text(filled(path.read_text(encoding="utf-8"), tables), encoding="utf-8")
