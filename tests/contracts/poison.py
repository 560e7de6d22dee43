"""Poison: records that must not hurt, made by hand, each with what is to become of it.

In:  nothing.
Out: (name, kind, bytes or None for a tombstone, reason), where the reason None means that it counts.

Nothing here is derived from the product's types: the tables say what the contract says, once more.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from typing import Any

import orjson

from tests.contracts import optional_kinds
from tests.contracts.poison_words import Poison, raw
from tests.events import data_of, event, total

KINDS = ("page_view", "form", "chatbot", "email", "ad", "crm", "cost", "signal", "privacy")
HASH = "ab" * 32
DEEP = 100_000
TEN_MB = 10_000_000


def corpus() -> list[Poison]:
    """Give every record, bad ones and odd but good ones."""
    makers = (
        nothing_at_all,
        no_json,
        no_unicode,
        too_deep,
        too_large,
        not_an_object,
        missing_fields,
        missing_by_action,
        wrong_types,
        outside_of_lists,
        outside_of_ranges,
        numbers,
        texts,
        kinds,
        times,
        other_times,
        personal_data,
        odd_but_good,
        *optional_kinds.MAKERS,
    )
    return [poison for maker in makers for poison in maker()]


def with_text(text: str, kind: str = "page_view", field: str = "title") -> bytes:
    """Give an event whose page has a piece of JSON put in as it is."""
    return raw(kind).replace(b'"path":', f'"{field}":{text},"path":'.encode(), 1)


def with_extra(text: bytes, kind: str = "page_view") -> bytes:
    """Give an event with a field more that the contract does not know, put in as it is."""
    return raw(kind)[:-1] + b',"extra":' + text + b"}"


def nothing_at_all() -> Iterator[Poison]:
    for kind in KINDS:
        yield f"tombstone on {kind}", kind, None, "not_json"
        yield f"empty value on {kind}", kind, b"", "not_json"
    for name, value in {
        "one space": b" ",
        "white space": b" \t\r\n " * 50,
        "one NUL": b"\x00",
        "a page of NULs": b"\x00" * 4096,
        "one quote": b'"',
        "one brace": b"{",
        "one closing brace": b"}",
    }.items():
        yield name, "page_view", value, "not_json"


def no_json() -> Iterator[Poison]:
    good = raw("page_view")
    for name, value in {
        "cut in the middle": good[: len(good) // 2],
        "cut before the last brace": good[:-1],
        "one brace too many": good + b"}",
        "two events in one record": good + good,
        "two events, a line each": good + b"\n" + good,
        "text after the event": good + b" and more",
        "a NUL after the event": good + b"\x00",
        "a comma at the end": good[:-1] + b",}",
        "single quotes": good.replace(b'"', b"'"),
        "names without quotes": b"{specversion:1}",
        "a comment": b"/* event */" + good,
        "a line comment": good + b"// end",
        "XML": b"<event/>",
        "CSV": b"id,source,type\n1,2,3",
        "Avro": b"Obj\x01\x04\x14avro.codec",
        "a registry's prefix and no JSON": b"\x00\x00\x00\x00\x01\x02\x10" + good,
        "MessagePack": b"\x82\xa2id\xa11\xa6source\xa1s",
        "gzip": bytes.fromhex("1f8b08000000000000ff"),
        "a gzip cut short": gzip.compress(good, mtime=0)[:-9],
        "Protobuf behind a registry's prefix": b"\x00\x00\x00\x00\x01\x00\x0a\x02ab",
        "UTF-16": good.decode().encode("utf-16"),
        "UTF-16 without a mark": good.decode().encode("utf-16-le"),
        "UTF-32": good.decode().encode("utf-32"),
        "a line feed in a text": with_text('"a\nb"'),
        "a tab in a text": with_text('"a\tb"'),
        "a NUL in a text": with_text('"a\x00b"'),
        "an unknown escape": with_text(r'"\q"'),
        "a short escape": with_text(r'"\u12"'),
        "an escape that is not hex": with_text(r'"\u12zz"'),
        "a lone backslash": with_text('"\\"'),
        "True": with_text("True"),
        "undefined": with_text("undefined"),
        "NaN": with_text("NaN"),
        "Infinity": with_text("Infinity"),
        "minus Infinity": with_text("-Infinity"),
        "a leading zero": with_text("01"),
        "a plus sign": with_text("+1"),
        "a bare point": with_text(".5"),
        "a point at the end": with_text("5."),
        "an exponent without digits": with_text("1e"),
        "hexadecimal": with_text("0x10"),
        "two signs": with_text("--1"),
        "an underscore in a number": with_text("1_000"),
        "only a minus": with_text("-"),
        "an empty value": with_text(""),
        "NaN in an unknown field": with_extra(b"NaN"),
        "a comma too many in an unknown list": with_extra(b"[1,]"),
        "an unknown list left open": with_extra(b"[1"),
        "an unknown text left open": with_extra(b'"abc'),
        "a number as a name": with_extra(b"{1:2}"),
        "no colon": with_extra(b'{"a" 1}'),
        "no comma": with_extra(b"[1 2]"),
        "a control character in an unknown text": with_extra(b'"\x1f"'),
        "a million opening quotes": b'"' * 100_000,
        "a hundred thousand escaped quotes": b'"' + rb"\"" * 100_000,
        "a hundred thousand backslashes": b'{"a":"' + b"\\" * 100_001,
    }.items():
        yield name, "page_view", value, "not_json"


def no_unicode() -> Iterator[Poison]:
    sequences = {
        "a lone continuation": b"\x80",
        "a lone lead": b"\xc3",
        "an overlong slash": b"\xc0\xaf",
        "an overlong NUL": b"\xc0\x80",
        "a surrogate in UTF-8": b"\xed\xa0\x80",
        "beyond the last plane": b"\xf5\x80\x80\x80",
        "byte ff": b"\xff",
        "byte fe": b"\xfe",
        "Latin-1": "Müller".encode("latin-1"),
        "a cut emoji": b"\xf0\x9f\x98",
    }
    for name, sequence in sequences.items():
        good = raw("page_view")
        yield (
            f"{name} in an id",
            "page_view",
            good.replace(b'"id":"e1"', b'"id":"' + sequence + b'"'),
            "not_json",
        )
        yield f"{name} in a title", "page_view", with_text('"@"').replace(b"@", sequence), "not_json"
        yield f"{name} in an unknown field", "page_view", with_extra(b'"' + sequence + b'"'), "not_json"
        yield f"{name} as a name", "page_view", with_extra(b'{"' + sequence + b'":1}'), "not_json"
    for name, escape in {
        "high surrogate": r"\ud800",
        "low surrogate": r"\udc00",
        "two high surrogates": r"\ud800\ud800",
        "surrogates the wrong way round": r"\udc00\ud800",
        "a high surrogate and a letter": r"\ud800A",
        "a high surrogate and another escape": r"\ud83d\u0041",
    }.items():
        yield f"{name} escaped in a title", "page_view", with_text(f'"{escape}"'), "not_json"
        yield (
            f"{name} escaped in an unknown field",
            "page_view",
            with_extra(f'"{escape}"'.encode()),
            "not_json",
        )


def too_deep() -> Iterator[Poison]:
    for name, value in {
        "a list in a list": b"[" * DEEP + b"]" * DEEP,
        "lists without an end": b"[" * DEEP,
        "objects without an end": b'{"a":' * DEEP,
        "objects in objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
        "both in turn": b'[{"a":' * DEEP + b"1" + b"}]" * DEEP,
    }.items():
        # the whole of such a record is also too large; a smaller one shows the depth
        yield (
            f"{name}, 100,000 levels",
            "page_view",
            value,
            "too_large" if len(value) > 262_144 else "too_deep",
        )
        yield f"{name}, in an unknown field", "page_view", with_extra(value[:200_000]), "too_deep"
    for levels in (32, 100, 1_000, 10_000):
        nested = b"[" * levels + b"]" * levels
        yield f"{levels} lists in an unknown field", "page_view", with_extra(nested), "too_deep"
        yield f"{levels} lists for a title", "page_view", with_text(nested.decode()), "too_deep"
        nested = b'{"a":' * levels + b"0" + b"}" * levels
        yield f"{levels} objects in an unknown field", "page_view", with_extra(nested), "too_deep"
        reason = "too_deep" if levels > 32 else "not_json"
        yield f"{levels} levels in front of a whole event", "form", nested + raw("form"), reason
    broken = b'{"\\"[[[[":' * 40
    yield "40 levels with brackets and quotes in the names", "page_view", broken, "too_deep"


def too_large() -> Iterator[Poison]:
    for kind in KINDS:
        yield f"one byte too many on {kind}", kind, sized(kind, 262_145), "too_large"
    yield "10 MB of spaces", "page_view", b" " * TEN_MB, "too_large"
    yield "10 MB of brackets", "page_view", b"[" * TEN_MB, "too_large"
    yield "10 MB of a title", "page_view", with_text('"' + "a" * TEN_MB + '"'), "too_large"
    yield "10 MB of zeros", "page_view", b"\x00" * TEN_MB, "too_large"
    yield "10 MB in a gzip of 10 KB", "page_view", gzip.compress(b" " * TEN_MB, mtime=0), "too_large"
    yield "a million empty lists", "page_view", with_extra(b"[" + b"[]," * 1_000_000 + b"[]]"), "too_large"


def sized(kind: str, size: int) -> bytes:
    """Give a valid event of exactly so many bytes."""
    body = raw(kind)[:-1] + b',"extra":"'
    return body + b"x" * (size - len(body) - 2) + b'"}'


def not_an_object() -> Iterator[Poison]:
    for text in ("null", "true", "0", "-1", "1.5", '"page_view"', "[]", "[{}]", '""'):
        yield f"{text} as a record", "page_view", text.encode(), "wrong_type"
    yield "a list of events", "page_view", b"[" + raw("page_view") + b"]", "wrong_type"


def missing_fields() -> Iterator[Poison]:
    required = {
        "page_view": ("site_id", "visitor_id", "page"),
        "form": ("site_id", "visitor_id", "action", "form_id"),
        "chatbot": ("site_id", "visitor_id", "action", "conversation_id"),
        "email": ("site_id", "action", "message_id"),
        "ad": ("site_id", "action", "platform", "campaign_id"),
        "crm": ("site_id", "action", "lead_id"),
        "cost": ("site_id", "category", "amount_micros", "currency", "period_start", "period_end"),
        "signal": ("site_id", "name", "provider", "entity", "value", "observed_at"),
        "privacy": ("site_id", "action", "visitor_id"),
    }
    for kind in KINDS:
        for name in ("specversion", "id", "source", "type", "time", "data"):
            left = {field: value for field, value in event(kind).items() if field != name}
            yield f"{kind} without {name}", kind, orjson.dumps(left), "missing_field"
        for name in required[kind]:
            yield (
                f"{kind} without data.{name}",
                kind,
                raw(kind, data_of(kind, **{name: None})),
                "missing_field",
            )
        yield f"{kind} with empty data", kind, raw(kind, {}), "missing_field"
    yield "an empty object", "page_view", b"{}", "missing_field"
    for name, blank in (("null", None), ("empty", ""), ("white space", " \t\u00a0")):
        for field in ("id", "source", "specversion", "time", "type"):
            value = orjson.dumps({**event("page_view"), field: blank})
            yield f"{field} is {name}", "page_view", value, "missing_field"
        for kind, fields in required.items():
            for field in fields:
                yield f"{kind}: {field} is {name}", kind, raw(kind, {**data_of(kind), field: blank}), "missing_field"
    yield (
        "a message id of nothing but brackets",
        "email",
        raw("email", data_of("email", message_id="<>")),
        "missing_field",
    )
    yield (
        "a page without its path",
        "page_view",
        raw("page_view", data_of("page_view", page={})),
        "missing_field",
    )


def missing_by_action() -> Iterator[Poison]:
    cases: list[tuple[str, str, dict[str, Any]]] = [
        ("an ad platform's form without a lead", "form", data_of("form", platform="meta", visitor_id=None)),
        ("an ad platform's form with only a visitor", "form", data_of("form", platform="google")),
        ("a form on the site with only a lead", "form", data_of("form", visitor_id=None, lead_id="l1")),
        ("a message without an actor", "chatbot", data_of("chatbot", actor=None)),
        ("an order started without its id", "chatbot", data_of("chatbot", action="order_started")),
        ("an order completed without its id", "chatbot", data_of("chatbot", action="order_completed")),
        ("an appointment set without its id", "chatbot", data_of("chatbot", action="appointment_set")),
        ("a confirmed one without its id", "chatbot", data_of("chatbot", action="appointment_confirmed")),
        ("a cancelled one without its id", "chatbot", data_of("chatbot", action="appointment_cancelled")),
        ("a message to nobody", "email", data_of("email", email_hash=None)),
        ("a bounce without its type", "email", data_of("email", action="bounced")),
        ("a spend without a cost", "ad", data_of("ad", action="spend", currency="EUR")),
        ("a spend without a currency", "ad", data_of("ad", action="spend", cost_micros=5)),
        ("a total without its start", "ad", total(period_start=None)),
        ("a total without its end", "ad", total(period_end=None)),
        ("a period without start and end", "ad", data_of("ad", revision=1)),
    ]
    for name, kind, data in cases:
        yield name, kind, raw(kind, data), "missing_field"


def wrong_types() -> Iterator[Poison]:
    wrong: dict[str, tuple[Any, ...]] = {
        "text": (1, 1.5, True, [], {}),
        "id": (1.5, True, [], {}),
        "number": ("1", True, [], {}),
        "object": ("x", 1, [], True),
    }
    fields: list[tuple[str, str, str]] = [
        ("page_view", "visitor_id", "id"),
        ("page_view", "lead_id", "id"),
        ("page_view", "page", "object"),
        ("form", "action", "text"),
        ("form", "form_id", "id"),
        ("chatbot", "conversation_id", "id"),
        ("email", "message_id", "id"),
        ("email", "email_hash", "text"),
        ("ad", "campaign_id", "id"),
        ("ad", "ad_id", "id"),
        ("ad", "count", "number"),
        ("ad", "cost_micros", "number"),
        ("ad", "revision", "number"),
    ]
    for kind, field, form in fields:
        for value in wrong[form]:
            shown = orjson.dumps(value).decode()
            yield (
                f"{kind}: {field} is {shown}",
                kind,
                raw(kind, data_of(kind, **{field: value})),
                "wrong_type",
            )
    for name, value in (("id", []), ("source", 1.5), ("id", True), ("specversion", 1), ("type", 7)):
        yield f"{name} is {value!r}", "page_view", raw("page_view", **{name: value}), "wrong_type"
    for value in ("x", 1, [], True):
        yield (
            f"data is {value!r}",
            "page_view",
            orjson.dumps({**event("page_view"), "data": value}),
            "wrong_type",
        )
    yield (
        "a page's path is a number",
        "page_view",
        raw("page_view", data_of("page_view", page={"path": 1})),
        "wrong_type",
    )
    yield "half a cent of millionths", "ad", raw("ad", data_of("ad", cost_micros=1.5)), "wrong_type"


def outside_of_lists() -> Iterator[Poison]:
    cases: list[tuple[str, str, Any]] = [
        ("form", "action", "submitted"),
        ("form", "action", "sub mit"),
        ("chatbot", "action", "order_cancelled"),
        ("email", "action", "open"),
        ("ad", "action", "view"),
    ]
    for kind, field, value in cases:
        shown = orjson.dumps(value).decode()
        yield f"{kind}: {field} is {shown}", kind, raw(kind, data_of(kind, **{field: value})), "out_of_range"
    for currency in ("EURO", "E1R", "XXX", "XAU", "DDM", "\u20ac"):
        data = data_of("ad", action="spend", cost_micros=5, currency=currency)
        yield f"money of {currency}", "ad", raw("ad", data), "out_of_range"
    for version in ("0.3", "1.1", "2.0", "1"):
        yield f"version {version!r}", "page_view", raw("page_view", specversion=version), "out_of_range"


def outside_of_ranges() -> Iterator[Poison]:
    cases: list[tuple[str, str, Any]] = [
        ("ad", "count", 10**12),
        ("ad", "count", -(10**12)),
        ("ad", "count", 2**63),
        ("ad", "count", 2**64 - 1),
        ("ad", "cost_micros", 2**53),
        ("ad", "cost_micros", -(2**53)),
        ("ad", "revision", -1),
        ("ad", "campaign_id", 2**53),
    ]
    for kind, field, value in cases:
        yield f"{kind}: {field} is {value}", kind, raw(kind, data_of(kind, **{field: value})), "out_of_range"


def numbers() -> Iterator[Poison]:
    long = "9" * 100_000
    for field, text in (
        ("count", long),
        ("count", "-" + long),
        ("count", "9" * 20),
        ("count", "9" * 400),
        ("cost_micros", long),
        ("count", "1e999"),
        ("count", "-1e999"),
        ("count", "1" + "0" * 309),
    ):
        value = raw("ad").replace(b'"action":', f'"{field}":{text},"action":'.encode(), 1)
        yield f"{field} is {text[:9]} of {len(text)} characters", "ad", value, "out_of_range"


def texts() -> Iterator[Poison]:
    for kind, field in (
        ("page_view", "visitor_id"),
        ("form", "form_id"),
        ("form", "submission_id"),
        ("chatbot", "conversation_id"),
        ("email", "message_id"),
        ("ad", "campaign_id"),
        ("ad", "platform"),
    ):
        for name, value in (
            ("of 257 characters", "x" * 257),
            ("with a NUL", "a\x00b"),
            ("with a unit separator", "a\x1fb"),
            ("with a line feed inside", "a\nb"),
        ):
            yield f"{kind}: {field} {name}", kind, raw(kind, data_of(kind, **{field: value})), "out_of_range"
        if field != "platform":  # white space around it decorates
            ends = raw(kind, data_of(kind, **{field: "a\n"}))
            yield f"{kind}: {field} with a line feed at its end", kind, ends, "out_of_range"
    for name in ("id", "source"):
        yield f"{name} of 257 characters", "page_view", raw("page_view", **{name: "x" * 257}), "out_of_range"
        yield f"{name} with a separator", "page_view", raw("page_view", **{name: "a\x1fb"}), "out_of_range"
    for name, value in (("of 65 characters", "s" * 65), ("with a NUL", "s\x00")):
        yield (
            f"a site {name}",
            "page_view",
            raw("page_view", data_of("page_view", site_id=value)),
            "out_of_range",
        )
    for name, value in (
        ("short", "ab" * 31),
        ("long", "ab" * 33),
        ("no hex", "xy" * 32),
        ("with a line feed", "ab" * 31 + "a\n"),
    ):
        yield f"a hash {name}", "email", raw("email", data_of("email", email_hash=value)), "out_of_range"


def kinds() -> Iterator[Poison]:
    for name in (
        "crms",
        "costs",
        "lead",
        "pageview",
        "page view",
        "com.example.page_view",
    ):
        yield f"type {name!r}", "page_view", raw("page_view", type=name), "unknown_kind"
    for kind, other in (
        ("page_view", "form"),
        ("form", "page_view"),
        ("email", "ad"),
        ("ad", "chatbot"),
        ("crm", "form"),
        ("ad", "cost"),
    ):
        yield f"a {other} on {kind}", kind, raw(other), "wrong_topic"
    yield "another kind that is broken as well", "form", b'{"type":"ad","data":7}', "wrong_topic"
    yield "a type of 100,000 characters", "page_view", raw("page_view", type="x" * 100_000), "unknown_kind"


BAD_TIMES = (
    "now",
    "2025-06-15",
    "2025-06-15T12:00:00",
    "2025-06-15T12:00Z",
    "2025-06-15T12Z",
    "2025-06-15 12:00:00Z",
    "2025-06-15_12:00:00Z",
    "2025-06-15T12:00:00.Z",
    "2025-06-15T12:00:00,5Z",
    "2025-06-15T12:00:00.1234567890Z",
    "2025-06-15T12:00:00+0200",
    "2025-06-15T12:00:00+02",
    "2025-06-15T12:00:00+24:00",
    "2025-06-15T12:00:00+02:60",
    "2025-06-15T12:00:00 Z",
    "2025-06-15T12:00:00Z ",
    " 2025-06-15T12:00:00Z",
    "2025-06-15T12:00:00ZZ",
    "2025-06-15T12:00:00Z\n",
    "+2025-06-15T12:00:00Z",
    "20250615T120000Z",
    "2025-W24-7T12:00:00Z",
    "2025-166T12:00:00Z",
    "2025-00-15T12:00:00Z",
    "2025-13-15T12:00:00Z",
    "2025-06-00T12:00:00Z",
    "2025-06-31T12:00:00Z",
    "2025-02-29T12:00:00Z",
    "2100-02-29T12:00:00Z",
    "2025-06-15T24:00:00Z",
    "2025-06-15T12:60:00Z",
    "2025-06-15T12:00:60Z",
    "2025-06-15T12:00:61Z",
    "0000-01-01T00:00:00Z",
    "0001-01-01T00:00:00Z",
    "1969-12-31T23:59:59Z",
    "1999-12-31T23:59:59.999Z",
    "2025-06-16T12:00:00.002Z",
    "2026-06-15T12:00:00Z",
    "9999-12-31T23:59:59Z",
    "10000-01-01T00:00:00Z",
    "２025-06-15T12:00:00Z",
    "2025-06-15T12:00:0٣Z",
    "1750000000",
    "15/06/2025 12:00",
    "Sun, 15 Jun 2025 12:00:00 GMT",
    "P1D",
    "\x002025-06-15T12:00:00Z",
    "2" * 100_000,
)


def times() -> Iterator[Poison]:
    for text in BAD_TIMES:
        yield f"time {text[:40]!r}", "page_view", raw("page_view", time=text), "bad_time"
    for value in (1_749_988_800, 1_749_988_800.5, True, [], {}):
        yield f"time {value!r}", "page_view", raw("page_view", time=value), "bad_time"
    for text in ("2025-06-14T11:59:59.999Z", "2025-06-01T00:00:00Z", "2000-01-01T00:00:00Z"):
        yield f"late: {text}", "page_view", raw("page_view", time=text), "too_late"


def other_times() -> Iterator[Poison]:
    for text in ("yesterday", "0000-01-01T00:00:00Z", "2025-02-30T00:00:00Z"):
        yield f"recorded {text!r}", "page_view", raw("page_view", recordedtime=text), "bad_time"
        yield f"period from {text!r}", "ad", raw("ad", total(period_start=text)), "bad_time"
        yield f"period to {text!r}", "ad", raw("ad", total(period_end=text)), "bad_time"
    for field in ("recordedtime",):
        yield f"{field} is a number", "page_view", raw("page_view", **{field: 5}), "bad_time"
    for name, start, end in (
        ("of no length", "2025-06-14T00:00:00Z", "2025-06-14T00:00:00Z"),
        ("backwards", "2025-06-15T00:00:00Z", "2025-06-14T00:00:00Z"),
        ("of 25 years", "2000-01-01T00:00:00Z", "2025-01-01T00:00:00Z"),
        ("of all time", "2000-01-01T00:00:00Z", "9999-12-31T00:00:00Z"),
        ("far ahead", "2030-01-01T00:00:00Z", "2030-01-02T00:00:00Z"),
        ("that begins after its report", "2025-06-15T13:00:00Z", "2025-06-16T00:00:00Z"),
        ("that begins with its report", "2025-06-15T12:00:00Z", "2025-06-16T00:00:00Z"),
    ):
        yield f"a period {name}", "ad", raw("ad", total(period_start=start, period_end=end)), "bad_time"


def personal_data() -> Iterator[Poison]:
    for address in (
        "ann@example.com",
        "Ann.Lee+news@mail.example.co.uk",
        "ann%40example.com",
        "a" * 60 + "@b.co",
        "ann@exämple.de",
        "ann@exa\u0308mple.de",
        "jürgen@example.com",
        "用户@例子.广告",
        "ann@例え。jp",
        "राम@उदाहरण.भारत",
        "иван@пример.рф",
        "ann@xn--exmple-cua.de",
        "ann%40ex%C3%A4mple.de",
        "ann%40%d0%bf%d1%80.%d1%80%d1%84",
        "J%C3%BCrgen%40example.com",
    ):
        for kind in KINDS:
            data = data_of(kind, email_hash=address)
            yield f"{address[:20]} for a hash on {kind}", kind, raw(kind, data), "personal_data"
        for field in ("visitor_id", "lead_id", "user_id"):
            data = data_of("page_view", **{field: address})
            yield f"{address[:20]} as {field}", "page_view", raw("page_view", data), "personal_data"
    hidden = raw("page_view", data_of("page_view", visitor_id="ann#example.com")).replace(b"#", rb"\u0040")
    yield "an escaped address as visitor_id", "page_view", hidden, "personal_data"
    written = raw("page_view", data_of("page_view", visitor_id="ann@ex#mple.de")).replace(b"#", rb"\u00e4")
    yield "an address with an escaped letter", "page_view", written, "personal_data"
    written = raw("page_view", data_of("page_view", visitor_id="ann@#.#")).replace(b"#", rb"\u4f8b\u5b50")
    yield "an address of escaped letters", "page_view", written, "personal_data"
    inside = data_of("page_view", visitor_id="crm:ann@example.com:7")
    yield "an address inside visitor_id", "page_view", raw("page_view", inside), "personal_data"
    for name, data in {
        "in an address bar": data_of("page_view", page={"path": "/", "url": "https://x.example/?m=a@b.example"}),
        "in a referrer": data_of("page_view", referrer={"url": "https://x.example/?m=ann%40b.example"}),
        "in a field nobody knows": data_of("page_view", note={"to": ["x", {"cc": "ann@b.example"}]}),
        "as the name of a field": data_of("page_view", sent={"ann@b.example": True}),
        "as a product": data_of("page_view", product="for ann@b.example"),
    }.items():
        yield f"an address {name}", "page_view", raw("page_view", data), "personal_data"
    yield (
        "an address beside a message id of that form",
        "email",
        raw("email", data_of("email", message_id="a@b.example", link_path="/?a@b.example")),
        "personal_data",
    )


def odd_but_good() -> Iterator[Poison]:
    good = raw("page_view")
    page = {"path": "/"}
    for name, value in {
        "white space all over": good.replace(b",", b" ,\n\t").replace(b":{", b" : {"),
        "white space around": b" \r\n" + good + b"\n ",
        "the same field twice": good[:-1] + b',"id":"e2"}',
        "faust's own field": with_extra(b"1").replace(b'"extra"', b'"__faust"'),
        "faust's own object": with_extra(b'{"ns":"x.Y"}').replace(b'"extra"', b'"__faust"'),
        "faust's own field in the data": with_text('{"ns":"a"}', field="__faust"),
        "Python's own names": with_extra(b'{"__class__":"int","__proto__":{},"__init__":1}'),
        "an unknown number of 100,000 digits": with_extra(b"9" * 100_000),
        "an unknown number beyond floats": with_extra(b"1e999"),
        "an unknown text of 100,000 characters": with_extra(b'"' + b"x" * 100_000 + b'"'),
        "an unknown name of 100,000 characters": with_extra(b'{"' + b"n" * 100_000 + b'":1}'),
        "a long text before an @": with_extra(b'"' + b"x" * 200_000 + b"@ x" + b'"'),
        "a long name after an @": with_extra(b'"' + b"a@" + b"x." * 90_000 + b'"'),
        "many @": with_extra(b'"' + b"a@b" * 80_000 + b'"'),
        "29 levels in an unknown field": with_extra(b"[" * 29 + b"]" * 29),
        "31 levels in an unknown field": with_extra(b"[" * 31 + b"]" * 31),
        "brackets in a text": with_text('"' + "[{" * 2_000 + '"'),
        "brackets and quotes in a text": with_text('"' + r"\"[{" * 900 + '"'),
        "many small lists": with_extra(b"[" + b"[]," * 1_000 + b"[]]"),
        "a text of 4,096 characters": raw("page_view", data_of("page_view", page={**page, "title": "x" * 4_096})),
        "4,096 emoji": raw("page_view", data_of("page_view", page={**page, "title": "😀" * 4_096})),
        "an emoji as escaped surrogates": with_text(r'"\ud83d\ude00"'),
        "a NUL in a title": with_text(r'"a\u0000b"'),
        "right to left and back": with_text('"\u202eabc\u202c"'),
        "an @ that is no address": raw("page_view", data_of("page_view", visitor_id="@handle")),
        "a handle in an address bar": raw(
            "page_view", data_of("page_view", page={**page, "url": "https://x.example/@ann/post.html"})
        ),
        "a place on a map": raw(
            "page_view", data_of("page_view", referrer={"url": "https://maps.example/maps/@48.85,2.35,15z"})
        ),
        "the owner of a crawler": raw("page_view", data_of("page_view", user_agent="bot (+mailto:bot@b.example)")),
        "a handle in quotes": raw("page_view", data_of("page_view", page={**page, "title": "„@ann.example“"})),
        "a letter beyond ASCII after an @": raw("page_view", data_of("page_view", visitor_id="ann@exämple")),
        "a byte order mark": b"\xef\xbb\xbf" + good,
        "a registry's prefix": b"\x00\x00\x00\x00\x01" + good,
        "a gzip": gzip.compress(good, mtime=0),
        "a mark in a prefix in a gzip": gzip.compress(b"\x00\x00\x00\x00\x01\xef\xbb\xbf" + good, mtime=0),
        "a type in capitals": raw("page_view", type=" Page_View"),
        "an id that is a number": raw("page_view", id=17),
        "an id that is a number with a point": with_text("17.0", field="content_id"),
        "no path but an address": raw("page_view", data_of("page_view", page={"url": "https://x.example/a"})),
        "an empty path and an address": raw(
            "page_view", data_of("page_view", page={"path": "", "url": "https://x.example/a"})
        ),
        "a path of 4,097 characters": raw("page_view", data_of("page_view", page={"path": "/" * 4_097})),
        "exactly 256 KiB": sized("page_view", 262_144),
        "nulls for what is optional": raw(
            "page_view",
            {
                **data_of("page_view"),
                "lead_id": None,
                "geo": None,
                "campaign": {"source": None},
                "consent": None,
            },
        ),
        "all consents given": raw("page_view", data_of("page_view", consent={"analytics": True, "ads": False})),
        "a time in another zone": raw("page_view", time="2025-06-15T17:30:00.000+05:30"),
        "a time in small letters": raw("page_view", time="2025-06-15t12:00:00z"),
        "nine digits of a second": raw("page_view", time="2025-06-15T11:59:59.999999999Z"),
        "a clock a little ahead": raw("page_view", time="2025-06-15T23:00:00Z"),
        "just in time": raw("page_view", time="2025-06-14T12:00:00.001Z"),
    }.items():
        yield name, "page_view", value, None
    for name, data in {
        "no clicks": data_of("ad", count=0),
        "the most clicks": data_of("ad", count=10**12 - 1),
        "clicks given back": data_of("ad", count=-2),
        "a part of a conversion": data_of("ad", action="conversion", count=0.33),
        "a count with a point": data_of("ad", count=12.0),
        "a total that does not say its revision": total(revision=None),
        "a campaign that is a number": data_of("ad", campaign_id=23843),
        "a value that is none": data_of("ad", action="conversion", conversion_value="49,90", currency="\u20ac"),
        "a value beyond numbers": data_of("ad", action="conversion", conversion_value=2**60),
        "money of small letters": data_of("ad", action="spend", cost_micros=5, currency=" bgn"),
        "money given back": data_of("ad", action="spend", cost_micros=-5, currency="EUR"),
        "a total": total(),
        "a value written as a whole number": data_of("ad", conversion_value=5),
        "a very small value": data_of("ad", conversion_value=1e-320),
    }.items():
        yield name, "ad", raw("ad", data), None
    for kind, name, data in (
        ("email", "a message id of the mail's own form", data_of("email", message_id="<a.b@c.example>")),
        ("email", "a hash in capitals", data_of("email", email_hash="AB" * 32)),
        ("email", "a bounce by another word", data_of("email", action="Bounced ", bounce_type="Undetermined")),
        ("email", "a machine by a word", data_of("email", machine="yes")),
        ("form", "a submit that does not say which", data_of("form", submission_id=None)),
        ("form", "a type nobody knows", data_of("form", form_type="callback")),
        ("form", "another ad platform", data_of("form", platform="TikTok", visitor_id=None, lead_id="l")),
        ("form", "an action in capitals", data_of("form", action=" SUBMIT")),
        ("form", "fields that are no list", data_of("form", fields_asked="name", company=[], value=True)),
        ("chatbot", "an actor nobody knows", data_of("chatbot", actor="system")),
        ("chatbot", "a time that is none", data_of("chatbot", duration_s=-1, resolved="no")),
    ):
        yield name, kind, raw(kind, data), None
