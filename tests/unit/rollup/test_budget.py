"""The label budget: what has a place, what takes none, and which counts are a family."""

from __future__ import annotations

import logging

import pytest

from stream import catalog
from stream.rollup.budget import ALWAYS, MEMORY_MS, NEVER, SITES, Budget, Place, families

HERE = Place("emails_sent", "campaign", "s1")


def told(budget: Budget, place: Place, values: str | tuple[str, ...], now_ms: int = 0) -> list[bool]:
    """Tell which values get series of their own."""
    return [budget.since(place, value, now_ms) == ALWAYS for value in values]


def test_values_get_the_places_of_their_label_family_and_site() -> None:
    budget = Budget(limit=2)
    assert told(budget, HERE, "abcacd") == [True, True, False, True, False, False]
    for other in (HERE._replace(site="s2"), HERE._replace(label="variant"), HERE._replace(family="ad_impressions")):
        assert told(budget, other, "cde") == [True, True, False]


def test_unknown_takes_no_place_and_is_never_folded_and_other_is_a_value_like_any() -> None:
    budget = Budget(limit=1)
    assert told(budget, HERE, ("unknown", "(other)", "other", "x", "unknown")) == [True, False, True, False, True]


def test_an_allow_list_stands_in_place_of_places() -> None:
    budget = Budget(limit=1, allowed={"campaign": frozenset({"june", "july"})})
    assert told(budget, HERE, ("x", "june", "july", "unknown")) == [False, True, True, True]
    assert budget.folded == {"campaign": 1}


def test_what_was_folded_before_is_not_new_when_a_place_is_free() -> None:
    budget = Budget(limit=1)
    assert told(budget, HERE, "ab") == [True, False]
    budget.follow(HERE, "b", 5)
    del budget.kept[HERE]["a"]
    assert told(budget, HERE, "bc") == [False, True]


def test_where_more_was_folded_than_is_followed_nothing_is_new_until_it_is_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("stream.rollup.budget.MOST_FOLLOWED", 1)
    budget = Budget(limit=0)
    assert [budget.follow(HERE, value, 5) for value in "aba"] == [True, False, True]
    budget.limit = 1
    assert told(budget, HERE, "c", 5 + MEMORY_MS) == [False]
    assert told(budget, HERE, "c", 6 + MEMORY_MS) == [True]


def test_the_log_names_what_was_folded(caplog: pytest.LogCaptureFixture) -> None:
    budget = Budget()
    for number in range(25):
        budget.fold(HERE, f"c{number}")
    with caplog.at_level(logging.INFO, "leadpulse.labels"):
        budget.tell()
        budget.tell()
    (line,) = caplog.messages
    assert line.startswith("campaign of s1: added up in (other): c0, c1, c2")
    assert line.endswith("c19, …")
    assert budget.folded == {"campaign": 25}


def test_counts_that_are_divided_or_stand_together_are_a_family() -> None:
    found = families(catalog.METRICS)
    together = [
        ("emails_sent", "emails_opened", "emails_bounced", "emails_undeliverable", "email_clicks"),
        ("ad_impressions", "ad_clicks", "ad_spend"),
        ("campaign_visitors", "campaign_converted_visitors"),
        ("conversations", "chat_leads", "chat_seconds"),
    ]
    for names in together:
        assert {found[name] for name in names} == {names[0]}
    assert found["referral_sessions"] != found["domain_emails_sent"]  # both by domain, and not of the same domains
    assert found["visitors"] == found["sessions"] != found["leads"]  # of a site alone, and of the same area
    assert SITES in catalog.COUNTS
    assert NEVER > ALWAYS
