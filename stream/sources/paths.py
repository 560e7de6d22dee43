"""Paths: a field inside a record by its dotted path, such as `visitor.id` or `campaigns[0].name`.

In:  the path as a text; a record.
Out: what stands there; None where nothing does, whatever the record is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from stream.sources.faults import Unfit

Getter = Callable[[Any], Any]

_STEP: Final = re.compile(r"[^.\[\]\s]+|\[\d{1,4}\]")
_PATH: Final = re.compile(r"\.|[^.\[\]\s]+(\[\d{1,4}\])*(\.[^.\[\]\s]+(\[\d{1,4}\])*)*")


def steps(path: str) -> tuple[str | int, ...]:
    """Part a path into its steps; raises Unfit for what is none. `.` is the record itself.

    >>> steps("campaigns[0].name"), steps(".")
    (('campaigns', 0, 'name'), ())
    """
    if not _PATH.fullmatch(path):
        raise Unfit(f"{path!r} is no path such as visitor.id or campaigns[0].name")
    if path == ".":
        return ()
    return tuple(int(step[1:-1]) if step[0] == "[" else step for step in _STEP.findall(path))


def getter(path: str) -> Getter:
    """Make what gives the value at a path.

    >>> getter("a.b")({"a": {"b": 1}}), getter("a.b")({"a": 7}), getter("a[1]")({"a": [1, 2]})
    (1, None, 2)
    """
    found = steps(path)
    if not found:
        return lambda record: record
    if len(found) == 1 and isinstance(found[0], str):
        (name,) = found
        return lambda record: record.get(name) if record.__class__ is dict else None
    if len(found) == 2 and isinstance(found[0], str) and isinstance(found[1], str):
        one, two = found

        def of_two(record: Any) -> Any:
            inner = record.get(one) if record.__class__ is dict else None
            return inner.get(two) if inner.__class__ is dict else None

        return of_two

    walk: tuple[Any, ...] = found

    def of_many(record: Any) -> Any:
        for step in walk:
            if step.__class__ is str:
                record = record.get(step) if record.__class__ is dict else None
            else:
                record = record[step] if record.__class__ is list and len(record) > step else None
            if record is None:
                return None
        return record

    return of_many
