"""The engine and the simulator's books say the same of leads, over several shards that tell each other of people.

Days of traffic with all its faults, with a crm, costs and signals; the books know the truth and no code of the engine.
"""

from __future__ import annotations

import pytest

from stream.demo.traffic import Options, Traffic
from tests.books_of_leads import differing, told_of
from tests.laws.installation import Installation

START_MS = 1_767_254_400_000
#: Where a record can end.
PLACES = {"counted", "duplicate", "filtered", "dead_lettered"}


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
