"""Stage: what the demo runs on: an embedded broker with its topics, and one worker beside it.

In:  how many partitions, which port to prefer for the page and /metrics, a past to begin with.
Out: addresses of both; when it closes, no process and no file is left.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING

from stream.demo import children, segment
from stream.demo.broker import HOST, EmbeddedBroker, free_port
from stream.demo.pace import SPEED
from stream.errors import EXIT_FAIL_STOP

if TYPE_CHECKING:
    from stream.kafka.layout import Layout
    from stream.kafka.security import Link
    from stream.kafka.state_log import Row

PARTITIONS = 4
METRICS_PORT = 9464
STOP_S = 10.0
#: A machine that has no time for them may make a broker or a worker give up now and then; more often is a fault.
GIVES_UP_MOST = 3


class StageFailed(RuntimeError):
    """The worker ended although nobody told it to."""


def port_or_free(port: int) -> int:
    """Give the port if nothing listens on it, else a free one."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return free_port()
        return port


class Stage:
    """Broker, topics and worker; use it as a context manager."""

    def __init__(
        self,
        partitions: int = PARTITIONS,
        metrics_port: int = METRICS_PORT,
        worker: Sequence[str] | None = None,
        past: Iterable[tuple[bytes, bytes | None]] = (),
        say: Callable[[str], None] = lambda _: None,
        source: str = "",
    ) -> None:
        """Take records for the topic of history, written while the worker starts; `say` is told what goes on.

        `source` is a topic of others that is mapped, as the demo's definition of it says.
        """
        self._definition = Path(tempfile.mkdtemp(prefix="leadpulse-demo-")) / f"{source}.toml" if source else None
        self._command = worker or (sys.executable, "-m", "stream", "worker")
        self._broker = EmbeddedBroker()
        self._partitions = partitions
        self._metrics_port = port_or_free(metrics_port)
        self._past, self._say = past, say
        self._worker: subprocess.Popen[bytes] | None = None
        self._gave_up = 0
        self._log: IO[bytes] | None = None

    @property
    def broker(self) -> str:
        """Address of the broker."""
        return self._broker.address

    @property
    def page_url(self) -> str:
        """Where the worker serves its page."""
        return f"http://{HOST}:{self._metrics_port}/"

    @property
    def metrics_url(self) -> str:
        """Where the worker serves its gauges."""
        return f"http://{HOST}:{self._metrics_port}/metrics"

    def env(self) -> dict[str, str]:
        """Give the environment of the worker: ours, without settings meant for another installation."""
        ours = {name: value for name, value in os.environ.items() if not name.startswith("LEADPULSE_")}
        mapped = {}
        if self._definition is not None:
            mapped = {"LEADPULSE_SOURCES": str(self._definition), "LEADPULSE_EMAIL_HASH_KEY": "nobody's, of a demo"}
        return (
            ours
            | mapped
            | {
                "LEADPULSE_BROKERS": self.broker,
                "LEADPULSE_DELIVERY": "at_least_once",
                "LEADPULSE_CLOCK": "events",  # of fast motion
                "LEADPULSE_PACE": str(SPEED),
                "LEADPULSE_HTTP": f"{HOST}:{self._metrics_port}",
                "LEADPULSE_SESSION_TIMEOUT": "6s",
                "LEADPULSE_STALL_TIMEOUT": "5m",  # a busy machine is none that hangs, and a person is looking
                "LEADPULSE_LOG_LEVEL": "warning",
                "PYTHONFAULTHANDLER": "1",  # SIGABRT then writes what every thread is doing
            }
        )

    def __enter__(self) -> Stage:
        try:
            self._say("starting a broker that keeps everything in memory")
            self._broker.start()
            link, layout = self._create_topics()
            self._say("starting the worker, which joins its group in some 5 to 10 s")
            self._log = tempfile.TemporaryFile()  # has no name: nothing to leave behind
            self._start_worker()
            self._seed(link, layout)  # while it starts: it follows what is filled in
        except BaseException:
            self.close()
            raise
        return self

    def _create_topics(self) -> tuple[Link, Layout]:
        from stream.engine.groups import GROUPS, mapping
        from stream.kafka import security, topics
        from stream.kafka.layout import Layout
        from stream.settings.fields import Settings

        settings = Settings(brokers=(self.broker,), delivery="at_least_once")
        mapped: list[str] = []
        if self._definition is not None:
            self._definition.write_text(segment.DEFINITION, encoding="utf-8")
            mapped = [segment.TOPIC]
            with topics.admin(security.link(settings)) as client:
                client.create_topics({segment.TOPIC: {"num_partitions": 2, "replication_factor": 1}})
        layout = Layout("", mapping(mapped, GROUPS).values())
        link = security.link(settings)
        topics.create(link, layout, partitions=self._partitions, replication=1, optional=True)
        return link, layout

    def _seed(self, link: Link, layout: Layout) -> None:
        """Write the past."""
        from stream.kafka.state_log import StateLog

        assert layout.history is not None
        topic, began = layout.history, time.monotonic()
        rows: list[Row] = [(key, value, None, []) for key, value in self._past]
        if not rows:
            return

        async def send() -> None:
            log = StateLog(link, topic, 0, None)
            await log.fence()
            try:
                await log.write([(topic, 0, rows)])
            finally:
                await log.close()

        asyncio.run(send())
        self._say(f"wrote five weeks of past: {len(rows)} records in {time.monotonic() - began:.1f} s")

    def _start_worker(self) -> None:
        assert self._log is not None
        self._worker = children.spawn(self._command, env=self.env(), out=self._log.fileno())

    def restart(self) -> str:
        """Start the worker again, as a supervisor would; return what the old one was doing."""
        if self._worker is not None:
            children.stop(self._worker, signal.SIGABRT, STOP_S)
        words = self.last_words()
        self._start_worker()
        return words

    def check(self) -> None:
        """Start a worker again that gave up; raise StageFailed, with its last words, if it is gone for good."""
        if self._worker is None or (code := self._worker.poll()) is None:
            return
        if code != EXIT_FAIL_STOP or self._gave_up == GIVES_UP_MOST:
            raise StageFailed(f"the worker ended with exit code {code}:\n{self.last_words()}")
        self._gave_up += 1
        self._say(f"the worker gave up and is started again, as a supervisor would:\n{self.last_words()}")
        self._start_worker()

    def last_words(self, most: int = 4_000) -> str:
        """Give the end of the worker's log."""
        if self._log is None:
            return ""
        self._log.seek(0)
        return self._log.read()[-most:].decode("utf-8", "replace").strip()

    def close(self) -> None:
        """Stop the worker, then the broker it writes to."""
        if self._worker is not None:
            children.stop(self._worker, signal.SIGTERM, STOP_S)
            self._worker = None
        if self._log is not None:
            self._log.close()
            self._log = None
        self._broker.stop()
        if self._definition is not None:
            shutil.rmtree(self._definition.parent, ignore_errors=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
