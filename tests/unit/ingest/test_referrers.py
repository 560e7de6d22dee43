"""Referrers: the tables that are shipped go together, and with what the settings let through."""

from __future__ import annotations

from typing import get_args

import pytest

from stream.ingest.hosts import host_of
from stream.ingest.referrers import referrers
from stream.ingest.touches import SETS
from stream.settings.load import FIELDS
from stream.settings.referrers import KINDS

TABLES = referrers()


def test_the_settings_know_every_kind_of_the_tables() -> None:
    kinds = {*TABLES.category.values(), *TABLES.host.values()}
    assert {*KINDS} == kinds | {"ignored", "referral"}


def test_the_settings_know_every_set() -> None:
    (literal, _) = get_args(FIELDS["channel_sets"].annotation)
    assert get_args(literal) == tuple(SETS)


@pytest.mark.parametrize("table", ["category", "engine", "host", "ignored", "pages"])
def test_names_are_written_as_hosts_are_compared(table: str) -> None:
    names = list(getattr(TABLES, table))
    assert names
    assert [name for name in names if host_of(name) != name and not name.startswith(("www.", "*."))] == []


def test_no_source_is_ignored_but_what_google_lists_as_shops() -> None:
    both = {name for name in (*TABLES.category, *TABLES.host, *TABLES.engine) if TABLES.is_ignored(name)}
    assert both == {"checkout.shopify.com", "checkout.stripe.com", "stripe.com", "id.twitch.tv"}


def test_pages_are_paths() -> None:
    assert [page for pages in TABLES.pages.values() for page in pages if not page.startswith("/")] == []


@pytest.mark.parametrize(
    ("host", "kind"),
    [
        ("chatgpt.com", "assistant"),
        ("www.perplexity.ai", "assistant"),
        ("com.google.android.gm", "mail"),
        ("webmail.firm.example", "mail"),
        ("mail.example", None),  # a domain of that name
        ("google.com", None),
        ("notchatgpt.com", None),
    ],
)
def test_places_beyond_googles_groups_are_known(host: str, kind: str | None) -> None:
    assert TABLES.beyond(host) == kind
