"""Kernels: what each means as plain, slow Python, and that its body agrees on whatever it is given."""

from __future__ import annotations

import ast
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

import stream.kernels
from stream.kernels.gate import WORD, depth_of, doubtful, is_unicode, perhaps_deep
from stream.kernels.ids import first_of_each, hashes_of, held, mark, marked, merged
from stream.kernels.murmur2 import murmur2, partitions_by_murmur2
from stream.kernels.named import named
from stream.kernels.panes import gathered
from stream.kernels.sums import counted, starts_of, summed
from stream.kernels.times import NO_TIME, read_times

TEXTS: Final = st.lists(st.text(max_size=40), max_size=30)
HASHES: Final = st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 9), max_size=30)


def u64(numbers: list[int]) -> np.ndarray:
    return np.array(numbers, dtype=np.uint64)


# summed ----------------------------------------------------------------------------------------------------


@given(
    changes=st.lists(st.tuples(st.integers(-3, 9) | st.integers(0, 2**62), st.integers(-3, 3)), max_size=40),
    in_runs=st.booleans(),
)
def test_summed_is_a_counter_by_key_without_zeros(changes: list[tuple[int, int]], in_runs: bool) -> None:
    total: Counter[int] = Counter()
    for key, amount in changes:
        total[key] += amount
    keys, amounts = summed(
        np.array([key for key, _ in changes], np.int64), np.array([n for _, n in changes], np.int64), in_runs=in_runs
    )
    assert list(zip(keys.tolist(), amounts.tolist(), strict=True)) == sorted((k, n) for k, n in total.items() if n)


@given(st.lists(st.integers(-3, 9) | st.integers(0, 2**62), max_size=40))
def test_counted_is_a_counter_by_key(keys: list[int]) -> None:
    distinct, times = counted(np.array(keys, np.int64))
    assert list(zip(distinct.tolist(), times.tolist(), strict=True)) == sorted(Counter(keys).items())


@given(st.lists(st.integers(0, 5), min_size=1, max_size=40))
def test_starts_are_where_a_key_is_another_than_the_one_before(keys: list[int]) -> None:
    starts = [at for at, key in enumerate(keys) if at == 0 or keys[at - 1] != key]
    assert starts_of(np.array(keys, np.int64)).tolist() == starts


# murmur2 ---------------------------------------------------------------------------------------------------


def murmur2_of(key: bytes) -> int:
    """MurmurHash2 as Kafka's Utils.murmur2 has it, byte by byte, in unsigned numbers."""
    m, mask = 0x5BD1E995, 0xFFFFFFFF
    h = 0x9747B28C ^ len(key)
    whole = len(key) // 4 * 4
    for at in range(0, whole, 4):
        k = int.from_bytes(key[at : at + 4], "little") * m & mask
        k = (k ^ k >> 24) * m & mask
        h = h * m & mask ^ k
    if key[whole:]:
        h = (h ^ int.from_bytes(key[whole:], "little")) * m & mask
    h = (h ^ h >> 13) * m & mask
    return h ^ h >> 15


@given(keys=TEXTS)
def test_murmur2_is_that_of_kafka(keys: list[str]) -> None:
    assert murmur2(keys).tolist() == [murmur2_of(key.encode("utf-8", "surrogatepass")) for key in keys]


@given(keys=TEXTS, n=st.integers(1, 5_000))
def test_a_partition_is_the_hash_without_sign_modulo_their_number(keys: list[str], n: int) -> None:
    hashes = [murmur2_of(key.encode("utf-8", "surrogatepass")) for key in keys]
    assert partitions_by_murmur2(keys, n).tolist() == [(h & 0x7FFFFFFF) % n for h in hashes]


# times -----------------------------------------------------------------------------------------------------

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_LOCAL: Final = EPOCH.replace(tzinfo=None)

#: Texts of times, in all the forms that RFC 3339 has, and what they say.
MOMENTS: Final = st.builds(
    lambda moment, digits, shift_min, lower: _told(moment, digits, shift_min, lower),
    st.datetimes(EPOCH_LOCAL - timedelta(days=25_000), EPOCH_LOCAL + timedelta(days=84_000)),
    st.integers(0, 9),
    st.none() | st.integers(-1_439, 1_439),
    st.booleans(),
)


