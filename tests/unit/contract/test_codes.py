"""Codes: the lists of the contract against those of a package that keeps the standards."""

from __future__ import annotations

import pycountry

from stream.contract.codes import COUNTRIES, COUNTRY_ALIASES, CURRENCIES

#: Money of a kind: what begins with X and people pay with.
PAID_WITH = {"XAF", "XCD", "XCG", "XOF", "XPF"}


def test_countries_are_those_of_iso_3166_and_kosovo() -> None:
    assert set(COUNTRIES) == {country.alpha_2 for country in pycountry.countries} | {"XK"}
    assert set(COUNTRY_ALIASES) & set(COUNTRIES) == set()
    assert set(COUNTRY_ALIASES.values()) <= set(COUNTRIES)


def test_currencies_are_those_of_iso_4217_without_metals_and_tests() -> None:
    active = {currency.alpha_3 for currency in pycountry.currencies}
    assert {code for code in active if code[0] != "X"} <= set(CURRENCIES)
    assert {code for code in CURRENCIES if code[0] == "X"} == PAID_WITH


def test_a_currency_that_ended_since_2000_is_money_and_an_older_one_is_none() -> None:
    assert {"DEM", "BGN", "HRK", "ZWL", "ANG", "SLL"} <= set(CURRENCIES)
    assert not {"DDM", "PLZ", "XEU", "GWP", "ZRN"} & set(CURRENCIES)
