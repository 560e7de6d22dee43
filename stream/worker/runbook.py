"""Runbook: the page to which an alert leads, served by every worker, as it is of this version.

In:  the texts of alerts.  Out: a route.
"""

from __future__ import annotations

import asyncio
from functools import cache
from typing import Final

from aiohttp import web

PATH: Final = "/runbook"


def route() -> web.RouteDef:
    """Give the route; the page is written when somebody first asks for it."""
    return web.get(PATH, _answer)


async def _answer(_request: web.Request) -> web.Response:
    return web.Response(text=await asyncio.to_thread(_text), content_type="text/html")


@cache
def _text() -> str:
    from stream.render.runbook import page  # hardly anybody asks, and a worker should start fast

    return page()
