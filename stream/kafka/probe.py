"""Probe: why a broker does not answer, found out step by step on a connection of our own.

In:  the way to the broker.
Out: nothing, where a broker answers; else the one reason, told apart: host, port, TLS, certificate, SASL, silence.

The clients report most of this as "connection lost", each in its own words, after as many tries as they like. Four
requests of the protocol, in versions that every broker understands, are enough to tell. Blocking, for any thread;
nothing secret is sent: where the broker gets as far as asking for a password, the client's own words decide.
"""

from __future__ import annotations

import socket
import ssl
import struct
from contextlib import closing
from enum import Enum
from typing import Final, NamedTuple

from stream.kafka.security import Link
from stream.settings.values import host_port

LIMIT_S: Final = 3.0
API_VERSIONS, METADATA, SASL_HANDSHAKE = 18, 3, 17
_MOST_BYTES: Final = 1 << 20
#: How a TLS server begins to say that it did not understand: record of type alert, version 3.x.
_TLS_ALERT: Final = b"\x15\x03"


class Reason(Enum):
    """What stands between us and an answer."""

    HOST = "the host name is not known"
    REFUSED = "nothing listens on the port"
    UNREACHABLE = "the host cannot be reached"
    WANTS_TLS = "the broker speaks TLS and we do not"
    WANTS_PLAIN = "the broker does not speak TLS and we do"
    CERTIFICATE = "the broker's certificate is not of an authority that we trust"
    NAME = "the broker's certificate is for another host"
    EXPIRED = "the broker's certificate is not valid now"
    OURS = "the broker does not accept our certificate"
    WANTS_SASL = "the broker asks for SASL and we have none"
    WANTS_NO_SASL = "the broker has no SASL on this port"
    MECHANISM = "the broker does not offer this SASL mechanism"
    SILENT = "the broker takes the connection and does not answer"
    CLOSED = "the broker takes the connection and closes it"


#: What no waiting changes: only settings, of one side or the other.
CERTAIN: Final = frozenset({
    Reason.WANTS_TLS, Reason.WANTS_PLAIN, Reason.CERTIFICATE, Reason.NAME, Reason.EXPIRED, Reason.OURS,
    Reason.WANTS_SASL, Reason.WANTS_NO_SASL, Reason.MECHANISM,
})  # fmt: skip


class Found(NamedTuple):
    """A reason, the address it holds for, and what the other side said of it."""

    reason: Reason
    address: str
    detail: str = ""


class _Stop(Exception):
    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(reason.value)
        self.reason, self.detail = reason, detail


def answers(link: Link, limit_s: float = LIMIT_S) -> bool:
    """Say whether any broker answers, with whatever it says of our credentials."""
    return diagnose(link, limit_s) is None


def diagnose(link: Link, limit_s: float = LIMIT_S) -> Found | None:
    """Give the reason why no broker answers; None as soon as one does."""
    found: Found | None = None
    for address in link.brokers:
        try:
            _ask(link, address, limit_s)
            return None
        except _Stop as stop:
            found = found or Found(stop.reason, address, stop.detail)
        except TimeoutError:
            found = found or Found(Reason.SILENT, address)
        except OSError as error:
            found = found or Found(Reason.CLOSED, address, type(error).__name__)
    return found


def _ask(link: Link, address: str, limit_s: float) -> None:
    host, port = host_port(address)
    with closing(_connect(host, port, limit_s)) as raw:
        raw.settimeout(limit_s)
        way = raw if link.context is None else _secured(raw, link.context, host)
        with closing(way):
            if not _answered(way, link.context is not None, API_VERSIONS, 0, b""):
                # a broker that wants TLS reads our request as the beginning of one, and hangs up
                raise _Stop(_why_closed(host, port, link, limit_s))
            if link.mechanism:
                _handshake(way, link)
            elif not _answered(way, link.context is not None, METADATA, 1, struct.pack(">i", 0)):
                raise _Stop(Reason.WANTS_SASL)


def _connect(host: str, port: int, limit_s: float) -> socket.socket:
    try:
        return socket.create_connection((host, port), timeout=limit_s)
    except socket.gaierror:
        raise _Stop(Reason.HOST, host) from None
    except ConnectionRefusedError:
        raise _Stop(Reason.REFUSED) from None
    except OSError as error:
        raise _Stop(Reason.UNREACHABLE, error.strerror or "no answer") from None


