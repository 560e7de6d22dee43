"""Check: what a producer of crm, cost, signal and privacy is told about each line."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from stream.ingest.check import Finding, check_lines
from stream.ingest.decode import Limits, decode
from stream.ingest.ladder import Ladder
from tests.contracts.optional_kinds import deal
from tests.events import TIME_MS, data_of, event

LIMITS = Limits(ladder=Ladder(("lead", "mql", "sql", "customer")))


def findings(*bodies: Any) -> list[Finding]:
    return list(check_lines([orjson.dumps(body) for body in bodies], TIME_MS, LIMITS))


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (event("crm", data_of("crm", to="won")), "out_of_range data.to: The value is not allowed. The ladder is lead, mql, sql, customer."),
        (event("crm", data_of("crm", to="Costumer")), "The ladder is lead, mql, sql, customer. Did you mean customer?"),
        (event("crm", data_of("crm", to=None, stage="sql")), "missing_field data.to: A required field is missing. Expected: text"),
        (event("crm", data_of("crm", lead_id=None, leadId="l1")), "There is data.leadId: did you mean lead_id?"),
        (event("crm", data_of("crm", lead_id=None)), "Give lead_id; what is told of a deal may name its deal_id alone."),
        (event("crm", data_of("crm", lead_id="undefined")), "Such a value names nobody: what came under it would be one lead."),
        (event("crm", deal(deal_id="null")), "Such a value names no deal: what came under it would be one deal."),
        (event("crm", deal(action="refund", value=-1)), "Give a number of less than 1,000,000,000,000; a refund is from 0."),
        (event("crm", deal(currency="Euro")), "out_of_range data.currency: The value is not allowed. Expected: a currency of three letters"),
        (event("crm", time="2025-04-15T12:00:00Z", recordedtime="2025-06-15T12:00:00Z"), "raise LEADPULSE_LATENESS_BY_KIND."),
        (event("cost", data_of("cost", category="hosting")), "Expected: one of agency, content, events, other, salaries, sales, tools."),
        (event("cost", data_of("cost", amount_micros=None, amount=30)), "There is data.amount: did you mean amount_micros?"),
        (event("signal", data_of("signal", observed_at="2025-07-01T00:00:00Z")), "Say when it was observed, at most a day"),
        (event("signal", data_of("signal", name="rank")), "out_of_range data.name: The value is not allowed. Expected: one of brand_search,"),
        (event("privacy", data_of("privacy", visitor_id=None)), "Say whom it is about: visitor_id, lead_id, user_id or email_hash."),
        (event("privacy", data_of("privacy", visitor_id="null")), "out_of_range data.visitor_id: The value is not allowed. Such a value names nobody."),
        (event("privacy", data_of("privacy", action="consent_changed")), "missing_field data.consent: A required field is missing."),
    ],
)  # fmt: skip
def test_an_error_says_what_is_wrong_and_what_to_do(body: Any, told: str) -> None:
    errors = [str(finding) for finding in findings(body) if finding.level == "error"]
    assert len(errors) == 1
    assert told in errors[0]


def test_all_faults_of_a_line_are_named() -> None:
    found = findings(event("crm", deal(action="refund", lead_id=None, deal_id=None, value="5", currency=None)))
    assert {(each.reason, each.path) for each in found} == {
        ("wrong_type", "data.value"), ("missing_field", "data.lead_id"), ("missing_field", "data.currency"),
    }  # fmt: skip


CRM_MOVE = event("crm", data_of("crm", **{"from": None}))
COSTS = [
    event("cost", data_of("cost", amount_micros=amount, revision=revision), id=f"{amount}/{revision}")
    for amount, revision in ((5, 1), (5, 1), (7, 1), (9, 2))
]


@pytest.mark.parametrize(
    ("bodies", "told"),
    [
        ([event("crm", deal())], []),
        ([event("crm", deal(value=None), id=name) for name in "ab"], [(1, "no_revenue", "data.value")]),
        ([event("crm", deal(deal_id=None))], [(1, "no_revenue", "data.deal_id")]),
        ([CRM_MOVE, {**CRM_MOVE, "id": "again"}], [(1, "no_from", "data.from")]),
        ([event("crm", data_of("crm", action="attended"))], [(1, "no_event_id", "data.event_id")]),
        ([event("crm", data_of("crm", action="attended", event_id="fair"))], []),
        ([event("crm", data_of("crm", **{"from": "prospect"}))], [(1, "ignored", "data.from")]),
        # the second is a repeat by its id, the third another amount of one revision, the fourth a revision of its own
        (COSTS, [(2, "duplicate", "id"), (3, "replaced", "data.amount_micros")]),
        ([event("cost", data_of("cost", revision=None), id=name) for name in "ab"], [(1, "no_revision", "data.revision")]),
        ([event("cost", data_of("cost", category="sales")), event("cost", id="2")], []),
        ([event("signal", data_of("signal", name="keyword_rank", value=0))], [(1, "no_rank", "data.value")]),
        ([event("signal", data_of("signal", value=0))], []),
        ([event("privacy", data_of("privacy", lead_id="l1"))], [(1, "several_subjects", "data.lead_id")]),
    ],
)  # fmt: skip
def test_what_is_easily_misread_is_a_warning(bodies: list[Any], told: list[tuple[int, str, str]]) -> None:
    found = findings(*bodies)
    assert [(each.line, each.reason, each.path) for each in found] == told
    assert all(each.level == "warning" for each in found)


@pytest.mark.parametrize(
    ("framework", "known", "kept", "ignored"),
    [
        ("bant", ["budget", "need"], ["budget", "need"], []),
        ("BANT", [" Budget "], ["budget"], []),
        ("bant", ["budget", "goals"], ["budget"], ["qualification.known"]),  # a field of another framework
        ("bant", ["budget", "shoe size"], ["budget"], ["qualification.known"]),
        ("bant", ["budget", 7], ["budget"], ["qualification.known"]),
        ("meddic", ["economic_buyer"], ["economic_buyer"], []),
        ("spin", ["need"], [], ["qualification.framework", "qualification.known"]),
        (None, ["need"], [], ["qualification.known"]),
        ("faint", [], [], []),
    ],
)
def test_only_fields_of_the_framework_can_be_known(framework: Any, known: Any, kept: Any, ignored: Any) -> None:
    told = {name: value for name, value in (("framework", framework), ("known", known)) if value is not None}
    records = [(0, TIME_MS, None, orjson.dumps(event("form", data_of("form", qualification=told))), ())]
    decoded = decode("form", records)
    assert decoded.events[0].data.qualification.known == kept
    assert decoded.ignored.get(0, []) == ignored
