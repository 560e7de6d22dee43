"""The guard of the HTTP service: who may ask, and what every answer carries.

In:  a request, the token (None: no token is needed), a second one that is good for /metrics alone, and the names that
     this service answers to.
Out: the answer of the page asked for, or 400, 401, 403, 404, 405 that tell nothing; strict headers on all of them.

A script sends the token as `Authorization: Bearer …`. A browser gets a form, posts it once to /login, and
keeps a cookie. The cookie is derived from the token: it is worth nothing elsewhere and ends with the token.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
from http.cookies import SimpleCookie

from aiohttp import HttpVersion11, web
from aiohttp.typedefs import Handler, Middleware

from stream.serve import login
from stream.serve.http_hosts import Hosts, host_of

log = logging.getLogger("leadpulse.http")

OPEN_PATHS = frozenset({"/healthz", "/readyz", *login.FILES})
SCRAPE_PATH = "/metrics"
COOKIE = "leadpulse"
COOKIE_AGE_S = 30 * 86_400
LOGIN_LIMIT_S = 5.0
#: Key of a request whose sender may be here: it keeps its place when others have to leave.
ADMITTED = web.RequestKey("admitted", bool)

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Guard:
    """Check every request; made once for a service."""

    def __init__(self, token: str | None, hosts: Hosts, scrape_token: str | None = None) -> None:
        self._token = token.encode() if token else None
        self._scrape_token = scrape_token.encode() if scrape_token else None
        self._cookie = (
            hmac.new(self._token, b"leadpulse browser cookie 1", hashlib.sha256).hexdigest() if self._token else ""
        )
        self._hosts = hosts

    @property
    def middleware(self) -> Middleware:
        """Give the middleware that stands before every route."""

        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            try:
                response = await self._answer(request, handler)
            except web.HTTPException as error:
                response = plain(error.status)
                if "Allow" in error.headers:
                    response.headers["Allow"] = error.headers["Allow"]
            except (asyncio.CancelledError, ConnectionError):
                raise
            except Exception:
                log.exception("a page failed: %s", request.match_info.route.resource)
                response = plain(500)
            return response

        return guard

    async def _answer(self, request: web.Request, answer: Handler) -> web.StreamResponse:
        host = _host(request)
        if host is None:
            return plain(400)
        if request.path in OPEN_PATHS:
            return await answer(request)
        # whoever has the token may ask by any name
        if self._token is None and not self._hosts.answers(host):
            return plain(403)
        if request.path == login.PATH and request.method == "POST" and self._token is not None:
            return await self._login(request)
        if not self.permits(request):
            return _ask(request)
        request[ADMITTED] = True
        return await answer(request)

    def permits(self, request: web.BaseRequest) -> bool:
        """Say whether the request carries the token or the cookie; takes as long for a wrong one."""
        if self._token is None:
            return True
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        said, is_bearer = given.strip().encode(errors="replace"), scheme.lower() == "bearer"
        by_header = hmac.compare_digest(said, self._token) and is_bearer
        if self._scrape_token is not None and request.path == SCRAPE_PATH:
            by_header |= hmac.compare_digest(said, self._scrape_token) and is_bearer
        by_cookie = hmac.compare_digest(_cookie(request).encode(errors="replace"), self._cookie.encode())
        return by_header or by_cookie

    async def _login(self, request: web.Request) -> web.StreamResponse:
        try:
            async with asyncio.timeout(LOGIN_LIMIT_S):
                form = await request.post()
        except (TimeoutError, ValueError):
            return plain(400)
        given, to = form.get("token"), login.place(form.get("to"))
        if self._token is None or not isinstance(given, str):
            return _ask(request, to)
        if not hmac.compare_digest(given.strip().encode(errors="replace"), self._token):
            log.warning("a login with a wrong token was refused")
            return _ask(request, to, refused=True)
        response = web.Response(status=303, headers={"Location": to})
        response.set_cookie(COOKIE, self._cookie, max_age=COOKIE_AGE_S, httponly=True, samesite="Strict", path="/")
        return response


async def strict_headers(_request: web.BaseRequest, response: web.StreamResponse) -> None:
    """Put the strict headers on an answer just before it is sent."""
    response.headers.update(HEADERS)
    response.headers.pop("Server", None)


def plain(status: int) -> web.Response:
    """Answer with the status alone."""
    return web.Response(status=status, text=f"{status}\n")


def _ask(request: web.Request, to: str | None = None, *, refused: bool = False) -> web.Response:
    """Answer 401; a browser gets the form, and goes on to where it wanted."""
    if request.method in ("GET", "POST") and "text/html" in request.headers.get("Accept", ""):
        form = login.form(login.place(request.path_qs) if to is None else to, refused=refused)
        return web.Response(status=401, text=form, content_type="text/html")
    response = plain(401)
    response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _cookie(request: web.BaseRequest) -> str:
    try:
        found = SimpleCookie(request.headers.get("Cookie", "")).get(COOKIE)
    except Exception:  # a malformed cookie header is no cookie
        return ""
    return found.value if found is not None else ""


def _host(request: web.Request) -> str | None:
    """Give the host that a request names, None where it is malformed; a request of HTTP/1.0 need not name one."""
    given = request.headers.getall("Host", [])
    if not given and request.version < HttpVersion11:
        return "localhost"
    if len(given) != 1 or host_of(given[0].strip()) is None:
        return None
    return host_of(request.host.strip())  # an address that names a host goes before the header
