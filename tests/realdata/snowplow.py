"""Snowplow's web events as our envelopes, and what an independent count says they hold.

In:  the 160 rows of their integration test, and the page views, sessions and users that their models expect.
Out: NDJSON lines; page views, sessions and people by our definitions; each deviation from theirs, by id.

Ids: two things repeat in the rows. Three events were sent twice under one event id (a click, a page view, a
cookie event), which leaves 157. Among the 50 page views there are 49 event ids, but 47 page view ids: one
view is there under two event ids, and one has no page view id at all. The known figures (47, and 43 by their
models) are counted by page view id, so that is the `id` of a page_view envelope here; the row without one has
no id and is a dead letter.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson

from tests.realdata.shared import shared_rows

SITE = "snowplow"
SESSION_GAP_MS = 30 * 60 * 1_000

Row = dict[str, str]

#: Page views that our rules count and their models leave out, by event id.
LEFT_OUT_BY_THEM = {
    "941c1388-8541-4600-b1b3-64b069e592d7": "sent more than three days after it happened",
    "b0c248b551e063bd9f17b6a4e2c9ddf9db7935b7638c25b50a20a9443cd00e1c": "eight months into one session id",
    "6d72f61a-ccf2-4713-a057-4715d771e2ad": "past their cap of three days a session",
    "9b02c625-be4a-4281-bb5b-553079fa8a76": "past their cap of three days a session",
}

#: Page views that have no page view id, by event id: no id, no envelope.
WITHOUT_ID = {"b0833046-02de-44fa-b836-9b45d953df78"}

#: People of ours who are none of their users, by the first letters of the visitor id.
PEOPLE_NOT_THEIRS = {
    "9341fb": "their only page view is the one that came too late for their models",
    "1f72f3": "one session id under three visitor ids: they take all for the first",
    "2e340e": "one session id under three visitor ids: they take all for the first",
    "a66d14": "no visitor id: we take the network's, they count no user",
}

#: Session ids (their first letters) where their sessions and ours differ: (theirs, ours, why). A session of
#: ours whose page views have several session ids is put down to that of its first page view.
SESSIONS_THAT_DIFFER = {
    "d21c00": (1, 2, "one session id over eight months; a gap of 30 minutes ends a session here"),
    "7edb16": (0, 1, "its page view came too late for their models"),
    "2bfc2c": (1, 4, "one session id over eight days; they also cap it at three"),
    "cde5b9": (1, 1, "two session ids of one person in the same ten seconds are one session here"),
    "93c111": (1, 0, "two session ids of one person in the same ten seconds are one session here"),
    "6f19f1": (1, 1, "two session ids of one person in the same ten seconds are one session here"),
    "df2bf4": (1, 0, "two session ids of one person in the same ten seconds are one session here"),
    "540b6c": (1, 3, "three people under one session id"),
    "0b0c7b": (
        3,
        1,
        "two more ids, other in their last letter only, hold no page view but page pings",
    ),
    "0b5d42": (1, 0, "holds no page view but a page ping"),
}

#: The figures that all of this adds up to.
EXPECTED = {
    "rows": 160,
    "distinct_events": 157,
    "page_view_rows": 50,
    "page_views_by_event_id": 49,
    "page_views": 47,
    "their_page_views": 43,
    "people": 15,
    "their_users": 11,
    "sessions": 20,
    "their_sessions": 18,
}


def events() -> list[Row]:
    """Give the rows as they are."""
    return shared_rows("snowplow_web/snowplow_web_events.csv")


def expected(table: str) -> list[Row]:
    """Give the rows that their models expect: page_views, sessions or users."""
    return shared_rows(f"snowplow_web/snowplow_web_{table}_expected.csv")


def page_view_lines(*, recorded: bool = False) -> Iterator[bytes]:
    """Give an envelope for each page view row; with `recorded` the collector's time is the arrival."""
    for row in events():
        if row["event_name"] == "page_view":
            yield orjson.dumps(envelope(row, page_view_id(row), recorded=recorded))


def event_lines() -> Iterator[bytes]:
    """Give every row as a page_view under its event id: for de-duplication alone, the counts mean nothing."""
    for row in events():
        yield orjson.dumps(envelope(row, row["event_id"]))


def envelope(row: Row, id_: str | None, *, recorded: bool = False) -> dict[str, Any]:
    """Make a page_view envelope of a row."""
    data: dict[str, Any] = {
        "site_id": SITE,
        "visitor_id": visitor(row),
        "page": {"path": row["page_urlpath"] or "/", "url": row["page_url"], "title": row["page_title"]},
        "geo": {"country": row["geo_country"]},
        "user_agent": row["useragent"],
    }
    if row["domain_sessionid"]:
        data["session_id"] = row["domain_sessionid"]
    if row["page_referrer"]:
        data["referrer"] = {"url": row["page_referrer"]}
    if row["mkt_source"]:
        data["campaign"] = {
            "source": row["mkt_source"],
            "medium": row["mkt_medium"],
            "name": row["mkt_campaign"],
        }
    if row["mkt_clickid"] and row["mkt_network"] == "Google":
        data["click_ids"] = {"gclid": row["mkt_clickid"]}
    made: dict[str, Any] = {
        "specversion": "1.0",
        "source": "snowplow/web",
        "type": "page_view",
        "time": rfc3339(row["derived_tstamp"]),
        "data": data,
    }
    if id_ is not None:
        made["id"] = id_
    if recorded:
        made["recordedtime"] = rfc3339(row["collector_tstamp"])
    return made


def page_view_id(row: Row) -> str | None:
    """Give the page view id of a page view, if it has one."""
    found: str | None = json.loads(row["contexts_com_snowplowanalytics_snowplow_web_page_1_0_0"])[0].get("id")
    return found


def visitor(row: Row) -> str:
    """Give the visitor: the id in the site's cookie, else (one row) that of the network's."""
    return row["domain_userid"] or row["network_userid"]


def counted_page_views() -> list[Row]:
    """Give one row a page view id, the earliest: what is to be counted, in order of time."""
    first: dict[str, Row] = {}
    for row in sorted(events(), key=lambda row: row["derived_tstamp"]):
        if row["event_name"] == "page_view" and (id_ := page_view_id(row)) is not None:
            first.setdefault(id_, row)
    return list(first.values())


def sessions(rows: list[Row]) -> list[list[Row]]:
    """Cut page views, in order of time, into sessions: a gap of more than 30 minutes begins another."""
    open_: dict[str, list[Row]] = {}
    found: list[list[Row]] = []
    for row in rows:
        last = open_.get(visitor(row))
        if last is None or epoch_ms(row) - epoch_ms(last[-1]) > SESSION_GAP_MS:
            last = open_[visitor(row)] = []
            found.append(last)
        last.append(row)
    return found


def epoch_ms(row: Row) -> int:
    """Give the time of an event in milliseconds."""
    moment = datetime.fromisoformat(row["derived_tstamp"]).replace(tzinfo=UTC)
    return round(moment.timestamp() * 1_000)


def rfc3339(text: str) -> str:
    """Write one of their times, all of them UTC, as ours."""
    return text.replace(" ", "T") + "Z"
