"""Quiet: a mail that arrives in order changes nothing that a lead counts for, or is told of.

In:  the facts of a lead, and one more.
Out: whether the lead is the same with it, and by when it may change because of it.

Mails that arrive are half of all facts. Whoever asks this first need not work out the lead before and after.
"""

from __future__ import annotations

from collections.abc import Collection

from stream.identity.facts import Deal, Evidence, Fact, Held, Mailed, PlatformForm, Recorded, Settled, Visit
from stream.lifecycle.rules import Rules
from stream.stages.leads.gather import OF_DEALS

_DELIVERED = "delivered"


def quiet_until(facts: Collection[Fact], fact: Fact, clock_ms: int, rules: Rules) -> int:
    """Give by when the lead may change by itself with one more fact that changes nothing now; 0: it may change now.

    That is a mail that arrived no earlier than whatever became of others, has no points, and is not the first that
    nurtures. Waiting for its opening may begin, but is not over.
    """
    if not isinstance(fact, Mailed) or fact.what != _DELIVERED or _DELIVERED in rules.plan.mail:
        return 0
    time_ms = fact.time_ms
    due_ms = min(
        (time_ms + within_ms for _, within_ms, _ in rules.plan.silences), default=time_ms + rules.forget_after_ms
    )
    if due_ms <= clock_ms:
        return 0
    newest_ms = lead_ms = nurtured_ms = 0
    for one in facts:
        if isinstance(one, Settled):
            if time_ms < one.sure_ms:
                return 0
            at_ms = one.newest_ms
            nurtured_ms = nurtured_ms or one.nurtured_ms
        elif isinstance(one, Mailed):
            at_ms = one.time_ms
            if at_ms > time_ms:
                return 0
            if one.what == _DELIVERED and one.nurtures:
                nurtured_ms = max(nurtured_ms, at_ms)
        else:
            kind = one.fact if isinstance(one, Held) else one
            at_ms = _time_ms(kind)
            if isinstance(kind, Evidence | PlatformForm) or (
                isinstance(kind, Recorded) and kind.action not in OF_DEALS
            ):
                lead_ms = min(lead_ms, at_ms) if lead_ms else at_ms
        newest_ms = max(newest_ms, at_ms)
    if not lead_ms or time_ms < lead_ms or newest_ms + rules.forget_after_ms <= clock_ms:
        return 0
    if fact.nurtures and not lead_ms < nurtured_ms:
        return 0
    return due_ms


def _time_ms(fact: Fact) -> int:
    match fact:
        case Visit():
            return fact.start_ms
        case Deal():
            return max(fact.won_ms, fact.lost_ms)
        case Settled() | Held():
            return 0
        case _:
            return fact.time_ms
