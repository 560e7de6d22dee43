"""Bots: the answers are those of the list's own package, only found faster."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from crawleruseragents import CRAWLER_USER_AGENTS_DATA, is_crawler
from hypothesis import given
from hypothesis import strategies as st

from stream.ingest.bots import MAX_CHARACTERS, is_machine
from stream.ingest.classify import classify

INSTANCES = [agent for entry in CRAWLER_USER_AGENTS_DATA for agent in entry["instances"]]
PEOPLE = [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36",
    "Opera/9.80 (Windows NT 6.1; WOW64) Presto/2.12.388 Version/12.18",
]


def is_bot(agent: str | None) -> bool:
    """Say whether a page view with a user agent is taken out as a bot's."""
    data = SimpleNamespace(traffic=None, user_agent=agent, consent=None)
    return classify("page_view", [SimpleNamespace(data=data)]) == ["bot"]


def test_every_example_of_the_list_is_answered_as_by_the_package() -> None:
    short = [agent for agent in INSTANCES if len(agent) <= MAX_CHARACTERS]
    assert len(short) > 1_000
    assert [agent for agent in short if is_bot(agent) is not is_crawler(agent)] == []


@pytest.mark.parametrize("agent", PEOPLE)
def test_browsers_of_people_are_no_bots(agent: str) -> None:
    assert not is_bot(agent)


@pytest.mark.parametrize("agent", [None, ""])
def test_no_user_agent_is_no_proof(agent: str | None) -> None:
    assert is_bot(agent) is False


WORDS = st.sampled_from([entry["pattern"].replace("\\", "") for entry in CRAWLER_USER_AGENTS_DATA])


@given(st.lists(st.one_of(WORDS, WORDS.map(lambda word: word[:-1]), st.text(max_size=6)), max_size=4), st.data())
def test_any_text_is_answered_as_by_the_package(parts: list[str], data: st.DataObject) -> None:
    agent = data.draw(st.sampled_from(["", " ", "x", "/"])).join(parts)[:MAX_CHARACTERS]
    assert is_bot(agent) is (bool(agent) and is_crawler(agent))


def test_a_long_user_agent_is_read_to_its_limit_only() -> None:
    assert is_bot("x" * (MAX_CHARACTERS - 10) + "Googlebot/")
    assert not is_bot("x" * MAX_CHARACTERS + "Googlebot/")


GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"


@pytest.mark.parametrize(
    ("machine", "agent", "traffic_class", "answer"),
    [
        (None, GMAIL, None, False),  # fetches when a person opens
        (None, "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html", None, False),
        (None, "Mozilla/5.0 (via OutlookImageProxy)", None, False),
        (None, "FastmailUA/1.0", None, False),
        (None, "Mozilla/4.0 (compatible; ms-office; MSOffice 16)", None, False),
        *((None, agent, None, False) for agent in PEOPLE),
        (None, "Mozilla/5.0", None, True),  # Apple's privacy proxy fetches every image by itself
        (None, "Microsoft Office Existence Discovery", None, True),
        (None, "Mozilla/5.0 (compatible; Proofpoint URL Defense)", None, True),
        (None, "BarracudaCentral", None, True),
        (None, "python-requests/2.31", None, True),
        (None, "Slack-ImgProxy (+https://api.slack.com/robots)", None, True),  # the preview of a link
        (None, "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", None, True),
        (None, None, None, False),
        (None, "", None, False),
        (False, "python-requests/2.31", None, False),  # the provider's word stands, either way
        (True, GMAIL, None, True),
        (None, "python-requests/2.31", "human", False),
        (True, GMAIL, "human", True),
        (None, GMAIL, "bot", True),
    ],
)
def test_a_machine_is_what_the_provider_says_else_a_scanner_or_prefetcher(
    machine: bool | None, agent: str | None, traffic_class: str | None, answer: bool
) -> None:
    assert is_machine(machine, agent, traffic_class) is answer
