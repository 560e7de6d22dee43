"""Policies: small catalogs, each with one thing wrong, are refused by the name of the entry that is at fault."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stream import catalog
from stream.catalog import released
from stream.catalog.entry import count, labels, ratio, terms, total
from stream.catalog.policies import check
from stream.catalog.policies.labels import labels_are_bounded
from stream.catalog.policies.promises import Promise
from stream.catalog.words import (
    BOUNCES,
    MONEY,
    SESSION_OVER_MS,
    TRAFFIC,
    Alert,
    Chart,
    Column,
    Count,
    EachStep,
    Look,
    Metric,
)
from stream.errors import CatalogError

GOOD = ratio("visit_to_lead_ratio", "site", TRAFFIC, ("converted_visitors", "visitors"), "Share that converted.")
MONEY_RATIO = Metric(
    "cost_per_thing", "ratio", "Cost.", "spend / things", labels("site currency"), MONEY,
    terms("site_spend"), terms("site_spend"), unit="currency",
)  # fmt: skip


def refused(*entries: Metric, by: str = "", counts: dict[str, Count] | None = None) -> str:
    """Give the words of the refusal, which must name the entry."""
    with pytest.raises(CatalogError) as caught:
        check(entries, counts or catalog.COUNTS, {}, {})
    name = by or entries[-1].name
    assert name in caught.value.what
    assert name in caught.value.where
    assert caught.value.do
    return caught.value.what


def test_a_good_entry_passes() -> None:
    check([GOOD], catalog.COUNTS, {}, {})


def test_the_catalog_passes_and_is_held_against_what_was_released() -> None:
    check(catalog.BY_NAME.values(), catalog.COUNTS, released.read(), released.RETIRED)
    assert len(released.read()) > 90


# -- cohorts


def test_page_views_of_a_window_are_not_divided_by_the_sessions_begun_in_it() -> None:
    r"""A session's views lie behind its start: where it began before the window, they have no session to go by.

    session    |v──v──|v──v|
    window            [    )      2 views / 0 sessions
    """
    pages_per_session = Metric(
        "pages_per_session", "ratio", "Views a session.", "page_views / sessions", labels("site"), TRAFFIC,
        terms("page_views"), terms("sessions"),
    )  # fmt: skip
    says = refused(pages_per_session)
    assert "divides unlike cohorts" in says
    assert "page_views (each a view, at event)" in says
    assert "sessions (each a session, at session start)" in says


def test_an_entry_may_say_why_it_goes_across_cohorts() -> None:
    wrong = ratio("leads_ratio", "site", TRAFFIC, ("site_leads", "visitors"), "Leads of visitors.")
    assert "divides unlike cohorts" in refused(wrong)
    check([replace(wrong, across="whoever becomes known is a visitor of the window")], catalog.COUNTS, {}, {})


@pytest.mark.parametrize("entry", [
    replace(GOOD, across="why"),  # one cohort on both sides
    replace(count("visitors", "site", TRAFFIC, "Visitors."), across="why"),  # nothing is divided
])  # fmt: skip
def test_a_reason_that_nothing_needs_is_refused(entry: Metric) -> None:
    assert "and does not" in refused(entry)


@pytest.mark.parametrize(("over", "says"), [
    (("conversations", "visitors"), "divides unlike cohorts"),
    (("emails_sent - email_clicks", "emails_sent"), "adds up unlike counts"),  # messages less clicks
    (("page_views + sessions", "page_views"), "adds up unlike counts"),
    (("visits", "visitors"), "is no count"),
])  # fmt: skip
def test_unlike_counts_are_neither_added_nor_divided(over: tuple[str, str], says: str) -> None:
    by = {"conversations": "site bot", "emails_sent - email_clicks": "site campaign purpose variant"}
    assert says in refused(ratio("odd_ratio", by.get(over[0], "site"), TRAFFIC, over, "Odd.", proportion=False))


def test_a_proportion_is_a_share_of_the_same_thing() -> None:
    rate = ratio("click_ratio", "site campaign purpose variant", TRAFFIC, ("email_clicks", "emails_sent"), "Clicks.")
    assert "a proportion of unlike units" in refused(rate)
    check([replace(rate, proportion=False)], catalog.COUNTS, {}, {})
    assert "is a proportion, but no ratio" in refused(replace(rate, kind="summary"))


def test_only_what_stands_at_its_beginning_can_wait_until_it_is_over() -> None:
    late = count("visitors", "site", BOUNCES, "Visitors.")
    assert "ends earlier than now, and visitors stands at latest" in refused(replace(late, shift_ms=SESSION_OVER_MS))
    over = count("sessions", "site", BOUNCES, "Sessions that are over.")
    check([replace(over, shift_ms=SESSION_OVER_MS)], catalog.COUNTS, {}, {})


@pytest.mark.parametrize("changes", [
    {"denominator": ()}, {"numerator": ()}, {"kind": "count", "proportion": False}, {"kind": "gauge"},
])  # fmt: skip
def test_a_kind_has_the_parts_that_it_needs(changes: dict[str, object]) -> None:
    assert "with the wrong parts" in refused(replace(GOOD, **changes))  # type: ignore[arg-type]


# -- counts


def _counts(**changes: object) -> dict[str, Count]:
    return {**catalog.COUNTS, "sessions": replace(catalog.COUNTS["sessions"], **changes)}  # type: ignore[arg-type]


@pytest.mark.parametrize(("changes", "says"), [
    ({"cells": ("moonwalk",)}, "cells of kind moonwalk"),
    ({"labels": ("site", "country")}, "do not carry country"),
    ({"of": "visit"}, "is of 'visit'"),
    ({"at": "full moon"}, "at 'full moon'"),
])  # fmt: skip
def test_a_count_is_of_cells_that_there_are(changes: dict[str, object], says: str) -> None:
    assert says in refused(GOOD, by="sessions", counts=_counts(**changes))


def test_the_same_cells_do_not_stand_at_two_moments() -> None:
    says = refused(GOOD, by="channel_sessions", counts=_counts(at="event"))
    assert "channel_sessions stands at session start, and sessions, of the same cells session, at event" in says


# -- labels


@pytest.mark.parametrize(("by", "over", "says"), [
    ("site channel", ("converted_visitors", "visitors"), "shows channel, which converted_visitors, visitors does not"),
    ("site channel", ("channel_converted_visitors", "visitors"), "shows channel, which visitors does not carry"),
    ("site", ("channel_converted_visitors", "channel_visitors"), "does not show channel"),
])  # fmt: skip
def test_an_entry_shows_the_labels_that_its_counts_carry(by: str, over: tuple[str, str], says: str) -> None:
    assert says in refused(ratio("odd_ratio", by, TRAFFIC, over, "Odd."))


def test_a_label_that_no_count_carries_has_no_excuse() -> None:
    assert "shows channel" in refused(replace(GOOD, labels=("site", "channel"), across="why"))


@pytest.mark.parametrize("label", ["visitor_id", "message_id", "email_hash", "page_url", "bucket", "fate", "mood"])
def test_a_label_is_closed_or_budgeted_and_never_an_id(label: str) -> None:
    assert f"The label {label} of visits_total could explode" in refused(
        total("visits_total", "total", label, "Visits.")
    )


def test_only_what_has_no_windows_is_told_by_the_labels_of_the_account() -> None:
    check([total("visits_total", "total", "kind outcome", "Visits.")], catalog.COUNTS, {}, {})
    with pytest.raises(CatalogError, match="The label outcome of visit_to_lead_ratio could explode"):
        labels_are_bounded(replace(GOOD, labels=("site", "outcome")), catalog.COUNTS)


def test_money_is_told_apart_by_currency() -> None:
    check([MONEY_RATIO], catalog.COUNTS, {}, {})
    counts = {**catalog.COUNTS, "site_spend": replace(catalog.COUNTS["site_spend"], labels=("site",))}
    assert "several currencies" in refused(replace(MONEY_RATIO, labels=("site",)), counts=counts)


# -- names


@pytest.mark.parametrize(("entry", "says"), [
    (replace(GOOD, name="VisitToLead_ratio"), "lower case"),
    (replace(GOOD, name="visit__ratio"), "lower case"),
    (replace(GOOD, name="leadpulse_visit_ratio"), "the prefix that the exposition adds"),
    (replace(GOOD, name="visit_numerator"), "which the exposition makes of others"),
    (replace(GOOD, name="visit_to_lead_share"), "ends in _ratio without"),
    (replace(GOOD, name="visit_ratio", unit="1", proportion=False), "ends in _ratio without"),
    (count("visitors_ratio", "site", TRAFFIC, "Visitors.", made_of="visitors"), "ends in _ratio without"),
    (count("visitors_seconds", "site", TRAFFIC, "Visitors.", made_of="visitors"), "ends in _seconds without"),
    (count("visitors_total", "site", TRAFFIC, "Visitors.", made_of="visitors"), "ends in _total without"),
    (count("visitor", "site", TRAFFIC, "Visitors.", made_of="visitors"), "has no plural"),
    (total("events", "total", "kind", "Events."), "ends in _total without"),
    (total("source_lag", "gauge", "kind", "Lag.", "seconds"), "ends in _seconds without"),
    (replace(MONEY_RATIO, name="euros_per_thing"), "is money and names none of"),
])  # fmt: skip
def test_names_follow_the_conventions(entry: Metric, says: str) -> None:
    assert says in refused(entry)


def test_a_name_is_given_once() -> None:
    assert "two entries" in refused(GOOD, GOOD)


def test_an_entry_may_share_the_series_of_another_one_that_a_constant_tells_from_it() -> None:
    full = catalog.BY_NAME["full_cost_per_lead"]
    media = catalog.BY_NAME["cost_per_lead"]
    check((media, full), catalog.COUNTS, {}, {})
    assert full.series == "cost_per_lead"
    for wrong in (
        replace(full, exposed="visitors"),
        replace(full, constant=media.constant),
        replace(full, unit="1"),
    ):
        assert "none of its kind" in refused(media, wrong)


# -- alerts


HARM = replace(GOOD, direction="drop", alert=Alert("Fewer visitors become leads."))
CHANNELS = replace(catalog.BY_NAME["channel_visit_to_lead_ratio"], name="odd_ratio")


@pytest.mark.parametrize(("entry", "says"), [
    (replace(HARM, alert=None), "has no alert text"),
    (replace(HARM, direction=None), "no direction of harm"),
    (replace(HARM, alert=Alert("No period")), "does not end in a period"),
    (replace(HARM, alert=Alert("Fewer.", by=("bot",))), "or is none of its labels"),
    (replace(count("visitors", "site", TRAFFIC, "Visitors."), direction="rise", alert=Alert("More.")), "No rule fits"),
    (replace(MONEY_RATIO, direction="drop", alert=Alert("Cheap.")), "No rule fits"),
    (replace(CHANNELS, alert=Alert("Fewer.", by=())), "do not add up over labels"),
    (replace(catalog.BY_NAME["email_open_in_time_ratio"], alert=Alert("Fewer.")), "too many series"),
])  # fmt: skip
def test_a_harm_has_an_alert_that_a_rule_fits(entry: Metric, says: str) -> None:
    assert says in refused(entry)


def test_words_alone_need_no_rule() -> None:
    visitors = replace(
        count("visitors", "site", TRAFFIC, "Visitors."), direction="rise", alert=Alert("More.", ruled=False)
    )
    check((visitors,), catalog.COUNTS, {}, {})


# -- looks


@pytest.mark.parametrize(("changes", "says"), [
    ({"windows": ("3h",)}, "has the windows 3h"),
    ({"windows": ()}, "has the windows nothing"),
    ({"watched": "1h"}, "which is no window of a count"),
    ({"area": "sales"}, "in the area sales"),
    ({"look": Look(split="bot")}, "is shown by bot, which it has not"),
    ({"look": Look(focus=(("from", "first_view"),))}, "is shown by from"),
    ({"look": Look(places=(Chart("Money"),))}, "in the section Money"),
    ({"look": Look(places=(Chart("Visitors and leads", "channel"),))}, "is shown by channel"),
    ({"look": Look(places=(Column("Forms", "Robots"),))}, "in the table Robots of Forms"),
    ({"look": Look(places=(Column("Forms", "Forms"),))}, "is shown by form"),
    ({"look": Look(places=(EachStep(),))}, "is shown by from, to"),
])  # fmt: skip
def test_an_entry_is_shown_where_there_is_a_place(changes: dict[str, object], says: str) -> None:
    assert says in refused(replace(GOOD, **changes))  # type: ignore[arg-type]


def test_a_count_is_watched_in_one_of_its_windows() -> None:
    visitors = count("visitors", "site", BOUNCES, "Visitors.")
    check([replace(visitors, watched="1h")], catalog.COUNTS, {}, {})
    assert "is watched in 5m" in refused(replace(visitors, watched="5m"))


# -- promises


KEPT = Promise(("site",), "ratio")


@pytest.mark.parametrize(("was", "retired", "says"), [
    ({"old_ratio": KEPT}, {}, "old_ratio was released and is gone"),
    ({GOOD.name: Promise(("site", "channel"), "ratio")}, {}, "was released as ratio by site, channel, and is ratio by site"),
    ({GOOD.name: Promise(("site",), "1")}, {}, "was released as 1 by site"),
    ({"old_ratio": KEPT}, {"old_ratio": " "}, "without a reason"),
    ({GOOD.name: KEPT}, {GOOD.name: "read another"}, "is retired and still there"),
])  # fmt: skip
def test_what_was_released_does_not_vanish(was: dict[str, Promise], retired: dict[str, str], says: str) -> None:
    with pytest.raises(CatalogError) as caught:
        check([GOOD], catalog.COUNTS, was, retired)
    assert says in caught.value.what
    assert next(iter(was)) in caught.value.where


@pytest.mark.parametrize(("was", "retired"), [
    ({GOOD.name: KEPT}, {}),
    ({}, {}),  # a new entry was never promised
    ({"old_ratio": KEPT}, {"old_ratio": "read visit_to_lead_ratio"}),
    ({GOOD.name: Promise((), "ratio")}, {GOOD.name: "told by site since 0.2"}),
])  # fmt: skip
def test_a_tombstone_says_why_something_is_gone(was: dict[str, Promise], retired: dict[str, str]) -> None:
    check([GOOD], catalog.COUNTS, was, retired)


def test_a_release_writes_what_the_next_one_reads(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(released, "PATH", tmp_path / "released.toml")
    released.PATH.write_text(released.text([GOOD, MONEY_RATIO]))
    assert released.read() == {GOOD.name: KEPT, "cost_per_thing": Promise(("site", "currency"), "currency")}
