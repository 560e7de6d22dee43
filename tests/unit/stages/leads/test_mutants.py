"""Mutants of the laws of leads are run by hand; each must still change the one place that it is about."""

from __future__ import annotations

import pytest

from tests.laws.leads.mutants import LAWS, MUTANTS, ROOT, Mutant


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.says)
def test_a_mutant_changes_one_place(mutant: Mutant) -> None:
    text = (ROOT / mutant.file).read_text(encoding="utf-8")
    assert text.count(mutant.old) == 1
    assert mutant.new != mutant.old
    assert (ROOT / LAWS / f"test_{mutant.law}_law.py").exists()
