"""HTTP: serve metrics and health from a thread of its own, so that a scrape never waits for a fold.

In:  telemetry (views that the worker replaces), settings, and routes of pages that others add.
Out: /metrics, /healthz, /readyz and those pages, on the address of the settings, or a StartError.

Limits: connections, request line, header and body sizes, time for a request and for an answer. See http_guard.py for
who may ask, and http_connection.py for who has to leave when all places are taken.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import threading
from collections.abc import Iterable, Mapping

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from stream.errors import StartError
from stream.serve import login
from stream.serve.http_connection import IDLE_S, Connection, Places
from stream.serve.http_guard import Guard, strict_headers
from stream.serve.http_hosts import Hosts
from stream.serve.http_metrics import CONTENT_TYPE, OPEN_TYPE, MetricsPage, prefers_openmetrics
from stream.serve.prometheus import Entry
from stream.serve.telemetry import Telemetry
from stream.settings.fields import Settings
from stream.settings.values import is_loopback

log = logging.getLogger("leadpulse.http")

MAX_LINE_BYTES = 4_096
MAX_HEADER_BYTES = 8_192
MAX_BODY_BYTES = 4_096
STOP_S = 2.0
WAITING = 512  # connections that the system holds until they are taken

INDEX = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>leadpulse</title><main><h1>leadpulse</h1>'
    '<ul><li><a href="/metrics">/metrics</a>: for Prometheus</li>'
    '<li><a href="/readyz">/readyz</a>: in the group, all shards restored</li>'
    '<li><a href="/healthz">/healthz</a>: alive</li></ul></main></html>'
)


class HttpService:
    """Run the pages of one worker."""

    def __init__(
        self,
        settings: Settings,
        telemetry: Telemetry,
        entries: Mapping[str, Entry],
        pages: Iterable[web.RouteDef] = (),
    ) -> None:
        self._settings = settings
        self._telemetry = telemetry
        self._metrics = MetricsPage(telemetry, entries)
        self._pages = list(pages)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._socket: socket.socket | None = None
        self._stopping = asyncio.Event()
        self._failed: BaseException | None = None

    @property
    def url(self) -> str:
        """Give the address that pages are served on."""
        if self._socket is None:
            raise RuntimeError("not started")
        host, port = self._socket.getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def start(self) -> None:
        """Take the address and serve; raises StartError when the address cannot be had."""
        self._socket = _bind(self._settings.http_host, self._settings.http_port)
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), name="http", daemon=True)
        self._thread.start()
        started.wait()
        if self._failed is not None:
            raise StartError("The HTTP service did not start.", where=self._settings.http) from self._failed
        log.info("metrics at %s/metrics%s", self.url, "" if self._settings.token is None else " (token needed)")

    def stop(self) -> None:
        """Stop serving; open answers get a moment to end."""
        if self._loop is not None and self._thread is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(timeout=STOP_S * 3)

    def _run(self, started: threading.Event) -> None:
        try:
            with asyncio.Runner() as runner:
                self._loop = runner.get_loop()
                runner.run(self._serve(started))
        except BaseException as error:  # told by start(), or logged when it happens later
            self._failed = error
            if started.is_set():
                log.exception("the HTTP service ended")
            started.set()

    async def _serve(self, started: threading.Event) -> None:
        local_only = is_loopback(self._settings.http_host) and not self._settings.http_permit
        hosts = Hosts(local_only, self._settings.http_hosts)
        guard = Guard(self._settings.token, hosts, self._settings.scrape_token)
        application = web.Application(
            middlewares=[_counting(self._telemetry), guard.middleware], client_max_size=MAX_BODY_BYTES
        )
        application.add_routes([
            web.get("/metrics", self._show_metrics),
            web.get("/healthz", self._healthy),
            web.get("/readyz", self._ready),
            *login.routes(),
            *([] if any(page.path == "/" for page in self._pages) else [web.get("/", self._index)]),
            *self._pages,
        ])  # fmt: skip
        application.on_response_prepare.append(strict_headers)
        runner = web.AppRunner(application, access_log=None, handle_signals=False, shutdown_timeout=STOP_S)
        await runner.setup()
        assert runner.server is not None
        assert self._socket is not None
        server = runner.server
        loop = asyncio.get_running_loop()

        places = Places(self._settings.http_connections)

        def connect() -> asyncio.Protocol:
            if not places.free():
                self._telemetry.refused.inc()
                if not places.make_room():
                    return _Refusal()
            return Connection(
                places,
                server,
                loop=loop,
                access_log=None,  # None is how aiohttp is told to log no request
                keepalive_timeout=IDLE_S,
                max_line_size=MAX_LINE_BYTES,
                max_field_size=MAX_HEADER_BYTES,
                lingering_time=1.0,
            )

        listener = await loop.create_server(connect, sock=self._socket)
        started.set()
        await self._stopping.wait()
        listener.close()
        await runner.cleanup()
        self._metrics.close()

    async def _index(self, _request: web.Request) -> web.StreamResponse:
        return web.Response(text=INDEX, content_type="text/html")

    async def _show_metrics(self, request: web.Request) -> web.StreamResponse:
        openmetrics = prefers_openmetrics(request.headers.get("Accept", ""))
        packed = "gzip" in request.headers.get("Accept-Encoding", "")
        headers = {"Content-Type": OPEN_TYPE if openmetrics else CONTENT_TYPE, "Vary": "Accept, Accept-Encoding"}
        if packed:
            headers["Content-Encoding"] = "gzip"
        return web.Response(body=await self._metrics.body(openmetrics=openmetrics, packed=packed), headers=headers)

    async def _healthy(self, _request: web.Request) -> web.StreamResponse:
        return web.Response(text="ok\n")

    async def _ready(self, _request: web.Request) -> web.StreamResponse:
        ready = self._telemetry.ready
        return web.Response(text="ready\n" if ready else "not ready\n", status=200 if ready else 503)


def _counting(telemetry: Telemetry) -> Middleware:
    """Count answers by the pattern of their route; a path that was made up is counted as `none`."""

    @web.middleware
    async def count(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        resource = request.match_info.route.resource
        telemetry.requests.labels(resource.canonical if resource else "none", str(response.status)).inc()
        return response

    return count


class _Refusal(asyncio.Protocol):
    """Close a connection at once."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


def _bind(host: str, port: int) -> socket.socket:
    """Take the address, or say why it cannot be had."""
    where = f"http={host}:{port}"
    try:
        family, *_, address = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[
            0
        ]
        return socket.create_server(address[:2], family=family, backlog=WAITING)
    except socket.gaierror:
        raise StartError("The host of the HTTP address is not known.", where=where, do="Set LEADPULSE_HTTP.") from None
    except OSError as error:
        reasons = {
            errno.EADDRINUSE: (
                "The HTTP port is in use.",
                "Stop what uses it, or set LEADPULSE_HTTP=127.0.0.1:0 for a free one.",
            ),
            errno.EADDRNOTAVAIL: ("The HTTP address is not one of this machine.", "Set LEADPULSE_HTTP."),
            errno.EACCES: (
                "This user may not take the HTTP port.",
                "Choose a port above 1023: set LEADPULSE_HTTP.",
            ),
        }
        what, do = reasons.get(
            error.errno or 0, (f"The HTTP address cannot be had: {error.strerror}.", "Set LEADPULSE_HTTP.")
        )
        raise StartError(what, where=where, do=do) from None
