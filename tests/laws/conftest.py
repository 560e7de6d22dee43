"""Laws have the time that thorough tests take."""

from __future__ import annotations

import pytest

from tests.examples import CHOSEN


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give thorough tests the time that they take."""
    for item in items:
        if CHOSEN == "thorough" and "laws" in item.path.parts:
            item.add_marker(pytest.mark.timeout(7_200))
