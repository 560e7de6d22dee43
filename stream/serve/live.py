"""Live: serve the live page, for people who have no Grafana.

In:  telemetry, whose views the worker replaces.
Out: routes for `/`, `/static/*`, `/api/*` and `/events`: server-sent events, a `model` each publication.

A worker that does not own the rollup shows what it reads of the owner's. A thread of its own takes notice of
publications, so that neither a fold nor a scrape waits for it. A message is written once a publication and view,
however many pages show it; a slow page misses messages and never delays others.
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

from stream.serve.answers import LIMIT_CHARS, Answers
from stream.serve.api import Scene
from stream.serve.figures import Key
from stream.serve.history import History
from stream.serve.page_model import Health, Publication, View, model, publication
from stream.serve.past import Lines, Points
from stream.serve.shelf import Shelf
from stream.serve.telemetry import RESTORED_STATES, Telemetry, program_version

log = logging.getLogger("leadpulse.page")

LOOK_S: Final = 0.25
BEAT_S: Final = 2.0  # a page that hears nothing for longer than this, and some, says so
SEND_LIMIT_S: Final = 20.0
VIEWS_LIMIT: Final = 500
STATIC: Final = {
    "page.css": "text/css",
    "figures.css": "text/css",
    "wall.css": "text/css",
    "theme.js": "text/javascript",
    "page.js": "text/javascript",
    "route.js": "text/javascript",
    "draw.js": "text/javascript",
    "parts.js": "text/javascript",
    "charts.js": "text/javascript",
    "times.js": "text/javascript",
    "views.js": "text/javascript",
    "opened.js": "text/javascript",
    "wall.js": "text/javascript",
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
        self._shelf: tuple[Publication | None, Shelf] = (None, Shelf(()))
        self._lines: Lines | None = None
        self._seen: tuple[object, object] = (None, None)
        self._version = 0
        self._written: dict[View, tuple[tuple[int, int], bytes]] = {}
        self._lock = threading.Lock()  # between the thread that adds to the history and the loop that reads it
        self._build = {"version": program_version(), "build": telemetry.build}
        self._answers = Answers(self._scene, self._asked)
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
        self._answers.close()
        self._thread.join(timeout=5)

    def routes(self) -> list[web.RouteDef]:
        """List the routes of the page; its files are read now, once."""
        folder = files("stream.serve") / "page"

        def file(path: str, name: str, content_type: str) -> web.RouteDef:
            body = (folder / name).read_bytes()
            return web.get(path, partial(_send_file, body, gzip.compress(body, mtime=0), content_type))

        static = (file(f"/static/{name}", name, kind) for name, kind in STATIC.items())
        return [
            file("/", "index.html", "text/html"), *static, web.get("/events", self._events), self._answers.route(),
        ]  # fmt: skip

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
        """Take notice of a new publication: of this worker's own, or of what it reads of another's.

        When neither is new, what is shown stays, and grows old.
        """
        telemetry = self._telemetry
        snapshot, followed = telemetry.snapshot, telemetry.followed
        before, self._seen = self._seen, (snapshot, followed)
        if snapshot is not None and snapshot is not before[0]:
            shown = publication(snapshot.readings, snapshot.as_of_ms, now_ms, telemetry.judged)
        elif followed is not None and followed is not before[1]:
            shown = publication(followed.readings, followed.as_of_ms, now_ms, followed.judged, heard=followed.live)
        else:
            return
        with self._lock:
            self._history.take(shown.as_of_ms, shown.figures)
        self._shown = shown
        self._version += 1
        self._wake()

    # -- what is asked for beside the stream; in the thread that writes answers

    def _scene(self) -> Scene | None:
        shown, past = self._shown, self._telemetry.past
        if shown is None:
            return None
        if past is not None and (self._lines is None or self._lines.past is not past):
            self._lines = Lines(past)
        return Scene(
            shown, lambda: self._shelf_of(shown), self._lines, self._recent, self._telemetry.alerts,
            self._telemetry.letters, self._now_ms(),
        )  # fmt: skip

    def _shelf_of(self, shown: Publication) -> Shelf:
        if self._shelf[0] is not shown:
            self._shelf = shown, Shelf(shown.readings)
        return self._shelf[1]

    def _recent(self, key: Key) -> Points:
        with self._lock:
            return self._history.points(key)

    def _asked(self, name: str) -> None:
        if name == "trust":
            self._telemetry.ask_for_letters()

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
        while not self._stop.is_set():
            news = self._news = self._news or asyncio.Event()
            await _send(response, self.message(*view))
            with suppress(TimeoutError):
                async with asyncio.timeout(BEAT_S):
                    await news.wait()

    def message(self, site: str, window: str) -> bytes:
        """Write the model of a view, once a publication, or once a beat while nothing is published."""
        view = View(site, window)
        now_ms = self._now_ms()
        edition = self._version, now_ms // int(BEAT_S * 1_000)
        found = self._written.get(view)
        if found is None or found[0] != edition:
            table = model(self._shown, view, self._health(), now_ms, self._telemetry.alerts) | self._build
            if len(self._written) >= VIEWS_LIMIT:
                self._written.clear()
            found = self._written[view] = edition, b"retry: 2000\nevent: model\ndata: " + orjson.dumps(table) + b"\n\n"
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
