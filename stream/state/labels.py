"""Labels: values from outside made fit to be shown, and kept from growing without bound.

In:  strings that producers wrote.
Out: short, printable, valid label values; `other` for what goes over the limit of a label.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256
from typing import Final

import msgspec

from stream.state.keys import LABELS

MAX_CHARACTERS: Final = 64
UNKNOWN: Final = "unknown"
OTHER: Final = "other"

#: What values over a budget add up in; a value of that very name is marked, so that it stays apart.
FOLDED: Final = "(other)"

#: Longer values are worked out each time, so that a cache of values stays small whatever is sent.
_CACHED: Final = 128
_KEPT, _MARK_DIGITS = 55, 8
_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"
#: Controls, format characters (zero width, direction overrides), lone surrogates, line and paragraph separators.
_UNSHOWN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_VALUES = msgspec.msgpack.Decoder(list[str])
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


class LabelGuard:
    """The first `limit` values of each label, first come; whatever comes later is `other`, for good.

    What is in stays in, so that a contribution taken back names the value that it was given under.
    """

    prefix = LABELS.prefix

    def __init__(self, limit: int = 1_000) -> None:
        self._limit = limit
        self._values: dict[str, dict[str, None]] = {}
        self._written: dict[str, int] = {}
        self._changed: set[str] = set()
        #: label → how many times a value was folded into `other`
        self.folded: dict[str, int] = {}
        self._folded_changed = False

    def admit(self, label: str, value: str) -> str:
        """Give the value, if it is among the first of its label, else `other`."""
        values = self._values.get(label)
        if values is None:
            values = self._values[label] = {}
        elif value in values:
            return value
        if value in (OTHER, UNKNOWN):
            return value  # these take no place
        if len(values) < self._limit:
            values[value] = None
            self._changed.add(label)
            return value
        self.folded[label] = self.folded.get(label, 0) + 1
        self._folded_changed = True
        return OTHER

    def changes(self) -> list[tuple[bytes, bytes | None]]:
        """Give the state records to write since the last call: a label's new values, and the counts."""
        out: list[tuple[bytes, bytes | None]] = []
        for label in sorted(self._changed):
            values = self._values[label]
            start = self._written.get(label, 0)
            # keyed by the position of its first value: a record is written once and never again
            key = _VALUES_KEY + start.to_bytes(4, "big") + label.encode()
            out.append((key, msgspec.msgpack.encode(list(values)[start:])))
            self._written[label] = len(values)
        self._changed.clear()
        if self._folded_changed:
            self._folded_changed = False
            out.append((_FOLDED_KEY, msgspec.msgpack.encode(self.folded)))
        return out

    def load(self, key: bytes, value: bytes | None) -> None:
        """Take one record of the state log, in its order."""
        if value is None:
            return
        if key == _FOLDED_KEY:
            self.folded = msgspec.msgpack.decode(value, type=dict[str, int])
            return
        label = key[6:].decode()
        values = self._values.setdefault(label, {})
        values.update(dict.fromkeys(_VALUES.decode(value)))
        self._written[label] = len(values)


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