def _told(moment: datetime, digits: int, shift_min: int | None, lower: bool) -> tuple[str, int]:
    """Write a moment; give what it says in milliseconds, cut off and not rounded."""
    local = moment + timedelta(minutes=shift_min or 0)
    text = local.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    fraction = f"{moment.microsecond:06d}000"[:digits]
    text += f".{fraction}" if digits else ""
    sign, minutes = "-" if (shift_min or 0) < 0 else "+", abs(shift_min or 0)
    text += "Z" if shift_min is None else f"{sign}{minutes // 60:02d}:{minutes % 60:02d}"
    whole = (moment.replace(tzinfo=UTC, microsecond=0) - EPOCH) // timedelta(milliseconds=1)
    return text.lower() if lower else text, whole + int(fraction.ljust(9, "0")[:3])


@given(told=st.lists(MOMENTS, max_size=20))
def test_a_time_is_read_as_what_it_says(told: list[tuple[str, int]]) -> None:
    assert read_times([text for text, _ in told]).tolist() == [ms for _, ms in told]


@given(told=st.lists(MOMENTS, min_size=1, max_size=9), place=st.integers(0, 40), sign=st.sampled_from("x ä\n:9/-+"))
def test_a_text_is_no_time_where_the_standard_library_says_so(
    told: list[tuple[str, int]], place: int, sign: str
) -> None:
    """One character of each text is another: what is still read, is read by both, and as the same."""
    texts = [text[: place % len(text)] + sign + text[place % len(text) + 1 :] for text, _ in told]
    assert read_times(texts).tolist() == [_by_library(text) for text in texts]


def _by_library(text: str) -> int:
    date, mark_, rest = text[:10], text[10:11], text[11:]
    shape = "".join("0" if sign in "0123456789" else sign.lower() for sign in text)
    body = shape[:19] == "0000-00-00t00:00:00"
    tail = shape[19:]
    if tail.startswith(".0"):
        digits = len(tail[1:]) - len(tail[1:].lstrip("0"))
        tail = tail[1 + digits :] if digits <= 9 else "?"
    if not body or tail not in ("z", "+00:00", "-00:00") or not mark_:
        return NO_TIME
    clock, fraction = rest[:8], rest[8:].rstrip("zZ")
    if tail != "z":
        clock, fraction = rest[:8], rest[8:-6]
        if int(rest[-5:-3]) > 23 or int(rest[-2:]) > 59:
            return NO_TIME
    leap = clock.endswith(":60")
    try:
        local = datetime.fromisoformat(f"{date}T{clock[:6]}59+00:00" if leap else f"{date}T{clock}+00:00")
    except ValueError:
        return NO_TIME
    ms = (local - EPOCH) // timedelta(milliseconds=1)
    if tail != "z":
        minutes = int(rest[-5:-3]) * 60 + int(rest[-2:])
        ms += minutes * 60_000 if rest[-6] == "-" else -minutes * 60_000
    if leap:
        return ms + 999 if ms // 60_000 % 1_440 == 1_439 else NO_TIME
    return ms + int(fraction[1:].ljust(3, "0")[:3]) if fraction else ms


# ids -------------------------------------------------------------------------------------------------------


@given(names=TEXTS)
def test_a_hash_is_xxh3_of_the_utf8_bytes(names: list[str]) -> None:
    assert hashes_of(names).tolist() == [xxhash.xxh3_64(n.encode("utf-8", "surrogatepass")).intdigest() for n in names]


@given(ids=HASHES)
def test_the_first_of_each_is_the_one_not_seen_before(ids: list[int]) -> None:
    ids = sorted(ids)
    assert first_of_each(u64(ids)).tolist() == [one not in ids[:at] for at, one in enumerate(ids)]


@given(run=HASHES.filter(bool), ids=HASHES)
def test_held_is_membership(run: list[int], ids: list[int]) -> None:
    assert held(u64(sorted(run)), u64(ids)).tolist() == [one in run for one in ids]


@given(runs=st.lists(HASHES, min_size=1, max_size=4))
def test_merged_is_sorted(runs: list[list[int]]) -> None:
    assert merged([u64(sorted(run)) for run in runs]).tolist() == sorted(one for run in runs for one in run)


@given(first=HASHES, second=HASHES, asked=HASHES, log2=st.integers(3, 16))
def test_marked_is_membership_of_the_top_bits(first: list[int], second: list[int], asked: list[int], log2: int) -> None:
    bits, shift = np.zeros(1 << (log2 - 3), np.uint8), np.uint64(64 - log2)
    mark(bits, shift, u64(first))
    mark(bits, shift, u64(second))
    places = {one >> (64 - log2) for one in first + second}
    assert marked(bits, shift, u64(asked)).tolist() == [one >> (64 - log2) in places for one in asked]
    assert int(np.bitwise_count(bits).sum()) == len(places)


# gate ------------------------------------------------------------------------------------------------------

