"""The engine and the simulator's books say the same of leads, over several shards that tell each other of people.

Days of traffic with all its faults, with a crm, costs and signals; the books know the truth and no code of the engine.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from stream.contract.readings import Reading
from stream.demo.compare import Seen, agrees
from stream.demo.traffic import Options, Record, Traffic
from stream.reference.account import Key, Reference
from stream.reference.leads.rules import DEFAULT
from stream.reference.ledger import Window
from tests.laws.installation import Installation

START_MS = 1_767_254_400_000
#: Where a record can end.
PLACES = {"counted", "duplicate", "filtered", "dead_lettered"}


def told_of(records: list[Record]) -> Reference:
    books = Reference(rules=DEFAULT)
    for record in records:
        books.tell(record.kind, record.truth, record.time_ms)
    return books


def differing(readings: list[Reading], books: Reference, at_ms: int) -> Iterator[tuple[Key, Reading, object]]:
    """Give the readings that the books do not confirm, with what they say."""
    figures: dict[tuple[str, Window], dict] = {}
    for reading in readings:
        if reading.window is None:
            continue
        span = Window(reading.window, reading.window_start_ms, reading.window_end_ms)
        labels = tuple(sorted(reading.labels.items()))
        if reading.metric == "stage_median_seconds":
            # the middle of a pane stands for when somebody in it began to wait
            if not books.leads_at(at_ms).fits(labels, span, reading.value, slack_ms=span.length_ms // 24):
                yield (reading.metric, labels, span.name), reading, None
            continue
        if (reading.metric, span) not in figures:
            figures[reading.metric, span] = books.between(reading.metric, span, at_ms)
        expected = figures[reading.metric, span].get(labels)
        side = Seen(reading.value, reading.numerator, reading.denominator, reading.n, *span[1:], reading.seq)
        # what is on one side only was taken back, since an earlier event came later, and says nothing
        right = agrees(reading.metric, side, expected) if expected is not None else not reading.value
        if reading.maturity is not None:
            right = right and books.leads_at(at_ms).ripe(
                reading.metric, labels, span, reading.maturity, span.length_ms // 24
            )
        if not right:
            yield (reading.metric, labels, span.name), reading, expected


@pytest.mark.parametrize(("exact", "seed", "crash"), [(False, 4, 0.0), (True, 5, 0.0), (True, 6, 0.2)])
def test_every_reading_of_leads_is_in_the_books(exact: bool, seed: int, crash: float) -> None:
    traffic = Options(seed=seed, start_ms=START_MS, length_ms=24 * 3_600_000, rate=0.06, sites=1, leads=True)
    records = list(Traffic(traffic))
    books, at_ms = told_of(records), records[-1].time_ms + 1_234
    engine = Installation(3, exact=exact, seed=seed, now_ms=records[-1].time_ms, crash=crash)
    engine.produce(records)
    engine.run()
    readings = engine.read(at_ms)
    wrong = list(differing(readings, books, at_ms))
    seen = {(one.metric, tuple(sorted(one.labels.items())), one.window) for one in readings}
    assert not wrong[:3], f"{len(wrong)} of {len(seen)}"
    missing = {key for key, one in books.readings(at_ms).items() if one.value and key not in seen}
    assert missing == set()
    account = {
        tuple(one.labels.get(name, "") for name in ("kind", "outcome", "reason")): one.value
        for one in readings
        if one.metric == "events_total" and one.labels["outcome"] in PLACES
    }
    assert account == {key: n for key, n in books.outcomes.items() if n}
