"""A token comes from a file or an authority, is asked for once, and why there is none is said."""

from __future__ import annotations

import base64
import threading
import urllib.parse
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from stream.errors import SettingsError, StartError
from stream.kafka import security, tokens
from stream.settings.load import load


class Authority(HTTPServer):
    """Gives tokens to one client, and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Asked)
        self.asked: list[dict[str, str]] = []
        self.answer: tuple[int, bytes] | None = None
        self.lasts_s = 300.0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/token"


class _Asked(BaseHTTPRequestHandler):
    server: Authority

    def do_POST(self) -> None:
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.server.asked.append({name: values[0] for name, values in form.items()})
        right = base64.b64decode(self.headers["Authorization"].removeprefix("Basic ")) == b"lead%3Apulse:s%20ecret"
        told = b'{"access_token": "t%d", "token_type": "Bearer", "expires_in": %d}'
        code, body = (200, told % (len(self.server.asked), self.server.lasts_s)) if right else (401, b"{}")
        code, body = self.server.answer or (code, body)
        self.send_response(code)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def authority() -> Iterator[Authority]:
    server = Authority()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def test_an_authority_is_asked_once_while_its_token_lasts(authority: Authority) -> None:
    token = tokens.from_authority(authority.url, "lead:pulse", "s ecret", "kafka")
    assert [token() for _ in range(3)] == ["t1"] * 3
    assert authority.asked == [{"grant_type": "client_credentials", "scope": "kafka"}]
    authority.lasts_s = 0
    short = tokens.from_authority(authority.url, "lead:pulse", "s ecret")
    authority.answer = (200, b'{"access_token": "now", "expires_in": 0.001}')
    assert [short(), short()] == ["now", "now"]


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ((401, b"secret detail"), "it answers 401"),
        ((500, b""), "it answers 500"),
        ((200, b"<html>"), "gives no token"),
        ((200, b'{"access_token": "two words"}'), "is no bearer token"),
        ((200, b'{"access_token": "a\\u0001auth=Bearer"}'), "is no bearer token"),
    ],
)
def test_an_authority_that_gives_no_token_is_told_without_its_words(
    authority: Authority, answer: tuple[int, bytes], says: str
) -> None:
    authority.answer = answer
    with pytest.raises(StartError) as refused:
        tokens.from_authority(authority.url, "lead:pulse", "s ecret")()
    assert says in str(refused.value)
    assert "s ecret" not in str(refused.value)
    assert "secret detail" not in str(refused.value)


def test_an_authority_that_is_not_there_is_told() -> None:
    with pytest.raises(StartError, match="gives no token: "):
        tokens.from_authority("http://127.0.0.1:1/token", "a", "b")()


def test_a_file_is_read_anew_each_time(tmp_path: Path) -> None:
    file = tmp_path / "token"
    token = tokens.from_file(file)
    with pytest.raises(StartError, match="cannot be read: No such file"):
        token()
    for value in ("one", "two"):
        file.write_text(value + "\n")
        assert token() == value
    file.write_text("")
    with pytest.raises(StartError, match="no bearer token"):
        token()


def test_both_clients_get_the_token_and_no_password(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("secret-token")
    flags = {"sasl_mechanism": "OAUTHBEARER", "sasl_token_file": str(file), "tls": "true", "brokers": "kafka:9093"}
    link = security.link(load(flags, None, {}).settings)
    assert link.protocol == "SASL_SSL"
    assert link.kafka_python()["sasl_oauth_token_provider"].token() == "secret-token"
    assert not any(name.startswith("sasl_plain") for name in link.aiokafka())
    assert link.faust().protocol.value == "SASL_SSL"  # type: ignore[union-attr]
    assert "secret-token" not in repr(link)


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ({"sasl_mechanism": "OAUTHBEARER"}, "needs one of sasl_token_file and sasl_token_url"),
        ({"sasl_mechanism": "OAUTHBEARER", "sasl_token_url": "https://a.example/t"}, "the client's id and secret"),
        ({"sasl_mechanism": "OAUTHBEARER", "sasl_token_url": "http://a.example/t"}, "unencrypted"),
        ({"sasl_mechanism": "OAUTHBEARER", "sasl_token_url": "file:///etc/passwd"}, "give an address such as"),
        ({"sasl_token_file": "/t"}, "is not OAUTHBEARER"),
    ],
)
def test_settings_of_tokens_go_together(flags: dict[str, str], says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        load(flags, None, {})
