"""A vulnerable dependency fails the build; a database that nobody can reach does not, and is said."""

from __future__ import annotations

import json
import runpy
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

LOOKS = runpy.run_path(str(Path(__file__).resolve().parents[2] / ".ci" / "dependencies.py"))
KNOWN = {
    "id": "TEST-2026-1",
    "modified": "2026-01-01T00:00:00Z",
    "summary": "it does what it should not",
    "affected": [{"package": {"ecosystem": "PyPI", "name": "lz4"}, "versions": ["0"]}],
}


class Database(BaseHTTPRequestHandler):
    """Knows of one vulnerability, in lz4."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["queries"]
        vulnerable = {"vulns": [{"id": KNOWN["id"], "modified": KNOWN["modified"]}]}
        self._answer({"results": [vulnerable if one["package"]["name"] == "lz4" else {} for one in asked]})

    def do_GET(self) -> None:
        self._answer(KNOWN)

    def _answer(self, what: Any) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(what).encode())

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def test_every_package_of_the_lock_is_looked_at() -> None:
    lock = LOOKS["LOCK"].read_text()
    pins = LOOKS["pins_of"](lock)
    assert len(pins) == lock.count("==") - sum(pin.count("==") - 1 for pin in pins) > 50
    assert any(pin.startswith("aiokafka==") for pin in pins)


def test_a_vulnerability_fails_the_build_and_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    server = HTTPServer(("127.0.0.1", 0), Database)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        code = LOOKS["nothing_is_vulnerable"]("--service-url", f"http://127.0.0.1:{server.server_port}/")
    finally:
        server.shutdown()
        server.server_close()
    said = capsys.readouterr().out
    if said.startswith("not looked at"):
        pytest.skip("no index of packages can be reached")
    assert code == 1
    assert "lz4" in said
    assert "TEST-2026-1" in said


def test_a_database_that_is_away_is_said_and_fails_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert LOOKS["nothing_is_vulnerable"]("--service-url", "http://127.0.0.1:9/") == 0
    assert capsys.readouterr().out.startswith("not looked at: whether nothing that is locked is known")
