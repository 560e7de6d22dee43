"""Live: serve the live page, for people who have no Grafana.

In:  telemetry, whose views the worker replaces.
Out: routes for `/`, `/static/*` and `/events`: server-sent events, `charts` once, then `model` each publication.

A thread of its own takes notice of publications, so that neither a fold nor a scrape waits for it. A message is
written once a publication and view, however many pages show it; a slow page misses messages and never delays others.
"""

from __future__ import annotations

import asyncio
import gzip
import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from importlib.resources import files
from typing import Final

import orjson
from aiohttp import web

from stream.serve.history import History
from stream.serve.page_model import Health, Publication, View, charts, model, publication
from stream.serve.prometheus import Snapshot
from stream.serve.telemetry import RESTORED_STATES, Telemetry

log = logging.getLogger("leadpulse.page")

LOOK_S: Final = 0.25
BEAT_S: Final = 2.0  # a page that hears nothing for longer than this, and some, says so
SEND_LIMIT_S: Final = 20.0
LIMIT_CHARS: Final = 100
VIEWS_LIMIT: Final = 500
STATIC: Final = {
    "page.css": "text/css",
    "theme.js": "text/javascript",
    "page.js": "text/javascript",
    "draw.js": "text/javascript",
    "charts.js": "text/javascript",
    "icon.svg": "image/svg+xml",
    "uplot/uPlot.iife.min.js": "text/javascript",
    "uplot/uPlot.min.css": "text/css",
}


class LivePage:
    """Hold what pages show, and the history of it."""

    def __init__(self, telemetry: Telemetry, clock_ms: Callable[[], int] = lambda: 0) -> None:
        """Take the clock that figures go by; while it says 0 this machine's stands for it."""
        self._telemetry, self._clock_ms = telemetry, clock_ms
        self._history = History()
        self._shown: Publication | None = None
        self._seen: Snapshot | None = None
        self._version = 0
        self._written: dict[View, tuple[tuple[int, int], bytes]] = {}
        self._lock = threading.Lock()  # between the thread that adds to the history and the loop that reads it
        self._loop: asyncio.AbstractEventLoop | None = None
        self._news: asyncio.Event | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="page", daemon=True)

    def start(self) -> None:
        """Begin to take notice of publications."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread, and the streams: open pages would else hold up the end of the HTTP service."""
        self._stop.set()
        self._wake()
        self._thread.join(timeout=5)

    def routes(self) -> list[web.RouteDef]:
        """List the routes of the page; its files are read now, once."""
        folder = files("stream.serve") / "page"

        def file(path: str, name: str, content_type: str) -> web.RouteDef:
            body = (folder / name).read_bytes()
            return web.get(path, partial(_send_file, body, gzip.compress(body, mtime=0), content_type))

        static = (file(f"/static/{name}", name, kind) for name, kind in STATIC.items())
        return [file("/", "index.html", "text/html"), *static, web.get("/events", self._events)]

    # -- the thread

    def _follow(self) -> None:
        while not self._stop.wait(LOOK_S):
            try:
                self.look(self._now_ms())
            except Exception:  # a bug here must not end the page for good
                log.exception("a publication could not be shown")

    def _now_ms(self) -> int:
        return self._clock_ms() or int(time.time() * 1_000)

    def look(self, now_ms: int) -> None:
        """Take notice of a new publication, or that the figures went elsewhere."""
        snapshot = self._telemetry.snapshot
        if snapshot is self._seen:
            return
        if snapshot is None:
            self._shown = None
            with self._lock:
                self._history.interrupt()
        else:
            shown = publication(snapshot.readings, snapshot.as_of_ms, now_ms, self._telemetry.judged)
            with self._lock:
                self._history.take(shown.as_of_ms, shown.figures)
            self._shown = shown
        self._seen = snapshot
        self._version += 1
        self._wake()

    def _wake(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._announce)

    def _announce(self) -> None:
        """Wake all pages; on the loop."""
        news, self._news = self._news, None
        if news is not None:
            news.set()

    # -- the pages

    async def _events(self, request: web.Request) -> web.StreamResponse:
        view = _view(request.query)
        if view is None:
            return web.Response(status=400, text="400\n")
        self._loop = asyncio.get_running_loop()
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream; charset=utf-8", "X-Accel-Buffering": "no"}
        )
        await response.prepare(request)
        try:
            await self._stream(response, view)
        except (TimeoutError, ConnectionError):  # the page went away, or takes nothing
            if request.transport is not None:
                request.transport.abort()
        return response

    async def _stream(self, response: web.StreamResponse, view: View) -> None:
        await _send(response, self.first_message(*view))
        while not self._stop.is_set():
            news = self._news = self._news or asyncio.Event()
            await _send(response, self.message(*view))
            with suppress(TimeoutError):
                async with asyncio.timeout(BEAT_S):
                    await news.wait()

    def first_message(self, site: str, window: str) -> bytes:
        """Write the charts of a view."""
        with self._lock:
            points = orjson.dumps(charts(self._shown, View(site, window), self._history))
        return b"retry: 2000\nevent: charts\ndata: " + points + b"\n\n"

    def message(self, site: str, window: str) -> bytes:
        """Write the model of a view, once a publication, or once a beat while nothing is published."""
        view = View(site, window)
        now_ms = self._now_ms()
        edition = self._version, now_ms // int(BEAT_S * 1_000)
        found = self._written.get(view)
        if found is None or found[0] != edition:
            table = model(self._shown, view, self._health(), now_ms)
            if len(self._written) >= VIEWS_LIMIT:
                self._written.clear()
            found = self._written[view] = edition, b"event: model\ndata: " + orjson.dumps(table) + b"\n\n"
        return found[1]

    def _health(self) -> Health:
        worker = self._telemetry.worker
        return Health(
            shards=len(worker.shards),
            restored=sum(shard.state in RESTORED_STATES for shard in worker.shards),
            owns_rollup=worker.owns_rollup,
            ready=self._telemetry.ready,
            silent_s=worker.silent_s,
            unread=tuple(worker.unread),
            pace=self._telemetry.pace,
        )


async def _send_file(body: bytes, small: bytes, content_type: str, request: web.Request) -> web.StreamResponse:
    if "gzip" not in request.headers.get("Accept-Encoding", ""):
        return web.Response(body=body, content_type=content_type, charset="utf-8")
    return web.Response(body=small, content_type=content_type, charset="utf-8", headers={"Content-Encoding": "gzip"})


async def _send(response: web.StreamResponse, message: bytes) -> None:
    """Write to one page; one that takes nothing for long is given up."""
    async with asyncio.timeout(SEND_LIMIT_S):
        await response.write(message)


def _view(query: Mapping[str, str]) -> View | None:
    site, window = query.get("site", ""), query.get("window", "")
    return View(site, window) if max(len(site), len(window)) <= LIMIT_CHARS else None
