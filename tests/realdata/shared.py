"""Where the real data sets are: beside the checkout, or where LEADPULSE_SHARED says; never in the project.

In:  the name of a file.
Out: its path or its rows; where the folder is absent the test is skipped and says so.
"""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("LEADPULSE_SHARED") or Path(__file__).resolve().parents[3] / "shared")


def shared_file(name: str) -> Path:
    """Give the path of a file of the data sets, or skip the test."""
    path = SHARED / "data" / name
    if not path.exists():
        pytest.skip(f"the data set {name} is not beside this checkout (LEADPULSE_SHARED names its folder)")
    return path


def shared_rows(name: str) -> list[dict[str, str]]:
    """Give the rows of a CSV file of the data sets, or skip the test."""
    with shared_file(name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))
