"""Rules of simulations: those that are shipped, with limits so low that something comes of them.

In:  limits.
Out: rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from stream.lifecycle.read import shipped
from stream.lifecycle.rules import Rules


def with_limits(shared: Mapping[str, Mapping[str, int]], largest: int) -> Rules:
    """Give rules by which ids are shared, and groups too large, sooner."""
    return replace(shipped(), shared=shared, largest=largest)