def _secured(raw: socket.socket, context: ssl.SSLContext, host: str) -> ssl.SSLSocket:
    try:
        return context.wrap_socket(raw, server_hostname=host)
    except ssl.SSLCertVerificationError as error:
        reason = {62: Reason.NAME, 64: Reason.NAME, 9: Reason.EXPIRED, 10: Reason.EXPIRED}
        raise _Stop(reason.get(error.verify_code, Reason.CERTIFICATE), error.verify_message or "") from None
    except ssl.SSLError as error:
        words = (error.reason or "").upper()
        if "WRONG_VERSION" in words or "UNKNOWN_PROTOCOL" in words or "RECORD_LAYER" in words or "UNEXPECTED" in words:
            raise _Stop(Reason.WANTS_PLAIN) from None
        if "ALERT" in words:
            raise _Stop(_of_alert(words), words) from None
        raise _Stop(Reason.WANTS_PLAIN, words) from None  # it hung up on what must have looked like rubbish
    except TimeoutError:
        raise _Stop(Reason.SILENT) from None
    except OSError:
        raise _Stop(Reason.WANTS_PLAIN) from None


def _of_alert(words: str) -> Reason:
    """Tell a refusal of our certificate from one of the protocol."""
    ours = ("CERTIFICATE", "UNKNOWN_CA", "ACCESS_DENIED", "HANDSHAKE_FAILURE", "DECRYPT_ERROR")
    return Reason.OURS if any(word in words for word in ours) else Reason.CLOSED


def _answered(way: socket.socket, secured: bool, key: int, version: int, body: bytes) -> bytes | None:
    """Send a request; give the answer, None where the other side hangs up."""
    name = b"leadpulse"
    head = struct.pack(">hhih", key, version, 1, len(name)) + name
    request = struct.pack(">i", len(head) + len(body)) + head + body
    try:
        way.sendall(request)
        size = _exactly(way, 4)
        if size is None:
            return None
        if size[:2] == _TLS_ALERT and not secured:
            raise _Stop(Reason.WANTS_TLS)
        (length,) = struct.unpack(">i", size)
        if not 4 <= length <= _MOST_BYTES:
            raise _Stop(Reason.CLOSED, "the answer is not that of a Kafka broker")
        answer = _exactly(way, length)
        return None if answer is None else answer[4:]
    except ssl.SSLError as error:  # with TLS 1.3 a refusal of our certificate comes with the first answer
        raise _Stop(_of_alert((error.reason or "").upper()), error.reason or "") from None
    except (ConnectionResetError, BrokenPipeError):
        return None


def _exactly(way: socket.socket, size: int) -> bytes | None:
    data = b""
    while len(data) < size:
        part = way.recv(size - len(data))
        if not part:
            return None
        data += part
    return data


def _why_closed(host: str, port: int, link: Link, limit_s: float) -> Reason:
    """Ask a port that hung up on plain Kafka whether it speaks TLS."""
    if link.context is not None:
        return Reason.CLOSED
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # only whether it does; nothing is sent
    try:
        with closing(_connect(host, port, limit_s)) as raw:
            raw.settimeout(limit_s)
            with closing(context.wrap_socket(raw)):
                return Reason.WANTS_TLS
    except (OSError, _Stop) as error:
        return (
            Reason.WANTS_TLS if isinstance(error, ssl.SSLError) and "ALERT" in (error.reason or "") else Reason.CLOSED
        )


def _handshake(way: socket.socket, link: Link) -> None:
    mechanism = (link.mechanism or "").encode()
    told = _answered(way, link.context is not None, SASL_HANDSHAKE, 1, struct.pack(">h", len(mechanism)) + mechanism)
    if told is None:
        raise _Stop(Reason.WANTS_NO_SASL)
    (code,) = struct.unpack(">h", told[:2])
    if code == 33:
        raise _Stop(Reason.MECHANISM, ", ".join(_texts(told[2:])))
    if code:
        raise _Stop(Reason.WANTS_NO_SASL)


def _texts(data: bytes) -> list[str]:
    """Read an array of strings."""
    (count,) = struct.unpack(">i", data[:4])
    at, out = 4, []
    for _ in range(max(0, count)):
        (size,) = struct.unpack(">h", data[at : at + 2])
        out.append(data[at + 2 : at + 2 + size].decode("ascii", "replace"))
        at += 2 + size
    return out
