"""Snowplow's web events: the counts they are known for, and each deviation by id with its reason."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from stream.contract.readings import Reading
from stream.replay.replay import Replayed, ReplayOptions, replay
from stream.state.known_ids import KnownIds, hash_ids
from tests.realdata import snowplow
from tests.realdata.snowplow import EXPECTED, epoch_ms, page_view_id, visitor

pytestmark = pytest.mark.shared

#: From the oldest row (July 2020) to the newest (March 2021), and some more.
WINDOW = "400d"
NOW_MS = 1_700_000_000_000


def answer(lines, **options) -> Replayed:
    return replay(lines, ReplayOptions(now_ms=NOW_MS, windows=(WINDOW,), **options))


def values(answered: Replayed, metric: str, label: str | None = None) -> dict[str, float]:
    """Give the values of a metric by one of its labels."""

    def named(reading: Reading) -> str:
        return reading.labels[label] if label else ""

    found = [r for r in answered.readings if r.metric == metric and r.window == WINDOW]
    return {named(reading): reading.value for reading in found}


def test_160_rows_hold_157_events() -> None:
    rows = snowplow.events()
    assert len(rows) == EXPECTED["rows"]
    hashes = hash_ids(["snowplow\x1f" + row["event_id"] for row in rows])
    hours = np.array([epoch_ms(row) // 3_600_000 for row in rows])
    repeated = KnownIds().check(hashes, hours)
    assert len(rows) - int(repeated.sum()) == len({row["event_id"] for row in rows}) == EXPECTED["distinct_events"]


def test_the_page_views_are_47_by_page_view_id_and_49_by_event_id() -> None:
    rows = [row for row in snowplow.events() if row["event_name"] == "page_view"]
    assert len(rows) == EXPECTED["page_view_rows"]
    assert len({row["event_id"] for row in rows}) == EXPECTED["page_views_by_event_id"]
    assert len({page_view_id(row) for row in rows} - {None}) == EXPECTED["page_views"]
    assert {row["event_id"] for row in rows if page_view_id(row) is None} == snowplow.WITHOUT_ID


def test_what_their_models_leave_out_is_listed_one_by_one() -> None:
    theirs = {row["page_view_id"] for row in snowplow.expected("page_views")}
    ours = {page_view_id(row): row["event_id"] for row in snowplow.counted_page_views()}
    assert len(theirs) == EXPECTED["their_page_views"]
    assert theirs <= ours.keys()
    assert {ours[id_] for id_ in ours.keys() - theirs} == snowplow.LEFT_OUT_BY_THEM.keys()


def test_people_who_are_none_of_their_users_are_listed_one_by_one() -> None:
    theirs = {row["domain_userid"][:6] for row in snowplow.expected("users")}
    ours = {visitor(row)[:6] for row in snowplow.counted_page_views()}
    assert (len(theirs), len(ours)) == (EXPECTED["their_users"], EXPECTED["people"])
    assert theirs <= ours
    assert ours - theirs == snowplow.PEOPLE_NOT_THEIRS.keys()


def test_sessions_that_differ_from_theirs_are_listed_one_by_one() -> None:
    theirs = Counter(row["domain_sessionid"][:6] for row in snowplow.expected("sessions"))
    ours = Counter(session[0]["domain_sessionid"][:6] for session in snowplow.sessions(snowplow.counted_page_views()))
    assert (theirs.total(), ours.total()) == (EXPECTED["their_sessions"], EXPECTED["sessions"])
    differ = {id_: (theirs[id_], ours[id_]) for id_ in theirs | ours if theirs[id_] != ours[id_]}
    listed = {id_: (their, our) for id_, (their, our, _) in snowplow.SESSIONS_THAT_DIFFER.items()}
    assert differ == {id_: counts for id_, counts in listed.items() if counts[0] != counts[1]}
    # the rest of the list: session ids that share one session of ours with another
    shared = {id_ for id_ in listed if listed[id_][0] == listed[id_][1]}
    mixed = [
        {row["domain_sessionid"][:6] for row in session} for session in snowplow.sessions(snowplow.counted_page_views())
    ]
    assert all(any(id_ in ids and len(ids) > 1 for ids in mixed) for id_ in shared)


def test_the_pipeline_de_duplicates_160_rows_to_157() -> None:
    account = answer(snowplow.event_lines()).account
    assert (account.accepted, account.counted, account.duplicates) == (160, 157, 3)
    assert not account.filtered
    assert not account.dead_lettered


def test_the_pipeline_counts_the_page_views_people_and_sessions() -> None:
    answered = answer(snowplow.page_view_lines())
    account = answered.account.as_dict()
    assert account == {
        "accepted": 50,
        "counted": EXPECTED["page_views"],
        "duplicates": 2,
        "filtered": {},
        "dead_lettered": {"missing_field": 1},
    }
    assert values(answered, "page_views") == {"": EXPECTED["page_views"]}
    assert values(answered, "visitors") == {"": EXPECTED["people"]}
    # one of them was there in July 2020 and again in March 2021: new both times, after 35 days unseen
    assert values(answered, "new_visitors") == {"": EXPECTED["people"] + 1}
    assert values(answered, "sessions") == {"": EXPECTED["sessions"]}
    views = Counter(row["geo_country"] for row in snowplow.counted_page_views())
    assert values(answered, "country_visitors", "country").keys() == views.keys()


def test_the_pipeline_names_the_channels() -> None:
    # Theirs: Display 1, Paid Other 1, Unassigned 16 of 18 (they look at no referrer). Ours: the click id of a
    # Google ad tells a search ad from Paid Other, a search engine or another site in the referrer is seen,
    # and what has neither is direct.
    sessions = values(answer(snowplow.page_view_lines()), "channel_sessions", "channel")
    assert sum(sessions.values()) == EXPECTED["sessions"]
    assert sessions["display"] == 1
    assert sessions["paid_search"] == 1
    assert sessions["organic_search"] == 1
    assert "unassigned" not in sessions


def test_with_the_collectors_times_what_came_days_late_is_a_dead_letter() -> None:
    answered = answer(snowplow.page_view_lines(recorded=True))
    assert answered.account.dead_lettered == {"missing_field": 1, "too_late": 1}
    assert answered.account.counted == EXPECTED["page_views"] - 1
