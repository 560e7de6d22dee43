"""The facts that rules may name are those of the contract, and all of them are taken."""

from __future__ import annotations

from typing import get_args, get_type_hints

import pytest

from stream.contract.crm import CrmAction
from stream.contract.form import FormData, FormType
from stream.lifecycle import words
from stream.lifecycle.read import made


def test_words_are_those_of_the_contract() -> None:
    assert get_args(FormType) == words.FORM_TYPES
    assert get_args(CrmAction) == words.CRM_ACTIONS
    stages, _ = get_args(get_type_hints(FormData)["offer_stage"])
    assert get_args(stages) == words.OFFER_STAGES


@pytest.mark.parametrize("fact", [*words.every(("in", "out")), "company:revenue_band=>100k"])
def test_whatever_is_listed_is_taken(fact: str) -> None:
    ladder = [{"name": "in"}, {"name": "out", "evidence": ["score"]}]
    rules = [] if fact == "score" else [{"name": "x", "fact": fact, "points": 3}]
    made_ = made({"stage": ladder, "score": {"rule": rules}}, "test")
    assert [rule.fact for rule in made_.score] == [(fact,) for _ in rules]
    assert made_.stages[1].evidence[0] == ("score",)
