"""What `explain` says of people, ids and messages, over shards, and that it is all that they count for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pytest

from stream.catalog import BY_NAME
from stream.changes.cells import CELLS
from stream.changes.deltas import Delta, unpack
from stream.contract.times import format_ms
from stream.engine.options import FoldOptions
from stream.explain.explain import Asked, explain, names_nobody
from stream.explain.logs import Log
from stream.explain.shown import Table, cell_of
from tests.unit.explain.shop import ANN, BOB, EVENTS, Reads, installed
from tests.unit.golden.events import ad_form, crm, form, view

#: What an event counts for by itself, at its own time, is not told from a row; nor what says how sources do.
BY_THEMSELVES = {"view", "content_view", "channel_view", "counted", "refused", "traffic"}
READS = Reads(installed())

Counted = Counter[tuple[Any, ...]]


def known(field: str, value: str, reads: Reads = READS) -> Table:
    found = reads.explain(field, value)
    assert found is not None
    return found


def amounts(tables: Iterable[Table]) -> Counted:
    out: Counted = Counter()
    for one in tables:
        out[one["cell"], str(one["labels"]), one["at"]] += one["amount"]
    return Counter({cell: n for cell, n in out.items() if n})


def changes(delta: Delta) -> Iterator[Table]:
    """Give what a shard reported: changes in panes of a millisecond, and of what stands."""
    index, panes, amounts = (
        np.frombuffer(column, kind).tolist()
        for column, kind in ((delta.name_index, np.int32), (delta.panes, np.int64), (delta.amounts, np.int64))
    )
    for at, pane, n in zip(index, panes, amounts, strict=True):
        yield cell_of(delta.names[at], pane, n)
    for cell, n in zip(delta.standing, np.frombuffer(delta.stands, np.int64).tolist(), strict=True):
        yield cell_of(cell, None, n)


@pytest.mark.parametrize("seed", range(4))
def test_all_that_people_and_messages_count_for_is_all_that_was_counted(seed: int) -> None:
    made = installed(seed=seed, exact=True)
    reads, found, kept = Reads(made), list[Table](), dict[str, Table]()
    for visitor in ("v1", "v2", "v3", "v9"):
        table = known("visitor_id", visitor, reads)
        found += table["visitor"]["counts"]
        kept |= {one["root"]["hash"]: one for one in table["clusters"]}
    for copy in known("message_id", "m1", reads)["message"]["copies"]:
        found += copy["counts"]
    found += [one for cluster in kept.values() for one in cluster["counts"]]
    told = [one for delta in map(unpack, made.deltas) for one in changes(delta) if one["cell"] not in BY_THEMSELVES]
    assert amounts(found) == amounts(told)
    assert amounts(found)


def test_sessions_say_whose_they_are_and_only_the_shards_that_are_needed_are_read() -> None:
    reads = Reads(installed())
    found = known("visitor_id", "v1", reads)
    owners = [session["belongs_to"]["id"] for session in found["visitor"]["sessions"]]
    assert owners == [ANN, ANN, BOB], "what was before the first form is hers, and he used the laptop once"
    assert [session["channel"] for session in found["visitor"]["sessions"]] == ["paid_search", "direct", "direct"]
    assert [cluster["root"]["id"] for cluster in found["clusters"]] == [ANN, BOB]
    assert len(reads.shards) == len(set(reads.shards)) == 3
    reads.shards.clear()
    assert known("message_id", "m1", reads)["shard"] in reads.shards
    assert len(reads.shards) == 1


def test_an_id_is_followed_from_home_to_home() -> None:
    found = known("lead_id", "l1")
    (node,), (cluster,) = found["ids"], found["clusters"]
    assert [(one["type"], one["id"]) for one in node["way"]] == [("lead_id", "l1"), ("email_hash", ANN)]
    assert node["arrived"]
    assert [[one["id"] for one in group] for group in cluster["groups"]] == [[ANN, "l1"]]
    (lead,) = cluster["leads"]
    assert (lead["stage"], lead["score"], lead["visitors"]) == ("customer", 15, 2)
    assert list(lead["entered"]) == ["lead", "iql", "mql", "sql", "customer"]
    assert sum(one["share"] for one in lead["credit"]["linear"]) == 1_000_000
    assert [(deal["deal"], deal["value"], deal["currency"]) for deal in lead["deals"]] == [("d1", 12_000, "EUR")]
    assert [(one["key"], one["stands"]) for one in cluster["told"]] == [(["s1", "lead_id", "l1"], True)]
    assert {one["figures"][0] for one in cluster["counts"]} <= set(BY_NAME)


@pytest.mark.parametrize(("field", "value"), [("email_hash", ANN), ("lead_id", "l1")])
def test_all_ids_of_a_lead_lead_to_the_same_cluster(field: str, value: str) -> None:
    assert known(field, value)["clusters"] == known("lead_id", "l1")["clusters"]


def test_a_message_is_told_copy_by_copy() -> None:
    found = known("message_id", "m1")["message"]
    (copy,) = found["copies"]
    assert copy["fate"] == ["sent", "delivered", "opened", "opened_in_time"]
    assert (copy["campaign"], copy["delivered"], copy["opened"]) == (
        "june", "2025-06-12T07:01:00.000Z", "2025-06-12T07:30:00.000Z",
    )  # fmt: skip
    (one,) = copy["counts"]
    assert (one["cell"], one["at"], one["amount"]) == ("email", "2025-06-12T07:00:00.000Z", 1)
    assert {"emails_sent", "email_open_ratio"} <= set(one["figures"])
    assert "email_click_ratio" not in one["figures"] or "emails_delivered" in one["figures"]


def test_nobody_is_known_by_an_id_that_was_never_told() -> None:
    for field in ("visitor_id", "lead_id", "user_id", "email_hash", "message_id"):
        assert READS.explain(field, "0f" * 32) is None
    assert READS.explain("lead_id", "l1", site="s2") is None, "ids are of their site"


def test_an_id_of_too_many_joins_nobody_and_says_so() -> None:
    some = [crm(f"06-13 09:0{n}", f"x{n}", "lead_created", email_hash="cc" * 32) for n in range(6)]
    found = known("email_hash", "cc" * 32, Reads(installed([*EVENTS, *some])))
    assert found["ids"][0]["shared"]
    (cluster,) = found["clusters"]
    assert [one["id"] for one in cluster["shared"]] == ["cc" * 32]
    assert all(len(group) == 1 for group in cluster["groups"])


def test_a_wish_to_be_forgotten_is_told_until_it_is_done_with() -> None:
    wish = view("06-15 11:00", None) | {"type": "privacy"}
    wish["data"] = {"site_id": "s1", "action": "erase", "lead_id": "l1"}
    (node,) = known("lead_id", "l1", Reads(installed([*EVENTS, wish])))["ids"]
    assert node["forgetting"]["asked"] == format_ms(1_749_985_200_000)


def test_without_leads_visitors_and_messages_are_explained() -> None:
    def read(group: str, shard: int, wanted: Any) -> Log:
        return READS(group, shard, wanted)

    table = explain(Asked("s1", "visitor_id", "v9"), FoldOptions(), lambda group, key: 0, read)
    assert table is not None
    assert not table["follows_people"]
    assert table["visitor"]["sessions"][0]["belongs_to"] is None


def test_values_that_name_nobody_are_known_as_such() -> None:
    options = installed([]).options
    assert names_nobody(Asked("s1", "lead_id", "undefined"), options)
    assert not names_nobody(Asked("s1", "visitor_id", "undefined"), options), "a visitor it may be all the same"
    events = [form("06-14 10:00", "anonymous", "submit", email_hash=ANN)]
    found = known("visitor_id", "anonymous", Reads(installed(events)))
    assert found["visitor"]["names_nobody"]
    assert found["clusters"] == []


def test_every_kind_of_cell_that_rows_count_for_can_be_shown() -> None:
    for kind, of in CELLS.items():
        values = [1 if name in ("fate", "bucket") else "x" for name in of.labels]
        shown = cell_of((kind, *values), 0, 1)
        assert set(shown["labels"]) == set(of.labels)


@pytest.mark.parametrize(("lead", "field", "value"), [("7", "lead_id", "meta:7"), (None, "email_hash", "ab" * 32)])
def test_a_form_on_an_ad_platform_is_told_of_its_lead(lead: str | None, field: str, value: str) -> None:
    reads = Reads(installed([ad_form("06-15 10:00", "meta", lead, "demo")]))
    found = known(field, value, reads)
    assert found["ad_form"]["action"] == "demo"
    (one,) = [one for one in found["ad_form"]["counts"] if one["cell"] == "lead"]
    assert (one["labels"]["capture_method"], one["amount"]) == ("ad_platform", 1)
    (lead_,) = found["clusters"][0]["leads"]
    assert lead_["became_lead"]["capture_method"] == "ad_platform"
    assert len(reads.shards) == len(set(reads.shards))
