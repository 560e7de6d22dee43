"""Faults: why something of somebody else's record cannot be made an event.

In:  what a reader or a mapping found.
Out: an exception with a reason of the closed list and the place at fault; never a word of the record.
"""

from __future__ import annotations

from stream.contract.rejects import Reason


class Fault(Exception):
    """One item cannot be mapped: `reason` of the closed list, `path` the field or the line of the mapping at fault."""

    def __init__(self, reason: Reason, path: str = "") -> None:
        super().__init__(f"{reason} {path}".rstrip())
        self.reason: Reason = reason
        self.path = path


class Unfit(ValueError):
    """A value that a helper was given cannot be what it has to be; says what it should be, never what it is."""
