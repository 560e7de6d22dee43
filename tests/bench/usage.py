"""Usage: what a process has used, and how fast this machine is just now.

In:  a process id.
Out: CPU seconds of all its threads, memory; the time of a fixed loop.

The machine that measures is seldom quiet. The loop does the same work each time (parse, look up, add), so figures
of two runs can be compared as multiples of it.
"""

from __future__ import annotations

import os
import resource
import time
from pathlib import Path
from typing import Final

import orjson

_TICKS_A_SECOND: Final = os.sysconf("SC_CLK_TCK")
_LOOPS: Final = 20_000
_TEXT: Final = orjson.dumps({"id": "0123456789abcdef", "data": {"site_id": "shop", "page": {"path": "/pricing/12"}}})


def cpu_s(pid: int) -> float:
    """Give the CPU seconds, user and system, that all threads of a process have used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_A_SECOND


def memory_mb(pid: int, field: str = "VmHWM") -> float:
    """Give the peak (VmHWM) or present (VmRSS) resident memory in MB of a million bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024 / 1e6
    raise ValueError(f"the system does not tell {field}")


def own_cpu_s() -> float:
    """Give the CPU seconds of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def loop_ms(rounds: int = 5) -> float:
    """Give the CPU time in ms of the fixed loop, the best of some rounds."""
    return min(_loop() for _ in range(rounds))


def _loop() -> float:
    began = time.process_time()
    seen: dict[tuple[str, int], int] = {}
    loads = orjson.loads
    for i in range(_LOOPS):
        event = loads(_TEXT)
        key = event["data"]["page"]["path"], i & 1023
        seen[key] = seen.get(key, 0) + 1
    return (time.process_time() - began) * 1e3


def shown(loops_ms: list[float]) -> str:
    """Write times of the fixed loop."""
    return f"{', '.join(f'{ms:.0f}' for ms in loops_ms)} ms"
