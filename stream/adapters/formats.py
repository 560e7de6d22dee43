"""Formats: the only list of the formats that records may have.

In:  the adapter of each format.
Out: all of them by name, and the one that is read where nothing else is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from stream.adapters.adapter import Adapter
from stream.adapters.cloudevents import STRUCTURED

DEFAULT: Final[Adapter] = STRUCTURED

ADAPTERS: Final[Mapping[str, Adapter]] = {adapter.name: adapter for adapter in (STRUCTURED,)}
