"""The /metrics page: written off the request loop, once a snapshot, however many ask.

In:  telemetry.
Out: exposition text: the worker's own metrics, alerts and, on the rollup's owner, the business metrics with verdicts.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from stream.serve.judged import families
from stream.serve.prometheus import Entry, Exposition, Snapshot, text_of
from stream.serve.telemetry import Telemetry
from stream.serve.views import AlertsView, JudgedFigure

OWN_FRESH_S = 0.25  # the worker's own metrics take 4 ms with 25 shards: too much for each of twenty scrapers
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class MetricsPage:
    """Keep the text of the last snapshot; twenty scrapers a second cost one rendering a snapshot."""

    def __init__(self, telemetry: Telemetry, entries: Mapping[str, Entry]) -> None:
        self._telemetry = telemetry
        self._exposition = Exposition(entries)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="render")
        self._turn = asyncio.Lock()
        self._shown: Snapshot | None = None
        self._text = b""
        self._judged: tuple[AlertsView | None, tuple[JudgedFigure, ...]] = (None, ())
        self._judged_text = b""
        self._own = b""
        self._own_at = float("-inf")

    async def body(self) -> bytes:
        """Give the page; business metrics first, then what the judge says of them."""
        loop = asyncio.get_running_loop()
        async with self._turn:
            snapshot = self._telemetry.snapshot
            if snapshot is not self._shown:
                self._text = await loop.run_in_executor(self._thread, self._render, snapshot)
                self._shown = snapshot
            judged = self._telemetry.alerts, self._telemetry.judged
            if judged[0] is not self._judged[0] or judged[1] is not self._judged[1]:
                # replaced once in ten minutes: thousands of lines that the next forty scrapes find written
                self._judged_text = await loop.run_in_executor(self._thread, lambda: text_of(families(*judged)))
                self._judged = judged
            if loop.time() - self._own_at > OWN_FRESH_S:
                self._own = await loop.run_in_executor(self._thread, self._telemetry.text)
                self._own_at = loop.time()
            return self._text + self._judged_text + self._own

    def close(self) -> None:
        """End the rendering thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _render(self, snapshot: Snapshot | None) -> bytes:
        if snapshot is None:
            return b""
        started = time.perf_counter()
        text = self._exposition.render(snapshot)
        self._telemetry.render_seconds.set(time.perf_counter() - started)
        return text
