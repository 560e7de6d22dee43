"""Steps of a replay: the part of `leadpulse replay` that reads at every step of time, and what is said about it.

In:  options as they were given; a history, or snapshots one after another.
Out: OpenMetrics text or NDJSON on standard output; one line about it on standard error.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from stream.errors import UsageError
from stream.settings.values import duration_ms, duration_text
from stream.shown import json_seen

if TYPE_CHECKING:
    from stream.replay.openmetrics import History
    from stream.replay.steps import Steps
    from stream.serve.prometheus import Snapshot

FORMAT: Final = "openmetrics"
LINES: Final = "ndjson"
EVERY: Final = "5m"
_FORMS: Final = {
    (True, "--every"): f"Add --format {LINES} or {FORMAT}, or leave it out.",
    (True, "--from"): f"Add --every with --format {LINES}, or --format {FORMAT}; or leave it out.",
    (False, "--from"): "Add --every, or leave it out.",
}


def checked_steps(form: str, every: str | None, from_ms: int | None, at_ms: int | None) -> Steps | None:
    """Give the steps of a history; None where none is asked for."""
    if form != FORMAT and not (form == LINES and every is not None):
        for flag, value in (("--every", every), ("--from", from_ms)):
            if value is not None:
                raise UsageError(f"{flag} is for a history.", where=flag, do=_FORMS[form != LINES, flag])
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
        return _no_step(every)
    return (
        f"{'history':<14}{history.steps:>12}  steps of {every}, {time_text(history.first_ms)} to"
        f" {time_text(history.last_ms)}; {history.series:,} series, {samples:,} samples"
    )


def streamed(snapshots: Iterable[Snapshot], steps: Steps) -> str:
    """Write the readings of each step to standard output as it is read; say in one line what they were."""
    from stream.contract.results import encode, time_text

    out, count, readings = sys.stdout.buffer, 0, 0
    first_ms = last_ms = 0
    for snapshot in snapshots:
        for reading in snapshot.readings:
            out.write(json_seen(encode(reading).decode()).encode() + b"\n")
        last_ms = snapshot.as_of_ms
        first_ms, count, readings = first_ms or last_ms, count + 1, readings + len(snapshot.readings)
    out.flush()
    every = duration_text(steps.every_ms)
    if not count:
        return _no_step(every)
    return (
        f"{'history':<14}{count:>12}  steps of {every}, {time_text(first_ms)} to {time_text(last_ms)};"
        f" {readings:,} readings"
    )


def _no_step(every: str) -> str:
    return f"No multiple of {every} lies between the first event and the last: take a shorter --every."
