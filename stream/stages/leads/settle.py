"""Settle: few facts in place of many, where nothing about their time can come any more.

In:  the facts of one lead; a moment behind which nothing older is still to come.
Out: facts by which it counts the same now and later.
"""

from __future__ import annotations

from collections.abc import Collection

from stream.identity.facts import Fact
from stream.lifecycle.rules import Rules


def settle(facts: Collection[Fact], sure_ms: int, rules: Rules) -> Collection[Fact]:
    """Give the facts anew; the same object where there is nothing to settle."""
    raise NotImplementedError
