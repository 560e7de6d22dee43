"""Promises: that nothing of what was released vanishes or changes without a word.

In:  entries, what the last release had, the tombstones.
Out: nothing; CatalogError names the entry, says what is wrong with it and what to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from stream.catalog.policies.words import listed, refuse
from stream.catalog.words import Metric


class Promise(NamedTuple):
    """What a release promised of an entry: recorded history and other people's dashboards rest on it."""

    labels: tuple[str, ...]
    unit: str


def nothing_vanished(metrics: Iterable[Metric], released: Mapping[str, Promise], retired: Mapping[str, str]) -> None:
    """Refuse a catalog that lacks or changed what was released, unless a tombstone says why."""
    now = {metric.name: Promise(metric.labels, metric.unit) for metric in metrics}
    for name, promise in released.items():
        if name in retired:
            continue
        if name not in now:
            raise refuse(name, f"{name} was released and is gone.",
                         "Put it back, or give the reason in RETIRED (stream/catalog/released.py).")  # fmt: skip
        if now[name] != promise:
            raise refuse(
                name,
                f"{name} was released as {promise.unit} by {listed(promise.labels)}, and is {now[name].unit} by"
                f" {listed(now[name].labels)}.",
                "Give it a new name, and the old one a reason in RETIRED (stream/catalog/released.py).",
            )
    for name in retired:
        if name in now and released.get(name) == now[name]:
            raise refuse(name, f"{name} is retired and still there as it was.", "Take it out of RETIRED.")
        if not retired[name].strip():
            raise refuse(name, f"{name} is retired without a reason.", "Say what to read instead.")
