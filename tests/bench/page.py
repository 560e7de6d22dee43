"""Page: tables of docs/performance.md and docs/scaling.md, written from what was measured last.

In:  the name of a table, its text.
Out: the page, with the text between the marks of that name; nothing else of it changes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

DOCS: Final = Path(__file__).resolve().parents[2] / "docs"
PERFORMANCE: Final = DOCS / "performance.md"
SCALING: Final = DOCS / "scaling.md"


def filled(page: str, tables: Mapping[str, str]) -> str:
    """Put tables between their marks; raises KeyError where a page has no marks of a name.

    >>> filled("a\\n<!-- x: written by `make it` -->\\n\\nold\\n\\n<!-- end of x -->\\nb", {"x": "new"})
    'a\\n<!-- x: written by `make it` -->\\n\\nnew\\n\\n<!-- end of x -->\\nb'
    """
    for name, text in tables.items():
        marks = re.compile(rf"(<!-- {re.escape(name)}: [^\n]*-->\n).*?(<!-- end of {re.escape(name)} -->)", re.DOTALL)
        page, count = marks.subn(lambda found, text=text: f"{found[1]}\n{text}\n\n{found[2]}", page)  # type: ignore[misc]
        if count != 1:
            raise KeyError(f"{count} pairs of marks for {name}")
    return page


def fill(path: Path, tables: Mapping[str, str]) -> None:
    """Write tables into a page."""
    path.write_text(filled(path.read_text(encoding="utf-8"), tables), encoding="utf-8")
