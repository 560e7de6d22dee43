"""Table: take typed values out of the file of alerts, and say in one message what is wrong, and on which line.

In:  a table of TOML and where it stands.
Out: its values, each checked; or a SettingsError that names file and line.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, Final

from stream.alerting.lines import Lines, Path
from stream.errors import SettingsError
from stream.lifecycle.table import Table

FIELDS: Final = ("alerts",)
_FEW: Final = 12


class Lined(Table):
    """A table that knows its lines."""

    def __init__(self, values: Any, name: str, origin: str, lines: Lines, path: Path = ()) -> None:
        self.lines, self.path = lines, path
        super().__init__(values, name, origin)

    def line(self, key: str = "") -> int:
        """Give the line of a key, or of the table."""
        return self.lines.find(*self.path, *filter(None, (key,)))

    def wrong(self, problem: str, do: str, key: str = "") -> SettingsError:
        """Make the message: what is wrong, file and line, what to do."""
        named = ".".join(filter(None, (self.name, key)))
        where = f"{self.origin}, line {self.line(key)}"
        return SettingsError(f"{named}: {problem}." if named else f"{problem}.", where=where, do=do, fields=FIELDS)

    def _below(self, values: Any, name: str, key: str, place: int) -> Lined:
        path = (*self.path, key, *([place] if place else []))
        return Lined(values, name, self.origin, self.lines, path)

    def one_of(self, key: str, default: str | None, choices: Sequence[str], what: str) -> str:
        """Take one of some words, which must be there if there is no default."""
        found = self.text(key, default)
        if found not in choices:
            raise self.unknown(found, choices, what, key)
        return found

    def unknown(self, found: str, known: Iterable[str], what: str, key: str, hint: str = "") -> SettingsError:
        """Say that there is nothing of a name, and which is the nearest, or where to find one."""
        names = sorted(known)
        near = difflib.get_close_matches(found, names, n=1, cutoff=0.5)
        few = f"Write one of {', '.join(names)}." if len(names) <= _FEW else "`leadpulse alerts show` has all names."
        return self.wrong(f"there is no {what} {found!r}", f"Did you mean {near[0]}?" if near else hint or few, key)

    def decimal(self, key: str, least: float, most: float) -> float | None:
        """Take a number within bounds; None where it is not given."""
        if not self.has(key):
            return None
        found = self._take(key, None)
        if not isinstance(found, int | float) or isinstance(found, bool):
            raise self.wrong(f"{found!r} is no number", f"Write a number from {least:g} to {most:g}.", key)
        if not least <= found <= most:  # nan is neither
            raise self.wrong(f"{found} is not between {least:g} and {most:g}",
                             f"Write a number from {least:g} to {most:g}.", key)  # fmt: skip
        return float(found)

    def moment(self, key: str) -> date | datetime:
        """Take a date, or a local time without a zone."""
        found = self._take(key, None)
        if not isinstance(found, date):
            problem = "it is missing" if found is None else f"{found!r} is no date"
            raise self.wrong(problem, f"Write {key} = 2026-12-24, or 2026-12-24T12:00:00.", key)
        if isinstance(found, datetime) and found.tzinfo is not None:
            raise self.wrong(
                f"{found.isoformat()} has a zone",
                f"Times are local to the site: write {key} = {found.replace(tzinfo=None).isoformat()}.",
                key,
            )
        return found

    def words(self) -> dict[str, str]:
        """Take all that is given as texts by key."""
        return {key: self.text(key) for key in self.keys()}  # takes them all
