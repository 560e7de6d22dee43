"""Looks: that an entry is shown in windows, areas, sections and tables that there are.

In:  an entry, the counts.
Out: nothing; CatalogError names the entry, says what is wrong with it and what to do.
"""

from __future__ import annotations

from stream.catalog.areas import AREAS, sections_of
from stream.catalog.policies.words import Counts, listed, refuse
from stream.catalog.words import WINDOWS, Chart, Column, EachStep, Metric


def windows_are_known(metric: Metric, counts: Counts) -> None:
    """Refuse windows that no table holds and no dashboard offers."""
    if metric.windows not in WINDOWS and (metric.windows or metric.numerator):
        raise refuse(metric.name, f"{metric.name} has the windows {listed(metric.windows)}.",
                     "Choose one of the sets of windows in stream/catalog/words.py.")  # fmt: skip
    if metric.watched is not None and (metric.watched not in metric.windows or metric.kind != "count"):
        raise refuse(metric.name, f"{metric.name} is watched in {metric.watched}, which is no window of a count.",
                     "Watch a count, in one of its windows.")  # fmt: skip


def look_has_its_place(metric: Metric, counts: Counts) -> None:
    """Refuse a look at labels that an entry has not, or in an area, section or table that there is not."""
    if metric.area not in AREAS:
        raise refuse(metric.name, f"{metric.name} is in the area {metric.area}.", f"Areas: {listed(AREAS)}.")
    look, labels = metric.look, set(metric.labels)
    wanted = {label for label, _ in look.focus} | ({look.split} if look.split else set())
    sections = {section.name: section for section in sections_of(AREAS[metric.area].dashboard)}
    for place in look.places:
        if isinstance(place, Chart | Column) and place.section not in sections:
            raise refuse(metric.name, f"{metric.name} is in the section {place.section}, which its dashboard has not.",
                         f"Sections: {listed(sections)}.")  # fmt: skip
        if isinstance(place, Chart):
            wanted.add(place.by)
        elif isinstance(place, EachStep):
            wanted |= {"from", "to"}
        elif isinstance(place, Column):
            tables = {table.name: table for table in sections[place.section].tables}
            if place.table not in tables:
                raise refuse(metric.name, f"{metric.name} is in the table {place.table} of {place.section}.",
                             f"Tables there: {listed(tables)}.")  # fmt: skip
            wanted |= set(tables[place.table].by)
    if wanted - labels:
        raise refuse(metric.name, f"{metric.name} is shown by {listed(wanted - labels)}, which it has not.",
                     "Show it by its labels.")  # fmt: skip
