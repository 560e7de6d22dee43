"""Email events of real providers fit the contract: each row becomes a valid event, or says why it is none."""

from __future__ import annotations

from collections import Counter

import orjson
import pytest

from stream.contract.times import parse_ms
from stream.ingest.classify import classify
from stream.ingest.decode import decode
from tests.realdata.vendor_email import ADAPTERS, EXPECTED, translated

pytestmark = pytest.mark.shared


@pytest.mark.parametrize("file", ADAPTERS)
def test_every_row_is_a_valid_event_or_no_email(file: str) -> None:
    made = list(translated(file))
    assert len(made) == 100
    envelopes = [event for event in made if not isinstance(event, str)]
    records = [(n, parse_ms(e["time"]), None, orjson.dumps(e), ()) for n, e in enumerate(envelopes)]
    decoded = decode("email", records)
    assert decoded.rejects == []
    actions = Counter(event.data.action for event in decoded.events)
    if len(envelopes) < 100:
        actions[""] = 100 - len(envelopes)
    assert actions == EXPECTED[file]
    assert all(isinstance(event, dict) or event for event in made)


def test_programs_that_open_and_click_are_marked_and_not_filtered() -> None:
    for file in ("marketo_activity_open_email_data", "marketo_activity_click_email_data"):
        envelopes = [event for event in translated(file) if not isinstance(event, str)]
        records = [(n, parse_ms(e["time"]), None, orjson.dumps(e), ()) for n, e in enumerate(envelopes)]
        events = decode("email", records).events
        assert classify("email", events) == [None] * len(events)
