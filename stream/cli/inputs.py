"""Inputs: lines of the files that a command was given; gzip and standard input, too.

In:  paths; `-` is standard input, `.gz` is unpacked.
Out: lines as bytes, one after another; or an InputError that names the file.
"""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import IO

from stream.errors import InputError

STDIN = "-"
MOST_LINE_BYTES = 32 << 20


def lines_of(path: str, read: Callable[[int], None] = lambda _: None) -> Iterator[bytes]:
    """Give the lines of a file; of one beyond all measure the beginning, so that it cannot fill the memory.

    `read` is told the size of each line, so that a bar can move.
    """
    try:
        with _opened(path) as file:
            while line := file.readline(MOST_LINE_BYTES + 1):
                size_bytes = len(line)
                while not line.endswith(b"\n") and (rest := file.readline(MOST_LINE_BYTES)):
                    size_bytes += len(rest)
                    if rest.endswith(b"\n"):
                        break
                read(size_bytes)
                yield line
    except IsADirectoryError:
        raise InputError("This is a folder, not a file.", where=path, do="Name files: FOLDER/*.ndjson.") from None
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise InputError("The file is not whole gzip data.", where=path, do="Check it with `gzip -t`.") from None
    except OSError as error:
        raise InputError(f"The file cannot be read: {error.strerror or error}.", where=path) from None


def size_of(path: str) -> int | None:
    """Give the bytes of a plain file; None where they are not known before it is read."""
    if path == STDIN or path.endswith(".gz"):
        return None
    try:
        return Path(path).stat().st_size
    except OSError:
        return None


def _opened(path: str) -> AbstractContextManager[IO[bytes]]:
    if path == STDIN:
        return nullcontext(sys.stdin.buffer)
    if path.endswith(".gz"):
        return gzip.open(path, "rb")  # type: ignore[return-value]
    return Path(path).open("rb")
