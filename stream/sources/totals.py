"""Totals: one row of an ad report as the events of its figures.

In:  a row as a loader of ad reports writes it, whatever it calls its columns.
Out: one event a figure, each the total of the row's period.

A row is loaded again and again while its period is new. What is loaded later replaces what was loaded before: so the
time and the revision of a total are those of the load, and a figure that fell to zero is sent as zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, Final

from stream.sources.about import About
from stream.sources.events import Event, ad
from stream.sources.faults import Unfit
from stream.sources.hashed import fingerprint
from stream.sources.moments import to_ms, unix_ms

_DEEPEST: Final = 4
#: Nothing that is counted is more; a text can write numbers of any length.
_MOST: Final = 10**15
#: When loaders wrote a row, as they call it; names are those that `plain` gives.
_LOADED: Final = ("airbyteextractedat", "airbyteemittedat", "fivetransynced", "sdcbatchedat", "loadedat")


def plain(record: Any) -> dict[str, Any]:
    """Give a row with its columns' names in one form: lower case, letters and digits, of nested ones the whole path.

    >>> plain({"campaign.id": 1, "metrics": {"costMicros": 2}, "ad_group_id": 3})
    {'campaignid': 1, 'metricscostmicros': 2, 'adgroupid': 3}
    """
    found: dict[str, Any] = {}
    if record.__class__ is dict:
        _flatten(record, "", found, _DEEPEST)
    return found


@lru_cache(maxsize=16_384)  # a report has the same columns in each row
def bare(name: str) -> str:
    """Give the name of one column in the form that `plain` gives them.

    >>> bare("ad_group.id")
    'adgroupid'
    """
    return "".join(filter(str.isalnum, name[:512].lower()))


def _flatten(record: dict[str, Any], above: str, found: dict[str, Any], deeper: int) -> None:
    for name, value in record.items():
        path = above + bare(name)
        if value.__class__ is dict and deeper:
            _flatten(value, path, found, deeper - 1)
        else:
            found[path] = value


def told(row: Mapping[str, Any], *names: str) -> Any:
    """Give the first of several columns that has a value; None where none has.

    >>> told({"a": "", "b": 0}, "a", "b", "c")
    0
    """
    for name in names:
        if (found := row.get(name)) is not None and found != "":
            return found
    return None


def number(value: Any) -> int | float | None:
    """Give a number, of texts too; raises Unfit for whatever else.

    >>> number("12.50"), number(3), number("")
    (12.5, 3, None)
    """
    if value is None or value == "":
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    try:
        read = Decimal(value) if isinstance(value, str | Decimal) else None
    except InvalidOperation:
        read = None
    if read is None or not read.is_finite() or abs(read) >= _MOST:
        raise Unfit("a number that can be counted")
    return int(read) if read == read.to_integral_value() else float(read)


def count(row: Mapping[str, Any], *names: str) -> dict[str, Any] | None:
    """Give the count of a figure; None where the report has no such column, and zero where it is empty.

    >>> count({"clicks": None}, "clicks"), count({}, "clicks")
    ({'count': 0}, None)
    """
    if row.keys().isdisjoint(names):
        return None
    found = number(told(row, *names))
    return {"count": 0 if found is None else found}


def split(row: Mapping[str, Any], names: Iterable[str]) -> str | None:
    """Name what splits the rows of one day and ad, for the field `segment`: without it one would replace another.

    >>> split({"device": "MOBILE", "network": "SEARCH"}, ("device", "network", "hour"))
    'MOBILE/SEARCH'
    """
    return "/".join(str(row[name]) for name in names if row.get(name) not in (None, "")) or None


def totals(
    about: About, row: Mapping[str, Any], whose: Mapping[str, Any], figures: Mapping[str, Mapping[str, Any] | None]
) -> Iterator[Event]:
    """Yield a total for each figure of a row: `whose` says of what, a figure that is None is not in the report."""
    loaded_ms = _loaded_ms(about, row)
    for action, figure in figures.items():
        if figure is not None:
            yield ad(
                id=fingerprint(action, loaded_ms, *(str(value) for value in whose.values())),
                time=unix_ms(loaded_ms),
                action=action,
                revision=loaded_ms,
                **{**whose, **figure},
            )


def _loaded_ms(about: About, row: Mapping[str, Any]) -> int:
    """Give the load time of a row: its own, that of its envelope, else the time of the record."""
    said = told(row, *_LOADED)
    if said is None and about.outer.__class__ is dict:
        around = {bare(name): value for name, value in about.outer.items()}
        said = told(around, *_LOADED)
    found = to_ms(said)
    return about.arrival_ms if found is None else found
