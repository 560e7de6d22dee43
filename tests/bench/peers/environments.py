"""Environments: what each engine runs in, apart from the environment of the project.

In:  the name of an environment.
Out: the beginning of the command that runs its program; NotHere with the reason where a machine cannot have it.

Python: a virtual environment from a lock with hashes. Java: jars by Maven, the program compiled with them. Both lie in `.cache/peers`, and
are made anew when what they are made of has changed.
"""

from __future__ import annotations

import hashlib
import platform
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[3]
HERE: Final = Path(__file__).parent
CACHE: Final = ROOT / ".cache" / "peers"
LIMIT_S: Final = 900

#: What Flink's serialization of the answer needs to see, and how much memory each may have.
_JAVA: Final = {
    "streams": ["-Xmx2g"],
    "flink": ["-Xmx3g", "--add-opens=java.base/java.util=ALL-UNNAMED", "--add-opens=java.base/java.lang=ALL-UNNAMED"],
}


class NotHere(RuntimeError):
    """This machine cannot have an engine, and why."""


def python(name: str, program: str) -> list[str]:
    """Give the command of a program in the environment of that name; make it if need be."""
    lock = HERE / "requirements" / f"{name}.lock"
    folder = CACHE / name
    if not _made(folder, lock.read_bytes() + platform.python_version().encode()):
        run([sys.executable, "-m", "venv", "--clear", str(folder)], "the environment could not be made")
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        run([*pip, "--require-hashes", "-r", str(lock)], "its packages could not be installed")
        _note(folder, lock.read_bytes() + platform.python_version().encode())
    return [str(folder / "bin" / "python"), "-W", "ignore", str(HERE / "programs" / program)]


def java(name: str, main: str, arguments: Sequence[str] = ()) -> list[str]:
    """Give the command of a program in Java; fetch its jars and compile it if need be."""
    for tool in ("java", "javac", "mvn"):
        if shutil.which(tool) is None:
            raise NotHere(f"no {tool} (Java 17, its compiler and Maven are needed)")
    sources = [HERE / "java" / "Job.java", HERE / "java" / name / f"{main}.java"]
    pom, folder = HERE / "java" / name / "pom.xml", CACHE / name
    made_of = b"".join(path.read_bytes() for path in (pom, *sources))
    jars, classes = folder / "lib", folder / "classes"
    if not _made(folder, made_of):
        shutil.rmtree(folder, ignore_errors=True)
        fetch = ["mvn", "-q", "-B", "-f", str(pom), "dependency:copy-dependencies", f"-DoutputDirectory={jars}"]
        run(fetch, "Maven could not fetch its jars")
        compile_it = ["javac", "-nowarn", "-cp", str(jars / "*"), "-d", str(classes), *map(str, sources)]
        run(compile_it, "it could not be compiled")
        _note(folder, made_of)
    quiet = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
    return ["java", *_JAVA[name], quiet, "-cp", f"{jars / '*'}:{classes}", main, *arguments]


def _made(folder: Path, made_of: bytes) -> bool:
    note = folder / "made-of"
    return note.exists() and note.read_text() == hashlib.sha256(made_of).hexdigest()


def _note(folder: Path, made_of: bytes) -> None:
    (folder / "made-of").write_text(hashlib.sha256(made_of).hexdigest())


def run(command: list[str], what: str) -> None:
    """Run a step of the making; raises NotHere with what failed and the first error that it said."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        raise NotHere(f"{what} within {LIMIT_S} s") from None
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        errors = [line for line in said if "error" in line.lower()] or said or [f"exit code {done.returncode}"]
        raise NotHere(f"{what}: {errors[0][:200]}")
