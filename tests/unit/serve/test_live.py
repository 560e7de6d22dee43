"""The live page's routes: who may have them, and that fifty pages cost hardly more than one."""

from __future__ import annotations

import csv
import gzip
import http.client
import io
import socket
import time
from collections.abc import Iterator

import orjson
import pytest

from stream.serve import answers
from stream.serve import live as live_module
from stream.serve.views import FollowedView, RollupView
from tests.e2e.page_server import PageServer
from tests.fabric import readings

TOKEN = "correct-horse-battery-staple"
NOW_MS = 1_772_323_200_000


@pytest.fixture
def server() -> Iterator[PageServer]:
    with PageServer("fine", history_h=0.01).running(every_s=3_600) as found:
        yield found


def get(server: PageServer, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=10)
    connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    body = b"" if path.startswith("/events") and answer.status == 200 else answer.read()
    connection.close()
    return answer.status, dict(answer.getheaders()), body


def listen(server: PageServer, query: str = "site=shop&window=1h") -> socket.socket:
    host, _, port = server.url.removeprefix("http://").partition(":")
    page = socket.create_connection((host, int(port)), timeout=10)
    page.sendall(f"GET /events?{query} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return page


def heard(page: socket.socket, event: bytes) -> dict[str, object]:
    """Read until an event of a kind is whole."""
    text = b""
    while True:
        text += page.recv(65_536)
        at = text.find(b"event: " + event + b"\ndata: ")
        if at >= 0 and (end := text.find(b"\n\n", at)) >= 0:
            data = text[at:end].split(b"data: ", 1)[1]
            return dict(orjson.loads(data.replace(b"\r\n", b"")))


TABLES = ("charts", "figures", "figure?metric=visitors", "alerts", "trust")
PATHS = ["/", "/events", *(f"/static/{name}" for name in live_module.STATIC), *(f"/api/{name}" for name in TABLES)]


@pytest.mark.parametrize("path", PATHS)
def test_with_a_token_nothing_of_the_page_is_given_without_it(path):
    with PageServer("fine", token=TOKEN, history_h=0.01).running(every_s=3_600) as server:
        status, _, body = get(server, path)
        assert (status, body) == (401, b"401\n")
        assert get(server, path, Authorization=f"Bearer {TOKEN}")[0] == 200


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_carries_the_strict_headers(server, path):
    status, headers, _ = get(server, path)
    assert status == 200
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Server" not in headers


def test_files_are_given_small_to_those_who_can_unpack(server):
    whole = get(server, "/static/uplot/uPlot.iife.min.js")[2]
    status, headers, small = get(server, "/static/uplot/uPlot.iife.min.js", Accept_Encoding="gzip")
    assert (status, headers["Content-Encoding"]) == (200, "gzip")
    assert len(small) < len(whole) / 2


def test_files_hold_nothing_that_the_policy_forbids(server):
    page = get(server, "/")[2].decode()
    assert "style=" not in page
    assert "<script>" not in page
    assert "onclick" not in page
    assert "http:" not in page.replace("http://www.w3.org", "")
    assert "https:" not in page


@pytest.mark.parametrize("query", ["site=" + "x" * 101, "window=" + "9" * 101])
def test_a_choice_that_is_too_long_is_refused(server, query):
    assert get(server, f"/events?{query}")[0] == 400


def test_a_page_hears_the_model_at_once(server):
    page = listen(server)
    assert heard(page, b"model")["state"] == "live"
    page.close()


def test_fifty_pages_share_one_message_a_publication(server, monkeypatch):
    written = 0
    real = live_module.model

    def counting(*arguments):
        nonlocal written
        written += 1
        return real(*arguments)

    monkeypatch.setattr(live_module, "model", counting)
    monkeypatch.setattr(live_module, "BEAT_S", 3_600.0)  # only publications count here
    pages = [listen(server) for _ in range(50)]
    for page in pages:
        heard(page, b"model")
    before = -1
    while before != written:  # what is told when they open: on a busy machine some of it comes late
        before = written
        time.sleep(0.5)
    server.telemetry.show_rollup(RollupView(tuple(readings(NOW_MS)), NOW_MS, NOW_MS))
    for page in pages:
        text = b""
        while b'"as_of_ms":%d' % NOW_MS not in text:
            text += page.recv(65_536)
    assert before <= 2
    assert written == before + 1
    for page in pages:
        page.close()


def test_when_the_figures_go_elsewhere_the_page_goes_on_with_what_it_reads_of_them(server):
    page = listen(server)
    assert heard(page, b"model")["state"] == "live"
    server.telemetry.show_rollup(None)
    server.telemetry.show_followed(FollowedView(tuple(readings(NOW_MS)), NOW_MS, live=False))
    assert as_of(page, NOW_MS)["state"] == "stalled"  # what was found there is not what is told now
    server.telemetry.show_followed(FollowedView(tuple(readings(NOW_MS + 1)), NOW_MS + 1))
    assert as_of(page, NOW_MS + 1)["state"] == "live"
    server.telemetry.show_rollup(RollupView(tuple(readings(NOW_MS + 2)), NOW_MS + 2, NOW_MS + 2))
    assert as_of(page, NOW_MS + 2)["state"] == "live"
    page.close()


def as_of(page: socket.socket, moment_ms: int) -> dict[str, object]:
    """Read on until the page hears of a moment."""
    while True:
        model = heard(page, b"model")
        if model["as_of_ms"] == moment_ms:
            return model


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/nothing", 404),
        ("/api/figure?metric=nothing", 404),
        ("/api/figure?metric=events_total", 404),  # a total has no window, and no page
        ("/api/figures?format=xml", 400),
        ("/api/charts?format=csv", 404),
        ("/api/figures?site=" + "x" * 101, 400),
        ("/api/figures?site=gone&window=3y", 200),  # put right, as in the stream
        ("/api/charts?span=century", 200),
    ],
)
def test_what_is_asked_for_wrongly_is_refused_or_put_right(server, path, status):
    assert get(server, path)[0] == status


def test_a_worker_that_knows_nothing_yet_says_so():
    with PageServer("restoring").running() as server:
        assert get(server, "/api/figures")[0] == 503


@pytest.mark.parametrize("name", ["figures", "figure?metric=visit_to_lead_ratio", "alerts", "trust"])
def test_what_is_shown_is_had_as_a_file(server, name):
    more = "&" if "?" in name else "?"
    status, headers, body = get(server, f"/api/{name}{more}format=csv")
    assert status == 200
    assert headers["Content-Type"].startswith("text/csv")
    assert headers["Content-Disposition"].startswith('attachment; filename="leadpulse-')
    rows = list(csv.reader(io.StringIO(body.decode())))
    assert len(rows) > 1
    assert {len(row) for row in rows} == {len(rows[0])}


def test_answers_are_packed_for_those_who_can_unpack_and_written_once(server, monkeypatch):
    whole = get(server, "/api/figures")[2]
    status, headers, small = get(server, "/api/figures", Accept_Encoding="gzip")
    assert (status, headers["Content-Encoding"]) == (200, "gzip")
    assert gzip.decompress(small) == whole
    assert len(small) < len(whole) / 4
    made = []
    monkeypatch.setattr(answers, "table", lambda *given: made.append(given) or {})
    for _ in range(20):
        get(server, "/api/trust?site=shop")
    assert len(made) <= 3, "those within two seconds are one"
