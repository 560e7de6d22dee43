"""Back-fill: a past for a Prometheus, written by promtool.

In:  series as columns of numbers.
Out: blocks below a data folder.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple, Protocol

from tests.e2e.prometheus import program

#: promtool writes one block for each span of this length (twice a power of three hours), and reads its input once a
#: block.
BLOCK = "1458h"


class Numbers(Protocol):
    """A column of numbers."""

    def tolist(self) -> list[float]: ...


class Column(NamedTuple):
    """A series: its name with labels as they are written, and its values at the steps of the time axis."""

    series: str
    values: Numbers


def write(columns: Iterable[Column], times_s: list[int], data: Path) -> int:
    """Write columns as blocks; give the number of samples."""
    samples = 0
    with tempfile.TemporaryDirectory(dir=data.parent) as folder:
        text = Path(folder) / "history.om"
        stamps = [f" {at}\n" for at in times_s]
        with text.open("w") as out:
            for column in columns:
                head = f"{column.series} "
                out.write("".join([f"{head}{v!r}{t}" for v, t in zip(column.values.tolist(), stamps, strict=True)]))
                samples += len(stamps)
            out.write("# EOF\n")
        _promtool(["tsdb", "create-blocks-from", "openmetrics", "-q", f"--max-block-duration={BLOCK}", str(text),
                   str(data)])  # fmt: skip
    return samples


def _promtool(arguments: list[str]) -> None:
    done = subprocess.run([program("promtool"), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(f"promtool {' '.join(arguments)}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
