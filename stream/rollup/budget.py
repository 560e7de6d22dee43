"""The label budget: which label values get series of their own, and what is added up in `other`.

In:  label values as they first appear.
Out: the value itself or `other`; a count of what was folded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from stream.changes.cells import CLOSED_LABELS

OTHER: Final = "other"


@dataclass(slots=True)
class Budget:
    """First come, first kept: `limit` values a label, unless an allow-list names them; `readings` in all."""

    limit: int = 50
    most_readings: int = 10_000
    allowed: Mapping[str, frozenset[str]] = field(default_factory=dict)
    kept: dict[str, dict[str, None]] = field(default_factory=dict)
    folded: dict[str, int] = field(default_factory=dict)
    readings: int = 0
    changed: bool = False

    def admit(self, label: str, value: str) -> str:
        """Give the value that a series is kept under."""
        if label in CLOSED_LABELS or value == OTHER:
            return value
        allowed = self.allowed.get(label)
        if allowed is not None:
            if value in allowed:
                return value
        else:
            kept = self.kept.setdefault(label, {})
            if value in kept:
                return value
            if len(kept) < self.limit:
                kept[value] = None
                self.changed = True
                return value
        self.fold(label)
        return OTHER

    def fold(self, label: str) -> None:
        """Count a value that went to `other`."""
        self.folded[label] = self.folded.get(label, 0) + 1
        self.changed = True

    def afford(self, readings: int) -> bool:
        """Tell whether so many more readings fit, and count them in if they do."""
        if self.readings + readings > self.most_readings:
            return False
        self.readings += readings
        return True
