"""Countries: which pairs of letters are countries, by ISO 3166-1 as the package `pycountry` keeps it.

In:  two capital letters, as the event contract lets through.
Out: the same, or None where no country has that code.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import pycountry

#: Not assigned by ISO, but what every geo database writes for Kosovo.
_IN_USE: Final = frozenset({"XK"})


def country_of(code: str | None) -> str | None:
    """Give the code of a country, or None.

    >>> country_of("DE"), country_of("ZZ"), country_of(None)
    ('DE', None, None)
    """
    return code if code in _codes() else None


@cache
def _codes() -> frozenset[str]:
    return frozenset(country.alpha_2 for country in pycountry.countries) | _IN_USE
