"""A real schema registry for tests: Apicurio, from Maven Central, on this machine's Java; its Confluent API.

In:  Java 17 or later and Maven; what Maven has fetched once stays in its own repository.
Out: an address; a process that can be frozen and let go on; or NoRegistry, which says what is missing.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import tarfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests import patience
from tests.integration.brokers import free_port

VERSION = "2.6.13.Final"
ARTIFACT = f"io.apicurio:apicurio-registry-app:{VERSION}:tar.gz:all"
FETCH_LIMIT_S, START_LIMIT_S = 600, 120


class NoRegistry(Exception):
    """This machine cannot run one."""


class Registry:
    """A registry that keeps its schemas in memory."""

    def __init__(self, folder: Path) -> None:
        if shutil.which("java") is None or shutil.which("mvn") is None:
            raise NoRegistry("a schema registry needs Java 17 and Maven")
        copy = ["mvn", "-q", "dependency:copy", f"-Dartifact={ARTIFACT}", f"-DoutputDirectory={folder}"]
        done = subprocess.run(copy, cwd=folder, capture_output=True, text=True, timeout=FETCH_LIMIT_S, check=False)
        (archive,) = folder.glob("*.tar.gz") if done.returncode == 0 else (None,)
        if archive is None:
            raise NoRegistry(f"Maven cannot fetch the registry: {done.stdout[-300:]}")
        with tarfile.open(archive) as packed:
            packed.extractall(folder, filter="data")
        archive.unlink()
        port = free_port()
        self.address = f"http://127.0.0.1:{port}/apis/ccompat/v7"
        with (folder / "registry.log").open("wb") as log:
            self.process = subprocess.Popen(
                [
                    "java", "-Xmx400m", f"-Dquarkus.http.port={port}", "-Dquarkus.http.host=127.0.0.1", "-jar",
                    f"apicurio-registry-app-{VERSION}-runner.jar",
                ],
                cwd=folder, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self._wait()

    def _wait(self) -> None:
        until = patience.until(START_LIMIT_S)
        while time.monotonic() < until:
            try:
                self._call("/subjects")
                return
            except OSError:
                time.sleep(0.5)
        self.stop()
        raise NoRegistry("the registry does not start")

    def register(self, subject: str, schema: str, kind: str = "AVRO", references: list[Any] | None = None) -> int:
        """Register a schema; give its id."""
        body = {"schema": schema, "schemaType": kind, "references": references or []}
        return int(self._call(f"/subjects/{subject}/versions", body)["id"])

    def freeze(self) -> None:
        """Let it answer nobody."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it answer again."""
        self.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """End it."""
        self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait()

    def _call(self, path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/vnd.schemaregistry.v1+json"}
        request = urllib.request.Request(self.address + path, data, headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)
