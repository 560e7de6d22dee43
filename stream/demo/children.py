"""Children: processes of the demo that never outlive it.

In:  a command line.
Out: a running process, and its end, whatever happens to us.
"""

from __future__ import annotations

import ctypes
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import IO

PR_SET_PDEATHSIG = 1  # linux/prctl.h

# Looked up before any fork: between fork and exec of a process with threads nothing may be loaded.
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def _die_with_parent() -> None:
    """Ask the kernel for a SIGKILL at the parent's death; elsewhere than on Linux nothing is done."""
    if _LIBC is not None:
        _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def spawn(
    command: Sequence[str],
    env: Mapping[str, str] | None = None,
    out: IO[bytes] | int = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own; call it from the main thread.

    Its own session keeps the terminal's Ctrl-C from it: the demo stops its children itself, in order. The
    kernel counts the death of the *thread* that started the child, hence the main one.
    """
    return subprocess.Popen(
        command,
        env=None if env is None else dict(env),
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=_die_with_parent,
    )


def stop(process: subprocess.Popen[bytes], first: signal.Signals, patience_s: float) -> int:
    """End a child: politely with `first`, after `patience_s` with SIGKILL. Return its exit code."""
    if process.poll() is None:
        process.send_signal(first)
        try:
            process.wait(patience_s)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait()
