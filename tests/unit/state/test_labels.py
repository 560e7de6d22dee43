"""Labels: fit to be shown, and bounded in number."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.state.labels import LONG_MEMORY_DAYS, MAX_CHARACTERS, MEMORY_DAYS, Kept, LabelGuard, clean


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


def test_the_first_values_come_in_and_the_rest_is_added_up() -> None:
    guard = LabelGuard(limit=2)
    assert [guard.admit("campaign", value) for value in "abcab"] == ["a", "b", "(other)", "a", "b"]
    assert guard.admit("campaign", "c") == "(other)"
    assert guard.admit("country", "c") == "c"  # each label has its own places
    assert guard.folded == {"campaign": 2}


def test_unknown_takes_no_place_and_a_value_named_other_is_one_like_any() -> None:
    guard = LabelGuard(limit=1)
    told = [guard.admit("bot", value) for value in ("unknown", "(other)", "other", "x")]
    assert told == ["unknown", "(other)", "other", "(other)"]


def test_a_value_that_changed_nothing_for_as_long_as_it_could_be_shown_gives_its_place_back() -> None:
    guard = LabelGuard(limit=2)
    guard.see(7_000, ())
    assert [guard.admit("campaign", value) for value in "abc"] == ["a", "b", "(other)"]
    guard.see(7_000 + MEMORY_DAYS, [("campaign", "b"), ("campaign", "nobody")])
    assert guard.admit("campaign", "c") == "(other)"  # until yesterday both could be in a window
    guard.see(7_000 + MEMORY_DAYS + 7, ())
    assert [guard.admit("campaign", value) for value in "cab"] == ["c", "(other)", "b"]


def test_what_may_stand_for_ever_never_gives_its_place_back_and_what_is_shown_for_a_year_later() -> None:
    guard = LabelGuard(limit=1)
    guard.kept = Kept(LONG_MEMORY_DAYS, ("rep",))
    guard.see(7_000, ())
    assert [guard.admit(label, "a") for label in ("campaign", "rep")] == ["a", "a"]
    guard.see(7_000 + LONG_MEMORY_DAYS, ())
    assert guard.admit("campaign", "b") == "(other)"
    guard.see(7_000 + LONG_MEMORY_DAYS + 7, ())
    assert [guard.admit(label, "b") for label in ("campaign", "rep")] == ["b", "(other)"]


@given(
    st.lists(st.tuples(st.sampled_from("pq"), st.integers(0, 12).map(str), st.integers(0, 400)), max_size=60), st.data()
)
def test_after_any_restart_the_same_values_are_in(values: list[tuple[str, str, int]], data: st.DataObject) -> None:
    whole = LabelGuard(limit=5)
    guard = LabelGuard(limit=5)
    log: dict[bytes, bytes] = {}
    for label, value, day in sorted(values, key=lambda one: one[2]):
        used = [(label, value)] if day % 2 else []
        whole.see(day, used)
        guard.see(day, used)
        assert guard.admit(label, value) == whole.admit(label, value)
        if data.draw(st.booleans()):
            for key, record in guard.changes():
                assert key.startswith(b"l")
                if record is None:
                    log.pop(key, None)
                else:
                    log[key] = record
            guard = LabelGuard(limit=5)
            for key, record in log.items():
                guard.load(key, record)
            guard.see(day, ())
    assert guard.folded == whole.folded


def test_nothing_new_writes_nothing() -> None:
    guard = LabelGuard()
    guard.admit("campaign", "a")
    assert len(guard.changes()) == 1
    guard.admit("campaign", "a")
    assert guard.changes() == []
