"""How `leadpulse explain` tells a person: exactly this, and nothing that a terminal obeys."""

from __future__ import annotations

import json

import pytest

from stream.cli.explain import told
from stream.cli.named import Named, named
from stream.errors import UsageError
from tests.unit.explain.shop import ANN, Reads, installed
from tests.unit.golden.events import crm, form, mail

READS = Reads(installed())

VISITOR = """\
visitor_id v9 of site s1: visitors/0
last seen 2025-06-15T10:00:00.000Z, last key event never
  session 2025-06-15T10:00:00.000Z to 2025-06-15T10:00:00.000Z: direct; 1 page view(s), landed on blog/a, bounced
  counts as       labels                                             in                        by  which feeds
  session         channel=direct                                     2025-06-15T10:00:00.000Z  +1  """

LEAD = """\
  lead email_hash {ann} + lead_id l1
    since 2025-06-08T10:04:00.000Z by form, direct
    stage customer since 2025-06-14T09:00:00.000Z
      entered lead 2025-06-08T10:04:00.000Z
      entered iql 2025-06-08T10:04:00.000Z
      entered mql 2025-06-11T08:01:00.000Z
      entered sql 2025-06-11T08:01:00.000Z
      entered customer 2025-06-14T09:00:00.000Z
    score 15 (cold; 50 wanted): opened +5 (1), pricing +10 (1)
    credit first: paid_search/brand 100 %
    credit last: direct 100 %
    credit last_non_direct: paid_search/brand 100 %
    credit linear: paid_search/brand 50 %, direct 50 %
    credit position: paid_search/brand 50 %, direct 50 %
    credit time_decay: paid_search/brand 44.9629 %, direct 55.0371 %
    deal d1 won 2025-06-14T09:00:00.000Z, 12000 EUR
  told as s1/lead_id/l1, version 8, which stands
"""

MESSAGE = """\
message_id m1 of site s1: emails/0
last heard of 2025-06-12T07:30:00.000Z, copies: 1
  copy to email_hash #8bd67ed5525d: sent 2025-06-12T07:00:00.000Z, sent, delivered, opened, opened_in_time
    june
    delivered 2025-06-12T07:01:00.000Z
    opened 2025-06-12T07:30:00.000Z
    counts as  labels                                                                                                """


def text(field: str, value: str, form: str = "table", reads: Reads = READS) -> str:
    found = reads.explain(field, value)
    assert found is not None
    return told(found, form)


def test_a_visitor_is_told_by_sessions() -> None:
    assert text("visitor_id", "v9").startswith(VISITOR)


def test_a_lead_is_told_by_stage_score_credit_and_deals() -> None:
    assert LEAD.format(ann=ANN) in text("lead_id", "l1")


def test_a_message_is_told_by_copies() -> None:
    assert text("message_id", "m1").startswith(MESSAGE)


def test_the_json_is_the_table() -> None:
    assert json.loads(text("lead_id", "l1", "json")) == READS.explain("lead_id", "l1")


def test_nothing_that_producers_wrote_reaches_a_terminal_as_it_is() -> None:
    bad, id = "a\x1b[2J\x7f\u202eb", "l\u202e1"
    reads = Reads(installed([
        form("06-14 10:00", "v\u202e1", "submit", "demo", "google/cpc/" + bad, lead_id=id, form=id, product=bad),
        mail("06-14 10:00", "m\u202e1", "sent", campaign=bad, lead_id=id),
        crm("06-14 11:00", id, "deal_won", deal=id, rep=bad, product=bad),
    ]))  # fmt: skip
    for field, value in (("visitor_id", "v\u202e1"), ("lead_id", id), ("message_id", "m\u202e1")):
        for form_ in ("table", "json"):
            shown = text(field, value, form_, reads)
            assert all(line.isprintable() for line in shown.split("\n")), (field, form_)
            assert "\\u202e" in shown


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"visitor": None, "lead": None}, "Nobody is named"),
        ({"visitor": "v1", "lead": "l1"}, "More than one is named"),
        ({"email_hash": "ann@example.com"}, "No event can have this value"),
        ({"lead": "ann@example.com"}, "No event can have this value"),
        ({"lead": " "}, "No event can have this value"),
        ({"message": "m" * 300}, "No event can have this value"),
    ],
)
def test_who_is_asked_for_must_be_one_that_an_event_can_name(given: dict[str, str | None], what: str) -> None:
    with pytest.raises(UsageError, match=what) as wrong:
        named("shop", given)
    assert "example.com" not in str(wrong.value), "an address is not repeated"


def test_a_value_is_read_as_in_an_event() -> None:
    assert named("shop", {"email_hash": ANN.upper()}) == Named("shop", "email_hash", ANN)
    assert named("shop", {"message": "<m1@example.com>"}) == Named("shop", "message_id", "m1@example.com")
    assert named("shop", {"lead": "undefined"}) == Named("shop", "lead_id", "undefined"), "junk is read, and is junk"
    with pytest.raises(UsageError, match="No event"):
        named("s" * 65, {"lead": "l1"})
