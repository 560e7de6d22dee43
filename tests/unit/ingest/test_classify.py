"""Traffic classes and consent: what does not count, and why."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from stream.contract.fields import hook
from stream.contract.kinds import KINDS
from stream.ingest.classify import classify
from tests.events import data_of, event

GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
IMAGE_PROXY = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"


def made(kind: str, **data: Any) -> Any:
    return msgspec.convert(event(kind, data_of(kind, **data)), KINDS[kind].struct, dec_hook=hook)


@pytest.mark.parametrize("kind", [name for name, kind in KINDS.items() if kind.user_agent == "filters"])
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ({}, None),  # no user agent is no proof of a bot
        ({"user_agent": "x"}, None),
        ({"user_agent": CHROME}, None),
        ({"user_agent": GOOGLEBOT}, "bot"),
        ({"user_agent": "curl/8.5.0"}, "bot"),
        ({"user_agent": GOOGLEBOT, "traffic": {"class": "human"}}, None),  # the producer's word stands
        ({"user_agent": CHROME, "traffic": {"class": "bot"}}, "bot"),
        ({"user_agent": GOOGLEBOT, "traffic": {"class": "internal"}}, "internal"),
        ({"traffic": {"class": "test"}}, "test"),
        ({"user_agent": GOOGLEBOT, "traffic": {}}, "bot"),
    ],
)
def test_the_producer_decides_and_else_the_user_agent(kind: str, data: dict, reason: str | None) -> None:
    assert classify(kind, [made(kind, **data)]) == [reason]


@pytest.mark.parametrize(
    ("data", "reason", "machine"),
    [
        ({"user_agent": IMAGE_PROXY}, None, False),  # a person opens
        ({"user_agent": GOOGLEBOT}, None, True),
        ({"user_agent": GOOGLEBOT, "machine": False}, None, False),  # the provider's word stands
        ({"user_agent": CHROME}, None, False),
        ({}, None, None),
        ({"user_agent": CHROME, "machine": True}, None, True),
        ({"user_agent": GOOGLEBOT, "traffic": {"class": "human"}}, None, False),
        ({"machine": True, "traffic": {"class": "human"}}, None, True),
        ({"traffic": {"class": "test"}}, "test", None),
    ],
)
def test_a_bots_user_agent_on_email_marks_a_machine_and_filters_nothing(
    data: dict, reason: str | None, machine: bool | None
) -> None:
    email = made("email", action="opened", **data)
    assert classify("email", [email]) == [reason]
    assert email.data.machine is machine


@pytest.mark.parametrize(
    ("kind", "data", "reason"),
    [
        ("ad", {"user_agent": "python-requests/2.31"}, None),
        *((kind, {"user_agent": "curl/8.5.0"}, None) for kind in ("crm", "cost", "signal", "privacy")),
        ("ad", {"user_agent": "python-requests/2.31", "traffic": {"class": "bot"}}, "bot"),
        ("form", {"user_agent": "Go-http-client/2.0", "platform": "meta", "lead_id": "l"}, None),
        ("form", {"user_agent": "Go-http-client/2.0"}, "bot"),
        ("form", {"platform": "meta", "lead_id": "l", "traffic": {"class": "test"}}, "test"),
    ],
)
def test_a_programs_user_agent_says_nothing_of_what_programs_tell(kind: str, data: dict, reason: str | None) -> None:
    assert classify(kind, [made(kind, **data)]) == [reason]


@pytest.mark.parametrize(
    ("consent", "reason"),
    [
        (None, None),
        ({}, None),
        ({"analytics": True}, None),
        ({"analytics": False}, "no_consent"),
    ],
)
def test_a_refusal_filters_only_where_consent_is_required(consent: dict | None, reason: str | None) -> None:
    events = [made("page_view", consent=consent)]
    assert classify("page_view", events, require_consent=True) == [reason]
    assert classify("page_view", events) == [None]


def test_a_bot_without_consent_is_a_bot() -> None:
    events = [made("page_view", user_agent=GOOGLEBOT, consent={"analytics": False})]
    assert classify("page_view", events, require_consent=True) == ["bot"]


def test_a_batch_is_answered_event_by_event() -> None:
    agents = [CHROME, GOOGLEBOT, None, CHROME]
    assert classify("page_view", [made("page_view", user_agent=agent) for agent in agents]) == [
        None,
        "bot",
        None,
        None,
    ]


def test_what_is_told_of_privacy_counts_whatever_it_says_of_consent() -> None:
    refused = made("privacy", action="consent_changed", consent={"analytics": False})
    assert classify("privacy", [refused], require_consent=True) == [None]
    assert classify("privacy", [made("privacy", traffic={"class": "test"})], require_consent=True) == ["test"]
