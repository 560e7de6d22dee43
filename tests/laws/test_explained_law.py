"""Explained: what all rows of all shards are said to count for is all that was counted, figure by figure.

A day of the simulator's traffic with all its faults, crm and ad forms; shards read in any order, and crash.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pytest

from stream.changes.cells import CELLS, Cell
from stream.changes.deltas import unpack
from stream.cli.explain_lines import lines
from stream.contract.records import UNIT
from stream.contract.times import format_ms
from stream.demo.traffic import Options, Traffic
from stream.explain import ad_forms, messages
from stream.explain.explain import FORMAT
from stream.explain.leads import Leads, LeadShard
from stream.explain.shown import Table, fate_of
from stream.explain.visitors import Visitor
from stream.stages.leads.store import id_of
from stream.state.keys import AD_LEADS, LEAD_HOMES, MESSAGES, PEOPLE
from tests.laws.installation import Installation
from tests.laws.sums import counts_of

START_MS, DAY_MS, SHARDS = 1_767_254_400_000, 86_400_000, 3
#: What an event counts for by itself, at its own time, is not told from a row; nor what says how sources do.
BY_THEMSELVES = frozenset({"view", "content_view", "channel_view", "counted", "refused", "traffic"})
#: Counts of page views: of these a row tells the part that is of its sessions alone.
VIEWS = frozenset({"page_views", "channel_page_views", "content_views"})

Sums = Counter[tuple[Any, ...]]


@pytest.mark.parametrize(("seed", "crash"), [(5, 0.0), (6, 0.2)])
def test_what_rows_are_said_to_count_for_is_what_was_counted(seed: int, crash: float) -> None:
    made = Installation(SHARDS, exact=True, seed=seed, now_ms=START_MS + DAY_MS, crash=crash)
    traffic = Options(seed=seed, start_ms=START_MS, length_ms=DAY_MS, rate=0.04, sites=1, leads=True)
    made.produce(list(Traffic(traffic)))
    made.run()
    found, told = Sums(), Sums()
    for table in explained(made):
        json.dumps(table)
        assert all(isinstance(line, str) for line in lines(table)), "all of it can be told"
        for one in counts_in(table):
            add(found, cell_back(one), one["at"], one["amount"])
    for delta in map(unpack, made.deltas):
        if delta.group == "ads":
            continue
        columns = (delta.name_index, np.int32), (delta.panes, np.int64), (delta.amounts, np.int64)
        for at, pane, amount in zip(*(np.frombuffer(raw, kind).tolist() for raw, kind in columns), strict=True):
            add(told, delta.names[at], format_ms(pane), amount)
        for cell, amount in zip(delta.standing, np.frombuffer(delta.stands, np.int64).tolist(), strict=True):
            add(told, cell, None, amount)
    differing = {key: (found[key], told[key]) for key in {*found, *told} if found[key] != told[key]}
    assert differing == {}
    assert len(told) > 5_000


def explained(made: Installation) -> Iterator[Table]:
    """Give accounts of all visitors, messages, ad forms and ids, each row once."""
    nobody = {"format": FORMAT, "site": "", "type": "", "value": "", "follows_people": True, "shard": "", "visitor": None,
              "message": None, "ad_form": None, "ids": [], "clusters": []}  # fmt: skip
    for shard in range(SHARDS):
        log = {key: value for key, value in made.log("visitors", shard).items() if value is not None}
        for key in log:
            site, _, who = key[1:].decode("utf-8", "surrogateescape").partition(UNIT)
            if key.startswith(PEOPLE.prefix):
                yield nobody | {"visitor": Visitor(site, who, log, made.options).table({})}
            elif key.startswith(AD_LEADS.prefix):
                yield nobody | {"ad_form": ad_forms.explained(site, key, log, made.options, {})}
        log = {key: value for key, value in made.log("emails", shard).items() if value is not None}
        for key in log:
            if key.startswith(MESSAGES.prefix):
                site, _, message = key[1:].decode().partition(UNIT)
                yield nobody | {"message": messages.explained(site, message, log, made.options)}
    leads = Leads(lambda shard: LeadShard(shard, some(made.log("leads", shard)), made.options))
    homes = [key for shard in range(SHARDS) for key in some(made.log("leads", shard)) if key[:1] == LEAD_HOMES.prefix]
    nodes = [leads.explain(id_of(key[1:])) for key in homes]
    yield nobody | {"ids": nodes, "clusters": leads.clusters}


def some(log: dict[bytes, bytes | None]) -> dict[bytes, bytes]:
    return {key: value for key, value in log.items() if value is not None}


def counts_in(table: Table) -> Iterable[Table]:
    """Give all cells of an account."""
    for one in (
        table["visitor"],
        table["ad_form"],
        *table["clusters"],
        *(table["message"] or {"copies": []})["copies"],
    ):
        if one is not None:
            yield from one["counts"]


def cell_back(one: Table) -> Cell:
    """Make a cell of what is shown of it."""
    kind, labels = one["cell"], dict(one["labels"])
    if "fate" in labels:
        labels["fate"] = sum(1 << bit for bit in range(14) if set(fate_of(kind, 1 << bit)) & set(labels["fate"]))
    return (kind, *(labels.get(name) for name in CELLS[kind].labels))


def add(sums: Sums, cell: Cell, at: str | None, amount: int) -> None:
    """Add what a cell counts for, by the counts that it adds to: one of several ways to say the same may be taken."""
    if cell[0] in BY_THEMSELVES:
        return
    for count, labels in counts_of(cell):
        if count not in VIEWS:
            sums[count, labels, at] += amount
