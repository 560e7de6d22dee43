"""Labels: values from outside made fit to be shown, and kept from growing without bound.

In:  strings that producers wrote.
Out: short, printable, valid label values; `(other)` for what goes over the limit of a label.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Final

import msgspec

from stream.state.keys import LABELS

MAX_CHARACTERS: Final = 64
UNKNOWN: Final = "unknown"


#: What values over a budget add up in; a value of that very name is marked, so that it stays apart.
FOLDED: Final = "(other)"

#: Longer values are worked out each time, so that a cache of values stays small whatever is sent.
_CACHED: Final = 128
_KEPT, _MARK_DIGITS = 55, 8
_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"
#: Controls, format characters (zero width, direction overrides), lone surrogates, line and paragraph separators.
_UNSHOWN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
#: For so long a value is in some window, in a figure that ends in the past, or in a row that can be taken back.
MEMORY_DAYS: Final = 160
#: The same where windows are of a year.
LONG_MEMORY_DAYS: Final = 440
_WRITTEN_DAYS: Final = 7
_UNIT: Final = "\x1f"
_VALUES_KEY: Final = LABELS.prefix + b"v"
_FOLDED_KEY: Final = LABELS.prefix + b"f"


def clean(value: str | None) -> str:
    """Make a label value: NFC, stripped, at most 64 characters; "unknown" where nothing is left.

    What cannot be seen becomes U+FFFD. A longer value keeps 55 characters and a mark: `~` and 8 hex digits of
    the SHA-256 of all of it, so that names which differ only at their ends stay different.

    >>> clean("spring\\tsale"), clean("  "), clean(None), clean("cafe\\u0301")
    ('spring\ufffdsale', 'unknown', 'unknown', 'café')
    >>> clean("a" * 70)
    'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa~6bd5e503'
    """
    if not value:
        return UNKNOWN
    return _clean(value) if len(value) <= _CACHED else _cleaned(value)


def _cleaned(value: str) -> str:
    text = unicodedata.normalize("NFC", value).strip()
    shown = text
    # isprintable is True for nearly every value, and looks faster than a loop
    if not text.isprintable():
        shown = "".join(_REPLACEMENT if unicodedata.category(c) in _UNSHOWN else c for c in text)
    if len(text) > MAX_CHARACTERS:
        return f"{shown[:_KEPT]}~{_mark(text)}"
    if shown == FOLDED:
        return f"{FOLDED}~{_mark(text)}"
    return shown or UNKNOWN


_clean = lru_cache(maxsize=65_536)(_cleaned)


def _mark(text: str) -> str:
    """Give the first hex digits of a text's SHA-256; lone surrogates, which UTF-8 has not, are passed."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_MARK_DIGITS]


@dataclass(frozen=True, slots=True)
class Kept:
    """For how long values keep their places: so many days, and those of `standing` labels for good.

    What stands holds until it is taken back, which may be at any time.
    """

    days: int = MEMORY_DAYS
    standing: Collection[str] = ()


class LabelGuard:
    """`limit` values of each label; whatever comes when all places are taken is `(other)`.

    A value that changed nothing for as long as anything that it did can be shown or taken back gives its place back.
    What is in until then stays in, so that a contribution taken back names the value that it was given under.
    """

    prefix = LABELS.prefix

    def __init__(self, limit: int = 1_000) -> None:
        self._limit = limit
        self.kept = Kept()
        self._values: dict[str, dict[str, int]] = {}  # label → value → day of its newest change, as it is written
        self._changed: set[tuple[str, str]] = set()
        self._seen: set[tuple[str, str]] = set()  # since `_day` began
        self._day = 0
        self._asked: dict[str, int] = {}  # label → the day on which nobody could leave
        #: label → how many times a value was folded into `(other)`
        self.folded: dict[str, int] = {}
        self._folded_changed = False

    def admit(self, label: str, value: str) -> str:
        """Give the value, if it has a place among those of its label or gets one, else `(other)`."""
        values = self._values.get(label)
        if values is None:
            values = self._values[label] = {}
        elif value in values:
            return value
        if value in (FOLDED, UNKNOWN):
            return value  # these take no place
        if len(values) >= self._limit:
            self._let_leave(label, values)
        if len(values) < self._limit:
            values[value] = self._day
            self._changed.add((label, value))
            return value
        self.folded[label] = self.folded.get(label, 0) + 1
        self._folded_changed = True
        return FOLDED

    def see(self, day: int, used: Iterable[tuple[str, str]]) -> None:
        """Learn which values, as (label, value), changed something on a day; days of one week count as its first."""
        day -= day % _WRITTEN_DAYS
        if day > self._day:
            self._day = day
            self._seen.clear()
        for label, value in set(used) - self._seen:
            self._seen.add((label, value))
            values = self._values.get(label)
            if values is not None and values.get(value, day) < day:
                values[value] = day
                self._changed.add((label, value))

    def _let_leave(self, label: str, values: dict[str, int]) -> None:
        if self._asked.get(label, -1) == self._day or label in self.kept.standing:
            return
        self._asked[label] = self._day
        for value in [value for value, day in values.items() if day < self._day - self.kept.days]:
            del values[value]
            self._changed.add((label, value))

    def changes(self) -> list[tuple[bytes, bytes | None]]:
        """Give the state records to write since the last call: values that came, were used or left, and the counts."""
        out: list[tuple[bytes, bytes | None]] = []
        for label, value in sorted(self._changed):
            day = self._values[label].get(value)
            key = _VALUES_KEY + f"{label}{_UNIT}{value}".encode("utf-8", "surrogatepass")
            out.append((key, None if day is None else msgspec.msgpack.encode(day)))
        self._changed.clear()
        if self._folded_changed:
            self._folded_changed = False
            out.append((_FOLDED_KEY, msgspec.msgpack.encode(self.folded)))
        return out

    def load(self, key: bytes, value: bytes | None) -> None:
        """Take one record of the state log, in its order."""
        if key == _FOLDED_KEY:
            if value is not None:
                self.folded = msgspec.msgpack.decode(value, type=dict[str, int])
            return
        label, _, name = key[len(_VALUES_KEY) :].decode("utf-8", "surrogatepass").partition(_UNIT)
        values = self._values.setdefault(label, {})
        if value is None:
            values.pop(name, None)
        else:
            values[name] = msgspec.msgpack.decode(value, type=int)
            self._day = max(self._day, values[name])


class Labels(dict[str | None, str]):
    """Raw value → label; the first sight of a value asks the shard's guard, every later one is a lookup."""

    __slots__ = ("_admit", "_label")

    def __init__(self, label: str, admit: Callable[[str, str | None], str]) -> None:
        super().__init__()
        self._label, self._admit = label, admit

    def __missing__(self, raw: str | None) -> str:
        value = self._admit(self._label, raw)
        if len(self) < 4_096:  # a flood of values must not become a flood of memory
            self[raw] = value
        return value
