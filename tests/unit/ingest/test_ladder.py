"""Ladder: which stages a crm may name, and how they are written afterwards."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from stream.contract.rejects import Reject
from stream.ingest.decode import Decoded, Limits, decode
from stream.ingest.ladder import Ladder
from tests.events import TIME_MS, data_of, event

STAGES = ("lead", "iql", "mql", "sql", "trial", "customer")
BANK = ("A_SUBMITTED", "A_APPROVED", "SAL", "Signed off")


def read(stages: tuple[str, ...] | None, *datas: dict[str, Any]) -> Decoded:
    records = [(at, TIME_MS, None, orjson.dumps(event("crm", data, id=f"e{at}")), ()) for at, data in enumerate(datas)]
    return decode("crm", records, Limits(ladder=None if stages is None else Ladder(stages)))


@pytest.mark.parametrize(
    ("stages", "said", "stage"),
    [
        (STAGES, "sql", "sql"),
        (STAGES, " SQL\n", "sql"),
        (STAGES, "SAL", "sql"),  # the two are one stage
        (BANK, "sql", "SAL"),
        (("sal", "sql"), "sal", "sal"),  # unless the ladder has both
        (BANK, "a_approved", "A_APPROVED"),
        (BANK, "signed OFF", "Signed off"),
        (STAGES, "won", None),
        (STAGES, "visitor", None),
        (BANK, "mql", None),
        (("1", "2"), 2, "2"),
    ],
)
def test_a_stage_is_written_as_the_rules_write_it(stages: tuple[str, ...], said: Any, stage: str | None) -> None:
    decoded = read(stages, data_of("crm", **{"from": None, "to": said}))
    if stage is None:
        assert decoded.rejects == [Reject(0, "out_of_range", "data.to", "shop")]
    else:
        assert [each.data.to for each in decoded.events] == [stage]
        assert not decoded.rejects


def test_a_former_stage_that_is_none_is_ignored() -> None:
    decoded = read(STAGES, data_of("crm", **{"from": "mqL"}), data_of("crm", **{"from": "prospect"}))
    assert [each.data.from_ for each in decoded.events] == ["mql", None]
    assert decoded.ignored == {1: ["from"]}


def test_a_stage_that_is_none_decorates_where_nothing_moves() -> None:
    decoded = read(STAGES, data_of("crm", action="qualified", to="opportunity"))
    assert decoded.events[0].data.to is None
    assert decoded.ignored == {0: ["to"]}


def test_what_was_ignored_before_stays_so() -> None:
    decoded = read(STAGES, data_of("crm", action="assigned", assignment="by hand", to="?"))
    assert decoded.ignored == {0: ["assignment", "to"]}


def test_places_are_those_of_the_records() -> None:
    decoded = read(STAGES, data_of("crm", lead_id=None), data_of("crm"), data_of("crm", to="?"))
    assert [(reject.index, reject.path) for reject in decoded.rejects] == [(0, "data.lead_id"), (2, "data.to")]
    assert decoded.index == [1]


def test_without_a_ladder_any_stage_is_taken() -> None:
    assert [each.data.to for each in read(None, data_of("crm", to="opportunity")).events] == ["opportunity"]


def test_ladders_of_the_same_stages_are_equal() -> None:
    assert Ladder(STAGES) == Ladder(list(STAGES))
    assert len({Ladder(STAGES), Ladder(STAGES), Ladder(BANK)}) == 2
