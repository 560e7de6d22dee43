"""Values: text a person writes for durations, sizes, moments and addresses.

In:  "24h", "64 MiB", "2026-03-01T00:00:00Z", "127.0.0.1:9464".
Out: milliseconds, bytes, milliseconds since 1970, (host, port); or a ValueError that says what is right.
"""

from __future__ import annotations

import ipaddress
import re
from datetime import UTC, datetime

MS_OF_UNIT = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
BYTES_OF_UNIT = {
    "b": 1,
    "kib": 1 << 10,
    "mib": 1 << 20,
    "gib": 1 << 30,
    "kb": 10**3,
    "mb": 10**6,
    "gb": 10**9,
}

_DURATION = re.compile(r"\s*(?:\d+(?:\.\d+)?\s*(?:ms|s|m|h|d|w)\s*)+", re.ASCII)
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)", re.ASCII)
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*", re.ASCII | re.IGNORECASE)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def duration_ms(text: str) -> int:
    """Read a duration with its unit; parts add up.

    >>> duration_ms("24h"), duration_ms("500ms"), duration_ms("1h30m"), duration_ms("1.5s")
    (86400000, 500, 5400000, 1500)
    """
    if not _DURATION.fullmatch(text):
        raise ValueError(f"{text!r} is not a duration such as 500ms, 1s, 15m, 24h or 7d")
    total_ms = sum(float(count) * MS_OF_UNIT[unit] for count, unit in _DURATION_PART.findall(text))
    if total_ms > 100 * 366 * MS_OF_UNIT["d"]:
        raise ValueError(f"{text!r} is longer than a hundred years")
    return round(total_ms)


def duration_text(value_ms: int) -> str:
    """Write milliseconds in the largest unit that keeps them whole.

    >>> duration_text(86_400_000), duration_text(5_400_000), duration_text(1_500)
    ('24h', '90m', '1500ms')
    """
    for unit in ("w", "d", "h", "m", "s"):
        size_ms = MS_OF_UNIT[unit]
        if value_ms and value_ms % size_ms == 0 and (value_ms // size_ms > 1 or unit in "hms"):
            return f"{value_ms // size_ms}{unit}"
    return f"{value_ms}ms"


def size_bytes(text: str) -> int:
    """Read a size with its unit.

    >>> size_bytes("64 MiB"), size_bytes("256KiB"), size_bytes("10mb")
    (67108864, 262144, 10000000)
    """
    match = _SIZE.fullmatch(text)
    if match is None or match[2].lower() not in BYTES_OF_UNIT:
        raise ValueError(f"{text!r} is not a size such as 64MiB, 256KiB or 10MB")
    return round(float(match[1]) * BYTES_OF_UNIT[match[2].lower()])


def moment_ms(text: str) -> int:
    """Read an RFC 3339 time, which must name its zone.

    >>> moment_ms("1970-01-01T00:00:01.5Z"), moment_ms("1970-01-01T01:00:00+01:00")
    (1500, 0)
    """
    if not _MOMENT.fullmatch(text.strip()):
        raise ValueError(f"{text!r} is not a time with its zone, such as 2026-03-01T00:00:00Z")
    try:
        moment = datetime.fromisoformat(text.strip().upper())
    except ValueError as error:
        raise ValueError(f"{text!r} is not a time: {error}") from None
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000 + since.microseconds // 1_000


def host_port(text: str) -> tuple[str, int]:
    """Split an address; an IPv6 host stands in brackets.

    >>> host_port("kafka-1:9092"), host_port("[::1]:9464"), host_port(":9464")
    (('kafka-1', 9092), ('::1', 9464), ('', 9464))
    """
    if any(c.isspace() or c in "/@?#" for c in text.strip()):
        raise ValueError(f"{text!r} is not an address: give host:port, without scheme or path")
    host, colon, port = text.strip().rpartition(":")
    if not colon or not (port.isascii() and port.isdigit()):
        raise ValueError(f"{text!r} is not an address such as 127.0.0.1:9464")
    if int(port) > 65_535:
        raise ValueError(f"{text!r} has a port above 65535")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError(f"{text!r}: write an IPv6 host in brackets, such as [::1]:9464")
    return host, int(port)


def is_loopback(host: str) -> bool:
    """Say whether a host can only be reached from this machine.

    >>> is_loopback("localhost"), is_loopback("127.8.8.8"), is_loopback("0.0.0.0"), is_loopback("kafka")
    (True, True, False, False)
    """
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
