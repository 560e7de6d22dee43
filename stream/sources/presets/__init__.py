"""Presets: one file a vendor. A file beside this one that has a PRESET is one; there is no other list."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from stream.sources.preset import Preset


@cache
def names() -> tuple[str, ...]:
    """Name all presets there are, without reading any."""
    return tuple(sorted(module.name for module in iter_modules(__path__)))


@cache
def preset(name: str) -> Preset:
    """Give a preset by its name; KeyError for one that there is not."""
    if name not in names():
        raise KeyError(name)
    found = import_module(f"{__name__}.{name}").PRESET
    assert isinstance(found, Preset)
    assert found.name == name, f"{name} calls itself {found.name}"
    return found
