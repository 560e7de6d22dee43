"""Claims in a replay: what the crm says of visitors meets them as they were then, however few lines a year has."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from stream.contract.times import format_ms
from stream.replay import replay as replaying
from stream.replay.replay import ReplayOptions, replay

Envelope = dict[str, Any]
BEGIN = datetime(2025, 3, 1, 9, tzinfo=UTC)


def at_ms(day: float) -> int:
    return round((BEGIN + timedelta(days=day)).timestamp() * 1000)


def event(day: float, kind: str, **data: Any) -> Envelope:
    name = f"{kind}-{day}"
    return {
        "specversion": "1.0", "source": "test", "id": name, "type": kind, "time": format_ms(at_ms(day)),
        "data": {"site_id": "s", "visitor_id": "v", **data},
    }  # fmt: skip


def submit(day: float, industry: str = "steel") -> Envelope:
    return event(day, "form", action="submit", form_id="f", form_type="demo", company={"industry": industry})


def claim(day: float, lead: str = "l") -> Envelope:
    return event(day, "crm", action="call_completed", lead_id=lead)


def read(events: list[Envelope], metric: str, **labels: str) -> Counter[str]:
    options = ReplayOptions(now_ms=at_ms(300), at_ms=at_ms(300), leads="on")
    replayed = replay(map(orjson.dumps, events), options)
    assert replayed.account.counted == len(events)
    found: Counter[str] = Counter()
    for one in replayed.readings:
        if one.metric == metric and one.window == "365d" and labels.items() <= one.labels.items():
            found[one.labels.get("value", "")] += int(one.value or 0)
    return +found


@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "one by one"])
@pytest.mark.parametrize(
    ("claimed", "industries"),
    [
        # the second life is a lead of its own
        ([-0.1], {"steel": 1, "building": 1}),
        ([0.1], {"steel": 1, "building": 1}),
        ([34], {"steel": 1, "building": 1}),
        # the crm says that it is the same: the newest word on the company counts
        ([0.1, 99.9], {"building": 1}),
        ([34, 120], {"building": 1}),
    ],
)
def test_a_visitor_who_comes_back_after_a_life_is_still_who_the_crm_said(
    monkeypatch: pytest.MonkeyPatch, together: bool, claimed: list[float], industries: dict[str, int]
) -> None:
    monkeypatch.setattr(replaying, "_SPAN_MS", 10**12 if together else 0)
    events = [submit(0, "steel"), submit(100, "building"), *(claim(day) for day in claimed)]
    assert read(events, "segment_leads", segment="industry") == industries


def test_records_of_years_about_one_visitor_are_not_too_many_for_one_batch() -> None:
    """Sixteen sightings of a visitor are kept at a time, and a year has more."""
    days = range(0, 300, 12)
    events = [one for n, day in enumerate(days) for one in (submit(day), claim(day + 0.2, "lk"[n % 2]))]
    assert read(events, "stage_leads", stage="lead") == {"": 2}
