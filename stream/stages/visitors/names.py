"""Names: events by source and id, as they are compared and as they are stored.

In:  names; the source that most events of a row come from.
Out: names without that source, and whole ones again.
"""

from __future__ import annotations

from stream.contract.records import UNIT


def short(name: str, source: str) -> str:
    """Leave out the source of a name where it is that of the row.

    >>> short("web\\x1fe1", "web"), short("chat\\x1fe1", "web") == "chat\\x1fe1"
    ('e1', True)
    """
    return name[len(source) + 1 :] if name.startswith(source + UNIT) else name


def whole(name: str, source: str) -> str:
    """Give a name with its source; the inverse of `short`."""
    return name if UNIT in name else source + UNIT + name
