"""Ad leads: a row fits into a record, however long the names are that it remembers."""

from __future__ import annotations

from stream.stages.visitors.bounds import DEFAULT_BOUNDS
from stream.stages.visitors.row import decode_ad_lead
from stream.state.keys import AD_LEADS
from tests.laws.traffic import REPORT, batch, shard
from tests.unit.golden.events import ad_form

LONG = "\N{GRINNING FACE}" * 240


def test_a_lead_that_submits_a_hundred_forms_with_the_longest_names_is_remembered_in_part() -> None:
    fold = shard("visitors")
    for first in range(0, 100, 10):
        events = [
            {
                **ad_form(
                    "10:00", "meta", LONG, form_id=f"{LONG}{n}", submission_id=f"{LONG}{n}", value=3, currency="EUR"
                ),
                "id": f"{LONG}{n}",
                "source": LONG,
            }
            for n in range(first, first + 10)
        ]
        fold.fold(batch(events))
    written = [value for key, value in fold.changes(1, REPORT).state if key[:1] == AD_LEADS.prefix and value]
    assert len(written) == 1
    assert len(written[0]) <= DEFAULT_BOUNDS.row_bytes
    assert 20 < len(decode_ad_lead(written[0]).submissions) < 100
    assert fold.account.outcomes["form/counted"] == 100
