"""Tokens: bearer tokens for a broker that asks for OAUTHBEARER.

In:  a file that somebody keeps fresh, or the address of an authority with the id and the secret of a client.
Out: a token that has not run out, for each of the two Kafka clients; or an error that says why there is none.

A connection is made with the token of its moment. What an authority gave is used until it nears its end, so that a
worker with many connections asks once.
"""

from __future__ import annotations

import asyncio
import base64
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec
from aiokafka.abc import AbstractTokenProvider as OfAiokafka
from aiokafka.errors import KafkaConnectionError as AiokafkaConnectionError
from kafka.errors import KafkaConnectionError
from kafka.net.sasl.oauth import AbstractTokenProvider as OfKafkaPython

from stream.errors import StartError

ASK_S: Final = 10.0
MOST_BYTES: Final = 64 << 10
#: Of the time that a token lasts, so much is used.
USED: Final = 0.8
_LASTS_S: Final = 300.0  # where an authority does not say

Tokens = Callable[[], str]


class _Answer(msgspec.Struct):
    """What an authority answers (RFC 6749, section 5.1)."""

    access_token: str
    expires_in: float | None = None


def from_file(path: Path) -> Tokens:
    """Read the token anew for each connection: whoever writes the file renews it."""

    def token() -> str:
        try:
            found = path.read_text(encoding="ascii").strip()
        except (OSError, UnicodeError) as error:
            raise StartError(
                f"The token file cannot be read: {getattr(error, 'strerror', None) or 'it is no plain text'}.",
                where=f"sasl_token_file={path}",
                do="Give a file with one token, that this user may read.",
            ) from None
        return _checked(found, f"sasl_token_file={path}")

    return token


def from_authority(
    url: str, client: str, secret: str, scope: str | None = None, context: ssl.SSLContext | None = None
) -> Tokens:
    """Ask an authority by a client's id and secret (RFC 6749, section 4.4); its token is used for most of its time."""
    lock, kept, until = threading.Lock(), "", 0.0
    credentials = base64.b64encode(f"{quote(client, safe='')}:{quote(secret, safe='')}".encode()).decode()
    headers = {"Authorization": f"Basic {credentials}", "Accept": "application/json"}
    form = {"grant_type": "client_credentials", **({"scope": scope} if scope else {})}
    where = f"sasl_token_url={url}"

    def token() -> str:
        nonlocal kept, until
        with lock:
            if time.monotonic() >= until:
                # the settings take https, and http on this machine
                request = urllib.request.Request(url, urlencode(form).encode(), headers)  # noqa: S310
                answer = _ask(request, context, where)
                kept = _checked(answer.access_token, where)
                until = time.monotonic() + USED * (answer.expires_in or _LASTS_S)
            return kept

    return token


def _ask(request: urllib.request.Request, context: ssl.SSLContext | None, where: str) -> _Answer:
    try:
        with urllib.request.urlopen(request, timeout=ASK_S, context=context) as response:  # noqa: S310 - as above
            return msgspec.json.decode(response.read(MOST_BYTES), type=_Answer)
    except urllib.error.HTTPError as error:
        refused = error.code in (400, 401, 403)
        raise StartError(
            f"The authority gives no token: it answers {error.code}.",
            where=where,
            do="Check LEADPULSE_SASL_USERNAME and LEADPULSE_SASL_PASSWORD (the client's id and secret) and "
            "LEADPULSE_SASL_TOKEN_SCOPE." if refused else "Check the address, and the authority itself.",
        ) from None  # fmt: skip
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        reason = getattr(error, "reason", None) or type(error).__name__
        raise StartError(
            f"The authority gives no token: {reason}.",
            where=where,
            do="Check LEADPULSE_SASL_TOKEN_URL, that it can be reached from here, and LEADPULSE_TLS_CA.",
        ) from None


def _checked(token: str, where: str) -> str:
    """Refuse what is no token: it becomes a part of a line of the protocol."""
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise StartError(
            "What was given is no bearer token.",
            where=where,
            do="It must be one word of letters, digits and -._~+/= without a line around it.",
        )
    return token


class ForAiokafka(OfAiokafka):  # type: ignore[misc]
    """Give aiokafka a token; without one a connection fails, and is tried again."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    async def token(self) -> str:
        """Give a token; an authority is asked in another thread."""
        try:
            return await asyncio.get_running_loop().run_in_executor(None, self._tokens)
        except StartError as error:
            raise AiokafkaConnectionError(error.what) from error


class ForKafkaPython(OfKafkaPython):  # type: ignore[misc]
    """Give kafka-python a token."""

    def __init__(self, tokens: Tokens, **_: Any) -> None:
        super().__init__()
        self._tokens = tokens

    def token(self) -> str:
        """Give a token."""
        try:
            return self._tokens()
        except StartError as error:
            raise KafkaConnectionError(error.what) from error
