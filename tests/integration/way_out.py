"""Way out: what a message tells a person to do, done.

In:  the last message of a worker that stopped.
Out: the commands it names in backticks, run as they stand with the environment of the installation.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

_COMMAND = re.compile(r"`(leadpulse [^`]+)`")
_DO = re.compile(r"^ *do: +(.*)$", re.MULTILINE)


def commands(told: str) -> list[str]:
    """Give the commands of the last `do:` line in a log."""
    lines = _DO.findall(told)
    assert lines, f"nothing is said of what to do:\n{told[-2000:]}"
    return _COMMAND.findall(lines[-1])


def follow(told: str, settings: Mapping[str, Any]) -> str:
    """Run the commands of the last message in their order, answering yes; give what they wrote."""
    found = commands(told)
    assert found, f"no command leads on:\n{told[-2000:]}"
    return "".join(run(command, settings) for command in found)


def run(command: str, settings: Mapping[str, Any], code: int | None = 0) -> str:
    """Run a command of ours; give all that it wrote, or with None as code what it wrote to standard output."""
    done = subprocess.run(
        [sys.executable, "-m", "stream", *shlex.split(command)[1:]],
        env={**os.environ, **{name: str(value) for name, value in settings.items()}},
        input="y\n",
        capture_output=True,
        text=True,
        timeout=120,
    )
    if code is None:
        return done.stdout
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr
