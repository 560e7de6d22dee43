"""Mutants: faults planted in the protocol, each of which the simulation must see."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

MUTANTS: dict[str, object] = {}


@contextmanager
def planted(name: str) -> Iterator[None]:
    yield
