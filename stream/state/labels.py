"""Labels: values from outside made fit to be shown, and kept from growing without bound.

In:  strings that producers wrote.
Out: short, printable, valid label values; `other` for what goes over the limit of a label.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final

import msgspec

from stream.state.keys import LABELS

MAX_CHARACTERS: Final = 64
UNKNOWN: Final = "unknown"
OTHER: Final = "other"

#: A value is read up to here, so that a cache of values stays small whatever is sent.
_LOOKED_AT: Final = 128
_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"
_VALUES = msgspec.msgpack.Decoder(list[str])
_VALUES_KEY: Final = LABELS.prefix + b"v"
_FOLDED_KEY: Final = LABELS.prefix + b"f"


def clean(value: str | None) -> str:
    """Make a label value: printable, valid Unicode, at most 64 characters; "unknown" where nothing is left.

    >>> clean("spring\\tsale"), clean("  "), clean(None), clean("caf\\u00e9"), len(clean("x" * 1000))
    ('spring\ufffdsale', 'unknown', 'unknown', 'café', 64)
    """
    return _clean(value[:_LOOKED_AT]) if value else UNKNOWN


@lru_cache(maxsize=65_536)
def _clean(value: str) -> str:
    # white space at the ends is an accident; inside, like all that cannot be printed, it is replaced;
    # isprintable is False for control characters, lone surrogates, separators but the space, and code points
    # that Unicode has not assigned
    text = value.strip()
    if not text.isprintable():
        text = "".join(c if c.isprintable() else _REPLACEMENT for c in text)
    return text[:MAX_CHARACTERS].rstrip() or UNKNOWN


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
