"""Rules: what is a stage, what has points, and the limits of what joins people.

In:  values that `read` has checked.
Out: Rules, frozen; the ladder of stages and the pairs of them whose times are followed; a hash of all that decides
     figures.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from stream.lifecycle.plan import Plan, planned

#: A fact, or several that must all hold: then it is the latest of them that counts (`solution_form & pricing`).
Expression = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StageRule:
    """A stage: who it is that enters it."""

    name: str
    implied: bool  # whoever enters a later stage has entered this one, at the same time at the latest
    evidence: tuple[Expression, ...]  # any of these


@dataclass(frozen=True, slots=True)
class ScoreRule:
    """Points for a fact, negative ones too."""

    name: str
    fact: Expression
    points: int
    a_day: int = 20  # how often it counts on one UTC day
    once: bool = False  # the first time alone
    within_ms: int = 0  # of mail:none_opened_in: how long a mail waits for an opening


@dataclass(frozen=True)
class Rules:
    """Hold all that a file of rules says, or leaves as it is shipped."""

    ignore: tuple[str, ...]  # values that name nobody: `value` or `type:value`
    shared: Mapping[str, Mapping[str, int]]  # by first letters (e l u, v): with more ids of a type an id is shared
    largest: int  # ids of a lead; more of them are a lead each
    answer_within_ms: int
    stale_after_ms: int
    forget_after_ms: int
    followers: tuple[tuple[str, str], ...]  # (provider, entity); none: all
    stages: tuple[StageRule, ...]  # the first is that of a lead, the last that of a customer
    threshold: int
    what_if: tuple[int, ...]
    bands: tuple[tuple[str, int], ...]  # (name, least score), the highest first; below all of them: cold
    half_life_days: int  # 0: points do not fade
    score: tuple[ScoreRule, ...]

    @cached_property
    def ladder(self) -> tuple[str, ...]:
        """Name the stages in their order."""
        return tuple(stage.name for stage in self.stages)

    @property
    def first(self) -> str:
        """Name the stage that a lead begins in."""
        return self.stages[0].name

    @property
    def last(self) -> str:
        """Name the stage of customers."""
        return self.stages[-1].name

    @cached_property
    def rank(self) -> Mapping[str, int]:
        """Give the place of each stage in the ladder."""
        return {name: at for at, name in enumerate(self.ladder)}

    @cached_property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Give each stage with every later one: the pairs of ratios."""
        return tuple((a, b) for at, a in enumerate(self.ladder) for b in self.ladder[at + 1 :])

    @cached_property
    def timed_pairs(self) -> tuple[tuple[str, str], ...]:
        """Give the pairs whose times are followed, in the order of `pairs`.

        Neighbours of the ladder, neighbours among those that everybody passes (implied ones and the last), and the
        first stage with each.
        """
        sure = tuple(stage.name for stage in self.stages if stage.implied or stage.name == self.last)
        wanted = {*pairwise(self.ladder), *pairwise(sure)}
        return tuple(pair for pair in self.pairs if pair in wanted or pair[0] == self.first)

    @cached_property
    def thresholds(self) -> tuple[int, ...]:
        """Give the scores whose crossings are followed, lowest first."""
        return tuple(sorted({self.threshold, *self.what_if}))

    @property
    def memory_ms(self) -> int:
        """Give how long a lead of whom nothing is heard is remembered: it has expired then, and may still come back."""
        return 2 * self.forget_after_ms

    @cached_property
    def periods(self) -> Mapping[str, str]:
        """Give the windows whose length is ruled, by the names that the catalog has for them."""
        return {"answer_within": _window(self.answer_within_ms), "stale_after": _window(self.stale_after_ms)}

    @cached_property
    def plan(self) -> Plan:
        """Give the rules as tables."""
        return planned(self)

    @cached_property
    def score_hash(self) -> str:
        """Give 16 hex digits that change with whatever decides when a score crosses a threshold."""
        rules = [(s.name, sorted(s.fact), s.points, s.a_day, s.once, s.within_ms) for s in self.score]
        return _hash((self.thresholds, self.half_life_days, rules))

    @cached_property
    def hash(self) -> str:
        """Give 16 hex digits that change with whatever decides figures; layout and comments of the file do not."""
        shared = sorted((a, sorted(b.items())) for a, b in self.shared.items())
        stages = [(s.name, s.implied, sorted(map(sorted, s.evidence))) for s in self.stages]
        told = (
            sorted(self.ignore), shared, self.largest, self.answer_within_ms, self.stale_after_ms, self.forget_after_ms,
            sorted(self.followers), stages, self.threshold, self.bands, self.score_hash,
        )  # fmt: skip
        return _hash(told)


def _window(length_ms: int) -> str:
    """Write a length as the name of a window.

    >>> _window(3_600_000), _window(30 * 86_400_000), _window(90_000)
    ('1h', '30d', '90s')
    """
    units = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000))
    unit, size_ms = next((one for one in units if length_ms % one[1] == 0), ("ms", 1))
    return f"{length_ms // size_ms}{unit}"


def _hash(told: object) -> str:
    return hashlib.blake2b(repr(told).encode(), digest_size=8).hexdigest()
