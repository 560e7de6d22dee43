"""Native: the common cases of people's facts, folded by the compiled core where there is one.

In:  what the fold of people of a shard goes by, the module of the core.
Out: the core's part of that fold.

What the core must know of the rules it is told here: they stand in Python, and in no other place.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from stream.changes.cells import PAID
from stream.changes.durations import LOG_GAMMA
from stream.changes.panes import Grid
from stream.changes.targets import STEP_TARGETS_S
from stream.identity.ids import Namer
from stream.identity.native import naming
from stream.stages.visitors import chats, talks
from stream.stages.visitors.admissible import LONGEST_MS
from stream.stages.visitors.bounds import Bounds
from stream.stages.visitors.details import MOST_ASKS, MOST_SIGHTS
from stream.stages.visitors.facts import TELLING, Facts, Form, View
from stream.stages.visitors.forms import KEY_FORMS, SUBMISSION_MS
from stream.stages.visitors.people import KNOWN_MS, LIFE_MS, SOCIAL
from stream.stages.visitors.sessions import ENGAGED_MS, GAP_MS
from stream.stages.visitors.steps import HORIZON_MS


def people_core(
    core: Any,
    grid: Grid,
    facts: Facts,
    memory_ms: int,
    bounds: Bounds,
    look_back_ms: int,
    namer: Namer | None = None,
) -> Any:
    """Make the core's part of a fold.

    `fold(people, of, accumulator)` folds facts gathered by person into the rows of a `PeopleFold` as far as they are
    common cases. It gives what is left over, in order, and the keys of rows that are larger than they may be.
    """
    return core.PeopleCore(*told(grid, facts, memory_ms, bounds, look_back_ms), naming(namer))


def told(grid: Grid, facts: Facts, memory_ms: int, bounds: Bounds, look_back_ms: int) -> tuple[Any, ...]:
    """List what the core is told: labels, classes of facts, the grid, numbers, words, targets, width of buckets."""
    numbers = asdict(bounds) | {
        "memory_ms": memory_ms,
        "look_back_ms": look_back_ms,
        "gap_ms": GAP_MS,
        "longest_ms": LONGEST_MS,
        "life_ms": LIFE_MS,
        "known_ms": KNOWN_MS,
        "engaged_ms": ENGAGED_MS,
        "horizon_ms": HORIZON_MS,
        "submission_ms": SUBMISSION_MS,
        "silence_ms": talks.SILENCE_MS,
        "forgotten_ms": talks.MEMORY_MS,
        "longest_chat_ms": talks.LONGEST_MS,
        "sights": MOST_SIGHTS,
        "asks": MOST_ASKS,
    }
    words = {
        "paid": PAID,
        "social": SOCIAL,
        "telling": frozenset(TELLING),
        "key_forms": KEY_FORMS,
        "chat_actions": talks.ACTIONS,
        "key_chats": chats.KEY_CHATS,
        "chats_of_person": chats.DONE_BY_PERSON,
        "closing_chats": talks.CLOSES,
        "engaging_chats": talks.ENGAGES,
    }
    return facts, (View, Form), (grid.pane_ms, grid.origin_ms), numbers, words, STEP_TARGETS_S, LOG_GAMMA
