"""However the demo is told to end, it is the demo that says with which exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
ASKED_INSIDE = """
import sys
from stream.demo import demo
from stream.demo.play import Ended
with demo._signals_that_end() as asked:
    try:
        exec("import os; os.kill(os.getpid(), %d)\\nfor _ in range(10**7): pass")
    except (Ended, KeyboardInterrupt):
        pass
    else:
        sys.exit("went on")
sys.exit(0 if asked.is_set() else "not asked")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("how", [2, 15])
def test_a_signal_that_falls_into_code_made_at_run_time_ends_the_demo_as_any(how: int, tmp_path: Path) -> None:
    (tmp_path / "asked_inside.py").write_text(ASKED_INSIDE % how)
    there = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    command = [sys.executable, "-m", "asked_inside"]  # -m, as a demo is started: only there Python forgets the code
    done = subprocess.run(command, env=there, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done
