"""Optional kinds: records of crm, cost, signal and privacy that must not hurt, made by hand.

In:  nothing.
Out: (name, kind, bytes, reason), where the reason None means that it counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tests.contracts.poison_words import Poison, raw
from tests.events import data_of

HASH = "ab" * 32
JUNK = ("undefined", " NULL ", "'none'", "0000-0000", "0", "Anonymous", "[object Object]", 0)


def deal(**changes: Any) -> dict[str, Any]:
    """Give the data of a deal that was won."""
    won = {"action": "deal_won", "deal_id": "d1", "value": 12_000, "currency": "EUR", "from": None, "to": None}
    return data_of("crm", **{**won, **changes})


def crm() -> Iterator[Poison]:
    for name, data, reason in (
        ("a move that says no stage", data_of("crm", to=None), "missing_field"),
        ("a move to white space", data_of("crm", to=" "), "missing_field"),
        ("a move to a list", data_of("crm", to=["sql"]), "wrong_type"),
        ("a move to no whole number", data_of("crm", to=1.5), "wrong_type"),
        ("a stage of 4,097 characters", data_of("crm", to="x" * 4_097), "out_of_range"),
        ("an action nobody knows", data_of("crm", action="won"), "out_of_range"),
        ("a lead that is a list", data_of("crm", lead_id=[]), "wrong_type"),
        ("a lead with a separator", data_of("crm", lead_id="a\x1fb"), "out_of_range"),
        ("a call of nobody", data_of("crm", action="call_completed", lead_id=None, deal_id="d1"), "missing_field"),
        ("a deal of nobody and nothing", deal(lead_id=None, deal_id=None), "missing_field"),
        ("a deal lost of nobody", deal(action="deal_lost", lead_id=None, deal_id=None), "missing_field"),
        ("a deal worth a text", deal(value="12000"), "wrong_type"),
        ("a deal worth a flag", deal(value=True), "wrong_type"),
        ("a deal beyond numbers", deal(value=10**12), "out_of_range"),
        ("a deal in a currency that is none", deal(currency="EURO"), "out_of_range"),
        ("a deal in a currency that is a number", deal(currency=978), "wrong_type"),
        ("a refund without a value", deal(action="refund", value=None), "missing_field"),
        ("a refund without a currency", deal(action="refund", currency=None), "missing_field"),
        ("a refund that takes", deal(action="refund", value=-5), "out_of_range"),
        ("a refund worth a text", deal(action="refund", value="5"), "wrong_type"),
        ("a deal without its lead", deal(lead_id=None), None),
        ("a deal of a lead who is nobody", deal(lead_id="undefined"), None),
        ("a deal lost", deal(action="deal_lost", value=None, currency=None), None),
        ("a deal lost, worth a text", deal(action="deal_lost", value="?", currency="?"), None),
        ("a deal without a value", deal(value=None, currency=None), None),
        ("a deal without an id", deal(deal_id=None), None),
        ("a deal of nothing", deal(value=0), None),
        ("money of small letters", deal(currency=" eur"), None),
        ("a deal that is a number", deal(deal_id=88, lead_id=204), None),
        ("a refund", deal(action="refund", value=10.5), None),
        ("a stage that is a number", data_of("crm", to=3), None),
        ("an action in capitals", data_of("crm", action=" Stage_Changed"), None),
        ("a rep that is a number", data_of("crm", action="assigned", rep_id=7, assignment="ROUND_ROBIN"), None),
        ("an assignment nobody knows", data_of("crm", action="assigned", assignment="by hand"), None),
        ("a method nobody knows", data_of("crm", action="lead_created", capture_method="fax"), None),
        ("a customer who may be new", deal(new_customer="yes"), None),
        ("reasons that are a list", data_of("crm", action="disqualified", reason=["price"]), None),
        ("a value where none counts", data_of("crm", value="dear", currency="?"), None),
        ("two ids of one person", data_of("crm", email_hash=HASH, user_id="u1", visitor_id="v1"), None),
    ):
        yield name, "crm", raw("crm", data), reason
    for value in JUNK:
        yield f"{value!r} as a lead", "crm", raw("crm", data_of("crm", lead_id=value)), "out_of_range"
        yield f"{value!r} as a deal", "crm", raw("crm", deal(deal_id=value)), "out_of_range"
        yield f"{value!r} as a deal of a move", "crm", raw("crm", data_of("crm", deal_id=value)), None
    for time, reason in (("2025-05-11T12:00:00.001Z", None), ("2025-05-11T11:59:59Z", "too_late")):
        yield f"told {time}", "crm", raw("crm", time=time), reason


def cost() -> Iterator[Poison]:
    for name, data, reason in (
        ("a category nobody knows", {"category": "hosting"}, "out_of_range"),
        ("a category that is a number", {"category": 7}, "wrong_type"),
        ("half a millionth", {"amount_micros": 1.5}, "wrong_type"),
        ("an amount as text", {"amount_micros": "5"}, "wrong_type"),
        ("an amount beyond numbers", {"amount_micros": 2**53}, "out_of_range"),
        ("money that is none", {"currency": "XXX"}, "out_of_range"),
        ("money as a number", {"currency": 978}, "wrong_type"),
        ("a revision less than none", {"revision": -1}, "out_of_range"),
        ("a revision as text", {"revision": "2"}, "wrong_type"),
        ("a period backwards", {"period_start": "2025-06-15T00:00:00Z", "period_end": "2025-06-14T00:00:00Z"}, "bad_time"),
        ("a period of no length", {"period_end": "2025-06-14T00:00:00Z"}, "bad_time"),
        ("a period of 25 years", {"period_start": "2000-01-01T00:00:00Z"}, "bad_time"),
        ("a period from no day", {"period_start": "2025-02-30T00:00:00Z"}, "bad_time"),
        ("a period far ahead", {"period_start": "2026-08-01T00:00:00Z", "period_end": "2026-09-01T00:00:00Z"}, "bad_time"),
        ("a period to a word", {"period_end": "now"}, "bad_time"),
        ("a period from a number", {"period_start": 5}, "bad_time"),
        ("a period paid ahead", {"period_start": "2025-07-01T00:00:00Z", "period_end": "2025-08-01T00:00:00Z"}, None),
        ("a category in capitals", {"category": " Tools"}, None),
        ("money of small letters", {"currency": "bgn "}, None),
        ("money given back", {"amount_micros": -5}, None),
        ("a point in the amount", {"amount_micros": 5.0}, None),
        ("no revision", {"revision": None}, None),
        ("the month that runs", {"period_start": "2025-06-01T00:00:00Z", "period_end": "2025-07-01T00:00:00Z"}, None),
        ("a lead of no use", {"lead_id": "undefined"}, None),
    ):  # fmt: skip
        yield name, "cost", raw("cost", data_of("cost", **data)), reason
    closed = data_of("cost", period_start="2025-04-01T00:00:00Z", period_end="2025-05-01T00:00:00Z")
    for time, reason in (("2025-05-11T12:00:00.001Z", None), ("2025-05-11T11:59:59Z", "too_late")):
        yield f"a closed month told {time}", "cost", raw("cost", closed, time=time), reason


def signal() -> Iterator[Poison]:
    for name, data, reason in (
        ("a name nobody knows", {"name": "followers"}, "out_of_range"),
        ("a value as text", {"value": "1,200"}, "wrong_type"),
        ("a value that is a flag", {"value": True}, "wrong_type"),
        ("a value beyond numbers", {"value": 10**12}, "out_of_range"),
        ("an entity that is a list", {"entity": []}, "wrong_type"),
        ("an entity of 257 characters", {"entity": "x" * 257}, "out_of_range"),
        ("a provider with a separator", {"provider": "a\x1fb"}, "out_of_range"),
        ("an address as an entity", {"entity": "ann@example.com"}, "personal_data"),
        ("observed on no day", {"observed_at": "2025-02-30T00:00:00Z"}, "bad_time"),
        ("observed before the year 2000", {"observed_at": "1999-12-31T23:59:59Z"}, "bad_time"),
        ("observed in a year", {"observed_at": "2026-06-15T12:00:00Z"}, "bad_time"),
        ("observed more than a day ahead", {"observed_at": "2025-06-16T12:00:00.002Z"}, "bad_time"),
        ("a revision less than none", {"revision": -1}, "out_of_range"),
        ("a name in capitals", {"name": "KEYWORD_RANK"}, None),
        ("an entity that is a number", {"entity": 4711}, None),
        ("a value with parts", {"value": 3.25}, None),
        ("a value below none", {"value": -1}, None),
        ("observed a day ahead", {"observed_at": "2025-06-16T12:00:00.001Z"}, None),
        ("observed long ago", {"observed_at": "2001-01-01T00:00:00Z"}, None),
    ):
        yield name, "signal", raw("signal", data_of("signal", **data)), reason
    for time, reason in (("2025-05-11T12:00:00.001Z", None), ("2025-05-11T11:59:59Z", "too_late")):
        yield f"a signal told {time}", "signal", raw("signal", time=time), reason


def privacy() -> Iterator[Poison]:
    changed = {"action": "consent_changed"}
    for name, data, reason in (
        ("an order about nobody", {"visitor_id": None}, "missing_field"),
        ("an order nobody knows", {"action": "forget"}, "out_of_range"),
        ("a change of nothing", changed, "missing_field"),
        ("a visitor that is a list", {"visitor_id": []}, "wrong_type"),
        ("a hash that is none", {"email_hash": "ab" * 31}, "out_of_range"),
        ("an address", {"email_hash": "ann@example.com"}, "personal_data"),
        ("by a lead", {"visitor_id": None, "lead_id": "l1"}, None),
        ("by an account", {"visitor_id": None, "user_id": 9}, None),
        ("by a hash in capitals", {"visitor_id": None, "email_hash": HASH.upper()}, None),
        ("by all of them", {"lead_id": "l1", "user_id": "u1", "email_hash": HASH}, None),
        ("about somebody and nobody", {"visitor_id": "undefined", "lead_id": "l1"}, None),
        ("an action in capitals", {"action": "ERASE"}, None),
        ("a refusal", {**changed, "consent": {"analytics": False}}, None),
        ("a refusal in words", {**changed, "consent": {"analytics": "no"}}, None),
        ("a consent that is no object", {**changed, "consent": "no"}, None),
        ("a consent to ads alone", {**changed, "consent": {"ads": True}}, None),
    ):
        yield name, "privacy", raw("privacy", data_of("privacy", **data)), reason
    for value in JUNK:
        yield f"{value!r} as a visitor", "privacy", raw("privacy", data_of("privacy", visitor_id=value)), "out_of_range"
    nobody = data_of("privacy", visitor_id=None, email_hash="0" * 64)
    yield "a hash of nothing", "privacy", raw("privacy", nobody), "out_of_range"
    yield "an order of years ago", "privacy", raw("privacy", time="2001-01-01T00:00:00Z"), None
    yield "an order of tomorrow", "privacy", raw("privacy", time="2025-06-17T12:00:00Z"), "bad_time"


MAKERS: tuple[Callable[[], Iterator[Poison]], ...] = (crm, cost, signal, privacy)
