"""HTTP: who may ask for what, and what every answer carries. Real sockets, no mocks."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
from collections.abc import Iterator

import pytest
from aiohttp import web

from stream.catalog import BY_NAME
from stream.contract.readings import Reading
from stream.errors import StartError
from stream.serve.http import HttpService
from stream.serve.http_guard import HEADERS
from stream.serve.telemetry import Telemetry
from stream.serve.views import RollupView, WorkerView
from stream.settings.load import load

TOKEN = "correct-horse-battery-staple"
CANARY = "a-page-that-was-added"

Answer = tuple[int, dict[str, str], str]


async def added_page(_request: web.Request) -> web.Response:
    return web.Response(text=CANARY)


async def broken_page(_request: web.Request) -> web.Response:
    raise ValueError("secret detail 4711")


@contextlib.contextmanager
def service(**flags: str) -> Iterator[tuple[HttpService, Telemetry]]:
    telemetry = Telemetry("v")
    settings = load({"http": "127.0.0.1:0", **flags}, None, {}).settings
    pages = [web.get("/live", added_page), web.get("/broken", broken_page)]
    http_service = HttpService(settings, telemetry, BY_NAME, pages)
    http_service.start()
    try:
        yield http_service, telemetry
    finally:
        http_service.stop()


def ask(at: HttpService, path: str, method: str = "GET", body: str | None = None, **headers: str) -> Answer:
    connection = http.client.HTTPConnection(at.url.removeprefix("http://"), timeout=10)
    try:
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read().decode()
    finally:
        connection.close()


def raw(at: HttpService, sent: bytes) -> bytes:
    host, _, port = at.url.removeprefix("http://").rpartition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(sent)
        parts = []
        while part := connection.recv(65_536):
            parts.append(part)
        return b"".join(parts)


ROUTES = [
    "/",
    "/metrics",
    "/live",
    "/broken",
    "/login",
    "/nowhere",
    "/metrics/",
    "//metrics",
    "/healthz/../metrics",
]
WRONG = [
    {},
    {"Authorization": "Bearer wrong"},
    {"Authorization": f"Basic {TOKEN}"},
    {"Authorization": TOKEN},
    {"Authorization": "Bearer "},
    {"Authorization": f"Bearer {TOKEN}x"},
    {"Authorization": "Bearer \xe9\xe9"},
    {"Cookie": f"leadpulse={TOKEN}"},
    {"Cookie": "leadpulse=" + "0" * 64},
    {"Cookie": 'leadpulse=;;;="'},
]


@pytest.fixture(scope="module")
def guarded() -> Iterator[HttpService]:
    with service(http_token=TOKEN) as (at, _):
        yield at


@pytest.mark.parametrize("wrong", WRONG, ids=lambda headers: repr(headers)[:40])
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "PUT"])
def test_without_the_token_every_route_says_401_and_nothing_else(
    guarded: HttpService, method: str, wrong: dict[str, str]
) -> None:
    for path in ROUTES:
        status, headers, text = ask(guarded, path, method, **wrong)
        assert (status, text) == (401, "401\n"), path
        assert headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_is_open_and_tells_one_word(guarded: HttpService, path: str) -> None:
    status, _, text = ask(guarded, path)
    assert (status, text) == ((200, "ok\n") if path == "/healthz" else (503, "not ready\n"))


def test_the_token_opens_every_route(guarded: HttpService) -> None:
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    assert ask(guarded, "/metrics", **bearer)[0] == 200
    assert ask(guarded, "/live", **bearer)[2] == CANARY
    assert ask(guarded, "/nowhere", **bearer)[0] == 404
    assert ask(guarded, "/metrics", "POST", **bearer)[0] == 405
    assert ask(guarded, "/metrics", Authorization=f"bearer   {TOKEN}")[0] == 200


def test_a_browser_gets_a_form_and_then_a_cookie(guarded: HttpService) -> None:
    browser = {"Accept": "text/html,*/*"}
    status, _, form = ask(guarded, "/live", **browser)
    assert status == 401
    assert "<form" in form
    assert CANARY not in form
    post = {"Content_Type": "application/x-www-form-urlencoded", **browser}
    assert ask(guarded, "/login", "POST", "token=wrong", **post)[0] == 401
    status, headers, _ = ask(guarded, "/login", "POST", f"token={TOKEN}", **post)
    assert (status, headers["Location"]) == (303, "/")
    cookie = headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert TOKEN not in cookie
    assert ask(guarded, "/live", Cookie=cookie.partition(";")[0])[2] == CANARY


@pytest.mark.parametrize(
    "body",
    ["", "token", "token=" + "x" * 10_000, "{}", "token=\xff"],
    ids=["empty", "no value", "huge", "json", "latin"],
)
def test_a_login_that_is_no_login_changes_nothing(guarded: HttpService, body: str) -> None:
    status, headers, _ = ask(guarded, "/login", "POST", body, Content_Type="application/x-www-form-urlencoded")
    assert status in (400, 401, 413)
    assert "Set-Cookie" not in headers


@pytest.mark.parametrize("path", [*ROUTES, "/healthz", "/readyz"])
def test_every_answer_carries_the_strict_headers(guarded: HttpService, path: str) -> None:
    for credentials in ({}, {"Authorization": f"Bearer {TOKEN}"}):
        _, headers, _ = ask(guarded, path, **credentials, Origin="https://evil.example")
        assert {name: headers.get(name) for name in HEADERS} == HEADERS
        assert "Server" not in headers
        assert not [name for name in headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize(
    "sent",
    [
        b"GARBAGE\r\n\r\n",
        b"GET /metrics HTTP/9.9\r\n\r\n",
        b"GET " + b"/" + b"x" * 10_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 20_000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 50 + b"\r\n\r\n",  # TLS to a plain port
    ],
    ids=["garbage", "version", "long line", "long header", "tls"],
)
def test_a_malformed_request_is_refused_without_a_word(guarded: HttpService, sent: bytes) -> None:
    head, _, body = raw(guarded, sent).partition(b"\r\n\r\n")
    assert head.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4"))
    assert len(body) <= 4
    assert b"Server:" not in head
    assert b"nosniff" in head


def test_on_loopback_without_a_token_all_is_open_but_only_to_names_of_this_machine() -> None:
    with service() as (at, _):
        assert ask(at, "/metrics")[0] == 200
        assert ask(at, "/live")[2] == CANARY
        assert ask(at, "/metrics", Host="localhost:9464")[0] == 200
        assert ask(at, "/metrics", Host="rebound.example")[0] == 403
        assert ask(at, "/login", "POST", "token=x")[0] == 404
    with service(http_permit="true") as (at, _):
        assert ask(at, "/metrics", Host="leadpulse.intern")[0] == 200


def test_a_page_that_fails_tells_nothing() -> None:
    with service() as (at, _):
        status, _, text = ask(at, "/broken")
        assert (status, text) == (500, "500\n")
        assert ask(at, "/live")[0] == 200


def test_metrics_follow_the_snapshot_and_vanish_with_the_ownership() -> None:
    def view(value: int) -> RollupView:
        return RollupView(
            (Reading("sessions", {"site": "s1"}, "1h", value, *[None] * 3, 0, 1, 1, True, 0, 1, "v"),), 1, 1
        )

    with service() as (at, telemetry):
        assert "leadpulse_sessions" not in ask(at, "/metrics")[2]
        for value in (1, 2):
            telemetry.show_rollup(view(value))
            assert f'leadpulse_sessions{{site="s1",window="1h"}} {value}\n' in ask(at, "/metrics")[2]
        telemetry.show_rollup(None)
        assert "leadpulse_sessions" not in ask(at, "/metrics")[2]


def test_readiness_follows_the_worker() -> None:
    with service() as (at, telemetry):
        telemetry.show_worker(WorkerView((), owns_rollup=False, rebalances=1, ready=True))
        assert ask(at, "/readyz")[:1] == (200,)


def test_requests_are_counted_by_route_and_never_by_the_path_asked_for() -> None:
    with service() as (at, telemetry):
        for path in ("/metrics", "/metrics?x=1", "/nowhere/4711"):
            ask(at, path)
        text = telemetry.text().decode()
        assert 'leadpulse_http_requests_total{code="200",route="/metrics"} 2.0' in text
        assert 'leadpulse_http_requests_total{code="404",route="none"} 1.0' in text
        assert "4711" not in text


def test_connections_over_the_limit_are_closed_at_once() -> None:
    with service(http_connections="4") as (at, telemetry):
        host, _, port = at.url.removeprefix("http://").rpartition(":")
        with contextlib.ExitStack() as held:
            for _ in range(4):
                connection = held.enter_context(socket.create_connection((host, int(port)), timeout=10))
                connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert connection.recv(4_096).startswith(b"HTTP/1.1 200")
            with socket.create_connection((host, int(port)), timeout=10) as refused:
                assert refused.recv(1) == b""
        assert "leadpulse_http_connections_refused_total 1.0" in telemetry.text().decode()


def test_twenty_scrapers_get_the_same_page_from_one_rendering() -> None:
    with service() as (at, telemetry):
        telemetry.show_rollup(RollupView((), 7_000, 1))
        pages: list[str] = []
        scrapers = [threading.Thread(target=lambda: pages.append(ask(at, "/metrics")[2])) for _ in range(20)]
        for scraper in scrapers:
            scraper.start()
        for scraper in scrapers:
            scraper.join()
        assert len(pages) == 20
        assert all("leadpulse_as_of_timestamp_seconds 7.0\n" in page for page in pages)


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("192.0.2.1:9464", "not one of this machine"),
        ("no-such-host.invalid:9464", "is not known"),
    ],
)
def test_an_address_that_cannot_be_had_is_a_start_error(address: str, says: str) -> None:
    with pytest.raises(StartError, match=says), service(http=address, http_permit="true"):
        pass


def test_a_port_in_use_is_a_start_error_that_names_it() -> None:
    with service() as (at, _):
        address = at.url.removeprefix("http://")
        with pytest.raises(StartError, match="port is in use") as caught, service(http=address):
            pass
        assert address in str(caught.value)


def test_stopping_frees_the_port() -> None:
    with service() as (at, _):
        address = at.url.removeprefix("http://")
    with service(http=address) as (again, _):
        assert ask(again, "/healthz")[0] == 200
