"""Optional topics: which ones a worker looks for, and what it says of them."""

from __future__ import annotations

import pytest

from stream.kafka.layout import Layout
from stream.kafka.topic_spec import Finding
from stream.worker.optional import Appeared, left_out
from tests.topics import Topics

WHOLE = Layout("", [Topics("mails", ("email", "bounce"), optional_kinds=("bounce",)),
                    Topics("leads", ("crm",), optional=True, told_by=("mails",), optional_kinds=("crm",))])  # fmt: skip
OF_LEADS = {"leadpulse.touches", "leadpulse.reroute.leads"}
HISTORY, ALERTS = "leadpulse.history", "leadpulse.alerts"


@pytest.mark.parametrize(
    ("there", "looked_for"),
    [
        (set(), {"bounce", "crm", HISTORY, ALERTS} | OF_LEADS),
        ({"bounce", HISTORY, ALERTS}, {"crm"} | OF_LEADS),
        (OF_LEADS | {HISTORY, ALERTS}, {"bounce", "crm"}),
        (OF_LEADS | {"bounce", "crm", ALERTS}, {HISTORY, ALERTS}),  # without history nothing is judged
        (OF_LEADS | {"bounce", "crm", HISTORY}, {ALERTS}),
        (OF_LEADS | {"bounce", "crm", HISTORY, ALERTS}, set()),
    ],
)
def test_a_worker_looks_for_what_it_would_read(there: set[str], looked_for: set[str]) -> None:
    assert left_out(WHOLE, WHOLE.running(there)) == looked_for


def test_topics_that_cannot_be_used_end_nobody() -> None:
    wrong = Finding("The topic has 4 partitions.", "crm", "Give it 6.")
    assert "is to be started again" in str(Appeared(("bounce", "crm")))
    assert "goes on without them" in str(Appeared(("crm",), wrong))
    assert "Give it 6." in str(Appeared(("crm",), wrong))
