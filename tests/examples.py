"""Examples: how many of them Hypothesis tries, and how long simulations run.

In:  LEADPULSE_TEST_EXAMPLES=quick, full or thorough; full if nothing is said.
Out: a loaded profile; a count, made smaller or larger as asked for.

quick is for `make quick` (a tenth of the examples), full is what `make test` and CI run, thorough is 25 times full and draws
other examples each time.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from hypothesis import HealthCheck, settings


class Profile(NamedTuple):
    """How much is tried: examples of a test that names no count of its own, and the factor of those that do."""

    default: int
    factor: float


PROFILES = {"quick": Profile(5, 0.1), "full": Profile(40, 1), "thorough": Profile(1_000, 25)}
CHOSEN = os.environ.get("LEADPULSE_TEST_EXAMPLES") or "full"


def load() -> None:
    """Let Hypothesis use the chosen profile; raise KeyError for one that nobody knows."""
    settings.register_profile(
        "leadpulse",
        max_examples=PROFILES[CHOSEN].default,
        deadline=None,  # deadlines of single examples measure the machine and not the code
        derandomize=CHOSEN != "thorough",  # a change is judged by the same examples as the tree before it
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    settings.load_profile("leadpulse")


def examples(full: int) -> int:
    """Give the number of examples, or of anything simulated, for a test that has `full` of them in CI.

    >>> examples(200) == {"quick": 20, "full": 200, "thorough": 5_000}[CHOSEN]
    True
    """
    return max(1, int(full * PROFILES[CHOSEN].factor))
