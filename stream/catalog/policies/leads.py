"""Leads: that figures of leads say what they need: what stands is read now, cohorts ripen, ages have a beginning.

In:  an entry, the counts.
Out: nothing; CatalogError names the entry, says what is wrong with it and what to do.
"""

from __future__ import annotations

from stream.catalog.policies.words import Counts, listed, names_of, refuse
from stream.catalog.words import AGE, MONTH, NOW, NOW_WINDOW, PERIODS, Metric
from stream.changes.panes import window_ms


def what_stands_is_read_now(metric: Metric, counts: Counts) -> None:
    """Refuse amounts that stand in a window, and panes read now: unless the entry says in which window."""
    apart = dict(metric.read_in)
    for name, window in metric.read_in:
        if name not in names_of(metric):
            raise refuse(metric.name, f"{metric.name} reads {name} apart, and is not made of it.", "Leave it out.")
        if window not in PERIODS and window != NOW_WINDOW and not _is_window(window):
            raise refuse(metric.name, f"{metric.name} reads {name} in {window}, which is no window.",
                         f"Write one such as 30d, {NOW_WINDOW}, or a period: {listed(PERIODS)}.")  # fmt: skip
    for name in names_of(metric):
        windows = (apart[name],) if name in apart else metric.windows
        for window in windows:
            if (counts[name].at == "standing") != (window == NOW_WINDOW):
                raise refuse(
                    metric.name,
                    f"{metric.name} reads {name}, which stands at {counts[name].at}, in {window}.",
                    f"What is at standing has the window {NOW_WINDOW}, and nothing else has; else name it in read_in.",
                )


def ages_have_a_beginning(metric: Metric, counts: Counts) -> None:
    """Refuse ages of what does not stand, or of what stands without the panes in which it began."""
    aged = metric.kind == "oldest" or AGE in metric.labels
    if aged != (metric.began is not None):
        raise refuse(metric.name, f"{metric.name} tells ages and has no began, or has one and tells none.",
                     f"Ages have both: the label {AGE} or the kind oldest, and began=….")  # fmt: skip
    if metric.began is None:
        return
    for name in names_of(metric):
        if metric.kind not in ("count", "oldest") or metric.windows != NOW or len(metric.numerator) != 1:
            raise refuse(metric.name, f"{metric.name} tells ages of more than one count that stands.",
                         "Make it a count, or an oldest, of one count in the window now.")  # fmt: skip
        if counts[metric.began].at == "standing" or counts[metric.began].of != counts[name].of:
            raise refuse(metric.name, f"{metric.began} is not where {name} began.",
                         "Name the count of the same things in the panes of their beginning.")  # fmt: skip


def cohorts_ripen(metric: Metric, counts: Counts) -> None:
    """Refuse a maturity of what is no cohort, or by counts that do not stand where it does."""
    ripe = metric.maturity
    if ripe is None:
        return
    if metric.kind not in ("ratio", "survival"):
        raise refuse(metric.name, f"{metric.name} is a {metric.kind} with a maturity.", "Cohorts have one: ratios.")
    waits, took = counts[ripe.waits], counts[ripe.took]
    if metric.kind == "ratio" and any(waits.at != counts[name].at for _, name in metric.denominator):
        raise refuse(metric.name, f"{ripe.waits} stands at {waits.at}, and the cohort of {metric.name} does not.",
                     "Count those who wait where the cohort stands.")  # fmt: skip
    if took.labels[-1] != "bucket" or "bucket" in waits.labels:
        raise refuse(metric.name, f"The maturity of {metric.name} rests on {ripe.took} and {ripe.waits}.",
                     "Give it those who wait, and durations with the label bucket last.")  # fmt: skip


def kinds_have_what_they_need(metric: Metric, counts: Counts) -> None:
    """Refuse a spread over nothing, a last value of no moment, and what such kinds alone can have elsewhere."""
    lacks, buckets = "", [counts[name].labels[-1] == "bucket" for name in names_of(metric)]
    if (metric.kind == "spread") != (metric.over is not None):
        lacks = "a spread has the label that it is taken over, and nothing else has"
    elif metric.over is not None and any(metric.over not in counts[name].labels for name in names_of(metric)):
        lacks = f"its counts are not told by {metric.over}"
    elif (metric.kind == "last") != (metric.observed is not None and metric.restated is not None):
        lacks = "a last value has observed and restated, and nothing else has"
    elif metric.kind == "survival" and buckets != [True, True, False]:
        lacks = "a survival is of arrivals by bucket, those who gave up by bucket and those who wait"
    elif metric.before and (metric.kind != "ratio" or metric.windows != MONTH):
        lacks = "what is compared with the time before is a ratio over 30d"
    elif metric.kind in ("last", "largest") and metric.windows != NOW:
        lacks = "last and largest values are those of now"
    elif metric.against is not None and metric.kind != "ratio":
        lacks = "only a ratio can be divided by another entry"
    if lacks:
        raise refuse(metric.name, f"{metric.name} is a {metric.kind}: {lacks}.", "See Metric in words.py.")


def _is_window(text: str) -> bool:
    try:
        return window_ms(text) > 0
    except ValueError:
        return False
