"""Pieces: a whole that does not fit into a record, and what becomes of its pieces when it shrinks."""

from __future__ import annotations

from stream.rollup.pieces import MOST_BYTES, Pieces, Records, halved


def test_rows_are_cut_into_pieces_that_fit_and_come_back_in_order() -> None:
    rows = [f"{n:06d}" * 100 for n in range(5_000)]
    values = halved(rows, lambda some: "".join(some).encode())
    assert len(values) > 4
    assert max(map(len, values)) <= MOST_BYTES
    assert b"".join(values) == "".join(rows).encode()


def test_one_row_is_never_cut() -> None:
    assert halved(["x" * (2 * MOST_BYTES)], lambda some: "".join(some).encode()) == [b"x" * (2 * MOST_BYTES)]


def test_pieces_that_are_no_more_are_buried_also_after_a_restart() -> None:
    pieces, out = Pieces(), Records()
    pieces.write(b"k", [b"a", b"b", b"c"], out)
    assert out == [(b"k", b"a"), (b"k\0\1", b"b"), (b"k\0\2", b"c")]
    again = Pieces()
    assert {again.found(key, 1) for key, _ in out} == {b"k"}
    for one in (pieces, again):
        out = []
        one.write(b"k", [b"d", b"e"], out)
        assert out == [(b"k", b"d"), (b"k\0\1", b"e"), (b"k\0\2", None)]
        out = []
        one.write(b"k", [], out)
        assert out == [(b"k", None), (b"k\0\1", None)]
