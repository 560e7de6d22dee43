"""Countries: which codes are countries, by ISO 3166-1 as the package `pycountry` keeps it.

In:  what geo services write: codes in any case, UK, regions (EU, AP), proxies (T1, A1), names.
Out: the code in capital letters; nothing where no country has that code, and how often that was so.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Final

import pycountry

#: Not assigned by ISO, but what every geo database writes for Kosovo.
_IN_USE: Final = frozenset({"XK"})
#: Reserved by ISO for the same country.
_ALSO: Final = {"UK": "GB"}
_FIELD: Final = "geo.country"


def country_of(code: str | None) -> str | None:
    """Give the code of a country, or None.

    >>> country_of("DE"), country_of(" de "), country_of("UK"), country_of("XK"), country_of("ZZ"), country_of(None)
    ('DE', 'DE', 'GB', 'XK', None, None)
    """
    if not code:
        return None
    found = _codes().get(code)
    if found is None and code != (text := code.strip()):
        found = _codes().get(text)
    return found


def settle_countries(events: Sequence[Any]) -> dict[str, int]:
    """Leave a country's code in each event's `geo.country`, or nothing; give how many were dropped, by field.

    An empty text is an absent one, and not dropped. An event without a usable country takes that of the others
    in its session, so what is none must not look like one.
    """
    codes, ignored = _codes(), 0
    for event in events:
        geo = event.data.geo
        if geo is None or (given := geo.country) is None:
            continue
        found = codes.get(given)
        if found is None:
            found = country_of(given)
            if found is None and given.strip():
                ignored += 1
        geo.country = found
    return {_FIELD: ignored} if ignored else {}


@cache
def _codes() -> dict[str, str]:
    """Give every way to write a code (DE, de, De, dE) and the code."""
    codes = {code: code for code in (*(country.alpha_2 for country in pycountry.countries), *_IN_USE)} | _ALSO
    return {way: code for name, code in codes.items() for way in _cases(name)}


def _cases(name: str) -> set[str]:
    """Give two letters in every mix of cases."""
    return {a + b for a in (name[0], name[0].lower()) for b in (name[1], name[1].lower())}
