"""8,000 real leads: as many by each origin as the file has."""

from __future__ import annotations

from collections import Counter

import pytest

from stream.ingest.touches import Channels
from stream.replay.replay import Replayed, ReplayOptions, replay
from tests.realdata import olist

pytestmark = pytest.mark.shared

#: The file spans a year less two weeks.
WINDOW = "400d"


def answer(lines) -> Replayed:
    return replay(lines, ReplayOptions(now_ms=1_700_000_000_000, windows=(WINDOW,)))


def values(answered: Replayed, metric: str, label: str) -> dict[str, float]:
    return {r.labels[label]: r.value for r in answered.readings if r.metric == metric and r.window == WINDOW}


def test_the_file_holds_8000_leads_by_eleven_origins() -> None:
    rows = olist.leads()
    assert len(rows) == len({row["mql_id"] for row in rows}) == 8_000
    assert Counter(row["origin"] for row in rows) == olist.LEADS_BY_ORIGIN


def test_an_origins_tags_give_the_channel_it_stands_for() -> None:
    for tags, channel in olist.TAGS.values():
        assert Channels().touch_of(**(tags or {})).channel == channel
    by_channel: Counter[str] = Counter()
    for origin, leads in olist.LEADS_BY_ORIGIN.items():
        by_channel[olist.TAGS[origin][1]] += leads
    assert by_channel == olist.LEADS_BY_CHANNEL


def test_the_pipeline_counts_the_leads_of_each_origin_and_channel() -> None:
    answered = answer(olist.lines())
    assert answered.account.counted == answered.account.accepted == 8_000
    by_form = {olist.form_of(origin): leads for origin, leads in olist.LEADS_BY_ORIGIN.items()}
    assert values(answered, "form_submits", "form") == by_form
    campaigns = values(answered, "campaign_visitors", "campaign")
    # a direct visit has no campaign, and neither has what names itself so
    assert campaigns.pop("unknown") == 1_099 + 499 + 60
    assert campaigns == {name: leads for name, leads in olist.LEADS_BY_ORIGIN.items() if name in campaigns}
    assert len(campaigns) == 8
    assert values(answered, "channel_leads", "channel") == olist.LEADS_BY_CHANNEL
    assert values(answered, "leads", "capture_method") == {"form": 8_000}


def test_forms_on_an_ad_platform_are_leads_of_its_channel_and_no_visits() -> None:
    answered = answer(olist.lines(on_platform=True))
    assert values(answered, "leads", "capture_method") == olist.LEADS_BY_CAPTURE
    channels = values(answered, "channel_leads", "channel")
    assert channels["paid_social"] == olist.LEADS_BY_ORIGIN["social"]
    assert channels["paid_search"] == olist.LEADS_BY_ORIGIN["paid_search"]
    assert sum(values(answered, "visitors", "site").values()) == olist.LEADS_BY_CAPTURE["form"]
