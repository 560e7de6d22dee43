"""Campaign: the id of an event's campaign is the same whether it is asked for alone or beside the name."""

from __future__ import annotations

from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from stream.ingest.campaign import campaign_id_of, campaign_of

TEXTS = st.sampled_from([None, "", " ", "a", "spring+sale", "77"])
CAMPAIGNS = st.none() | st.builds(
    SimpleNamespace, source=TEXTS, medium=TEXTS, name=TEXTS, id=TEXTS, term=TEXTS, content=TEXTS
)
URLS = st.sampled_from([None, "/x", "/x?y=1", "/x?utm_id=78", "/x?utm_source=news&utm_id=a%2Bb", "/x?utm_campaign=c#?"])
PAGES = st.none() | st.builds(SimpleNamespace, url=URLS)


@given(CAMPAIGNS, PAGES)
def test_the_id_alone_is_that_beside_the_name(campaign: SimpleNamespace | None, page: SimpleNamespace | None) -> None:
    data = SimpleNamespace(campaign=campaign, page=page)
    assert campaign_id_of(data) == campaign_of(data)[1]


@given(CAMPAIGNS)
def test_of_an_event_without_a_page_as_well(campaign: SimpleNamespace | None) -> None:
    data = SimpleNamespace(campaign=campaign)
    assert campaign_id_of(data) == campaign_of(data)[1]
