"""Logs: what of a shard's state log is needed to explain somebody, newest by key.

In:  records of a state log in their order; which keys are wanted.
Out: the records as they stand, with a reader for labels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from stream.contract.records import UNIT
from stream.stages.visitors.known import name_of
from stream.state.keys import (
    COUNTED_BY,
    KNOWN_PEOPLE,
    LABELS,
    LEAD_HOMES,
    LEAD_PARTS,
    LEAD_RULES,
    MESSAGE_PARTS,
    MESSAGES,
    NO_CONSENT,
    PEOPLE,
    SIGHTINGS,
    TO_FORGET,
)
from stream.state.labels import LabelGuard, clean

Wanted = Callable[[bytes], bool]
Records = Mapping[bytes, bytes]


class Log:
    """Keeps what is wanted of a log, as a restart would find it."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self.records: dict[bytes, bytes] = {}

    def load(self, key: bytes, value: bytes | None) -> None:
        """Take one record, in the order of the log."""
        if not self._wanted(key):
            return
        if value is None:
            self.records.pop(key, None)
        else:
            self.records[key] = value


def of_visitor(site: str, visitor: str) -> Wanted:
    """Want what a shard of visitors keeps of one, and what it was counted by."""
    key = (site + UNIT + visitor).encode("utf-8", "surrogatepass")
    known = KNOWN_PEOPLE.prefix + name_of(site + UNIT + visitor).encode()
    whole = {PEOPLE.prefix + key, SIGHTINGS.prefix + key, known}
    kinds = (COUNTED_BY.prefix, LABELS.prefix, NO_CONSENT.prefix)
    return lambda name: name in whole or name.startswith(kinds)


def of_row(row: bytes) -> Wanted:
    """Want one row, and the labels of its shard."""
    return lambda name: name == row or name.startswith(LABELS.prefix)


def of_message(site: str, message: str) -> Wanted:
    """Want what a shard of emails keeps of a message, and its labels."""
    key = (site + UNIT + message).encode("utf-8", "surrogatepass")
    whole, parts = MESSAGES.prefix + key, MESSAGE_PARTS.prefix + key + UNIT.encode()
    return lambda name: name == whole or name.startswith((parts, LABELS.prefix))


def of_leads() -> Wanted:
    """Want what a shard of leads keeps of all: where a way leads is not known before it is walked."""
    kinds = (LEAD_HOMES.prefix, LEAD_PARTS.prefix, LEAD_RULES.prefix, TO_FORGET.prefix, LABELS.prefix)
    return lambda name: name.startswith(kinds)


def admits(records: Iterable[tuple[bytes, bytes]], limit: int) -> Callable[[str, str | None], str]:
    """Give what says of a label and a value what may be shown: what the shard has admitted so far."""
    guard = LabelGuard(limit)
    for key, value in records:
        if key.startswith(LABELS.prefix):
            guard.load(key, value)
    return lambda label, value: guard.admit(label, clean(value))
