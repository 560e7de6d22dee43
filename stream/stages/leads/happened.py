"""Happened: what there is to be told of a lead, each thing with a name by which it is told once.

In:  the view of a lead.
Out: what happened, in order.
"""

from __future__ import annotations

from itertools import pairwise
from operator import itemgetter
from typing import NamedTuple

from stream.contract.lead_event import Says, What
from stream.stages.leads.view import View


class Happening(NamedTuple):
    """One thing that happened; told under `name` once, whenever it turns out to have been."""

    at_ms: int
    name: str
    event: What
    from_: str | None = None
    to: str | None = None
    reason: str | None = None

    def says(self, view: View) -> Says:
        """Give what the event says beside its name and times."""
        return {"from": self.from_, "to": self.to, "reason": self.reason, "score": view.score}


def happenings(view: View, last: str) -> list[Happening]:
    """List what happened to a lead: how it came, went up and down the ladder, was lost and came back.

    `last` is the last stage of the ladder. `lost/2` is the second time that it was lost.
    """
    stages = list(view.entered)
    out = [Happening(view.lead.time_ms, "created", "created", None, stages[0])]
    for below, stage in pairwise(stages):
        event: What = "customer" if stage == last else "stage_entered"
        out.append(Happening(view.entered[stage], f"stage/{stage}", event, below, stage))
    for move in view.moves_back:
        out.append(Happening(move.time_ms, f"back/{move.time_ms}/{move.to}", "moved_back", move.from_, move.to))
    for time, (at_ms, stage) in enumerate(view.reopened):
        out.append(Happening(at_ms, f"reopened/{time + 1}", "reopened", None, stage))
    if view.lost_ms:
        reason = view.lost_reason or None
        out.append(Happening(view.lost_ms, f"lost/{len(view.reopened) + 1}", "lost", view.stage, None, reason))
    out.sort(key=itemgetter(0))  # by time
    return out
