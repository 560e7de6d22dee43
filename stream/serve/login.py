"""Login: the page that asks a browser for the token; it looks like the rest, and goes on to where one wanted.

In:  the address that was asked for.
Out: the form, and the two files that it needs, which say nothing and are open.
"""

from __future__ import annotations

import html
from functools import partial
from importlib.resources import files
from typing import Final

from aiohttp import web

PATH: Final = "/login"
#: path → (file, type)
FILES: Final = {"/login.css": ("login.css", "text/css"), "/login.js": ("login.js", "text/javascript")}
_FIRST: Final = "/"
_LONGEST: Final = 500
_FOLDER: Final = files("stream.serve") / "page"


def routes() -> list[web.RouteDef]:
    """List the routes of its files."""
    return [web.get(path, partial(_send, (_FOLDER / name).read_bytes(), kind)) for path, (name, kind) in FILES.items()]


def place(wanted: object) -> str:
    """Give the address to go on to: one of ours, whatever was sent.

    >>> place("/?wall"), place("//evil.example"), place("https://evil.example"), place(None), place("/login")
    ('/?wall', '/', '/', '/', '/')
    """
    if not isinstance(wanted, str) or not wanted.startswith("/") or wanted.startswith(("//", PATH)):
        return _FIRST
    ours = wanted.isascii() and wanted.isprintable() and "\\" not in wanted and len(wanted) <= _LONGEST
    return wanted if ours else _FIRST


def form(to: str, *, refused: bool) -> str:
    """Write the form."""
    said = '<p class="wrong" role="alert">That is not the token.</p>' if refused else ""
    text = (_FOLDER / "login.html").read_text(encoding="utf-8")
    return text.replace("{to}", html.escape(to)).replace("{said}", said)


async def _send(body: bytes, kind: str, _request: web.Request) -> web.StreamResponse:
    return web.Response(body=body, content_type=kind, charset="utf-8")
