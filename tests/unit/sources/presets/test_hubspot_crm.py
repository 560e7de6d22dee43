"""HubSpot CRM: webhooks as what sales did about leads and deals."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.realdata.vendor_payloads import events, mapped, records

AT = 1_772_357_400_741


def post(*changes: dict[str, Any]) -> bytes:
    usual = {"portalId": 1, "objectId": 5, "occurredAt": AT, "attemptNumber": 0}
    return orjson.dumps([{**usual, **change} for change in changes])


def change(name: str, value: Any, of: str = "contact") -> dict[str, Any]:
    return {"subscriptionType": f"{of}.propertyChange", "propertyName": name, "propertyValue": value}


@pytest.mark.shared
def test_documented_payloads_are_what_happened_and_a_deal_that_was_won_counts() -> None:
    out = mapped("hubspot_crm", *records("hubspot_crm.ndjson"))
    assert out.refused == []
    assert [
        [each["data"].get(name) for name in ("action", "lead_id", "deal_id", "to", "rep_id")] for each in events(out)
    ] == [
        ["lead_created", "65059681032", None, None, None],
        ["stage_changed", "123", None, "mql", None],
        ["deal_won", None, "9", None, None],
        ["assigned", "123", None, None, "77"],
    ]
    assert events(out)[0]["time"] == "2024-02-26T22:29:58.741Z"


def test_what_is_sent_again_or_by_two_subscriptions_is_one_event() -> None:
    first, again, other = (
        events(mapped("hubspot_crm", post({**change("lifecyclestage", "lead"), **more})))[0]["id"]
        for more in (
            {"eventId": 1, "subscriptionId": 1},
            {"eventId": 1, "subscriptionId": 1, "attemptNumber": 3},
            {"eventId": 2, "subscriptionType": "object.propertyChange", "objectTypeId": "0-1"},
        )
    )
    assert first == again == other
    (later,) = events(mapped("hubspot_crm", post({**change("lifecyclestage", "lead"), "occurredAt": AT + 1})))
    assert later["id"] != first


def test_a_stage_is_one_of_the_ladder_or_none() -> None:
    said = change("lifecyclestage", "opportunity")
    assert mapped("hubspot_crm", post(said)).ignored == {"lifecyclestage opportunity": 1}
    (moved,) = events(mapped("hubspot_crm", post(said), stages={"opportunity": "sql"}))
    assert moved["data"]["to"] == "sql"
    assert mapped("hubspot_crm", post(change("lifecyclestage", "lead")), stages={"lead": ""}).mapped == 0


def test_a_status_means_what_the_options_say() -> None:
    (lost,) = events(mapped("hubspot_crm", post(change("hs_lead_status", "UNQUALIFIED"))))
    assert lost["data"]["action"] == "disqualified"
    connected = post(change("hs_lead_status", "CONNECTED"))
    assert mapped("hubspot_crm", connected).ignored == {"hs_lead_status CONNECTED": 1}
    (answered,) = events(mapped("hubspot_crm", connected, statuses={"CONNECTED": "first_response"}))
    assert answered["data"]["action"] == "first_response"


def test_stages_of_a_pipeline_of_ones_own_are_won_and_lost_by_their_numbers() -> None:
    said = {"won": ["1001"], "lost": ["1002"]}
    won, lost = (
        events(mapped("hubspot_crm", post(change("dealstage", it, "deal")), **said)) for it in ("1001", "1002")
    )
    assert [won[0]["data"]["action"], lost[0]["data"]["action"]] == ["deal_won", "deal_lost"]
    assert mapped("hubspot_crm", post(change("dealstage", "1003", "deal"))).ignored == {"deal dealstage": 1}


def test_an_erasure_is_carried_out_where_the_definition_says_so() -> None:
    gone = post({"subscriptionType": "contact.privacyDeletion"})
    assert mapped("hubspot_crm", gone).ignored == {"contact.privacyDeletion": 1}
    (order,) = events(mapped("hubspot_crm", gone, privacy=True))
    assert (order["type"], order["data"]["action"], order["data"]["lead_id"]) == ("privacy", "erase", "5")


def test_what_is_known_is_ignored_and_what_is_not_is_unmapped() -> None:
    out = mapped(
        "hubspot_crm",
        post(
            {"subscriptionType": "company.creation"},
            {"subscriptionType": "conversation.newMessage"},
            {"subscriptionType": "object.deletion", "objectTypeId": "0-1"},
            change("hubspot_owner_id", ""),
            change("email", "jo@acme.example"),
        ),
    )
    assert out.ignored == {
        "company.creation": 1, "contact.deletion": 1, "contact hubspot_owner_id": 1, "contact email": 1,
    }  # fmt: skip
    assert out.unmapped == {"conversation.newMessage": 1}
