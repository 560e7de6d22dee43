"""Cohorts: what may be added to what, and divided by what.

In:  an entry, the counts.
Out: nothing; CatalogError names the entry, says what is wrong with it and what to do.
"""

from __future__ import annotations

from typing import Final

from stream.catalog.policies.labels import lacking
from stream.catalog.policies.words import Counts, listed, names_of, refuse
from stream.catalog.words import BEGINNINGS, Metric, ShownAs, Terms, counts_of

#: Kind of entry → whether it has a numerator, and a denominator; those that are not here have none.
_PARTS: Final[dict[ShownAs, tuple[bool, bool]]] = {
    "count": (True, False),
    "amount": (True, False),
    "oldest": (True, False),
    "spread": (True, False),
    "last": (True, False),
    "ratio": (True, True),
    "summary": (True, True),
    "survival": (True, True),
}


def parts_are_known(metric: Metric, counts: Counts) -> None:
    """Refuse an entry of counts that there are not, or a kind without the parts it needs."""
    for name in counts_of(metric):
        if name not in counts:
            raise refuse(metric.name, f"{metric.name} is made of {name}, which is no count.", "Add it to COUNTS.")
    if (bool(metric.numerator), bool(metric.denominator)) != _PARTS.get(metric.kind, (False, False)):
        raise refuse(metric.name, f"{metric.name} is a {metric.kind} with the wrong parts.",
                     "A ratio, a summary and a survival have two, what is counted one, others none.")  # fmt: skip


def like_is_added_to_like(metric: Metric, counts: Counts) -> None:
    """Refuse a sum of counts that are of different things or stand at different moments.

    What is read in a window of its own says by that why it stands elsewhere.
    """
    apart = dict(metric.read_in)
    for terms in (metric.numerator, metric.denominator):
        alike = tuple((sign, name) for sign, name in terms if name not in apart)
        if len(_what(terms, counts)) > 1 or len(_when(alike, counts)) > 1:
            raise refuse(metric.name, f"{metric.name} adds up unlike counts: {_told(terms, counts)}.",
                         "Add up counts that share `of` and `at`.")  # fmt: skip


def ratio_is_of_one_cohort(metric: Metric, counts: Counts) -> None:
    """Refuse a ratio whose sides stand at different moments, unless the entry says why it may."""
    top, bottom = metric.numerator, metric.denominator
    if top and bottom and _when(top, counts) != _when(bottom, counts) and not metric.across:
        raise refuse(
            metric.name,
            f"{metric.name} divides unlike cohorts: {_told(top, counts)} by {_told(bottom, counts)}.",
            'Divide counts that share `at`, or say why these belong together: across="…".',
        )


def proportion_is_of_one_thing(metric: Metric, counts: Counts) -> None:
    """Refuse a share of something by something else: its interval needs trials and successes among them."""
    if not metric.proportion:
        return
    if metric.kind != "ratio" or metric.unit != "ratio":
        raise refuse(metric.name, f"{metric.name} is a proportion, but no ratio.", "Make it a ratio of unit ratio.")
    if _what(metric.numerator, counts) != _what(metric.denominator, counts):
        raise refuse(
            metric.name,
            f"{metric.name} is a proportion of unlike units: {_told(metric.numerator, counts)} of "
            f"{_told(metric.denominator, counts)}.",
            "Count the same thing on both sides, or write proportion=False.",
        )


def across_says_something(metric: Metric, counts: Counts) -> None:
    """Refuse an excuse that nothing needs, since it would hide what is added later."""
    if not metric.across:
        return
    moments = {counts[name].at for name in names_of(metric)}
    if not metric.denominator or (len(moments) < 2 and not lacking(metric, counts)):
        raise refuse(metric.name, f"{metric.name} says why it goes across cohorts, and does not.", "Leave across out.")


def shift_is_of_beginnings(metric: Metric, counts: Counts) -> None:
    """Refuse figures that wait until things are over, of counts that do not stand where those began."""
    if not metric.shift_ms and not metric.waits_for_target:
        return
    for name in names_of(metric):
        if counts[name].at not in BEGINNINGS:
            raise refuse(
                metric.name,
                f"{metric.name} ends earlier than now, and {name} stands at {counts[name].at}.",
                f"Shift counts only that stand at {listed(BEGINNINGS)}.",
            )


def _what(terms: Terms, counts: Counts) -> set[str]:
    return {counts[name].of for _, name in terms}


def _when(terms: Terms, counts: Counts) -> set[str]:
    return {counts[name].at for _, name in terms}


def _told(terms: Terms, counts: Counts) -> str:
    return ", ".join(f"{name} (each a {counts[name].of}, at {counts[name].at})" for _, name in terms)
