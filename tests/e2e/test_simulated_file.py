"""Traffic in a file, its books, and a replay of the file, all by the command line: the same figures."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
APPROXIMATE = {"funnel_step_seconds", "chat_conversation_seconds"}  # quantiles out of buckets: within 2 %

Rows = dict[tuple[str, str, str], dict[str, Any]]


def leadpulse(*words: str) -> bytes:
    command = [sys.executable, "-m", "stream", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=240).stdout


def rows(lines: bytes) -> tuple[Rows, dict[str, Any]]:
    found = [json.loads(line) for line in lines.splitlines()]
    readings = {
        (row["metric"], json.dumps(row["labels"], sort_keys=True), row["window"]): row
        for row in found
        if row.get("window")
    }
    return readings, found[-1]["account"]


def test_a_replay_of_simulated_events_reads_what_the_books_say(tmp_path: Path) -> None:
    events, books = tmp_path / "events.ndjson.gz", tmp_path / "books.ndjson"
    options = ("--rate", "1", "--seed", "11", "--for", "3h", "--sites", "2")
    leadpulse("simulate", *options, "--out", str(events), "--books", str(books))
    expected, expected_account = rows(books.read_bytes())
    found, account = rows(leadpulse("replay", "--format", "ndjson", str(events)))

    assert account == expected_account
    assert found.keys() == expected.keys()
    for key, row in expected.items():
        reading = found[key]
        within = 0.02 if key[0] in APPROXIMATE else 1e-9
        if row["value"] is None:
            assert reading["value"] is None, key
        else:
            assert reading["value"] == pytest.approx(row["value"], rel=within, abs=within), key
        if "denominator" in row:
            assert reading["denominator"] == row["denominator"], key
