"""Dead letter: a rejected record as it stands on `leadpulse.dead_letter`, and read back.

In:  a reject, its record, and the topic and partition it was read from.
Out: key (topic-partition-offset), value (JSON) and headers for the topic; or a `DeadLetter`.

The original bytes are kept in base64, and nothing else of the event: reason and path are the contract's own
words. A broker refuses records over 1 MiB, and a worker that cannot write its dead letters cannot go on. So
what is too large for that is kept up to a length, with its full size beside it. Of a batch that unpacks to more than a
worker reads nothing is kept but that its records were there.
"""

from __future__ import annotations

import base64
from typing import Final

import msgspec
import orjson

from stream.contract.oversize import Cut
from stream.contract.records import Record
from stream.contract.rejects import UNKNOWN_SITE, Reject

#: Bytes that are kept of a value, a key, and all headers together. In base64 and with the rest: under 800 KB.
VALUE_KEPT: Final = 512 << 10
KEY_KEPT: Final = 16 << 10
HEADERS_KEPT: Final = 32 << 10


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A rejected record with its origin and the reason.

    `timestamp_ms` is the record's arrival. `value` and `key` are None where the record had none;
    `value_bytes` is the value's full length, more than `value` holds where it was cut; `headers_left_out`
    counts headers that did not fit. `unread` says that nothing of the record was read, because the batch around it
    unpacks to too much.
    """

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    kind: str
    reason: str
    path: str
    site: str = UNKNOWN_SITE
    key: bytes | None = None
    value: bytes | None = None
    value_bytes: int = 0
    headers: tuple[tuple[str, bytes | None], ...] = ()
    headers_left_out: int = 0
    unread: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether all of the original record is here, so that it can be produced again."""
        kept = 0 if self.value is None else len(self.value)
        return (
            not self.unread
            and kept == self.value_bytes
            and not self.headers_left_out
            and len(self.key or b"") < KEY_KEPT
        )


_decode = msgspec.json.Decoder(DeadLetter).decode


def encode(
    reject: Reject, record: Record, kind: str, topic: str, partition: int
) -> tuple[bytes, bytes, list[tuple[str, bytes]]]:
    """Make key, value and headers of a dead letter; `kind` is that of its topic, or `sources/NAME` of one of others.

    >>> key, value, headers = encode(Reject(0, "not_json"), (9, 0, None, b"{", ()), "form", "form", 3)
    >>> key, headers[0]
    (b'form-3-9', ('reason', b'not_json'))
    """
    offset, timestamp_ms, record_key, record_value, record_headers = record
    headers, left_out = _headers(record_headers)
    whole_bytes, unread = len(record_value or b""), False
    if isinstance(record_value, Cut):
        whole_bytes, unread = record_value.whole_bytes, record_value.unread
        left_out += record_value.headers_left_out
        record_value = None if unread else record_value.head
    letter = {
        "topic": topic,
        "partition": partition,
        "offset": offset,
        "timestamp_ms": timestamp_ms,
        "kind": kind,
        "reason": reject.reason,
        "path": reject.path,
        "site": reject.site,
        "key": _text(record_key, KEY_KEPT),
        "value": _text(record_value, VALUE_KEPT),
        "value_bytes": whole_bytes,
        "headers": headers,
        "headers_left_out": left_out,
        "unread": unread,
    }
    about = [("reason", reject.reason), ("path", reject.path), ("kind", kind)]
    return (
        f"{topic}-{partition}-{offset}".encode(),
        # a copy of its own size: what orjson gives stands in a kilobyte, and a hundred thousand holes are memory, too
        bytes(memoryview(orjson.dumps(letter))),
        [(name, text.encode()) for name, text in about],
    )


def decode(value: bytes) -> DeadLetter:
    """Read a dead letter back; raises `msgspec.DecodeError` on a value that is none."""
    return _decode(value)


def _text(data: bytes | None, kept: int) -> str | None:
    return None if data is None else base64.b64encode(data[:kept]).decode("ascii")


def _headers(headers: tuple[tuple[str, bytes], ...]) -> tuple[list[tuple[str, str | None]], int]:
    """Keep headers as long as there is room; give them and how many were left out."""
    kept: list[tuple[str, str | None]] = []
    room = HEADERS_KEPT
    for name, value in headers:
        # a name may hold anything that the client let pass; JSON wants Unicode
        name = name.encode("utf-8", "replace").decode("utf-8")
        room -= len(name) * 6 + len(value or b"") + 16
        if room < 0:
            break
        kept.append((name, _text(value, HEADERS_KEPT)))
    return kept, len(headers) - len(kept)
