"""Salesforce: change events as what sales did about leads and deals."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.realdata.vendor_payloads import events, mapped, records

LEAD, DEAL, REP, QUEUE, MAKER = "00Q5", "0065", "0055a", "00G5", "0055m"


def change(entity: str = "Lead", kind: str = "UPDATE", header: dict[str, Any] | None = None, **fields: Any) -> bytes:
    usual = {
        "entityName": entity, "recordIds": [LEAD if entity == "Lead" else DEAL], "changeType": kind,
        "transactionKey": "t", "sequenceNumber": 1, "commitTimestamp": 1_714_153_780_000, "commitUser": MAKER,
    }  # fmt: skip
    return orjson.dumps({"ChangeEventHeader": {**usual, **(header or {})}, **fields})


def said(*values: bytes, **options: Any) -> list[dict[str, Any]]:
    out = mapped("salesforce", *values, **options)
    assert out.refused == []
    return [event["data"] for event in events(out)]


@pytest.mark.shared
def test_the_documented_conversion_of_a_lead_is_its_qualification() -> None:
    out = mapped("salesforce", *records("salesforce_cdc.ndjson"))
    (one,) = events(out)
    assert one["data"] == {
        "action": "qualified", "lead_id": "00Q5f000005bwLFEAY", "deal_id": "0065f00000UloqVAAR", "site_id": "acme",
    }  # fmt: skip
    assert one["time"] == "2024-04-26T17:49:40.000Z"
    assert one["id"] == "00006948-0ac9-7da3-edb3-ea0e31b2334a-4-00Q5f000005bwLFEAY-qualified"
    assert out.ignored == {"Opportunity CREATE of other fields": 1}


def test_all_records_that_changed_alike_have_an_event_of_their_own() -> None:
    out = mapped("salesforce", change(header={"recordIds": ["a", "b"]}, Status="Closed - Not Converted"))
    assert [(event["data"]["lead_id"], event["data"]["action"]) for event in events(out)] == [
        ("a", "disqualified"), ("b", "disqualified"),
    ]  # fmt: skip
    assert len({event["id"] for event in events(out)}) == 2
    assert (out.items, out.mapped) == (1, 1)


def test_a_new_lead_is_made_and_is_assigned_where_it_is_given_to_another_than_its_maker() -> None:
    made = said(change(kind="CREATE", Email="Jo@Acme.example", OwnerId=REP))
    assert [(each["action"], each.get("rep_id")) for each in made] == [("lead_created", None), ("assigned", REP)]
    assert len(made[0]["email_hash"]) == 64
    assert [each["action"] for each in said(change(kind="CREATE", OwnerId=MAKER))] == ["lead_created"]
    assert [each["action"] for each in said(change(kind="CREATE", OwnerId=QUEUE))] == ["lead_created"]


def test_what_did_not_change_is_null_and_says_nothing() -> None:
    out = mapped("salesforce", change(Status=None, OwnerId=None, IsConverted=None, LastModifiedDate=5))
    assert out.ignored == {"Lead UPDATE of other fields": 1}


def test_statuses_mean_what_the_options_say() -> None:
    (answered,) = said(change(Status="Working - Contacted"))
    assert answered["action"] == "first_response"
    (moved,) = said(change(Status="Nurturing"), stages={"Nurturing": "mql"})
    assert (moved["action"], moved["to"]) == ("stage_changed", "mql")
    both = said(change(Status="Dead", Why="budget"), statuses={"Dead": "disqualified"}, reason_field="Why",
                stages={"Dead": "lead"})  # fmt: skip
    assert [(each["action"], each.get("reason")) for each in both] == [
        ("disqualified", "budget"), ("stage_changed", None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "action"),
    [
        ({"IsWon": True, "IsClosed": True, "StageName": "Any"}, "deal_won"),
        ({"StageName": "Closed Won"}, "deal_won"),
        ({"IsWon": False, "IsClosed": True, "StageName": "Any"}, "deal_lost"),
        ({"StageName": "Closed Lost"}, "deal_lost"),
    ],
)
def test_a_deal_is_won_or_lost(fields: dict[str, Any], action: str) -> None:
    (deal,) = said(change("Opportunity", **fields))
    assert (deal["action"], deal["deal_id"]) == (action, DEAL)
    assert "lead_id" not in deal


def test_an_amount_has_its_currency_or_that_of_the_org() -> None:
    (own,) = said(change("Opportunity", StageName="Closed Won", Amount=12.5, CurrencyIsoCode="EUR"), currency="USD")
    (org,) = said(change("Opportunity", StageName="Closed Won", Amount=12.5), currency="USD")
    (none,) = said(change("Opportunity", StageName="Closed Won"), currency="USD")
    assert [(each.get("value"), each.get("currency")) for each in (own, org, none)] == [
        (12.5, "EUR"), (12.5, "USD"), (None, None),
    ]  # fmt: skip


def test_lost_changes_are_named_and_other_objects_are_ignored() -> None:
    out = mapped("salesforce", change(kind="GAP_UPDATE"), change("Account", Name="x"), b'{"Status": "x"}')
    assert out.ignored == {"Lead GAP_UPDATE": 1, "Account": 1}
    assert out.unmapped == {"(no name)": 1}


def test_without_a_number_of_its_transaction_a_change_has_no_id() -> None:
    out = mapped("salesforce", change(header={"sequenceNumber": None}, Status="Working - Contacted"))
    assert [(each.reason, each.path) for each in out.refused] == [("missing_field", "id")]
