"""Score: what was told, against what is right.

In:  records of `leadpulse.alerts`, incidents and what is allowed.
Out: false pages and tickets, and for each incident the hours until it was told.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np

from stream.contract.alert import AlertRecord
from stream.judge.told import moment_ms
from tests.life.clock import BEGIN_MS, BIN_MS, HOUR
from tests.life.stories import Right

#: Something that begins so long after an incident is of it.
GRACE_H: Final = 6
#: Runs are sites, and all of them have the same trouble at once.
TOLD: Final = ("", "many_sites")
FAMILIES: Final = {
    "visitors_drop": "visitors",
    "pushed_visitors_drop": "visitors",
    "visit_to_lead_drop": "conversion",
    "visit_to_lead_slow_drop": "conversion",
}


class Spell(NamedTuple):
    """One alert as people hear of it: when it was first told to anybody, in bins after the beginning of life."""

    site: str
    alert: str
    page: bool
    begun: float
    told: float


class Scored(NamedTuple):
    """What came of all runs."""

    false_pages: int
    false_tickets: int
    found_h: list[float]  # by incident and run; infinite where it was not
    again: int  # further messages of an incident


def spells(records: Iterable[AlertRecord]) -> list[Spell]:
    """Read when each spell was told: held ones are when they are let go, or never."""
    out: dict[tuple[str, ...], Spell] = {}
    for record in records:
        if record.alert in FAMILIES and record.state == "firing" and record.held in TOLD and record.key not in out:
            begun, told = (_bin(text) for text in (record.since, record.at))
            out[record.key] = Spell(record.site, record.alert, record.severity == "page", begun, told)
    return list(out.values())


def _bin(text: str) -> float:
    return (moment_ms(text) - BEGIN_MS) / BIN_MS


def score(told: list[Spell], right: Right, sites: list[str], begin: int) -> Scored:
    """Hold all runs against what is right; what begins before `begin` is not judged."""
    pages = tickets = again = 0
    found: list[float] = []
    for spell in told:
        if spell.told >= begin and not _is_right(spell, right):
            pages, tickets = pages + spell.page, tickets + (not spell.page)
    for incident in right.incidents:
        for site in sites:
            starts = sorted(
                spell.told
                for spell in told
                if spell.site == site
                and FAMILIES[spell.alert] == incident.family
                and (spell.page or incident.ticket)
                and incident.begin < spell.told <= incident.end
            )
            hours = (starts[0] - incident.begin) / HOUR if starts else np.inf
            found.append(hours if hours <= incident.within_h else np.inf)
            again += max(0, len(starts) - 1)
    return Scored(pages, tickets, found, again)


def _is_right(spell: Spell, right: Right) -> bool:
    family = FAMILIES[spell.alert]
    moments = (spell.told - 1, spell.begun)  # bins end at the moment of a look
    for allowed in right.allowed:
        fits = family in allowed.families and (allowed.pages or not spell.page)
        if fits and any(allowed.begin <= moment < allowed.end + GRACE_H * HOUR for moment in moments):
            return True
    return False
