"""Pipedrive: webhooks as what sales did about leads and deals."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.realdata.vendor_payloads import events, mapped

AT = "2026-03-02T09:30:00.754Z"


def post(action: str, entity: str, data: dict[str, Any], previous: Any = None, **meta: Any) -> bytes:
    said = {"action": action, "entity": entity, "entity_id": "9", "company_id": "1", "timestamp": AT, "attempt": 1}
    return orjson.dumps({"data": {"id": 9, **data}, "previous": previous, "meta": {**said, **meta}})


def said(value: bytes, **options: Any) -> list[dict[str, Any]]:
    out = mapped("pipedrive", value, **options)
    assert out.refused == []
    return [event["data"] for event in events(out)]


def test_a_change_of_a_lead_as_it_is_posted_says_nothing_that_counts() -> None:
    lead = {
        "id": "123456789-1234-1234-1234-123456789012", "owner_id": 12345678, "person_id": 12,
        "value": {"amount": 123, "currency": "BRL"},
    }  # fmt: skip
    out = mapped("pipedrive", post("change", "lead", lead, {"update_time": "2025-06-19T16:07:30.029Z", "value": None}))
    assert out.ignored == {"change.lead of other fields": 1}


def test_a_deal_that_is_won_brings_its_value_and_one_that_is_lost_its_reason() -> None:
    deal = {"person_id": 3, "value": 12.5, "currency": "EUR", "lost_reason": "budget"}
    (won,) = said(post("change", "deal", {**deal, "status": "won"}, {"status": "open"}))
    assert [won[name] for name in ("action", "lead_id", "deal_id", "value", "currency")] == [
        "deal_won", "3", "9", 12.5, "EUR",
    ]  # fmt: skip
    (lost,) = said(post("change", "deal", {**deal, "status": "lost"}, {"status": "open"}))
    assert (lost["action"], lost["reason"]) == ("deal_lost", "budget")


@pytest.mark.parametrize("before", [{"status": "won"}, {"title": "x"}, None])
def test_a_deal_that_was_won_before_is_not_won_again(before: Any) -> None:
    assert said(post("change", "deal", {"person_id": 3, "status": "won"}, before)) == []


def test_a_new_deal_means_what_the_options_say() -> None:
    deal = {"person_id": 3, "status": "open"}
    assert [each["action"] for each in said(post("create", "deal", deal))] == ["qualified"]
    assert [each["action"] for each in said(post("create", "deal", deal), new_deal="lead_created")] == ["lead_created"]
    assert said(post("create", "deal", deal), new_deal="") == []
    imported = said(post("create", "deal", {**deal, "status": "won", "value": 1}))
    assert [each["action"] for each in imported] == ["qualified", "deal_won"]


def test_stages_are_named_by_their_numbers_and_move_a_lead_only_when_they_change() -> None:
    deal, options = {"person_id": 3, "stage_id": 3}, {"stages": {"3": "sql"}}
    (moved,) = said(post("change", "deal", deal, {"stage_id": 2}), **options)
    assert (moved["action"], moved["to"], moved["lead_id"]) == ("stage_changed", "sql", "3")
    assert said(post("change", "deal", deal, {"title": "x"}), **options) == []
    assert said(post("change", "deal", {**deal, "stage_id": 4}, {"stage_id": 3}), **options) == []


def test_leads_and_deals_of_a_person_are_one_lead() -> None:
    (lead,) = said(post("create", "lead", {"id": "uuid", "person_id": 3}))
    (deal,) = said(post("create", "deal", {"person_id": 3}))
    assert lead["lead_id"] == deal["lead_id"] == "3"
    assert "deal_id" not in lead
    (alone,) = said(post("create", "lead", {"id": "uuid", "person_id": None}))
    assert alone["lead_id"] == "uuid"


def test_a_deal_of_nobody_counts_where_it_is_money_alone() -> None:
    (won,) = said(post("change", "deal", {"status": "won", "stage_id": 3}, {"status": "open", "stage_id": 1}),
                  stages={"3": "sql"})  # fmt: skip
    assert (won["action"], won["deal_id"]) == ("deal_won", "9")
    assert "lead_id" not in won
    assert mapped("pipedrive", post("create", "deal", {"status": "open"})).ignored == {"create.deal of nobody": 1}


def test_an_owner_is_whom_a_lead_was_given_to() -> None:
    (given,) = said(post("change", "lead", {"id": "u", "person_id": 3, "owner_id": 77}, {"owner_id": 78}))
    assert (given["action"], given["rep_id"]) == ("assigned", "77")


def test_persons_are_leads_where_the_options_say_so_and_are_known_by_the_main_address() -> None:
    emails = [{"value": "al@acme.example"}, {"value": "Jo@Acme.example", "primary": True}]
    assert mapped("pipedrive", post("create", "person", {"emails": emails})).ignored == {
        "create.person of other fields": 1
    }
    (two,) = said(post("create", "person", {"emails": emails}), persons=True)
    (one,) = said(post("create", "person", {"emails": [{"value": "jo@acme.example"}]}), persons=True)
    assert (one["action"], one["lead_id"], one["email_hash"]) == ("lead_created", "9", two["email_hash"])


def test_what_is_sent_again_is_one_event_and_figures_of_one_change_are_several() -> None:
    deal = {"person_id": 3, "status": "won", "owner_id": 7}, {"status": "open", "owner_id": 8}
    first, again = (events(mapped("pipedrive", post("change", "deal", *deal, attempt=n))) for n in (1, 2))
    assert [event["id"] for event in first] == [event["id"] for event in again]
    assert len({event["id"] for event in first}) == 2
    assert first[0]["time"] == AT


def test_a_time_of_seconds_is_one_too_and_other_objects_are_ignored() -> None:
    (one,) = events(mapped("pipedrive", post("create", "deal", {"person_id": 3}, timestamp=1_727_447_128)))
    assert one["time"] == "2024-09-27T14:25:28.000Z"
    out = mapped("pipedrive", post("delete", "deal", {}), post("create", "note", {}), b'{"event":"updated.deal","v":1}')
    assert out.ignored == {"delete.deal": 1, "create.note": 1}
    assert out.unmapped == {"updated.deal": 1}