PIECES: Final = st.lists(
    st.sampled_from(
        (b"{", b"}", b"[", b"]", b'"', b"\\", b'\\"', b"@", b"%", b"<", b"a", b" ", b",", "ä".encode(), b"\xff")
    ),
    max_size=40,
).map(b"".join)


def depth_by_scan(value: bytes) -> int:
    """Nesting, by walking over the bytes; brackets within strings are text."""
    depth = deepest = at = 0
    inside = False
    while at < len(value):
        sign = value[at : at + 1]
        if inside and sign == b"\\":
            at += 1
        elif sign == b'"':
            inside = not inside
        elif not inside and sign in b"{[":
            depth += 1
            deepest = max(deepest, depth)
        elif not inside and sign in b"}]":
            depth -= 1
        at += 1
    return deepest


@given(value=PIECES)
def test_depth_is_that_of_a_walk_over_the_bytes(value: bytes) -> None:
    assert depth_of(value) == depth_by_scan(value)


@given(values=st.lists(PIECES, min_size=1, max_size=12), most=st.integers(0, 6))
def test_no_record_that_is_too_deep_is_missed_and_what_is_found_has_its_reason(values: list[bytes], most: int) -> None:
    ends = np.cumsum([len(value) for value in values])
    starts = np.concatenate(([0], ends[:-1]))
    joined = b"".join([*values, b" " * (-int(ends[-1]) % WORD)])
    found = perhaps_deep(joined, starts, ends, most)
    assert {at for at, value in enumerate(values) if depth_by_scan(value) > most} <= set(found)
    for at in found:  # within the words that the record touches there are more opening brackets than levels
        words = joined[int(starts[at]) // WORD * WORD : -(-int(ends[at]) // WORD) * WORD]
        assert words.count(b"{") + words.count(b"[") > most


@given(value=PIECES | st.binary(max_size=20))
def test_unicode_is_what_decodes(value: bytes) -> None:
    assert is_unicode(value) == (value.decode("utf-8", "replace").encode() == value)


@given(values=st.lists(PIECES, max_size=200))
def test_doubtful_is_what_has_a_sign_that_no_fast_lane_vouches_for(values: list[bytes]) -> None:
    found = doubtful(values)
    sure = [at for at, value in enumerate(values) if any(sign in value for sign in b"@\\%<") or not value.isascii()]
    blank = [at for at, value in enumerate(values) if b'" ' in value]
    assert found == sorted(set(found))
    assert {*sure, *blank} <= set(found)


# panes -----------------------------------------------------------------------------------------------------


@given(
    panes=st.lists(st.integers(-500, 5_000), max_size=30),
    edges=st.lists(st.integers(-100, 5_000), max_size=3).map(lambda edges: sorted(edges, reverse=True)),
)
def test_what_lies_before_an_edge_stands_by_its_factor(panes: list[int], edges: list[int]) -> None:
    coarser = list(zip(edges, (6, 24, 240), strict=False))

    def first_of(pane: int) -> int:
        factor = max([factor for edge, factor in coarser if pane < edge], default=1)
        return pane // factor * factor

    assert gathered(np.array(panes, np.int64), coarser).tolist() == [first_of(pane) for pane in panes]


# named -----------------------------------------------------------------------------------------------------

NAMES: Final = st.lists(st.lists(st.text(max_size=3) | st.none() | st.integers(-9, 99), max_size=3), max_size=12)


@given(known=NAMES, asked=NAMES)
def test_a_name_has_the_number_that_it_was_given_last(known: list[object], asked: list[object]) -> None:
    encode = msgspec.msgpack.encode
    table, numbers = named(), dict[bytes, int]()
    for number, name in enumerate(known):
        table[encode(name)] = numbers[encode(name)] = number
    found, unknown = table.find(encode(asked + known))
    every = [encode(name) for name in asked + known]
    assert np.frombuffer(found, np.int64).tolist() == [numbers.get(name, -1) for name in every]
    assert unknown == [(at, name) for at, name in enumerate(every) if name not in numbers]


# the room --------------------------------------------------------------------------------------------------


def public_functions() -> list[str]:
    folder = Path(stream.kernels.__file__ or "").parent
    return [
        node.name
        for path in sorted(folder.glob("*.py"))
        if path.name != "native.py"  # no kernel: it finds the compiled core, which has laws of its own
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    ]


@pytest.mark.parametrize("name", public_functions())
def test_each_kernel_has_a_meaning_here_and_a_line_in_the_bench(name: str) -> None:
    calls = {
        node.func.id
        for node in ast.walk(ast.parse(Path(__file__).read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert name in calls
    bench = Path(__file__).parents[1] / "bench" / "kernels.py"
    assert f'"{name}"' in bench.read_text(encoding="utf-8")
