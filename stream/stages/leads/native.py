"""Native: what homes of ids that are alone are told, taken by the compiled core where there is one.

In:  the grid, the rules, the module of the core.
Out: the core's part of the fold of leads.

What the core must know of the rules it is told here: they stand in Python, and in no other place.
"""

from __future__ import annotations

from typing import Any, Final

from stream.changes.cells import PAID, REACHED, WAITS
from stream.changes.durations import LOG_GAMMA
from stream.changes.panes import Grid
from stream.contract.times import FIRST_MS, LAST_MS
from stream.identity.ids import FIELDS, STRONG, VISITOR
from stream.identity.packed import FACTS
from stream.lifecycle.rules import Rules
from stream.stages.leads.bundles import SEGMENTS
from stream.stages.leads.calm import eased
from stream.stages.leads.clusters import EVIDENCE
from stream.stages.leads.contribution import MQL
from stream.stages.leads.credit import FADING, MOST_TOUCHES, TOUCH_MS
from stream.stages.leads.gather import REMEMBERED_MS
from stream.stages.leads.known import MOST_FACTS
from stream.stages.leads.score import COLD
from stream.stages.leads.view import MODELS

_FAMILIES: Final = ("alone", "form", "form_stage", "page", "mail")


def leads_core(core: Any, grid: Grid, rules: Rules) -> Any:
    """Make the core's part of a fold; None where points fade, which only Python works out.

    `fold(messages, tables, now, accumulator)` takes encoded messages and gives the places of those that are left over,
    records of results, rows that are due, and how the sizes of leads changed.
    """
    if rules.half_life_days:
        return None
    return core.LeadsCore((grid.pane_ms, grid.origin_ms), told(rules))


def told(rules: Rules) -> dict[str, Any]:
    """List what the core is told: the ladder, points, limits."""
    plan, rank = rules.plan, rules.rank
    families = {
        name: {value: tuple(map(list, hits)) for value, hits in getattr(plan, name).items()} for name in _FAMILIES
    }
    return families | {
        "ladder": list(rules.ladder),
        "implied": list(plan.implied),
        "timed_pairs": [(rank[start], rank[end]) for start, end in rules.timed_pairs],
        "has_mql": MQL in rank,
        "threshold": rules.threshold,
        "thresholds": list(rules.thresholds),
        "bands": list(rules.bands),
        "cold": COLD,
        "forget_after_ms": rules.forget_after_ms,
        "memory_ms": rules.memory_ms,
        "remembered_ms": REMEMBERED_MS,
        "touch_ms": TOUCH_MS,
        "most_touches": MOST_TOUCHES,
        "most_facts": MOST_FACTS,
        "any_time": list(plan.any_time),
        "enters": [list(stages) for stages in plan.enters],
        "together": [(stage, list(places)) for stage, places in plan.together],
        "score": plan.score if plan.score >= 0 else None,
        "names": list(plan.names),
        "points": list(plan.points),
        "a_day": list(plan.a_day),
        "single": [(rule, list(places)) for rule, places in plan.single],
        "silences": list(plan.silences),
        "ease": eased(rules)._asdict(),
        "fading": list(FADING),
        "paid": set(PAID),
        "models": list(MODELS),
        "fields": list(FIELDS),
        "strong": len(STRONG),
        "visitor": VISITOR,
        "segments": list(SEGMENTS),
        "reached": REACHED,
        "waits": WAITS,
        "log_gamma": LOG_GAMMA,
        "version": FACTS,
        "evidence": sorted(EVIDENCE),
        "first_ms": FIRST_MS,
        "last_ms": LAST_MS,
    }
