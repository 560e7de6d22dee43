"""Funnel: how many people take the steps of a funnel, and how long they take.

In:  the counts.  Out: the entries of this area, in the order in which they are listed.
"""

from __future__ import annotations

from typing import Final

from stream.catalog.entry import count, labels, ratio, terms
from stream.catalog.words import STEPS, Alert, Column, EachStep, Look, Metric, Now

METRICS: Final[tuple[Metric, ...]] = (
    Metric(
        "funnel_step_seconds",
        "summary",
        "How long people take from one step to the next.",
        "to less from, by when `to` happened; quantiles from log buckets, 2 % relative error",
        labels("site from to"),
        STEPS,
        terms("step_seconds"),
        terms("step_ms"),
        unit="seconds",
        area="funnel",
        tier="main",
        panel="Time to lead",
        look=Look(
            rank=7,
            told="{d} people became leads",
            focus=(("from", "first_view"), ("to", "lead")),
            places=(Now(), EachStep()),
            step="time",
        ),
    ),
    Metric(
        "funnel_step_mean_seconds",
        "ratio",
        "Mean time from one step to the next.",
        "sum of (to - from) / number of people who took the step, by when `to` happened",
        labels("site from to"),
        STEPS,
        terms("step_ms"),
        terms("steps_done"),
        unit="seconds",
        area="funnel",
        scale=1e-3,
        look=Look(places=(Column("Now", "Steps"),)),
    ),
    ratio(
        "funnel_step_ratio",
        "site from to",
        STEPS,
        ("steps_reached", "steps_from"),
        "Share of those who took a step that took the next one within 30 days; by when they took the first.",
        area="funnel",
        direction="drop",
        formula="reached `to` within 30 d / took `from`; cohort of `from`",
        alert=Alert("Fewer people take the next step of a funnel than usual.", told="info"),
        look=Look(places=(Column("Now", "Steps"), EachStep()), step="share"),
    ),
    count(
        "funnel_step_waiting",
        "site from to",
        STEPS,
        "Those who took a step in the window and have not taken the next one, nor used up their 30 days.",
        made_of="steps_from - steps_reached",
        formula="took `from` in the window - of them, reached `to`",
        area="funnel",
        look=Look(places=(Column("Now", "Steps"),), step="waiting"),
    ),
    ratio(
        "funnel_step_in_time_ratio",
        "site from to",
        STEPS,
        ("steps_in_time", "steps_from"),
        "Share of those who took a step that took the next one within its target, of cohorts at least that old.",
        area="funnel",
        direction="drop",
        formula="reached `to` within the target / took `from`; `from` in [T - target - W, T - target)",
        waits_for_target=True,
        alert=Alert("Fewer people than usual take a step within its target."),
        look=Look(places=(Column("Now", "Steps"),), step="in_time"),
    ),
)
