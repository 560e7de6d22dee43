"""Resettled: a rollup whose settings of labels are no longer those that its state was made with.

In:  series as they were restored; the settings of then and of now.
Out: series as the settings of now want them: each shows all of what it is named for, or is not shown so far.

What may be shown no more is added to `(other)`, past and all. What may be shown from now on gets series of its own
from the next edge of the longest panes on: what it did before lies in `(other)`, and nobody can take it out again.
"""

from __future__ import annotations

from stream import catalog
from stream.rollup.budget import ALWAYS, SITES, Budget, Place, has_budget
from stream.rollup.folding import Folding
from stream.rollup.series import Series
from stream.rollup.stored_budget import MadeWith
from stream.state.labels import FOLDED, UNKNOWN


def resettle(folding: Folding, series: Series, made: MadeWith | None) -> None:
    """Bring restored series in line with the settings of now; `made` None: a former release did not say of which."""
    budget = series.budget
    if made == MadeWith(budget.limit, budget.most_readings, dict(budget.allowed)):
        return
    budget.changed, budget.hour = True, 0  # places are looked at with the next snapshot
    _name_all(series, budget)
    _list(folding, budget, {} if made is None else made.allowed)
    for place in list(budget.kept):
        allowed = budget.allowed.get(place.label)
        if allowed is not None:
            folding.leave(place, *(value for value in budget.kept.get(place, ()) if value not in allowed), follow=False)
        elif len(budget.kept.get(place, ())) > budget.limit:
            folding.shrink(place, budget.limit)
    folding.fit()
    budget.tell()


def _name_all(series: Series, budget: Budget) -> None:
    """Give a place to every value that has series: allow-lists took none in a former release."""
    for name, of in series.sids.items():
        names = catalog.COUNTS[name].labels
        for labels in of:
            site = str(labels[names.index("site")])
            for label, value in zip(names, labels, strict=True):
                if value in (UNKNOWN, FOLDED) or not (label == "site" or has_budget(label)):
                    continue
                place = Place(SITES, "site", "") if label == "site" else Place(series.families[name], label, site)
                if value not in budget.kept.get(place, ()):
                    budget.keep(place, str(value), ALWAYS)


def _list(folding: Folding, budget: Budget, before: dict[str, frozenset[str]]) -> None:
    """Note since when allow-lists hold what they hold."""
    edge_ms, now_ms = folding.edge_ms, folding.now_ms
    for label, values in budget.allowed.items():
        for value in values - before.get(label, frozenset()):
            budget.listed[label, value] = edge_ms
    for label in before.keys() - budget.allowed.keys():
        budget.unlisted[label] = now_ms
    for named in [named for named in budget.followed if named[1] in budget.allowed]:
        folding.unfollow(named)
