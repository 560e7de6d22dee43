"""The /metrics page: written off the request loop, once a snapshot, however many ask.

In:  telemetry; what a scraper accepts.
Out: exposition text, or OpenMetrics for those who prefer it, packed for those who can unpack: the worker's own metrics,
     alerts and, on the rollup's owner, the business metrics with verdicts.
"""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple

from stream.serve.judged import families
from stream.serve.prometheus import Entry, Exposition, Snapshot, text_of
from stream.serve.telemetry import Telemetry
from stream.serve.views import AlertsView, JudgedFigure

OWN_FRESH_S = 0.25  # the worker's own metrics take 4 ms with 25 shards: too much for each of twenty scrapers
CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
OPEN_TYPE: Final = "application/openmetrics-text; version=1.0.0; charset=utf-8"
_EOF: Final = b"# EOF\n"
#: 3 MB of 10,000 ratios become 250 KB in 20 ms; the best would be 180 KB in 130 ms.
_LEVEL: Final = 1


def prefers_openmetrics(accept: str) -> bool:
    """Say whether OpenMetrics is named, and no less welcome than plain text.

    >>> prefers_openmetrics("application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1")
    True
    >>> prefers_openmetrics("text/plain,application/openmetrics-text;q=0.2"), prefers_openmetrics("*/*")
    (False, False)
    """
    found = {"application/openmetrics-text": 0.0, "text/plain": 0.0}
    for one in accept.lower().split(","):
        kind, *parameters = (part.strip() for part in one.split(";"))
        if kind in found:
            weight = next((each[2:] for each in parameters if each.startswith("q=")), "1")
            try:
                found[kind] = max(found[kind], float(weight))
            except ValueError:
                continue
    open_text, plain = found.values()
    return open_text > 0 and open_text >= plain


class _Parts(NamedTuple):
    """What one page consists of; the same objects as long as nothing is new."""

    business: bytes
    judged: bytes
    own: bytes


class _Form:
    """The texts of one format, each with what it was written from."""

    def __init__(self) -> None:
        self.shown: Snapshot | None = None
        self.business = b""
        self.judged_of: tuple[AlertsView | None, tuple[JudgedFigure, ...]] = (None, ())
        self.judged = b""
        self.own = b""
        self.own_at = float("-inf")
        self.packed: tuple[_Parts, bytes] | None = None


class MetricsPage:
    """Keep the text of the last snapshot; twenty scrapers a second cost one rendering a snapshot."""

    def __init__(self, telemetry: Telemetry, entries: Mapping[str, Entry]) -> None:
        self._telemetry = telemetry
        self._exposition = Exposition(entries)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="render")
        self._turn = asyncio.Lock()
        self._forms = {False: _Form(), True: _Form()}

    async def body(self, *, openmetrics: bool = False, packed: bool = False) -> bytes:
        """Give the page; business metrics first, then what the judge says of them."""
        form = self._forms[openmetrics]
        async with self._turn:
            parts = await self._parts(form, openmetrics)
            if not packed:
                return b"".join(parts)
            if form.packed is None or any(a is not b for a, b in zip(form.packed[0], parts, strict=True)):
                form.packed = parts, await self._aside(lambda: gzip.compress(b"".join(parts), _LEVEL, mtime=0))
            return form.packed[1]

    async def _parts(self, form: _Form, openmetrics: bool) -> _Parts:
        telemetry = self._telemetry
        snapshot = telemetry.snapshot
        if snapshot is not form.shown:
            form.business = await self._aside(lambda: self._render(snapshot, openmetrics))
            form.shown = snapshot
        judged = telemetry.alerts, telemetry.judged
        if judged[0] is not form.judged_of[0] or judged[1] is not form.judged_of[1]:
            # replaced once in ten minutes: thousands of lines that the next forty scrapes find written
            form.judged = await self._aside(lambda: text_of(families(*judged), openmetrics=openmetrics))
            form.judged_of = judged
        now = asyncio.get_running_loop().time()
        if now - form.own_at > OWN_FRESH_S:
            own = await self._aside(lambda: telemetry.text(openmetrics=openmetrics))
            form.own, form.own_at = own.removesuffix(_EOF) + (_EOF if openmetrics else b""), now
        return _Parts(form.business, form.judged, form.own)

    async def _aside(self, write: Callable[[], bytes]) -> bytes:
        return await asyncio.get_running_loop().run_in_executor(self._thread, write)

    def close(self) -> None:
        """End the rendering thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _render(self, snapshot: Snapshot | None, openmetrics: bool) -> bytes:
        if snapshot is None:
            return b""
        started = time.perf_counter()
        text = text_of(self._exposition.families(snapshot), openmetrics=openmetrics)
        self._telemetry.render_seconds.set(time.perf_counter() - started)
        return text
