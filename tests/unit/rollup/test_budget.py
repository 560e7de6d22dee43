"""The label budget: first come, first kept; the rest is `other`, and counted."""

from __future__ import annotations

from stream.rollup.budget import Budget


def test_the_first_values_of_a_label_are_kept_and_the_rest_goes_to_other() -> None:
    budget = Budget(limit=2)
    assert [budget.admit("campaign", value) for value in "abcacd"] == ["a", "b", "other", "a", "other", "other"]
    assert budget.folded == {"campaign": 3}
    assert budget.admit("country", "c") == "c"


def test_other_takes_no_place_and_counts_as_nothing_folded() -> None:
    budget = Budget(limit=1)
    assert [budget.admit("bot", value) for value in ("other", "sally", "max")] == ["other", "sally", "other"]
    assert budget.folded == {"bot": 1}


def test_an_allow_list_stands_in_place_of_the_first_values() -> None:
    budget = Budget(limit=1, allowed={"campaign": frozenset({"june", "july"})})
    assert [budget.admit("campaign", value) for value in ("x", "june", "july", "y")] == [
        "other", "june", "july", "other",
    ]  # fmt: skip
    assert budget.folded == {"campaign": 2}
    assert budget.admit("country", "DE") == "DE"  # labels without a list go on as before


def test_labels_of_our_own_words_are_never_folded() -> None:
    budget = Budget(limit=0)
    for label in ("channel", "capture_method", "from", "to", "bounce_type", "kind", "class", "currency"):
        assert budget.admit(label, "any") == "any"
    assert budget.folded == {}


def test_readings_are_afforded_as_long_as_they_fit_whole() -> None:
    budget = Budget(most_readings=10)
    assert [budget.afford(n) for n in (6, 5, 4, 1, 0)] == [True, False, True, False, True]
    assert budget.readings == 10
