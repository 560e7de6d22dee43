"""Faults: the ways in which a good event is broken on its way.

In:  an envelope and the moment it arrives.
Out: bytes that must be refused, the reason from the contract's closed list, and the site the refusal counts
     for.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import datetime
from random import Random
from typing import Any, NamedTuple

import orjson

from stream.demo.adverts import stamp

HOUR_MS = 3_600_000
UNKNOWN = "unknown"


class Broken(NamedTuple):
    """Bytes (None: a tombstone) that end in the dead letters, and why."""

    value: bytes | None
    reason: str
    site: str


Envelope = dict[str, Any]
Fault = Callable[[Random, Envelope, int], Broken]


def _edited(reason: str, edit: Callable[[Random, Envelope, int], None], site: str | None = None) -> Fault:
    """Make a fault of a change to the envelope; `site` where the change hides the true one."""

    def fault(rng: Random, envelope: Envelope, arrival_ms: int) -> Broken:
        envelope = copy.deepcopy(envelope)
        true_site = envelope["data"]["site_id"]
        edit(rng, envelope, arrival_ms)
        return Broken(orjson.dumps(envelope), reason, true_site if site is None else site)

    return fault


def _truncated(rng: Random, envelope: Envelope, _: int) -> Broken:
    whole = orjson.dumps(envelope)
    return Broken(whole[: rng.randrange(1, 30)], "not_json", UNKNOWN)


def _garbage(rng: Random, _: Envelope, __: int) -> Broken:
    return Broken(b"\xff\xfe" + rng.randbytes(12).replace(b"\n", b"?").replace(b"\r", b"?"), "not_json", UNKNOWN)


def _empty(_: Random, __: Envelope, ___: int) -> Broken:
    return Broken(b"", "not_json", UNKNOWN)


def _tombstone(_: Random, __: Envelope, ___: int) -> Broken:
    return Broken(None, "not_json", UNKNOWN)


def _huge(_: Random, envelope: Envelope, __: int) -> Broken:
    """More than 256 KiB; without a site, since nobody looks into it."""
    return Broken(orjson.dumps({"type": envelope["type"], "pad": "x" * 300_000}), "too_large", UNKNOWN)


def _deep(_: Random, envelope: Envelope, __: int) -> Broken:
    """Nested 60 levels; the site is not looked for in bytes that no parser should see."""
    body = orjson.dumps(envelope)
    return Broken(body[:-1] + b',"extra":' + b"[" * 60 + b"]" * 60 + b"}", "too_deep", UNKNOWN)


def _drop(*path: str) -> Callable[[Random, Envelope, int], None]:
    def edit(_: Random, envelope: Envelope, __: int) -> None:
        inner: dict[str, Any] = envelope
        for name in path[:-1]:
            inner = inner[name]
        inner.pop(path[-1])

    return edit


def _put(value: Any, *path: str) -> Callable[[Random, Envelope, int], None]:
    def edit(_: Random, envelope: Envelope, __: int) -> None:
        inner: dict[str, Any] = envelope
        for name in path[:-1]:
            inner = inner[name]
        inner[path[-1]] = value

    return edit


def _without_recipient(_: Random, envelope: Envelope, __: int) -> None:
    for name in ("lead_id", "email_hash"):
        envelope["data"].pop(name, None)


def _nobody(rng: Random, envelope: Envelope, _: int) -> None:
    envelope["data"]["lead_id"] = rng.choice(("undefined", "null", "0"))
    envelope["data"].pop("deal_id", None)


def _late(rng: Random, envelope: Envelope, arrival_ms: int) -> None:
    late_ms = rng.randrange(25 * HOUR_MS, 72 * HOUR_MS)
    envelope["time"] = stamp(arrival_ms - late_ms)
    for name in ("period_start", "period_end"):  # a total that is said before its period began has another fault
        if name in envelope["data"]:
            said = datetime.fromisoformat(envelope["data"][name])
            envelope["data"][name] = stamp(round(said.timestamp() * 1000) - late_ms)


def _very_late(rng: Random, envelope: Envelope, arrival_ms: int) -> None:
    envelope["time"] = stamp(arrival_ms - rng.randrange(36 * 24 * HOUR_MS, 60 * 24 * HOUR_MS))


#: Every fault by name, any of them possible for any kind.
FAULTS: dict[str, Fault] = {
    "truncated": _truncated,
    "garbage": _garbage,
    "huge": _huge,
    "deep": _deep,
    "no id": _edited("missing_field", _drop("id")),
    "no time": _edited("missing_field", _drop("time")),
    "no site": _edited("missing_field", _drop("data", "site_id"), UNKNOWN),
    "site is an object": _edited("wrong_type", _put({}, "data", "site_id"), UNKNOWN),
    "data is a list": _edited("wrong_type", _put([], "data"), UNKNOWN),
    "id is an object": _edited("wrong_type", _put({}, "id")),
    "long id": _edited("out_of_range", _put("x" * 300, "id")),
    "unknown kind": _edited("unknown_kind", _put("page_ping", "type")),
    "time in words": _edited("bad_time", _put("yesterday", "time")),
    "month 13": _edited("bad_time", _put("2026-13-01T00:00:00Z", "time")),
    "last century": _edited("bad_time", _put("1999-12-31T23:59:59Z", "time")),
    "far future": _edited("bad_time", _put("2999-01-01T00:00:00Z", "time")),
    "no zone": _edited("bad_time", _put("2026-03-01T00:00:00", "time")),
    "too late": _edited("too_late", _late),
    "an address": _edited("personal_data", _put("jane.doe@mail.example", "data", "email_hash")),
}

#: Faults that a file of lines cannot hold.
BLANKS: dict[str, Fault] = {"empty": _empty, "tombstone": _tombstone}

#: Faults of one kind only.
BY_KIND: dict[str, dict[str, Fault]] = {
    "page_view": {"no page": _edited("missing_field", _drop("data", "page"))},
    "form": {
        "no form": _edited("missing_field", _drop("data", "form_id")),
        "unknown action": _edited("out_of_range", _put("explode", "data", "action")),
    },
    "chatbot": {
        "no conversation": _edited("missing_field", _drop("data", "conversation_id")),
        "unknown action": _edited("out_of_range", _put("sing", "data", "action")),
    },
    "email": {
        "no message": _edited("missing_field", _drop("data", "message_id")),
        "no lead": _edited("missing_field", _without_recipient),
        "unknown action": _edited("out_of_range", _put("teleported", "data", "action")),
    },
    "ad": {
        "no platform": _edited("missing_field", _drop("data", "platform")),
        "count is a text": _edited("wrong_type", _put("many", "data", "count")),
        "unknown action": _edited("out_of_range", _put("hover", "data", "action")),
    },
    # what people write down may be weeks late
    "crm": {
        "too late": _edited("too_late", _very_late),
        "nobody": _edited("out_of_range", _nobody),
        "unknown action": _edited("out_of_range", _put("hoped", "data", "action")),
    },
    "cost": {
        "too late": _edited("too_late", _very_late),
        "no category": _edited("missing_field", _drop("data", "category")),
        "money that is none": _edited("out_of_range", _put("QQQ", "data", "currency")),
    },
    "signal": {
        "too late": _edited("too_late", _very_late),
        "no provider": _edited("missing_field", _drop("data", "provider")),
        "unknown name": _edited("out_of_range", _put("mood", "data", "name")),
    },
}


def break_it(rng: Random, kind: str, envelope: Envelope, arrival_ms: int, blanks: bool) -> Broken:
    """Break an envelope in a way drawn at random; `blanks` allows empty values and tombstones."""
    ways = list((FAULTS | BY_KIND[kind]).values()) + (list(BLANKS.values()) if blanks else [])
    return rng.choice(ways)(rng, envelope, arrival_ms)
