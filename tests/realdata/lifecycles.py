"""Lifecycles: logs of cases that move from stage to stage, such as a bank's loans, made with answers by brute force.

In:  a seed, how many cases.
Out: rules with the ladder of the log, NDJSON lines, and what of each case is known at the end of the log.

Such a log has a submission, steps that some cases skip, an approval or a refusal, and cases that are still open.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Final

import orjson

SITE: Final = "bank"
LADDER: Final = ("A_SUBMITTED", "A_PREACCEPTED", "A_ACCEPTED", "A_FINALIZED", "A_APPROVED")
BEGUN: Final = datetime(2025, 1, 6, tzinfo=UTC)
#: The log ends here, whatever has become of a case.
DAYS: Final = 300

RULES: Final = "".join(
    f'[[stage]]\nname = "{name}"\nevidence = ["{"lead" if name == LADDER[0] else "won" if name == LADDER[-1] else f"crm:{name}"}"]\n'
    for name in LADDER
)
#: Of a hundred cases in a stage so many go on, so many are refused; the rest waits. Days that a step takes.
_ON: Final = {
    "A_SUBMITTED": (60, 35, 0.5),
    "A_PREACCEPTED": (75, 15, 6.0),
    "A_ACCEPTED": (85, 10, 3.0),
    "A_FINALIZED": (70, 20, 12.0),
}


@dataclass
class Case:
    """One case: when it entered each stage, and when it was refused."""

    name: str
    entered: dict[str, datetime] = field(default_factory=dict)
    refused: datetime | None = None


def cases(seed: int, n: int) -> list[Case]:
    """Draw cases as far as they came until the end of the log."""
    rng = Random(seed)
    end = BEGUN + timedelta(days=DAYS)
    out: list[Case] = []
    for number in range(n):
        at = BEGUN + timedelta(seconds=rng.randrange(DAYS * 86_400))
        case = Case(f"case-{number}", {LADDER[0]: at})
        for stage, after in pairwise(LADDER):
            on, off, days = _ON[stage]
            at += timedelta(seconds=round(86_400 * days * rng.lognormvariate(0, 1.1)))
            luck = rng.randrange(100)
            if at >= end or luck >= on + off:
                break
            if luck >= on:
                case.refused = at
                break
            if after == LADDER[-1] or rng.random() < 0.93:  # a step that nobody wrote down
                case.entered[after] = at
        out.append(case)
    return out


def lines(log: list[Case]) -> Iterator[bytes]:
    """Give the records of a crm, case by case and so in no order of time."""
    for case in log:
        for stage, at in case.entered.items():
            if stage == LADDER[-1]:
                yield _line(case.name, stage, at, {"action": "deal_won", "deal_id": case.name})
            else:
                yield _line(case.name, stage, at, {"action": "stage_changed", "to": stage})
        if case.refused is not None:
            yield _line(case.name, "refused", case.refused, {"action": "deal_lost", "reason": "refused"})


def _line(case: str, what: str, at: datetime, data: dict[str, str]) -> bytes:
    envelope = {"specversion": "1.0", "id": f"{case}-{what}", "source": "log", "type": "crm", "time": at.isoformat()}
    return orjson.dumps({**envelope, "data": {"site_id": SITE, "lead_id": case, **data}})
