"""Life: what the facts of one lead amount to, as a pure function of them, of the clock and of the rules.

In:  facts in any order; the time up to which "nothing happened" is known.
Out: a view; None where nobody is a lead yet.
"""

from __future__ import annotations

from collections.abc import Collection

from stream.identity.facts import Fact
from stream.lifecycle.rules import Rules
from stream.stages.leads.view import View


def view(facts: Collection[Fact], clock_ms: int, rules: Rules) -> View | None:
    """Give what the facts amount to."""
    raise NotImplementedError
