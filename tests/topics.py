"""Topics: a group of kinds as plain data, for tests that name topics and fold nothing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Topics:
    """A group without a stage."""

    name: str
    kinds: tuple[str, ...]
    optional: bool = False
    partitions: int | None = None
    fed_by: tuple[str, ...] = ()
    told_by: tuple[str, ...] = ()
    optional_kinds: tuple[str, ...] = ()
    mapped: tuple[str, ...] = ()
    maps: tuple[str, ...] = ()
