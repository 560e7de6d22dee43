"""HTTP: the login page, a token for scrapers, and /metrics as each scraper likes it. Real sockets, no mocks."""

from __future__ import annotations

import gzip
import http.client
import time
from urllib.parse import quote

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as text_format

from stream.errors import SettingsError
from stream.serve import http_metrics
from stream.serve.http import HttpService
from stream.serve.views import RollupView
from stream.settings.load import load
from tests import fabric
from tests.unit.serve.test_http import ROUTES, TOKEN, ask, guarded, service

__all__ = ("guarded",)  # a fixture


SCRAPE = "another-token-for-scrapers"


def test_the_scrapers_token_opens_metrics_and_nothing_else() -> None:
    with service(http_token=TOKEN, http_scrape_token=SCRAPE) as (at, _):
        for path in ROUTES:
            status = ask(at, path, Authorization=f"Bearer {SCRAPE}")[0]
            assert status == (200 if path == "/metrics" else 401), path
        assert ask(at, "/metrics", Authorization=f"Bearer {TOKEN}")[0] == 200
        assert ask(at, "/metrics", Authorization=f"Basic {SCRAPE}")[0] == 401
        post = {"Content_Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
        assert ask(at, "/login", "POST", f"token={SCRAPE}", **post)[0] == 401


@pytest.mark.parametrize(
    ("to", "goes"),
    [
        ("/?wall", "/?wall"),
        ("//evil.example/", "/"),
        ("https://evil.example", "/"),
        ("/a\r\nSet-Cookie: b", "/"),
        ("", "/"),
    ],
)
def test_after_the_login_one_goes_on_to_where_one_wanted_here(guarded: HttpService, to: str, goes: str) -> None:
    post = {"Content_Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
    status, headers, _ = ask(guarded, "/login", "POST", f"token={TOKEN}&to={quote(to)}", **post)
    assert (status, headers["Location"]) == (303, goes)


def test_the_login_page_says_what_was_wrong_and_repeats_nothing(guarded: HttpService) -> None:
    post = {"Content_Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
    _, _, form = ask(guarded, "/login", "POST", f"token=<script>&to={quote('/?a=<b>')}", **post)
    assert "That is not the token." in form
    assert "<script>" not in form
    assert "/?a=&lt;b&gt;" in form
    assert "style=" not in form


def test_the_files_of_the_login_page_are_open(guarded: HttpService) -> None:
    for path, word in (("/login.css", "--ground"), ("/login.js", "location.hash")):
        status, _, text = ask(guarded, path)
        assert (status, word in text) == (200, True)


OPEN = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1"


def test_metrics_speak_openmetrics_to_those_who_prefer_it() -> None:
    with service() as (at, telemetry):
        telemetry.show_rollup(RollupView(tuple(fabric.readings(1_772_323_200_000)), 1_772_323_200_000, 0))
        ask(at, "/metrics")  # from here on requests are counted by route
        time.sleep(http_metrics.OWN_FRESH_S)
        _, headers, text = ask(at, "/metrics", Accept=OPEN)
        assert headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
        assert text.endswith("# EOF\n")
        assert text.count("# EOF") == 1
        open_names = {(s.name, tuple(sorted(s.labels.items()))) for f in openmetrics(text) for s in f.samples}
        _, headers, plain = ask(at, "/metrics")
        assert headers["Content-Type"].startswith("text/plain; version=0.0.4")
        assert "# EOF" not in plain
        ours = {(s.name, tuple(sorted(s.labels.items()))) for f in text_format(plain) for s in f.samples}
        business = {name for name in ours if name[0].startswith("leadpulse_") and not name[0].endswith("_created")}
        assert business <= open_names, "whichever is spoken, the series are the same"


def test_metrics_are_packed_for_those_who_can_unpack_and_once_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_metrics, "OWN_FRESH_S", 3_600.0)
    packings = []
    real = http_metrics.gzip.compress
    monkeypatch.setattr(
        http_metrics.gzip, "compress", lambda *given, **more: packings.append(1) or real(*given, **more)
    )
    with service() as (at, telemetry):
        telemetry.show_rollup(RollupView(tuple(fabric.readings(1_772_323_200_000)), 1_772_323_200_000, 0))
        connection = http.client.HTTPConnection(at.url.removeprefix("http://"), timeout=10)
        sizes = []
        for _ in range(5):
            connection.request("GET", "/metrics", headers={"Accept-Encoding": "gzip"})
            answer = connection.getresponse()
            body = answer.read()
            assert answer.getheader("Content-Encoding") == "gzip"
            sizes.append((len(body), len(gzip.decompress(body))))
        connection.close()
    assert len(packings) == 1
    assert sizes[0][0] < sizes[0][1] / 8


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ({"http_scrape_token": SCRAPE}, "people need no token"),
        ({"http_token": TOKEN, "http_scrape_token": TOKEN}, "could read everything"),
        ({"http_token": TOKEN, "http_scrape_token": "short"}, "fewer than"),
        ({"http_token": TOKEN, "http_scrape_token": "with space and so on"}, "no HTTP header"),
    ],
)
def test_a_scrape_token_that_protects_nothing_is_refused(flags: dict[str, str], says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        load(flags, None, {})
