"""Logs: one form for our lines and those of the libraries, on standard error.

In:  a level and a form (console or json).
Out: the standard library's root logger and structlog, both set up; for a worker, lines that are written by a thread of
their own and dropped when nobody reads them, so that no log can stand it still.

A level implies an action: ERROR, someone must act now; WARNING, someone should look today; INFO, a step of
the life cycle; DEBUG, for the author. No event text, no ids of people, no secrets in any line.
"""

from __future__ import annotations

import atexit
import io
import logging
import os
import queue
import sys
import threading
import time
from typing import Any, Final, TextIO

import structlog

from stream.shown import plain

# What libraries tell at INFO is their own life cycle, not ours; worker/quiet.py thins out their repeats.
# kafka-python logs each attempt of what it then raises, so its lines would only surround our one message.
LEAST_LEVEL = {
    "aiohttp": logging.WARNING,
    "aiokafka": logging.WARNING,
    "asyncio": logging.WARNING,
    "faust": logging.WARNING,
    "kafka": logging.CRITICAL,
    "mode": logging.WARNING,
    "testcontainers": logging.WARNING,
}


def set_up(level: str = "info", form: str = "console") -> None:
    """Set up logging for the whole process."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            pad_event_to=0,
            # The rich one prints local variables, which hold event text.
            exception_formatter=_traceback,
        )
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    out = logging.StreamHandler(sys.stderr)
    formats: list[Any] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    formats.append(structlog.processors.format_exc_info if form == "json" else _seen)
    out.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[*formats, last]))
    root = logging.getLogger()
    root.handlers[:] = [out]
    root.setLevel(level.upper())
    for name, least in LEAST_LEVEL.items():
        logging.getLogger(name).setLevel(least if level != "debug" else logging.INFO)


def _seen(_logger: Any, _name: str, line: Any) -> Any:
    """Escape what a terminal would obey; JSON has nothing but ASCII."""
    return {name: plain(value, keep="\n\t") if isinstance(value, str) else value for name, value in line.items()}


def _traceback(out: TextIO, exc_info: Any) -> None:
    text = io.StringIO()
    structlog.dev.plain_traceback(text, exc_info)
    out.write(plain(text.getvalue(), keep="\n\t"))


class Background(logging.Handler):
    """Write lines from a thread of its own, and drop those for which there is no room."""

    MOST_LINES: Final = 2_000
    MOST_CHARACTERS: Final = 32_768  # of one line: the stacks of all threads fit

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()  # it may be used in a signal handler
        self._dropped = self._taken = self._written = 0
        threading.Thread(target=self._write, name="log", daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        """Take a line; returns at once."""
        try:
            text = self.format(record)
        except Exception as error:
            text = f"a log line of {record.name} could not be written: {type(error).__name__}"
        self.put(text + "\n")

    def put(self, text: str) -> None:
        """Take a text, or drop it; returns at once."""
        if self._waiting.qsize() >= self.MOST_LINES:
            self._dropped += 1
            return
        self._taken += 1
        cut = text if len(text) <= self.MOST_CHARACTERS else text[: self.MOST_CHARACTERS] + "\n"
        self._waiting.put(cut.encode("utf-8", "backslashreplace"))

    def _write(self) -> None:
        while True:
            line = self._waiting.get()
            try:
                while line:
                    line = line[os.write(self._descriptor, line) :]
                if self._dropped:
                    dropped, self._dropped = self._dropped, 0
                    os.write(self._descriptor, b"%d log lines were dropped, because nobody read them\n" % dropped)
            except OSError:  # the reader has gone, or the disk is full: a worker goes on without its log
                pass
            self._written += 1

    def flush(self) -> None:
        """Wait until all lines are written, a second at most."""
        until = time.monotonic() + 1.0
        while self._written < self._taken and time.monotonic() < until:
            time.sleep(0.005)


class Lines(io.TextIOBase):
    """Standard error for whoever writes to it directly: a warning of Python, a thread that failed, a last message."""

    encoding = "utf-8"
    errors = "backslashreplace"

    def __init__(self, writer: Background, is_terminal: bool) -> None:
        super().__init__()
        self._writer, self._is_terminal = writer, is_terminal

    def write(self, text: str) -> int:
        """Take a text; returns at once."""
        if not isinstance(text, str):
            raise TypeError("text is written here, not bytes")
        if text:
            self._writer.put(text)
        return len(text)

    def writable(self) -> bool:
        """Say that it can be written to."""
        return True

    def isatty(self) -> bool:
        """Say whether a terminal reads it."""
        return self._is_terminal

    def fileno(self) -> int:
        """Give the descriptor behind it."""
        return 2


def in_background() -> None:
    """Have a thread write to standard error from now on, for the root logger and for everybody else."""
    root = logging.getLogger()
    for at, handler in enumerate(root.handlers):
        if isinstance(handler, logging.StreamHandler) and handler.stream is sys.stderr:
            writer = Background(2)
            writer.setFormatter(handler.formatter)
            root.handlers[at] = writer
            sys.stderr = Lines(writer, sys.stderr.isatty())
            atexit.register(writer.flush)


def flush() -> None:
    """Give what was logged a moment to be written; a log that nobody reads holds nobody up."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, Background):
            handler.flush()


def logger(name: str) -> Any:
    """Give a logger: `log = logger(__name__)`, then `log.info("shard_restored", shard=3)`."""
    return structlog.stdlib.get_logger(name)
