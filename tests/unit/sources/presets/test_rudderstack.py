"""RudderStack: what it has in common with Segment, and what is its own."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from stream.ingest.decode import Limits, decode
from tests.realdata.vendor_payloads import events, mapped, records

TIME = "2026-03-01T09:30:00.120Z"
LATE = Limits(lateness_ms=4_000 * 86_400_000, now_ms=1_772_400_000_000)


def call(**fields: Any) -> dict[str, Any]:
    return {"type": "page", "messageId": "m", "anonymousId": "a", "originalTimestamp": TIME, **fields}


@pytest.mark.shared
def test_the_examples_of_the_spec_are_the_events_that_they_are_of_segment() -> None:
    ours, theirs = (mapped(name, *records("segment_docs.ndjson"), name="x") for name in ("rudderstack", "segment"))
    assert events(ours) == events(theirs)
    assert len(ours.events) == 11
    assert (ours.ignored, ours.unmapped) == (theirs.ignored, theirs.unmapped)


def test_who_is_not_signed_in_has_an_empty_user_and_is_taken() -> None:
    value = orjson.dumps(call(userId="", properties={"path": "/a"}))
    (event,) = mapped("rudderstack", value).events
    (one,) = decode("page_view", [(0, 1_772_400_000_000, None, event.value, ())], LATE).events
    assert (one.data.visitor_id, one.data.user_id) == ("a", None)


def test_a_batch_that_was_posted_is_as_many_events_as_their_list_and_one_alone() -> None:
    page = {"path": "/a"}
    calls = [call(messageId=str(number), properties=page) for number in range(3)]
    posted = events(mapped("rudderstack", orjson.dumps({"batch": calls, "sentAt": TIME})))
    assert [event["id"] for event in posted] == ["0", "1", "2"]
    assert posted == events(mapped("rudderstack", orjson.dumps(calls)))
    assert posted == events(mapped("rudderstack", *(orjson.dumps(each) for each in calls)))


def test_its_session_is_a_number_and_a_name_as_any_other() -> None:
    (ours,) = events(mapped("rudderstack", orjson.dumps(call(context={"sessionId": 7, "page": {"path": "/a"}}))))
    assert ours["data"]["session_id"] == "7"


def test_direct_is_its_word_for_no_referrer() -> None:
    def referrer(url: str) -> Any:
        page = {"path": "/a", "referrer": url}
        (ours,) = events(mapped("rudderstack", orjson.dumps(call(properties=page, context={"page": page}))))
        return ours["data"].get("referrer")

    assert referrer("$direct") is None
    assert referrer("https://b.example/?q=1") == {"url": "https://b.example/"}
