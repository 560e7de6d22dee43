"""Prometheus, Alertmanager and a webhook on loopback, as real processes with the rendered rules.

In:  a folder, rules, targets.
Out: running servers; what Prometheus answers; what the webhook was told. Ended when the context ends.

LEADPULSE_REQUIRE=prometheus makes the lack of a program a failure, not a skip.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests import patience

PROGRAMS = {"promtool": "prometheus", "prometheus": "prometheus", "prometheus-alertmanager": "prometheus-alertmanager",
            "amtool": "prometheus-alertmanager"}  # fmt: skip


def program(name: str) -> str:
    """Find a program, or skip the test and say what to install."""
    found = shutil.which(name)
    if found is None:
        what = f"{name} is not installed (apt-get install --no-install-recommends {PROGRAMS[name]})"
        if "prometheus" in os.environ.get("LEADPULSE_REQUIRE", ""):
            pytest.fail(what)
        pytest.skip(what)
    return found


def free_port() -> int:
    """Give a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(what: Callable[[], Any], limit_s: float, why: str, every_s: float = 0.2) -> Any:
    """Wait for something to be true and give it."""
    end = patience.until(limit_s)
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(every_s)
    raise AssertionError(f"not within {limit_s:g} s: {why}")


@dataclass(slots=True)
class Server:
    """A process that answers on a port."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def get(self, path: str, timeout_s: float = 600, **query: Any) -> Any:
        """Ask by HTTP with a form, give the decoded answer."""
        body = urllib.parse.urlencode(query).encode() if query else None
        try:
            with urllib.request.urlopen(f"{self.url}{path}", body, timeout=timeout_s) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path}: {error.read().decode(errors='replace')}") from error

    def answers(self, path: str) -> bool:
        """Tell whether a page is there."""
        if self.process.poll() is not None:
            raise AssertionError(f"{self.url} ended: {self.log.read_text(errors='replace')[-2000:]}")
        try:
            with urllib.request.urlopen(f"{self.url}{path}", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def stop(self) -> None:
        """End the process."""
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)


class Prometheus(Server):
    """A running Prometheus."""

    def instant(self, expr: str, at_s: float | None = None) -> list[dict[str, Any]]:
        """Give the vector of an expression."""
        query = {"query": expr} if at_s is None else {"query": expr, "time": at_s}
        return list(self.get("/api/v1/query", **query)["data"]["result"])

    def range(self, expr: str, start_s: int, end_s: int, step_s: int) -> list[dict[str, Any]]:
        """Give the matrix of an expression."""
        answer = self.get("/api/v1/query_range", query=expr, start=start_s, end=end_s, step=step_s)
        return list(answer["data"]["result"])

    def firing(self) -> list[dict[str, str]]:
        """Give the labels of the alerts that fire now."""
        alerts = self.get("/api/v1/alerts")["data"]["alerts"]
        return [alert["labels"] for alert in alerts if alert["state"] == "firing"]

    def groups(self) -> dict[str, dict[str, Any]]:
        """Give the groups of rules as last evaluated."""
        return {group["name"]: group for group in self.get("/api/v1/rules")["data"]["groups"]}


def start(arguments: Sequence[str], port: int, log: Path, ready: str, kind: type[Server] = Server) -> Any:
    """Start a server and wait until it is ready."""
    with open(log, "ab") as out:
        process = subprocess.Popen(arguments, stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
    server = kind(f"http://127.0.0.1:{port}", process, log)
    try:
        wait_until(lambda: server.answers(ready), 120, f"{arguments[0]} is ready ({log})", 0.1)
    except BaseException:
        server.stop()
        raise
    return server


@contextmanager
def prometheus(
    folder: Path, config: str, files: Mapping[str, str] = {}, more: Sequence[str] = ()
) -> Iterator[Prometheus]:
    """Run Prometheus on folder/data with a configuration; `files` lie beside it."""
    for name, text in {"prometheus.yml": config, **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    port = free_port()
    server = start(
        [
            program("prometheus"), f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address=127.0.0.1:{port}", "--storage.tsdb.retention.time=100y", "--log.level=warn", *more,
        ],
        port, folder / "prometheus.log", "/-/ready", Prometheus,
    )  # fmt: skip
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def alertmanager(folder: Path, config: str) -> Iterator[Server]:
    """Run Alertmanager, alone."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "alertmanager.yml").write_text(config)
    port = free_port()
    server = start(
        [
            program("prometheus-alertmanager"), f"--config.file={folder}/alertmanager.yml",
            f"--storage.path={folder}/alertmanager", f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=", "--log.level=warn",
        ],
        port, folder / "alertmanager.log", "/-/ready",
    )  # fmt: skip
    try:
        yield server
    finally:
        server.stop()


@dataclass(slots=True)
class Webhook:
    """What Alertmanager told: (seconds, status, labels, annotations) of each alert in each message."""

    url: str
    told: list[tuple[float, str, dict[str, str], dict[str, str]]] = field(default_factory=list)

    def names(self, status: str) -> set[str]:
        """Name the alerts that were told with a status, firing or resolved."""
        return {labels["alertname"] for _, said, labels, _ in self.told if said == status}

    def first(self, status: str, name: str) -> float | None:
        """Give the moment at which an alert was first told with a status."""
        return next((at for at, said, labels, _ in self.told if said == status and labels["alertname"] == name), None)


@contextmanager
def webhook() -> Iterator[Webhook]:
    """Listen for what Alertmanager sends."""

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            now = time.monotonic()
            for alert in body["alerts"]:
                hook.told.append((now, alert["status"], alert["labels"], alert["annotations"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    hook = Webhook(f"http://127.0.0.1:{server.server_port}/")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hook
    finally:
        server.shutdown()
        server.server_close()
