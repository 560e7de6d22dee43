"""Policies: what no entry may do; checked when the catalog is imported, each by a function of its own.

In:  entries, counts, what the last release had.
Out: nothing; CatalogError names the entry, says what is wrong with it and what to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from stream.catalog.policies.alerts import alert_fits_the_harm, alert_tells_few_apart
from stream.catalog.policies.cells import cell_stands_at_one_moment, count_says_what_and_when
from stream.catalog.policies.cohorts import (
    across_says_something,
    like_is_added_to_like,
    parts_are_known,
    proportion_is_of_one_thing,
    ratio_is_of_one_cohort,
    shift_is_of_beginnings,
)
from stream.catalog.policies.labels import labels_are_bounded, labels_are_carried, money_has_its_currency
from stream.catalog.policies.leads import (
    ages_have_a_beginning,
    cohorts_ripen,
    kinds_have_what_they_need,
    what_stands_is_read_now,
)
from stream.catalog.policies.looks import look_has_its_place, windows_are_known
from stream.catalog.policies.names import name_follows_the_conventions, names_are_unique
from stream.catalog.policies.promises import Promise, nothing_vanished
from stream.catalog.policies.words import Counts
from stream.catalog.words import Metric

Policy = Callable[[Metric, Counts], None]

COUNT_POLICIES: Final[tuple[Callable[[Counts], None], ...]] = (count_says_what_and_when, cell_stands_at_one_moment)
#: Those that an alert rests on, whoever asks for it.
ALERT_POLICIES: Final[tuple[Policy, ...]] = (labels_are_bounded, alert_fits_the_harm, alert_tells_few_apart)
ENTRY_POLICIES: Final[tuple[Policy, ...]] = (
    parts_are_known,
    like_is_added_to_like,
    ratio_is_of_one_cohort,
    proportion_is_of_one_thing,
    across_says_something,
    shift_is_of_beginnings,
    what_stands_is_read_now,
    ages_have_a_beginning,
    cohorts_ripen,
    kinds_have_what_they_need,
    labels_are_carried,
    money_has_its_currency,
    name_follows_the_conventions,
    windows_are_known,
    *ALERT_POLICIES,
    look_has_its_place,
)


def check(
    metrics: Iterable[Metric], counts: Counts, released: Mapping[str, Promise], retired: Mapping[str, str]
) -> None:
    """Hold the whole catalog against all policies."""
    metrics = tuple(metrics)
    for of_counts in COUNT_POLICIES:
        of_counts(counts)
    for metric in metrics:
        for policy in ENTRY_POLICIES:
            policy(metric, counts)
    names_are_unique(metrics)
    nothing_vanished(metrics, released, retired)
