"""Machine: names a process of this machine so that another one on it can tell that it is no more.

In:  nothing, or a name.
Out: a name; whether the process of a name is gone for sure. Where that cannot be known it is not.

A worker that is killed and started again on the same machine need not wait until it is seen that the one before it
stands still. Linux tells all that is needed: which boot this is, whose process numbers, and when each process began.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
#: Behind the name of the program, which can hold anything: the first is the state, the 20th when it began.
_STATE, _BEGAN = 0, 19
_DEAD: Final = "ZX"


def place(proc: Path = _PROC) -> str:
    """Name this process; "" where the machine does not tell enough.

    Machine and process numbers, the number of this process, and when it began, in ticks since the machine did.
    """
    numbers, told = _numbers(proc), _told(proc, os.getpid())
    return f"{numbers} {os.getpid()} {told[_BEGAN]}" if numbers and told else ""


def is_gone(name: str, proc: Path = _PROC) -> bool:
    """Tell whether a process of this machine has ended; of another machine nobody knows.

    Process numbers of a container that has ended may be named as those of one that came later: what ran there is gone.
    """
    match name.split(" "):
        case [numbers, process, began] if numbers == _numbers(proc) and process.isdecimal():
            told = _told(proc, int(process))
            return told[_STATE] in _DEAD or told[_BEGAN] != began if told else not _answers(int(process))
        case _:
            return False


def _numbers(proc: Path) -> str:
    try:
        boot = (proc / "sys/kernel/random/boot_id").read_text().strip()
        return f"{os.uname().nodename}/{boot}/{os.readlink(proc / 'self/ns/pid')}"
    except (OSError, AttributeError):
        return ""


def _told(proc: Path, process: int) -> list[str]:
    """Give what is told of a process; nothing of one that is not to be seen."""
    try:
        told = (proc / str(process) / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return []
    return told if len(told) > _BEGAN else []


def _answers(process: int) -> bool:
    """Tell whether there is such a process; those of others may be hidden, and are there all the same."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is not ours to send to
        pass
    return True
