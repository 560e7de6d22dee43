"""Logs: one form for our lines and those of the libraries, on standard error.

In:  a level and a form (console or json).
Out: the standard library's root logger and structlog, both set up.

A level implies an action: ERROR, someone must act now; WARNING, someone should look today; INFO, a step of
the life cycle; DEBUG, for the author. No event text, no ids of people, no secrets in any line.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

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
            exception_formatter=structlog.dev.plain_traceback,
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
    if form == "json":
        formats.append(structlog.processors.format_exc_info)
    out.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[*formats, last]))
    root = logging.getLogger()
    root.handlers[:] = [out]
    root.setLevel(level.upper())
    for name, least in LEAST_LEVEL.items():
        logging.getLogger(name).setLevel(least if level != "debug" else logging.INFO)


def logger(name: str) -> Any:
    """Give a logger: `log = logger(__name__)`, then `log.info("shard_restored", shard=3)`."""
    return structlog.stdlib.get_logger(name)
