"""Dependencies: does the lock fit the project, and is anything in it known to be vulnerable?

In:  pyproject.toml, requirements.lock; an index of packages and a database of vulnerabilities, if they can be reached.
Out: exit code 0, or 1 and what is wrong; what could not be looked at is said with its reason and is no failure.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements.lock"
#: As `make lock` has it, but for --upgrade: what is locked stays, as long as it fits.
COMPILE = [
    *("pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--extra", "dev", "--generate-hashes"),
    *("--no-annotate", "--no-emit-index-url", "--custom-compile-command"),
]
#: What uv says when nobody answers; whatever else goes wrong is a failure.
AWAY = re.compile(r"error sending request|dns error|Failed to fetch|Connection refused|timed out|client error", re.I)
FOUND = 1  # exit code of `uv audit`


def main() -> int:
    """Look at all three; give the exit code."""
    return max(installed_fits(), lock_fits(), nothing_is_vulnerable())


def pins_of(lock: str) -> list[str]:
    r"""Give what a lock pins, with its markers.

    >>> pins_of("# by hand\na==1.2 ; sys_platform == 'linux' \\\n    --hash=sha256:00\nb==3 \\\n")
    ["a==1.2 ; sys_platform == 'linux'", 'b==3']
    """
    lines = (line.rstrip(" \\") for line in lock.splitlines() if line and line[0] not in " #-")
    return [line for line in lines if "==" in line]


def installed_fits() -> int:
    """Check that what is installed goes together; needs nobody."""
    ended = _uv(["pip", "check", "--python", sys.executable], ROOT)
    return _told("what is installed goes together", ended, ended.returncode != 0)


def lock_fits() -> int:
    """Check that resolving the project anew gives the lock."""
    with tempfile.TemporaryDirectory() as folder:
        again = Path(folder) / LOCK.name
        shutil.copy(LOCK, again)
        ended = _uv([*COMPILE, "make lock", "pyproject.toml", "-o", str(again)], ROOT)
        differs = ended.returncode == 0 and again.read_text() != LOCK.read_text()
    if differs:
        print("requirements.lock does not fit pyproject.toml: run `make lock`.")
    return _told("the lock fits the project", ended, differs or ended.returncode != 0)


def nothing_is_vulnerable(*options: str) -> int:
    """Ask the database of vulnerabilities about everything that is locked."""
    with tempfile.TemporaryDirectory() as folder:
        pins = json.dumps(pins_of(LOCK.read_text()), indent=1)
        project = f'[project]\nname = "locked"\nversion = "0"\nrequires-python = ">=3.11"\ndependencies = {pins}\n'
        (Path(folder) / "pyproject.toml").write_text(project)
        ended = _uv(["audit", "--preview-features", "audit", "--no-build", *options], Path(folder))
    return _told("nothing that is locked is known to be vulnerable", ended, ended.returncode != 0)


def _uv(arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("uv")), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)


def _told(what: str, ended: subprocess.CompletedProcess[str], wrong: bool) -> int:
    """Say how a look ended."""
    said = (ended.stdout + ended.stderr).strip()
    if wrong and ended.returncode != FOUND and AWAY.search(said):
        print(f"not looked at: whether {what}; nobody answers: {said.splitlines()[-1].strip()}")
        return 0
    print(f"wrong: {what}?\n{said}" if wrong else f"ok: {what}")
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
