"""How much is tried: quickly by default, 25 times more with LEADPULSE_THOROUGH=1."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

THOROUGH = os.environ.get("LEADPULSE_THOROUGH") == "1"
_COMMON = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large]}

settings.register_profile("quick", max_examples=40, **_COMMON)
settings.register_profile("thorough", max_examples=1_000, **_COMMON)
settings.load_profile("thorough" if THOROUGH else "quick")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give thorough tests the time that they take."""
    for item in items:
        if THOROUGH and item.path.parent.name == "laws":
            item.add_marker(pytest.mark.timeout(7_200))
