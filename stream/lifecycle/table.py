"""Table: take typed values out of a table that a person wrote, and say in one message what is wrong with it.

In:  a table of TOML, what it is called, and where it stands.
Out: its values, each checked; or a SettingsError that says what, where and what to do.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import Any, Final, Self

from stream.errors import SettingsError

_UNIT_MS: Final = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION: Final = re.compile(r"(\d{1,6})\s*([mhd])", re.ASCII)
DAY_MS: Final = 86_400_000


class Table:
    """A table; whoever has taken all that it may hold says `end`."""

    def __init__(self, values: Any, name: str, origin: str) -> None:
        """Take what the table is called ("score", "stage 3") and the file it stands in."""
        self.name, self.origin = name, origin
        self._values: Mapping[str, Any] = {}
        if not isinstance(values, Mapping):
            raise self.wrong("it is not a table", f"Write [{name}] with lines of key = value below it.")
        self._values = values
        self._known: list[str] = []

    def wrong(self, problem: str, do: str, key: str = "") -> SettingsError:
        """Make the message: `score.threshold: 'x' is no whole number.`"""
        named = ".".join(filter(None, (self.name, key)))
        what = f"{named}: {problem}." if named else f"{problem}."
        return SettingsError(what, where=self.origin, do=do, fields=("leads_rules",))

    def end(self) -> None:
        """Refuse a key that nobody has asked for."""
        for key in self._values:
            if key not in self._known:
                near = difflib.get_close_matches(key, self._known, n=1, cutoff=0.5)
                hint = f"Did you mean {near[0]}? " if near else ""
                raise self.wrong("there is no such key", f"{hint}Keys here are {', '.join(self._known)}.", key)

    def has(self, key: str) -> bool:
        """Tell whether a key is given."""
        self._known.append(key)
        return key in self._values

    def table(self, key: str, default: Any = None) -> Self:
        """Take a table, or the default in place of one that is not given."""
        name = ".".join(filter(None, (self.name, key)))
        return self._below(self._take(key, {} if default is None else default), name, key, 0)

    def tables(self, key: str, default: Any, name: str) -> list[Self]:
        """Take a list of tables, `[[key]]`; each is called by `name` and its place."""
        found = self._take(key, default)
        if not isinstance(found, list):
            raise self.wrong("it is not a list of tables", f"Write [[{name}]] before each of them.", key)
        return [self._below(one, f"{name} {place}", key, place) for place, one in enumerate(found, 1)]

    def keys(self) -> list[str]:
        """List the keys that are given, all of which are taken by this."""
        self._known.extend(self._values)
        return list(self._values)

    def text(self, key: str, default: str | None = None) -> str:
        """Take a text, which must be there if there is no default."""
        found = self._take(key, default)
        if not isinstance(found, str) or not found.strip():
            raise self.wrong(f"{found!r} is no text" if found is not None else "it is missing",
                             f'Write {key} = "…".', key)  # fmt: skip
        return found.strip()

    def texts(self, key: str, default: Any = None) -> tuple[str, ...]:
        """Take a list of texts."""
        found = self._take(key, default)
        if not isinstance(found, list) or not all(isinstance(one, str) and one.strip() for one in found):
            raise self.wrong("it is not a list of texts", f'Write {key} = ["…"].', key)
        return tuple(one.strip() for one in found)

    def flag(self, key: str, default: bool) -> bool:
        """Take true or false."""
        found = self._take(key, default)
        if not isinstance(found, bool):
            raise self.wrong(f"{found!r} is neither true nor false", f"Write {key} = true or {key} = false.", key)
        return found

    def number(self, key: str, default: Any, least: int, most: int) -> int:
        """Take a whole number within bounds, both of them included."""
        return self._within(key, self._take(key, default), least, most)

    def numbers(self, key: str, default: Any, least: int, most: int) -> tuple[int, ...]:
        """Take a list of whole numbers."""
        found = self._take(key, default)
        if not isinstance(found, list):
            raise self.wrong("it is not a list of whole numbers", f"Write {key} = [40, 60].", key)
        return tuple(self._within(key, one, least, most) for one in found)

    def duration_ms(self, key: str, default: Any, least: str, most: str) -> int:
        """Take a time such as 30d, 1h or 15m, within bounds."""
        found = self._take(key, default)
        told_ms = _duration_ms(found)
        if told_ms is None:
            raise self.wrong(f"{found!r} is no time such as 15m, 1h or 30d", f'Write {key} = "{least}" or more.', key)
        if not (_duration_ms(least) or 0) <= told_ms <= (_duration_ms(most) or 0):
            raise self.wrong(f"{found!r} is not between {least} and {most}", f'Write {key} = "{least}" or more.', key)
        return told_ms

    def _below(self, values: Any, name: str, key: str, place: int) -> Self:
        """Make a table that stands in this one: under a key, or at a place from 1 in the list under it."""
        return type(self)(values, name, self.origin)

    def _take(self, key: str, default: Any) -> Any:
        self._known.append(key)
        return self._values.get(key, default)

    def _within(self, key: str, found: Any, least: int, most: int) -> int:
        if not isinstance(found, int) or isinstance(found, bool):
            problem = "it is missing" if found is None else f"{found!r} is no whole number"
            raise self.wrong(problem, f"Write a number from {least} to {most}.", key)
        if not least <= found <= most:
            raise self.wrong(
                f"{found} is not between {least} and {most}", f"Write a number from {least} to {most}.", key
            )
        return found


def _duration_ms(text: Any) -> int | None:
    """Read a time of one unit.

    >>> _duration_ms("1h"), _duration_ms("30d"), _duration_ms("soon")
    (3600000, 2592000000, None)
    """
    match = _DURATION.fullmatch(text.strip()) if isinstance(text, str) else None
    return int(match[1]) * _UNIT_MS[match[2]] if match else None
