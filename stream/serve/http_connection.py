"""Connection: one connection to the HTTP service, how long it may take, and who has to leave when all places are taken.

In:  connections as they come, more than there are places for.
Out: a place for each that sends a whole request; those that keep one without asking for anything lose it.

Places are few, and strangers may hold them open with half a request, without one, or by not reading the answer. So
each step has its time, and who has finished no request gives way to who comes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from aiohttp.web_protocol import RequestHandler
from aiohttp.web_request import BaseRequest

from stream.serve.http_guard import ADMITTED, HEADERS

log = logging.getLogger("leadpulse.http")

HEAD_S = 5.0  # from its first byte, or from the connection, to the end of a request's head
IDLE_S = 30.0  # between two requests
ANSWER_S = 20.0  # to take an answer that is written
SLOW_S = 2.0  # who takes so long to take an answer may have to leave
MOMENT_S = 0.5  # from a connection to its request, at most, for those that mean it
STANDING_ROOM = 256

#: How much right to its place a connection has; who has least leaves first.
WAITING, STRANGER, SLOW, BUSY = range(4)


class Places:
    """The connections that are open."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.taken: dict[Connection, None] = {}  # in the order in which they came

    def free(self) -> bool:
        """Say whether there is a place."""
        return len(self.taken) < self._most

    def make_room(self) -> bool:
        """Close the oldest of those with the least right to a place; False if there is no room to be made.

        A request needs a moment to come. So whoever has just come is spared, as long as there is standing room.
        """
        leaving = min(self.taken, key=Connection.standing, default=None)  # the first of equals is the oldest
        if leaving is None or leaving.standing() == BUSY:
            return False
        if leaving.age_s() < MOMENT_S and len(self.taken) < self._most + STANDING_ROOM:
            return True
        leaving.give_way()
        return True


class Connection(RequestHandler):
    """Tell nothing about what was wrong with a malformed request, and log no part of it."""

    __slots__ = ("_answering", "_answering_since", "_came_at", "_due", "_places")

    def __init__(self, places: Places, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._places = places
        self._due: asyncio.TimerHandle | None = None
        self._answering: BaseRequest | None = None
        self._answering_since: float | None = None
        self._came_at = self._loop.time()
        places.taken[self] = None  # already: many may be accepted before the first is told of its transport

    # -- time

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._wait(HEAD_S)
        if self not in self._places.taken:
            self.give_way()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Free the place."""
        self._places.taken.pop(self, None)
        self._wait(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes; a request that has begun must become whole in its time."""
        requests = self._request_count
        super().data_received(data)
        if self._request_count > requests:
            self._wait(None)
        elif self._answering is None and self._due is None:
            self._wait(HEAD_S)

    async def _handle_request(
        self,
        request: BaseRequest,
        start_time: float | None,
        request_handler: Callable[[BaseRequest], Awaitable[web.StreamResponse]],
    ) -> tuple[web.StreamResponse, bool]:
        self._answering = request
        try:
            return await super()._handle_request(request, start_time, request_handler)
        finally:
            self._answering = self._answering_since = None
            self._wait(None)

    async def finish_response(
        self, request: BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Write the answer; who does not read it loses the connection."""
        self._answering_since = self._loop.time()
        self._wait(ANSWER_S)
        return await super().finish_response(request, resp, start_time)

    def _wait(self, limit_s: float | None) -> None:
        """Close after a time, or no longer."""
        if self._due is not None:
            self._due.cancel()
        self._due = None if limit_s is None else self._loop.call_later(limit_s, self.give_way)

    # -- place

    def standing(self) -> int:
        """Give how much right to its place this connection has."""
        if self._answering is None:
            return WAITING
        if not self._answering.get(ADMITTED):
            return STRANGER
        since = self._answering_since
        return SLOW if since is not None and self._loop.time() - since > SLOW_S else BUSY

    def age_s(self) -> float:
        """Give for how long this connection has had its place."""
        return self._loop.time() - self._came_at

    def give_way(self) -> None:
        """Close at once, whatever is still to be written."""
        self._places.taken.pop(self, None)
        transport = self.transport
        self.force_close()
        if transport is not None:
            transport.abort()

    # -- words

    def handle_error(
        self,
        request: BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer with the status alone."""
        log.debug("a request could not be read: %s", type(exc).__name__)
        if request.writer.output_size > 0:
            raise ConnectionError("part of an answer was already sent")
        response = _BareAnswer(status=status, text=f"{status}\n", headers=HEADERS)
        response.force_close()
        return response


class _BareAnswer(web.Response):
    """Answer to something that is no request: no Server header there either."""

    async def _prepare_headers(self) -> None:
        await super()._prepare_headers()
        self.headers.pop("Server", None)
