"""Link: what of the settings the way to the broker is made of."""

from __future__ import annotations

import pytest

from stream.kafka import security
from stream.settings.load import load


@pytest.mark.parametrize(("delivery", "transactions"), [("exactly_once", True), ("at_least_once", False)])
def test_who_reads_knows_whether_the_broker_has_transactions(delivery: str, transactions: bool) -> None:
    """Whoever reads a log of one without asks a fetch where it ends."""
    link = security.link(load({"brokers": "127.0.0.1:9092", "delivery": delivery}, None, {}).settings)
    assert link.transactions is transactions
