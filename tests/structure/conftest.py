"""Structure: what is read as source is read undisturbed."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _undisturbed() -> Iterator[None]:
    """Collect nothing meanwhile: what other tests left may run Python when it goes, and CPython 3.11 then takes the depth
    of a tree that it is making for another one's (SystemError: AST constructor recursion depth mismatch)."""
    gc.disable()
    yield
    gc.enable()
