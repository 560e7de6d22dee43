"""Quiet: keeps the Kafka clients and Faust out of the log.

In:  log records of the Kafka clients.
Out: none of them; with log level debug at most a few of each kind in ten seconds, and how many were left out.
"""

from __future__ import annotations

import logging
import time
from typing import Final

from aiokafka.errors import KafkaError

NOISY: Final = ("aiokafka", "kafka", "faust", "mode", "stream.worker")  # Faust names loggers by where a service is
LINES: Final = 5
PERIOD_S: Final = 10.0


class RateLimit(logging.Filter):
    """Pass the first lines of each message text in a period."""

    def __init__(self, lines: int = LINES, period_s: float = PERIOD_S) -> None:
        super().__init__()
        self._lines, self._period_s = lines, period_s
        self._seen: dict[str, tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether a line may pass; the first of a new period tells how many did not."""
        now, text = time.monotonic(), str(record.msg)
        since, count = self._seen.get(text, (now, 0))
        if now - since >= self._period_s:
            if count > self._lines:
                record.msg = f"{text} [{count - self._lines} more like this were left out]"
            since, count = now, 0
        if len(self._seen) > 1_000:
            self._seen.clear()
        self._seen[text] = since, count + 1
        return count < self._lines


def is_ours(record: logging.LogRecord) -> bool:
    """Say whether a line of asyncio is about anything but a request that a Kafka client gave up."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, KafkaError)


def install() -> None:
    """Keep the clients' lines out, and limit them where the author asked for them (log level debug).

    What a person should know of the broker we say ourselves, once; they repeat it for each try, with requests and
    traces in it.
    """
    level = logging.getLogger().level
    limit = RateLimit()
    for handler in logging.getLogger().handlers:
        handler.addFilter(lambda record: not record.name.startswith(NOISY) or limit.filter(record))
    if level > logging.DEBUG:
        logging.getLogger("asyncio").addFilter(is_ours)
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.WARNING if level <= logging.DEBUG else logging.CRITICAL)
