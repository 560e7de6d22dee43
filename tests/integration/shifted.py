"""Shifted: a worker on a machine whose clock is wrong.

In:  a file that holds by how many seconds, to be changed at any time; the arguments of the command line.
Out: the worker, to which `time.time` says the wrong time. Its steady clock is left alone, as a wrong clock leaves it.
"""

from __future__ import annotations

import runpy
import sys
import time
from pathlib import Path

_real, _steady = time.time, time.monotonic
_looked_s, _offset_s = -1.0, 0.0


def offset_s(file: Path) -> float:
    """Read the file a few times a second."""
    global _looked_s, _offset_s
    if _steady() - _looked_s > 0.2:
        _looked_s, _offset_s = _steady(), float(file.read_text() or 0)
    return _offset_s


if __name__ == "__main__":
    _file = Path(sys.argv[1])
    time.time = lambda: _real() + offset_s(_file)
    time.time_ns = lambda: int(time.time() * 1e9)
    sys.argv = ["leadpulse", *sys.argv[2:]]
    runpy.run_module("stream", run_name="__main__")
