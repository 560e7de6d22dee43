"""Lines: on which line of a TOML text a key or a table stands.

In:  the text, which is TOML.
Out: line numbers from 1, by path: `("calendar", 2, "from")` is the key of the second [[calendar]].

TOML's reader gives values without their places. What stands on no line of its own (a key of a table within braces) is
looked up where that begins.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

Path = tuple[str | int, ...]

_PART: Final = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_NAME: Final = rf"{_PART}(?:\s*\.\s*{_PART})*"
_TABLE: Final = re.compile(rf"\s*(\[\[?)\s*({_NAME})\s*\]\]?")
_KEY: Final = re.compile(rf"\s*({_NAME})\s*=")
_PARTS: Final = re.compile(_PART)
_LONG: Final = re.compile(r"'''|\"\"\"")


class Lines:
    """The lines of one text."""

    def __init__(self, text: str) -> None:
        self._of: dict[Path, int] = {(): 1}
        self._places: Counter[Path] = Counter()
        table: Path = ()
        until = ""
        for number, line in enumerate(text.splitlines(), 1):
            if until:  # within a text of many lines
                until = "" if until in line else until
                continue
            if match := _TABLE.match(line):
                table = self._table([part.strip("\"'") for part in _PARTS.findall(match[2])], match[1] == "[[")
                self._of.setdefault(table, number)
            elif match := _KEY.match(line):
                path = table
                for part in _PARTS.findall(match[1]):
                    path = (*path, part.strip("\"'"))
                    self._of.setdefault(path, number)
            marks = _LONG.findall(line)
            until = marks[-1] if len(marks) % 2 else ""

    def find(self, *path: str | int) -> int:
        """Give the line of a path, or of the nearest that holds it.

        >>> Lines('[[rule]]\\nz = 3\\n[[rule]]\\nalert = "x"').find("rule", 2, "alert")
        4
        """
        while path not in self._of:
            path = path[:-1]
        return self._of[path]

    def _table(self, names: list[str], listed: bool) -> Path:
        """Give the path of a header: of a table in a list the newest."""
        path: Path = ()
        for at, name in enumerate(names):
            path = (*path, name)
            if listed and at == len(names) - 1:
                self._places[path] += 1
            if place := self._places[path]:
                path = (*path, place)
        return path
