"""Labels: that an entry shows what its counts carry, and nothing without bounds.

In:  an entry, the counts.
Out: nothing; CatalogError names the entry, says what is wrong with it and what to do.
"""

from __future__ import annotations

from typing import Final

from stream.catalog.policies.words import Counts, listed, names_of, refuse
from stream.catalog.words import AGE, Metric, counts_of
from stream.changes.cells import BUDGETED_LABELS, CLOSED_LABELS

#: Labels that are integers inside and never shown.
_INNER: Final = frozenset({"bucket", "fate"})
#: Labels with a closed vocabulary that the figures of the account have beside those of cells.
#: `source` is named by a definition, and of `event` the largest are shown.
_OF_TOTALS: Final = frozenset({"outcome", "reason", "label", "version", "source", "event"})
#: Beginnings and ends of names that only ids and free text have.
_UNBOUNDED: Final = ("_id", "email", "address", "url", "path", "query", "phone", "user_agent")


def labels_are_carried(metric: Metric, counts: Counts) -> None:
    """Refuse an entry with a label that its counts do not carry, or of counts told by more than it shows."""
    shown = _shown(metric) | ({metric.over} if metric.over else set())
    for name in counts_of(metric):
        if more := set(counts[name].labels) - shown - _INNER:
            raise refuse(metric.name, f"{metric.name} does not show {listed(more)}, which {name} is told by.",
                         "Add the label to the entry, or take a count without it.")  # fmt: skip
    if not metric.numerator:
        return
    for label, names in lacking(metric, counts).items():
        carried = any(label in counts[name].labels for name in names_of(metric))
        if not carried or not metric.across:
            raise refuse(
                metric.name,
                f"{metric.name} shows {label}, which {listed(names)} does not carry.",
                'Take counts with the label, or say why it is the same for all of its values: across="…".',
            )


def labels_are_bounded(metric: Metric, counts: Counts) -> None:
    """Refuse a label without bounds: each has a closed vocabulary or goes through the label budget; ids never do."""
    closed = CLOSED_LABELS | {name for name, _ in metric.constant} | (frozenset() if metric.windows else _OF_TOTALS)
    for label in metric.labels:
        if not bounded(label) or label not in (closed | BUDGETED_LABELS) - _INNER:
            raise refuse(metric.name, f"The label {label} of {metric.name} could explode.",
                         "Declare it in CLOSED_LABELS or BUDGETED_LABELS; never show ids or free text.")  # fmt: skip


def money_has_its_currency(metric: Metric, counts: Counts) -> None:
    """Refuse sums of money over currencies."""
    if metric.unit == "currency" and "currency" not in metric.labels:
        raise refuse(metric.name, f"{metric.name} adds up money of several currencies.", "Give it the label currency.")


def bounded(label: str) -> bool:
    """Tell whether a label's name is not one that only ids and free text have.

    >>> bounded("campaign"), bounded("visitor_id")
    (True, False)
    """
    return not label.startswith(_UNBOUNDED) and not label.endswith(_UNBOUNDED)


def lacking(metric: Metric, counts: Counts) -> dict[str, list[str]]:
    """Give for each label of an entry the counts that do not carry it."""
    lacking = {
        label: [n for n in names_of(metric) if label not in counts[n].labels] for label in sorted(_shown(metric))
    }
    return {label: names for label, names in lacking.items() if names}


def _shown(metric: Metric) -> set[str]:
    made = {AGE} if metric.began is not None else set()  # of it the rollup makes the label
    return set(metric.labels) - {name for name, _ in metric.constant} - made
