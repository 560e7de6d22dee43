"""What the simulator's books say of leads, held beside readings of the engine.

In:  records with their truth; readings of a moment.
Out: readings that the books do not confirm.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from stream.changes.panes import MINUTE_MS
from stream.contract.readings import Reading
from stream.demo.compare import Seen, agrees
from stream.demo.traffic import Record
from stream.reference.account import Key, Reference
from stream.reference.leads.rules import DEFAULT
from stream.reference.ledger import Window


def told_of(records: Iterable[Record]) -> Reference:
    """Tell books the truth of all records."""
    books = Reference(rules=DEFAULT)
    for record in records:
        books.tell(record.kind, record.truth, record.time_ms)
    return books


def differing(readings: Iterable[Reading], books: Reference, at_ms: int) -> Iterator[tuple[Key, Reading, object]]:
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
        if not right and reading.metric == "unanswered_leads":
            # whoever became a lead in the pane that the edge lies in waits for long, or does not yet
            near = [books.between(reading.metric, span, at_ms + ms).get(labels) for ms in (-MINUTE_MS, MINUTE_MS)]
            least, most = sorted(0 if one is None else one.value for one in near)
            right = least <= reading.value <= most
        if not right:
            yield (reading.metric, labels, span.name), reading, expected
