"""Words: figures as people read them on the live page.

In:  numbers with their unit.
Out: short English text. Only what is shown is rounded, never what is stored or exported.
"""

from __future__ import annotations

from typing import Final

_SPANS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def number(value: float) -> str:
    """Write a number with separators; decimals only where it is small.

    >>> number(1234567), number(2.5), number(1234.5), number(0.0123)
    ('1,234,567', '2.5', '1,234', '0.0123')
    """
    if value == int(value) or abs(value) >= 1_000:
        return f"{value:,.0f}"
    return f"{value:,.3g}" if abs(value) < 100 else f"{value:,.1f}"


def percent(ratio: float) -> str:
    """Write a ratio as per cent: three digits that matter.

    >>> percent(0.06143), percent(0.5), percent(1.0), percent(0.00017881), percent(0.0)
    ('6.14 %', '50.0 %', '100 %', '0.0179 %', '0 %')
    """
    value = ratio * 100
    if value in (0, 100):
        return f"{value:.0f} %"
    digits = 1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3 if abs(value) >= 0.1 else 4
    return f"{value:.{digits}f} %"


def money(value: float, currency: str) -> str:
    """Write an amount; hundredths where they are not noise.

    >>> money(12.4, "EUR"), money(58705.23, "EUR")
    ('12.40 EUR', '58,705 EUR')
    """
    return f"{value:,.2f} {currency}" if abs(value) < 1_000 else f"{value:,.0f} {currency}"


def span(seconds: float) -> str:
    """Write a duration in its two largest units.

    >>> span(0.4), span(75), span(3600), span(101_000), span(1e6)
    ('0.4 s', '1 min 15 s', '1 h', '1 d 4 h', '11 d 13 h')
    """
    if seconds < 10:
        return f"{seconds:.2g} s"
    for at, (size, unit) in enumerate(_SPANS):
        if seconds >= size:
            whole, rest = divmod(round(seconds), size)
            if at + 1 == len(_SPANS):
                return f"{whole} {unit}"
            lower_size, lower_unit = _SPANS[at + 1]
            lower = rest // lower_size
            return f"{whole} {unit} {lower} {lower_unit}" if lower else f"{whole} {unit}"
    raise ValueError("a duration is not negative")


def value(value: float | None, unit: str, measure: str = "") -> str:
    """Write a value in its unit; a dash for none.

    >>> value(None, "ratio"), value(0.25, "ratio"), value(90, "seconds"), value(3, "1")
    ('–', '25.0 %', '1 min 30 s', '3')
    """
    if value is None:
        return "–"
    if unit == "ratio":
        return percent(value)
    if unit == "seconds":
        return span(value)
    if unit == "currency":
        return money(value, measure)
    return number(value)
