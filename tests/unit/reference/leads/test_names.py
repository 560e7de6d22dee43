"""Who is one person: links, shared ids, junk, groups that are too large, and sessions of one device by time."""

from __future__ import annotations

from itertools import permutations

import pytest

from stream.reference.events import DAY_MS
from stream.reference.leads.names import Id, Links, names_nobody
from stream.reference.leads.rules import DEFAULT, rules_of
from tests.unit.reference.leads.tell import Told, at


def e(value: str) -> Id:
    return Id("e", value)


def lead(value: str) -> Id:
    return Id("l", value)


def groups(*pairs: tuple[Id, ...]) -> list[set[Id]]:
    links = Links(DEFAULT)
    for pair in pairs:
        links.together(pair)
    return sorted(map(set, links.groups()), key=sorted)


def test_ids_that_events_name_together_are_one_person_over_any_chain() -> None:
    chain = [(e("a"), lead("1")), (lead("1"), e("b")), (e("b"), Id("u", "x")), (e("c"),)]
    for order in permutations(chain):
        assert groups(*order) == [{e("a"), lead("1"), e("b"), Id("u", "x")}, {e("c")}]


def test_an_id_of_too_many_joins_nobody_in_whatever_order_they_came() -> None:
    # an address that five leads have: one more than an address may have
    shared = [(e("info"), lead(str(n))) for n in range(5)]
    for order in (shared, shared[::-1]):
        assert groups(*order) == [{lead(str(n))} for n in range(5)]
    assert groups(*shared[:4]) == [{e("info"), *(lead(str(n)) for n in range(4))}]


def test_a_chain_of_more_than_64_ids_is_nobody_and_falls_apart() -> None:
    chain = [(e(f"{n:02}"), lead(f"{n:02}")) for n in range(33)] + [
        (e(f"{n:02}"), lead(f"{n - 1:02}")) for n in range(1, 33)
    ]
    assert len(groups(*chain[:32], *chain[33:64])) == 1
    assert len(groups(*chain)) == 66


@pytest.mark.parametrize("value", ["Undefined", " 'null' ", "0000-00", "", "[object Object]", "NaN", "-"])
def test_what_bugs_write_names_nobody(value: str) -> None:
    assert names_nobody("l", value)


def test_values_of_the_rules_name_nobody_with_or_without_a_type() -> None:
    ignore = rules_of('[identity]\nignore = ["l:l1", "email_hash:e1", "x"]').ignore
    assert [names_nobody(type_, value, ignore) for type_, value in (("l", "l1"), ("u", "l1"), ("e", "e1"), ("u", "x"))] == [
        True, False, True, True,
    ]  # fmt: skip


# -- a device of two


def of(told: Told, clock_ms: int) -> dict[str, list[int]]:
    """Give the days of the sessions of each lead, by its first id."""
    return {
        min(one.known.ids).value: sorted((visit.at_ms - at(0)) // DAY_MS for visit in one.known.visits)
        for one in told.leads(clock_ms)
    }


def test_a_shared_computer_is_split_between_its_users_by_time() -> None:
    told = Told()
    told.view(at(0), "v")  # before anybody is known: of who is seen first
    told.form(at(1), "v", user_id="ann")
    told.view(at(2), "v")  # still ann's
    told.form(at(3), "v", user_id="bob")
    told.view(at(4), "v")
    assert of(told, at(5)) == {"ann": [0, 1, 2], "bob": [3, 4]}
    assert told.values("leads", at(5)) == {("form",): 2}


def test_who_is_seen_half_an_hour_after_a_session_was_in_it() -> None:
    told = Told()
    told.form(at(0), "v", user_id="ann")
    told.view(at(1), "v")
    told.crm(at(1, 0, 30), "l1", "lead_created", visitor_id="v")
    assert of(told, at(5)) == {"ann": [0], "l1": [1]}
    later = Told()
    later.form(at(0), "v", user_id="ann")
    later.view(at(1), "v")
    later.crm(at(1, 0, 31), "l1", "lead_created", visitor_id="v")
    assert of(later, at(5)) == {"ann": [0, 1], "l1": []}


def test_what_was_done_under_an_id_of_everybody_is_each_devices_own() -> None:
    told = Told()
    for n in range(101):
        told.form(at(0, 0, n), f"v{n}", email_hash="ee" * 32)
    leads = told.leads(at(1))
    assert len(leads) == 101
    assert {min(one.known.ids).type for one in leads} == {"v"}
    assert told.values("shared_ids", at(1)) == {("email_hash",): 1}
    assert told.values("identified_leads", at(1)) == {}
    told.mail(at(1), "m", "delivered", email_hash="ee" * 32)
    assert not any(one.known.mails for one in told.leads(at(2)))


def test_nobody_remembers_what_a_device_did_more_than_35_days_before_it_is_known() -> None:
    told = Told()
    told.view(at(0), "v", came="paid_search/brand")
    told.view(at(20), "v", came="email/news")
    told.form(at(36), "v", email_hash="ee" * 32)
    assert of(told, at(40)) == {"ee" * 32: [20, 36]}
    assert told.lead(at(40)).credit["first"].keys() == {("email", "news", "")}


def test_who_was_seen_with_a_device_is_forgotten_with_it() -> None:
    told = Told()
    told.form(at(0), "v", email_hash="ee" * 32)
    told.view(at(36), "v")  # nobody knows who this is
    told.view(at(71), "v")
    assert of(told, at(80)) == {"ee" * 32: [0]}


def test_a_lead_of_an_ad_platform_is_known_by_the_platforms_id() -> None:
    told = Told()
    form = {"action": "submit", "form_id": "f", "form_type": "demo", "platform": "meta"}
    told.other("form", at(0), **form, lead_id="7")
    told.other("form", at(1), **form, lead_id="7")
    told.crm(at(2), "meta:7", "qualified", email_hash="ee" * 32)
    told.crm(at(2), "7", "lead_created")
    assert [sorted(one.known.ids) for one in told.leads(at(3))] == [[e("ee" * 32), lead("meta:7")], [lead("7")]]
    assert told.values("leads", at(3)) == {("ad_platform",): 1, ("import",): 1}
