"""Traffic in a file, its books, and a replay of the file, all by the command line: the same figures."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from stream.reference.leads import metrics as of_leads

ROOT = Path(__file__).resolve().parents[2]
#: Quantiles out of buckets: within 2 %.
APPROXIMATE = {"funnel_step_seconds", "chat_conversation_seconds", *of_leads.TIMES}
#: Half of them have got there: held to the textbook's curve elsewhere; the oldest is told to the day.
ROUGH = {"stage_median_seconds", "oldest_open_seconds"}

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


@pytest.mark.parametrize("followed", ["--no-leads", "--leads"])
def test_a_replay_of_simulated_events_reads_what_the_books_say(tmp_path: Path, followed: str) -> None:
    events, books = tmp_path / "events.ndjson.gz", tmp_path / "books.ndjson"
    sites = "2" if followed == "--no-leads" else "1"
    options = ("--rate", "1", "--seed", "11", "--for", "3h", "--sites", sites, followed)
    leadpulse("simulate", *options, "--out", str(events), "--books", str(books))
    expected, expected_account = rows(books.read_bytes())
    found, account = rows(leadpulse("replay", "--format", "ndjson", str(events)))

    assert account == expected_account
    # a series that is on one side only says nothing: what it held was taken back
    assert not any((found.get(key) or expected[key])["value"] for key in found.keys() ^ expected.keys())
    for key in found.keys() & expected.keys():
        row, reading = expected[key], found[key]
        within = 0.02 if key[0] in APPROXIMATE else 1e-9
        if key[0] in ROUGH:
            continue
        if row["value"] is None:
            assert reading["value"] is None, key
        else:
            assert reading["value"] == pytest.approx(row["value"], rel=within, abs=within), key
        if "denominator" in row and reading["denominator"] is not None:
            assert reading["denominator"] == pytest.approx(row["denominator"], rel=1e-9), key
