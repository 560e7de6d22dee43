"""Nodes: tests of pytest as the runner of a scenario.

In:  node ids.
Out: what they came to: passed only if each of them ran and passed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as Tree
from pathlib import Path
from typing import Final

from tests.chaos.outcome import NotHere, Outcome, Scenario
from tests.chaos.report import ROOT

_LIMIT_S: Final = 1_800


def run(scenario: Scenario, long: bool) -> Outcome:
    """Run the tests of a scenario; in the long form with as many examples as there can be."""
    missing = [node for node in scenario.nodes if not (ROOT / node.partition("::")[0]).exists()]
    if missing:
        raise NotHere(f"no such test: {missing[0]}")
    env = dict(os.environ) | {"LEADPULSE_TEST_EXAMPLES": "thorough" if long else "quick"}
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "told.xml"
        command = [sys.executable, "-m", "pytest", "-q", "--no-header", f"--junit-xml={told}", *scenario.nodes]
        done = subprocess.run(
            command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=None if long else _LIMIT_S
        )
        if done.returncode == 4 and "not found" in done.stdout + done.stderr:
            raise NotHere(f"no such test: {_first(done.stdout + done.stderr, 'not found')}")
        cases = list(Tree.parse(told).getroot().iter("testcase"))
    skipped = [case.find("skipped") for case in cases]
    why = next((one.get("message", "") for one in skipped if one is not None), None)
    if why is not None:
        raise NotHere(why)
    wrong = [f"{case.get('name')}: {_message(case)}" for case in cases if _message(case)]
    if not wrong and (done.returncode or not cases):
        wrong = (done.stdout + done.stderr).splitlines()[-5:]
    return Outcome(wrong, scenario.injected)


def _message(case: Tree.Element) -> str:
    for kind in ("failure", "error"):
        found = case.find(kind)
        if found is not None:
            return found.get("message", kind)[:300] or kind
    return ""


def _first(text: str, word: str) -> str:
    return next(line for line in text.splitlines() if word in line)[:200]
