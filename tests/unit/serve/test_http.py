"""HTTP: who may ask for what, and what every answer carries. Real sockets, no mocks."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from aiohttp import web

from stream.catalog import BY_NAME
from stream.contract.alert import Verdict
from stream.contract.readings import Reading
from stream.errors import StartError
from stream.judge.settings import Settings as Alerts
from stream.serve import http_connection
from stream.serve.http import HttpService
from stream.serve.http_guard import HEADERS
from stream.serve.telemetry import Telemetry
from stream.serve.views import AlertsView, JudgedFigure, RollupView, WorkerView
from stream.settings.load import load
from stream.worker import runbook

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


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("10.1.2.3:9464", 200),
        ("[fe80::1]:9464", 200),
        ("leadpulse:9464", 200),
        ("localhost", 200),
        (socket.gethostname(), 200),
        ("metrics.shop.example", 200),
        ("METRICS.shop.example.:9464", 200),
        ("evil.example", 403),
        ("evil.example:9464", 403),
        ("metrics.shop.example.evil.example", 403),
        ("evil.metrics.shop.example", 403),
        ("127.0.0.1.evil.example", 403),
        ("evil..example", 400),
        ("evil.example:port", 400),
        ("evil.example:99999", 400),
        ("user@localhost", 400),
        ("[::1", 400),
        ("[localhost]", 400),
        ("::1", 400),
        ("-", 400),
        ("", 400),
        ("localhost evil.example", 400),
        ("x" * 300, 400),
    ],
)
def test_beyond_loopback_without_a_token_only_names_of_this_network_are_answered(host: str, status: int) -> None:
    with service(http_permit="true", http_hosts="metrics.shop.example") as (at, _):
        assert ask(at, "/metrics", Host=host)[0] == status
        assert ask(at, "/live", Host=host)[0] == status


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /metrics HTTP/1.1\r\n\r\n", b"400"),
        (b"GET /metrics HTTP/1.0\r\n\r\n", b"200"),
        (b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", b"400"),
        (b"GET http://evil.example/metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", b"403"),
    ],
    ids=["no host", "HTTP/1.0 needs none", "two hosts", "another host in the address"],
)
def test_a_request_names_one_host(head: bytes, status: bytes) -> None:
    with service() as (at, _):
        head = head.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
        assert raw(at, head).split()[1] == status


def test_with_the_token_any_well_formed_name_is_answered(guarded: HttpService) -> None:
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    assert ask(guarded, "/metrics", **bearer, Host="leadpulse.shop.example")[0] == 200
    assert ask(guarded, "/metrics", **bearer, Host="a..b")[0] == 400


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


def opened(at: HttpService, sent: bytes = b"") -> socket.socket:
    host, _, port = at.url.removeprefix("http://").rpartition(":")
    connection = socket.create_connection((host, int(port)), timeout=10)
    connection.sendall(sent)
    return connection


def test_when_all_places_are_taken_the_oldest_that_asks_for_nothing_gives_way() -> None:
    with service(http_connections="4") as (at, telemetry), contextlib.ExitStack() as held:
        idle = [held.enter_context(opened(at, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")) for _ in range(4)]
        assert all(connection.recv(4_096).startswith(b"HTTP/1.1 200") for connection in idle)
        time.sleep(http_connection.MOMENT_S)
        assert ask(at, "/healthz")[0] == 200
        assert idle[0].recv(1) == b""
        idle[3].sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert idle[3].recv(4_096).startswith(b"HTTP/1.1 200")
        assert "leadpulse_http_connections_refused_total 1.0" in telemetry.text().decode()


UNFINISHED = {
    "nothing": (b"", b""),
    "a line at a time": (b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n", b"X: y\r\n"),
    "a body that does not come": (
        b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900\r\n\r\n",
        b"t",
    ),
    "many requests, no answer read": (b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n" * 2_000, b""),
}


@pytest.mark.parametrize(("first", "more"), UNFINISHED.values(), ids=UNFINISHED)
def test_what_strangers_hold_open_keeps_nobody_from_an_answer(first: bytes, more: bytes) -> None:
    ended = threading.Event()

    def hold(at: HttpService) -> None:
        held: list[socket.socket] = []
        while not ended.is_set():
            for connection in list(held):
                try:
                    connection.sendall(more)
                except OSError:
                    held.remove(connection)
                    connection.close()
            while len(held) < 24:
                with contextlib.suppress(OSError):
                    held.append(opened(at))
                    held[-1].settimeout(0.2)
                    held[-1].sendall(first)
            ended.wait(0.1)
        for connection in held:
            connection.close()

    with service(http_token=TOKEN, http_connections="8") as (at, _):
        stranger = threading.Thread(target=hold, args=(at,))
        stranger.start()
        try:
            time.sleep(0.5)
            for _ in range(8):
                began = time.monotonic()
                assert ask(at, "/healthz")[0] == 200
                assert ask(at, "/readyz")[0] == 503
                assert ask(at, "/metrics", Authorization=f"Bearer {TOKEN}")[0] == 200
                assert time.monotonic() - began < 3
                time.sleep(0.1)
        finally:
            ended.set()
            stranger.join()


def test_a_head_that_does_not_become_whole_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_connection, "HEAD_S", 0.3)
    with service() as (at, _):
        for sent in (b"", b"GET /healthz HTTP/1.1\r\n"):
            with opened(at, sent) as connection:
                began = time.monotonic()
                while connection.recv(4_096):
                    pass
                assert 0.2 < time.monotonic() - began < 3


def test_who_does_not_read_an_answer_loses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_connection, "ANSWER_S", 0.3)
    telemetry_text = b"# " + b"x" * (32 << 20) + b"\n"
    with service() as (at, telemetry):
        monkeypatch.setattr(telemetry, "text", lambda **_: telemetry_text)
        with opened(at) as connection:
            connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
            time.sleep(1.5)
            read = 0
            with contextlib.suppress(ConnectionError):
                while part := connection.recv(1 << 20):
                    read += len(part)
            assert 0 < read < 32 << 20


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


def test_metrics_show_alerts_and_verdicts_as_they_are_now() -> None:
    figure = JudgedFigure("visitors", "shop", "", "", "1h", Verdict("young"))
    with service() as (http_service, telemetry):
        assert "leadpulse_alert_firing" not in ask(http_service, "/metrics")[2]
        telemetry.show_alerts(AlertsView((), ("shop",), Alerts(), 0))
        telemetry.show_judged((figure,))
        shown = ask(http_service, "/metrics")[2]
        series = 'leadpulse_alert_firing{alert="visitors_drop",site="shop",by="",value="",severity="page",held=""}'
        assert f"{series} 0\n" in shown
        assert 'leadpulse_judged_state{metric="visitors",site="shop",by="",value="",window="1h"} 3' in shown
        telemetry.show_judged(())
        assert "leadpulse_judged_state" not in ask(http_service, "/metrics")[2]


def test_the_runbook_is_a_page_with_a_place_for_each_alert() -> None:
    telemetry = Telemetry("v")
    http_service = HttpService(load({"http": "127.0.0.1:0"}, None, {}).settings, telemetry, BY_NAME, [runbook.route()])
    http_service.start()
    try:
        status, headers, text = ask(http_service, runbook.PATH)
    finally:
        http_service.stop()
    assert status == 200
    assert headers["Content-Type"].startswith("text/html")
    for anchor in ("visit-to-lead-drop", "many-sites", "leadpulsenoworker"):
        assert f'<section id="{anchor}">' in text
    assert "<script" not in text
