"""Answers: what a page asks for beside the stream, written once for all who ask the same.

In:  scenes, as they are when somebody asks; requests for `/api/<table>`.
Out: JSON, or CSV with `format=csv`, packed for those who can unpack; the route.

A thread of its own writes them, one after another, so that neither the stream nor a scrape waits. An answer serves all
for two seconds: a hundred and fifty open pages cost what one does.
"""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple

import orjson
from aiohttp import web

from stream.serve.api import TABLES, Scene, as_csv, file_name, table

FRESH_S: Final = 2.0
LIMIT_CHARS: Final = 100
_MOST: Final = 300
_ASKED: Final = ("site", "window", "metric", "span")
#: Cheap, and a tenth larger than the best.
_LEVEL: Final = 4

Key = tuple[str, ...]


class Answer(NamedTuple):
    """A body and the same packed; a status other than 200 has neither."""

    status: int
    body: bytes = b""
    packed: bytes = b""


class _Kept(NamedTuple):
    at: float
    answer: Answer


class Answers:
    """Answers of the last seconds."""

    def __init__(self, scene: Callable[[], Scene | None], asked: Callable[[str], None] = lambda _name: None) -> None:
        """Take how a scene is made, None while nothing is known; `asked` hears of each table that somebody wants."""
        self._scene, self._asked = scene, asked
        self._kept: dict[Key, _Kept] = {}
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="page-answers")

    def route(self) -> web.RouteDef:
        """Give the route."""
        return web.get("/api/{table}", self._answer)

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        name, query = request.match_info["table"], request.query
        form = query.get("format", "json")
        if name not in TABLES:
            return web.Response(status=404, text="404\n")
        if form not in ("json", "csv") or any(len(query.get(one, "")) > LIMIT_CHARS for one in _ASKED):
            return web.Response(status=400, text="400\n")
        self._asked(name)
        key: Key = (name, form, *(query.get(one, "") for one in _ASKED))
        found = self._fresh(key)
        if found is None:
            loop = asyncio.get_running_loop()
            found = await loop.run_in_executor(self._thread, self._make, key, dict(query))
        if found.status != 200:
            return web.Response(status=found.status, text=f"{found.status}\n")
        headers = {"Vary": "Accept-Encoding"}
        if form == "csv":
            headers["Content-Disposition"] = f'attachment; filename="{file_name(name, query)}.csv"'
        packed = "gzip" in request.headers.get("Accept-Encoding", "")
        if packed:
            headers["Content-Encoding"] = "gzip"
        kind = "text/csv" if form == "csv" else "application/json"
        return web.Response(
            body=found.packed if packed else found.body, content_type=kind, charset="utf-8", headers=headers
        )

    def _fresh(self, key: Key) -> Answer | None:
        kept = self._kept.get(key)
        return kept.answer if kept is not None and time.monotonic() - kept.at < FRESH_S else None

    def _make(self, key: Key, query: Mapping[str, str]) -> Answer:
        """Write an answer, in the thread; whoever waited for the same one finds it written."""
        found = self._fresh(key)
        if found is not None:
            return found
        answer = self.write(key[0], query)
        if len(self._kept) >= _MOST:
            self._kept.clear()
        self._kept[key] = _Kept(time.monotonic(), answer)
        return answer

    def write(self, name: str, query: Mapping[str, str]) -> Answer:
        """Write a table as it is now."""
        scene = self._scene()
        if scene is None:
            return Answer(503)
        found = table(name, scene, query)
        body = None
        if found is not None:
            body = as_csv(name, found) if query.get("format") == "csv" else orjson.dumps(found)
        return Answer(404) if body is None else Answer(200, body, gzip.compress(body, _LEVEL, mtime=0))
