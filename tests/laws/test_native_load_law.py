"""Native load: rows that are put into their tables from packed batches are those that are loaded one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from hypothesis import given
from hypothesis import strategies as st

from stream.contract.oversize import HEADERS_MOST
from stream.contract.packed import Packed
from stream.contract.records import Record
from stream.kafka.salvage import HEADER_BYTES
from stream.kernels import native
from stream.stages.leads.tables import Encoded
from stream.stages.visitors.counted_by import CountedBy, PeopleRows
from stream.stages.visitors.known import KnownPeople
from stream.state.keys import AD_TOTALS, COUNTED_BY, KNOWN_PEOPLE, LEAD_PARTS, PEOPLE
from stream.state.rows import Rows
from stream.state.table import Logged
from stream.worker.position import POSITION_KEY, Restoring

CORE, _ = native.found()
pytestmark = pytest.mark.native

_NAMES = st.sampled_from(("", "a", "b", "ü\x1fc", "x" * 200)).map(str.encode)
_SUMS = st.sampled_from(("00000001", "00000002ff")).map(str.encode)
_VALUES = st.none() | st.binary(max_size=12)
_ROWS = st.one_of(
    st.tuples(st.sampled_from((PEOPLE, AD_TOTALS, LEAD_PARTS)).map(lambda stored: stored.prefix), _NAMES, _VALUES),
    st.tuples(st.just(KNOWN_PEOPLE.prefix), _SUMS, _VALUES),
    st.tuples(st.just(LEAD_PARTS.prefix), st.binary(max_size=6), _VALUES),  # keys that are no text
    st.tuples(st.sampled_from((b"~", b"\x00", b"")), st.sampled_from((b"", b"alive")), _VALUES),  # of no table here
)
_POSITION = b'{"version":3,"sources":{},"seq":7}'


def tables() -> dict[bytes, Logged]:
    """Give tables of each sort that rows lie in."""
    counted_by = CountedBy(0)
    some = counted_by, PeopleRows(0, counted_by), KnownPeople().rows, Rows(AD_TOTALS, 0), Encoded(LEAD_PARTS)
    return {table.prefix: table for table in some}


def state(found: dict[bytes, Logged]) -> list[object]:
    """Give what lies in tables, in its order."""
    people, known, totals, parts = (
        found[of.prefix] for of in (PEOPLE, KNOWN_PEOPLE, AD_TOTALS, LEAD_PARTS)
    )  # fmt: skip
    assert isinstance(people, Rows)
    assert isinstance(known, Rows)
    assert isinstance(totals, Rows)
    assert isinstance(parts, Encoded)
    sums = getattr(known, "sums", None)
    return [*(list(one.encoded.items()) for one in (people, known, totals)), list(parts.rows.items()), sums]


def packed(batches: Sequence[Sequence[tuple[bytes | None, bytes | None]]]) -> Packed:
    """Write records into batches, and leave them there."""
    out = []
    for rows in batches:
        builder = DefaultRecordBatchBuilder(2, 0, 1, 1, 1, 1, 1 << 20)
        for at, (key, value) in enumerate(rows):
            builder.append(at, 1, key, value, [])
        out.append(CORE.Batch(bytes(builder.build()), HEADER_BYTES, len(rows), 0, 1, None, HEADERS_MOST))
    return Packed(out)


def restored(parts: Iterator[Sequence[Record]]) -> tuple[object, ...]:
    """Load a log in parts; give all that is known then, or what went wrong."""
    found, loose = tables(), list[tuple[bytes, bytes | None]]()
    restoring = Restoring(lambda key, value: loose.append((key, value)), "a log", found)
    for part in parts:
        restoring.take_all(part)
    try:
        return state(found), loose, restoring.position(), restoring.places
    except (UnicodeDecodeError, ValueError) as error:
        return (type(error),)


@given(st.lists(st.lists(st.lists(_ROWS, min_size=1, max_size=8), min_size=1, max_size=3), min_size=1, max_size=4))
def test_rows_of_packed_batches_are_loaded_as_one_by_one(
    log: list[list[list[tuple[bytes, bytes, bytes | None]]]],
) -> None:
    batches = [[[(of + name or None, value) for of, name, value in rows] for rows in part] for part in log]
    batches.append([[(POSITION_KEY, _POSITION)]])
    one_by_one = (
        [(0, 1, key, value, ())] for part in batches for rows in part for key, value in rows
    )  # fmt: skip
    assert restored(packed(part) for part in batches) == restored(one_by_one)


@pytest.mark.parametrize("stored", [PEOPLE, AD_TOTALS])
def test_a_key_that_is_no_text_is_refused_as_ever(stored: object) -> None:
    bad = [[[(b"%b\xff" % stored.prefix, b"")]], [[(POSITION_KEY, _POSITION)]]]  # type: ignore[attr-defined]
    assert restored(packed(part) for part in bad) == (UnicodeDecodeError,)


def test_rows_that_others_counted_are_refused_before_any_is_kept() -> None:
    counted_by = CountedBy(1_000)
    rows = PeopleRows(0, counted_by)
    restoring = Restoring(lambda key, value: None, "a log", {COUNTED_BY.prefix: counted_by, PEOPLE.prefix: rows})
    restoring.take_all(packed([[(b"va", b"row")]]))
    restoring.take_all(packed([[(b"vb", b"row")]]))
    assert not rows.encoded
