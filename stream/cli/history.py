"""History: the part of `leadpulse replay` that is for a Prometheus: its options, its text, what is said about it.

In:  options as they were given; a history.
Out: OpenMetrics text on standard output; one line about it on standard error.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from stream.errors import UsageError
from stream.settings.values import duration_ms, duration_text

if TYPE_CHECKING:
    from stream.replay.openmetrics import History
    from stream.replay.steps import Steps

FORMAT: Final = "openmetrics"
EVERY: Final = "5m"


def checked_steps(form: str, every: str | None, from_ms: int | None, at_ms: int | None) -> Steps | None:
    """Give the steps of a history; None where none is asked for."""
    if form != FORMAT:
        for flag, value in (("--every", every), ("--from", from_ms)):
            if value is not None:
                raise UsageError(f"{flag} is for a history.", where=flag, do=f"Add --format {FORMAT}, or leave it out.")
        return None
    from stream.replay.steps import Steps

    try:
        every_ms = duration_ms(EVERY if every is None else every)
    except ValueError as error:
        raise UsageError(f"{error}.", where="--every") from None
    if every_ms < 1_000 or every_ms % 1_000:
        raise UsageError(f"{every!r} is not whole seconds.", where="--every", do="Write 1m, 5m or 1h.")
    if from_ms is not None and at_ms is not None and from_ms > at_ms:
        raise UsageError("The history would end before it begins.", where="--from, --at")
    return Steps(every_ms, from_ms)


def written(history: History, steps: Steps) -> str:
    """Write a history to standard output; say in one line what it holds."""
    from stream.contract.results import time_text

    samples = history.write(sys.stdout.buffer)
    every = duration_text(steps.every_ms)
    if history.first_ms is None or history.last_ms is None:
        return f"No multiple of {every} lies between the first event and the last: take a shorter --every."
    return (
        f"{'history':<14}{history.steps:>12}  steps of {every}, {time_text(history.first_ms)} to"
        f" {time_text(history.last_ms)}; {history.series:,} series, {samples:,} samples"
    )
