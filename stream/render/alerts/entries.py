"""Entries: which entries of the catalog get which rule, each checked before anything is written.

In:  the catalog.
Out: ratios, volumes and costs that alert, with the labels they are told apart by; an entry that cannot be
rendered raises CatalogError with its name.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from stream import catalog
from stream.catalog import Alert, Metric
from stream.catalog.judging import COST_WINDOWS, Rule, alert_rule_of
from stream.catalog.policies import ALERT_POLICIES
from stream.errors import CatalogError
from stream.render.alerts.promql import Timings
from stream.render.alerts.sources import label_of, sources_of


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
    for policy in ALERT_POLICIES:
        policy(metric, catalog.COUNTS)
    rule = alert_rule_of(metric)
    if metric.alert is None or rule is None:
        return None
    wanted = {"cost": COST_WINDOWS, "volume": timings.volume_windows}.get(
        rule, tuple(window.name for window in timings.windows)
    )
    windows = tuple(window for window in wanted if window in metric.windows)
    if not windows:
        raise CatalogError(f"{metric.name} has none of the windows that its alert looks at.",
                           where=f"stream/catalog, {metric.name}",
                           do=f"Give it one of {', '.join(wanted)}, or no alert.")  # fmt: skip
    labels = tuple(label for label in metric.labels if label != "site")
    by = labels if metric.alert.by is None else metric.alert.by
    return Judged(metric, metric.alert, rule, by, windows, label_of(sources_of(metric)))
