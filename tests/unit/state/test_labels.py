"""Labels: fit to be shown, and bounded in number."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.state.labels import MAX_CHARACTERS, LabelGuard, clean


@pytest.mark.parametrize(
    ("value", "label"),
    [
        ("blog", "blog"),
        ("  blog\n", "blog"),
        ("", "unknown"),
        (" \t ", "unknown"),
        (None, "unknown"),
        ("a\x00b", "a\ufffdb"),
        ("a\u2028b", "a\ufffdb"),
        ("\ud800", "\ufffd"),
        ("\u202egnp.exe", "\ufffdgnp.exe"),  # an override of direction is no character to show
        ("日本語", "日本語"),
        ('quote" back\\slash {x="y"}', 'quote" back\\slash {x="y"}'),
        ("zero\u200bwidth", "zero\ufffdwidth"),
        ("cafe\u0301", "café"),  # composed: what looks alike is one label
        ("a\u00a0b", "a\u00a0b"),  # a space is only taken off at the ends
        ("x" * 64, "x" * 64),
        ("x" * 65, "x" * 55 + "~9537c5fd"),
        ("  " + "a" * 70 + "\n", "a" * 55 + "~6bd5e503"),  # the hash is of the stripped value
        ("e\u0301" * 64, "é" * 64),  # 64 characters are counted after composing
        ("other", "other"),
        ("(other)", "(other)~fea5267d"),  # what values over a budget add up in has the name alone
    ],
)
def test_a_value_is_made_fit_to_be_shown(value: str | None, label: str) -> None:
    assert clean(value) == label


@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=5_000))
def test_any_value_becomes_short_printable_and_valid(value: str) -> None:
    label = clean(value)
    assert 1 <= len(label) <= MAX_CHARACTERS
    assert {unicodedata.category(c) for c in label}.isdisjoint({"Cc", "Cf", "Cs", "Zl", "Zp"})
    assert label == unicodedata.normalize("NFC", label).strip()
    label.encode()
    assert clean(label) == label


@pytest.mark.parametrize("length", [65, 128, 129, 4_096])
def test_names_that_differ_only_at_their_ends_stay_different(length: int) -> None:
    names = ["n" * (length - 1) + end for end in "ABC"]
    assert len({clean(name) for name in names}) == 3
    assert {len(clean(name)) for name in names} == {MAX_CHARACTERS}


def test_the_first_values_come_in_and_the_rest_is_other_for_good() -> None:
    guard = LabelGuard(limit=2)
    assert [guard.admit("campaign", value) for value in "abcab"] == ["a", "b", "other", "a", "b"]
    assert guard.admit("campaign", "c") == "other"
    assert guard.admit("country", "c") == "c"  # each label has its own places
    assert guard.folded == {"campaign": 2}


def test_unknown_and_other_take_no_place() -> None:
    guard = LabelGuard(limit=1)
    assert [guard.admit("bot", value) for value in ("unknown", "other", "x", "y")] == [
        "unknown",
        "other",
        "x",
        "other",
    ]


@given(st.lists(st.tuples(st.sampled_from("pq"), st.integers(0, 12).map(str)), max_size=60), st.data())
def test_after_any_restart_the_same_values_are_in(values: list[tuple[str, str]], data: st.DataObject) -> None:
    whole = LabelGuard(limit=5)
    guard = LabelGuard(limit=5)
    log: dict[bytes, bytes] = {}
    for label, value in values:
        assert guard.admit(label, value) == whole.admit(label, value)
        if data.draw(st.booleans()):
            for key, record in guard.changes():
                assert key.startswith(b"l")
                assert key not in log or key == b"lf"  # values are written once
                assert record is not None
                log[key] = record
            guard = LabelGuard(limit=5)
            for key, record in log.items():
                guard.load(key, record)
    assert guard.folded == whole.folded


def test_nothing_new_writes_nothing() -> None:
    guard = LabelGuard()
    guard.admit("campaign", "a")
    assert len(guard.changes()) == 1
    guard.admit("campaign", "a")
    assert guard.changes() == []
