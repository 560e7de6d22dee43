"""Consent: events that name an id of somebody who took their consent back do not count until it is given again."""

from __future__ import annotations

from typing import Any

import pytest

from stream.contract.records import ERASE, KIND_HEADER
from stream.engine.shard import ShardFold
from stream.identity import orders
from stream.identity.ids import EMAIL, LEAD, USER, VISITOR, Id, Namer
from stream.state.keys import NO_CONSENT
from tests.laws.traffic import REPORT, batch, shard
from tests.unit.golden.events import ad_form, chat, form, mail, view

NAMER = Namer(1)
HASH = "1" * 64


def order(fold: ShardFold, id: Id, consent: bool) -> None:
    value = orders.encode(orders.Erase("s1", "", [id], consent))
    fold.fold([("handover", [(0, 0, b"", value, ((KIND_HEADER, ERASE),))])])


def fold_one(fold: ShardFold, event: dict[str, Any], id: str) -> dict[str, int]:
    before = dict(fold.account.outcomes)
    fold.fold(batch([{**event, "id": id}]))
    return {name: n - before.get(name, 0) for name, n in fold.account.outcomes.items() if n != before.get(name, 0)}


CASES: list[tuple[str, dict[str, Any], Id]] = [
    ("visitors", view("10:00", "ann"), NAMER.id(VISITOR, "s1", "ann")),
    ("visitors", view("10:00", "ann", user_id="u1"), NAMER.id(USER, "s1", "u1")),
    ("visitors", form("10:00", "ann", "submit", email_hash=HASH), NAMER.id(EMAIL, "s1", HASH)),
    ("visitors", chat("10:00", "ann", "lead_captured", lead_id="l1"), NAMER.id(LEAD, "s1", "l1")),
    ("visitors", ad_form("10:00", "meta", "L1"), NAMER.id(LEAD, "s1", "meta:L1")),
    ("emails", mail("10:00", "m1", "opened", email_hash=HASH, lead_id=None), NAMER.id(EMAIL, "s1", HASH)),
]


@pytest.mark.parametrize(("group", "event", "id"), CASES, ids=[f"{c[1]['type']} {c[2].type}" for c in CASES])
def test_an_event_that_names_a_marked_id_is_filtered_until_the_mark_is_lifted(
    group: str, event: dict[str, Any], id: Id
) -> None:
    fold, kind = shard(group, leads=1), event["type"]
    order(fold, id, consent=False)
    assert fold_one(fold, event, "1") == {f"{kind}/accepted": 1, f"{kind}/filtered/no_consent": 1}
    assert fold.stage.touches() == {}
    other = {**event, "data": {**event["data"], "site_id": "s2"}}
    assert fold_one(fold, other, "2") == {f"{kind}/accepted": 1, f"{kind}/counted": 1}, "an id is of its site"
    order(fold, id, consent=True)
    assert fold_one(fold, event, "3") == {f"{kind}/accepted": 1, f"{kind}/counted": 1}


def test_a_mark_takes_seventeen_bytes_of_the_log_and_is_there_after_a_restart() -> None:
    fold, id = shard("visitors", leads=1), NAMER.id(VISITOR, "s1", "ann")
    order(fold, id, consent=False)
    state = dict(fold.changes(1, REPORT).state)
    (key,) = [key for key in state if key.startswith(NO_CONSENT.prefix)]
    assert len(key) == 1 + 17
    again = shard("visitors", leads=1)
    for name, value in state.items():
        again.load(name, value)
    assert "page_view/filtered/no_consent" in fold_one(again, view("10:00", "ann"), "1")
    order(again, id, consent=True)
    assert dict(again.changes(2, REPORT).state)[key] is None
