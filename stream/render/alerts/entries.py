"""Entries: which entries of the catalog get which rule, each checked before anything is written.

In:  the catalog.
Out: ratios, volumes and costs that alert, with the labels they are told apart by; an entry that cannot be
rendered raises CatalogError with its name.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from stream import catalog
from stream.catalog import Alert, Metric
from stream.changes.cells import CELLS
from stream.errors import CatalogError
from stream.render.alerts.promql import Timings
from stream.render.alerts.sources import label_of, sources_of

Rule = Literal["wilson", "poisson", "volume", "cost"]

COST_WINDOWS: Final = ("24h", "7d")

#: Labels that an alert tells apart beside the site: two of at most 50 values each, capped by the label budget.
MOST_LABELS: Final = 2
#: Every label of a cell goes through the label budget or has a closed vocabulary; `site` is in every entry.
BOUNDED: Final = frozenset(label for kind in CELLS.values() for label in kind.labels) | {"cost"}
#: Beginnings and ends of names that only ids and free text have.
_UNBOUNDED: Final = ("_id", "email", "address", "url", "path", "query", "phone", "user_agent")


@dataclass(frozen=True, slots=True)
class Judged:
    """An entry with a rule: what its alert is called and which labels it keeps."""

    metric: Metric
    alert: Alert
    rule: Rule
    by: tuple[str, ...]
    windows: tuple[str, ...]
    sources: str

    @property
    def name(self) -> str:
        """Give the alert's name.

        >>> {entry.metric.name: entry.name for entry in judged(Timings())}["visit_to_lead_ratio"]
        'LeadpulseVisitToLeadRatioDrop'
        """
        words = "".join(word.capitalize() for word in self.metric.name.split("_"))
        return f"Leadpulse{words}{(self.metric.direction or '').capitalize()}"

    @property
    def dropped(self) -> tuple[str, ...]:
        """Name the labels that are added up or that become `value`."""
        return tuple(label for label in self.metric.labels if label != "site")


def judged(timings: Timings, metrics: Iterable[Metric] = catalog.METRICS) -> list[Judged]:
    """List the entries that alert, in the order of the catalog."""
    found = [_judged(metric, timings) for metric in metrics]
    return [entry for entry in found if entry is not None]


def named(name: str) -> str:
    """Give the series of a metric that a rule names; an unknown name fails the render."""
    if name not in catalog.BY_NAME:
        raise CatalogError(
            f"A rule names the metric {name}, which the catalog does not have.",
            where="stream/render/alerts", do="Name an entry of stream/catalog.",
        )  # fmt: skip
    return f"leadpulse_{name}"


def _judged(metric: Metric, timings: Timings) -> Judged | None:
    where = f"stream/catalog, {metric.name}"
    if metric.alert is None:
        if metric.proportion and metric.direction:
            raise CatalogError(
                f"{metric.name} is a proportion that harms by a {metric.direction} and has no alert text.",
                where=where, do="Give it alert=Alert(...), or no direction.",
            )  # fmt: skip
        return None
    if metric.direction is None:
        raise CatalogError(f"{metric.name} has an alert, but no direction of harm.", where=where,
                           do="Give it a direction, or no alert.")  # fmt: skip
    if not metric.alert.summary.strip().endswith("."):
        raise CatalogError(f"The alert's summary of {metric.name} does not end in a period.", where=where,
                           do="Write a sentence.")  # fmt: skip
    rule = _rule(metric, where)
    wanted = {"cost": COST_WINDOWS, "volume": timings.volume_windows}.get(
        rule, tuple(window.name for window in timings.windows)
    )
    windows = tuple(window for window in wanted if window in metric.windows)
    if not windows:
        raise CatalogError(f"{metric.name} has none of the windows that its alert looks at.", where=where,
                           do=f"Give it one of {', '.join(wanted)}, or no alert.")  # fmt: skip
    return Judged(metric, metric.alert, rule, _by(metric, metric.alert, where), windows, label_of(sources_of(metric)))


def _rule(metric: Metric, where: str) -> Rule:
    if metric.kind == "count" and metric.direction == "drop":
        return "volume"
    if metric.kind == "ratio" and metric.proportion:
        return "wilson"
    if metric.kind == "ratio" and metric.unit == "ratio":
        return "poisson"
    if metric.kind == "ratio" and metric.unit == "currency" and metric.direction == "rise":
        return "cost"
    raise CatalogError(f"No rule fits {metric.name}, a {metric.kind} that harms by a {metric.direction}.",
                       where=where, do="Rules are for ratios, costs that rise and counts that drop.")  # fmt: skip


def _by(metric: Metric, alert: Alert, where: str) -> tuple[str, ...]:
    labels = tuple(label for label in metric.labels if label != "site")
    by = labels if alert.by is None else alert.by
    for label in by:
        unbounded = any(label.startswith(part) or label.endswith(part) for part in _UNBOUNDED)
        if label not in labels or label not in BOUNDED or unbounded:
            raise CatalogError(f"The label {label} of {metric.name} could explode, or is none of its labels.",
                               where=where, do="Tell apart by labels that the label budget bounds.")  # fmt: skip
    if len(by) > MOST_LABELS:
        raise CatalogError(f"The alert of {metric.name} tells apart {', '.join(by)}: too many series.",
                           where=where, do=f"Name at most {MOST_LABELS} labels in by=(...).")  # fmt: skip
    if set(by) < set(labels) and metric.people:
        raise CatalogError(f"People of {metric.name} do not add up over labels.", where=where,
                           do="Leave by=... out, or alert on an entry without these labels.")  # fmt: skip
    return by
