"""Referrers: the tables that are shipped go together, and with what the settings let through."""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files
from typing import get_args

import pytest

from stream.ingest.hosts import host_of
from stream.ingest.referrers import expand, referrers
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


def test_every_group_of_names_says_where_it_is_from() -> None:
    text = files("stream.ingest").joinpath("referrers.toml").read_text("utf-8")
    tables = tomllib.loads(text)
    groups = [*tables["ignored"]["payment"], *tables["ignored"]["sign_in"], *tables["host"]["assistant"]]
    said = re.findall(r"^# .*\n(?:\[[\w.]+\]\n)?(\w+) = \"{3}$", text, re.MULTILINE)
    assert [group for group in groups if group not in said] == []
    names = [
        name
        for table in ("payment", "sign_in")
        for group in tables["ignored"][table].values()
        for name in expand(group)
    ]
    assert sorted(names) == sorted(set(names)), "a name has one origin"


@pytest.mark.parametrize(
    "host",
    [
        "www.paypal.com", "checkout.stripe.com", "pay.klarna.com", "checkoutshopper-live.adyen.com", "www.mollie.com",
        "secure.worldpay.com", "accept.authorize.net", "pay.amazon.com", "pay.shopify.com", "secure.payu.in",
        "hsbc.wlp-acs.com", "geo.cardinalcommerce.com", "3ds-secure.cardcomplete.com", "accounts.google.com",
        "login.microsoftonline.com", "appleid.apple.com", "firm.okta.com", "firm.eu.auth0.com", "firm.b2clogin.com",
    ],
)  # fmt: skip
def test_people_only_come_back_from_where_they_pay_and_sign_in(host: str) -> None:
    assert TABLES.is_ignored(host.removeprefix("www."))


def test_pages_are_paths() -> None:
    assert [page for pages in TABLES.pages.values() for page in pages if not page.startswith("/")] == []


@pytest.mark.parametrize(
    ("host", "kind"),
    [
        ("chatgpt.com", "assistant"),
        ("www.perplexity.ai", "assistant"),
        ("labs.openai.com", "assistant"),
        ("com.google.android.gm", "mail"),
        ("webmail.firm.example", "mail"),
        ("mail.example", None),  # a domain of that name
        ("google.com", None),
        ("notchatgpt.com", None),
    ],
)
def test_places_beyond_googles_groups_are_known(host: str, kind: str | None) -> None:
    assert TABLES.beyond(host) == kind
