"""Rules of leads: the ladder, the score and the limits, as the design's default has them or as a file says.

In:  nothing, or the text of a file of rules.
Out: rules.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

from stream.reference.events import DAY_MS, HOUR_MS, MINUTE_MS

SOLUTION_FORMS: Final = frozenset({"demo", "trial", "quote", "contact"})
#: The six frameworks of qualification and the names of their fields.
FRAMEWORKS: Final[Mapping[str, frozenset[str]]] = {
    name: frozenset(fields.split())
    for name, fields in {
        "bant": "budget authority need timing",
        "gpct": "goals plans challenges timeline",
        "champ": "challenges authority money prioritization",
        "meddic": "metrics economic_buyer decision_criteria decision_process identify_pain champion",
        "faint": "funds authority interest need timing",
        "pantu": "pain authority need timing understanding",
    }.items()
}

SHARED: Final[Mapping[str, Mapping[str, int]]] = {
    "e": {"l": 4, "u": 4, "v": 100},
    "l": {"e": 8, "u": 8, "v": 100},
    "u": {"e": 8, "l": 4, "v": 100},
}


class Stage(NamedTuple):
    """A rung of the ladder; any one of its evidence brings somebody there, `&` in one needs all of its parts."""

    name: str
    evidence: tuple[str, ...]
    implied: bool = False  # by every later stage


class ScoreRule(NamedTuple):
    """Points for a fact: so many a day, or once a lead; `within_ms` only for what did not happen."""

    name: str
    fact: str
    points: int
    a_day: int = 20
    once: bool = False
    within_ms: int = 0


@dataclass(frozen=True, slots=True)
class Rules:
    """All of it; times in milliseconds."""

    stages: tuple[Stage, ...]
    score: tuple[ScoreRule, ...]
    ignore: frozenset[str] = frozenset()
    #: type → how many neighbours of each type an id of it may have; above that it is shared
    shared: Mapping[str, Mapping[str, int]] = field(default_factory=lambda: SHARED)
    largest: int = 64
    answer_within_ms: int = HOUR_MS
    stale_after_ms: int = 30 * DAY_MS
    forget_after_ms: int = 400 * DAY_MS
    followers: frozenset[str] = frozenset()
    threshold: int = 50
    what_if: tuple[int, ...] = (40, 60)
    bands: tuple[tuple[int, str], ...] = ((50, "hot"), (20, "warm"))
    half_life_days: int = 0

    @property
    def ladder(self) -> list[str]:
        """Name the stages, lowest first."""
        return [stage.name for stage in self.stages]


DEFAULT: Final = Rules(
    stages=(
        Stage("lead", ("lead",), implied=True),
        Stage("iql", ("form_stage:top", "crm:iql")),
        Stage("mql", ("score", "solution_form & pricing", "crm:mql"), implied=True),
        Stage("sql", ("form:demo", "booked", "crm_action:qualified", "crm:sql"), implied=True),
        Stage("trial", ("form:trial", "crm_action:trial_started", "crm:trial")),
        Stage("customer", ("won", "crm:customer")),
    ),
    score=(
        ScoreRule("subscribed", "form:newsletter", 5),
        ScoreRule("booked", "booked", 25),
        ScoreRule("cancelled", "cancelled", -5),
        ScoreRule("opened", "mail:opened", 5),
        ScoreRule("clicked", "mail:clicked", 10),
        ScoreRule("replied", "mail:replied", 15),
        ScoreRule("pricing", "page:pricing", 10),
        ScoreRule("trial", "trial", 25, once=True),
        ScoreRule("silent", "mail:none_opened_in", -10, within_ms=30 * DAY_MS),
        ScoreRule("unsubscribed", "mail:unsubscribed", -25),
        ScoreRule("cart", "page:cart", 0),
    ),
)

_UNITS: Final = {"m": MINUTE_MS, "h": HOUR_MS, "d": DAY_MS}


def duration_ms(written: str) -> int:
    """Read a length of time.

    >>> duration_ms("30d") == 30 * DAY_MS, duration_ms("1h") == HOUR_MS
    (True, True)
    """
    found = re.fullmatch(r"(\d+)([mhd])", written)
    if found is None:
        raise ValueError(f"no length of time: {written}")
    return int(found[1]) * _UNITS[found[2]]


def rules_of(text: str) -> Rules:
    """Read a file of rules; keys that are not given keep the default."""
    told = tomllib.loads(text)
    identity, lead, score = (told.get(name, {}) for name in ("identity", "lead", "score"))
    shared = {name: {**limits, **identity.get("shared", {}).get(name, {})} for name, limits in SHARED.items()}
    given: dict[str, Any] = {"shared": shared}
    if "ignore" in identity:
        given["ignore"] = frozenset(identity["ignore"])
    if "largest" in identity:
        given["largest"] = identity["largest"]
    for name in ("answer_within", "stale_after", "forget_after"):
        if name in lead:
            given[f"{name}_ms"] = duration_ms(lead[name])
    if "followers" in lead:
        given["followers"] = frozenset(lead["followers"])
    if "stage" in told:
        given["stages"] = tuple(
            Stage(one["name"], tuple(one["evidence"]), one.get("implied", False)) for one in told["stage"]
        )
    if "threshold" in score:
        given["threshold"] = score["threshold"]
    if "what_if" in score:
        given["what_if"] = tuple(score["what_if"])
    if "bands" in score:
        given["bands"] = tuple(sorted(((least, name) for name, least in score["bands"].items()), reverse=True))
    if "half_life" in score:
        given["half_life_days"] = duration_ms(score["half_life"]) // DAY_MS
    if "rule" in score:
        given["score"] = tuple(_rule(one) for one in score["rule"])
    return replace(DEFAULT, **given)


def _rule(one: Mapping[str, Any]) -> ScoreRule:
    within_ms = duration_ms(one["within"]) if "within" in one else 0
    return ScoreRule(one["name"], one["fact"], one["points"], one.get("a_day", 20), one.get("once", False), within_ms)
