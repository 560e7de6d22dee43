"""Judge: which of the raw records count, and why the others do not.

In:  raw records; the lateness.
Out: events that count, and the account: accepted, counted, duplicate, filtered by reason, dead-lettered by
     reason.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

DAY_MS = 86_400_000

CHANNEL_OF_MEDIUM = {
    "organic": "organic_search",
    "cpc": "paid_search",
    "paid_social": "paid_social",
    "social": "organic_social",
    "email": "email",
    "referral": "referral",
    "display": "display",
    "affiliate": "affiliates",
}
CHANNEL_OF_REFERRER = {
    "www.google.com": "organic_search",
    "www.facebook.com": "organic_social",
}  # all others: referral

ACTIONS = {
    "form": {"view", "start", "submit", "error", "abandon"},
    "chatbot": {
        "conversation_started", "message", "handoff", "lead_captured", "order_started", "order_completed",
        "appointment_set", "appointment_confirmed", "appointment_cancelled", "conversation_ended",
    },
    "email": {
        "sent", "deferred", "delivered", "bounced", "dropped", "opened", "clicked", "replied", "unsubscribed",
        "resubscribed", "spam_complaint",
    },
    "ad": {"impression", "click", "conversion", "spend"},
}  # fmt: skip
REQUIRED = {
    "page_view": ("visitor_id", "page"),
    "form": ("action", "form_id"),
    "chatbot": ("visitor_id", "action", "conversation_id"),
    "email": ("action", "message_id"),
    "ad": ("action", "platform", "campaign_id"),
}
TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")


class Raw(NamedTuple):
    """A record as the broker has it; `timestamp_ms` is its arrival."""

    kind: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None


class Judgement(NamedTuple):
    """An event that counts, by its time and its name: source and id."""

    at_ms: int
    name: str
    kind: str
    data: dict[str, Any]
    channel: str


@dataclass
class Judged:
    """All records, each in exactly one place; `places` has (kind, outcome, reason)."""

    events: list[Judgement] = field(default_factory=list)
    places: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    arrivals: list[tuple[str, str, int, bool]] = field(default_factory=list)  # site, kind, arrival, counted


class Dead(Exception):
    """Why a record is refused."""


def judge(records: Iterable[Raw], lateness_ms: int = DAY_MS) -> Judged:
    """Look at each record once; of several of a kind with the same source and id the first counts."""
    judged = Judged()
    known: set[tuple[str, str, str]] = set()
    for raw in sorted(records, key=lambda raw: (raw.timestamp_ms, raw.kind, raw.partition, raw.offset)):
        site = "unknown"
        try:
            envelope = _parse(raw)
            site = _site(envelope)
            at_ms = _check(raw, envelope, lateness_ms)
        except Dead as dead:
            outcome, reason = "dead_lettered", str(dead)
        else:
            data = envelope["data"]
            name = (raw.kind, envelope["source"], envelope["id"])
            reason = _filtered(raw.kind, data)
            if name in known:
                outcome, reason = "duplicate", ""
            elif reason:
                outcome = "filtered"
            else:
                outcome = "counted"
                whose = f"{envelope['source']}\x1f{envelope['id']}"
                judged.events.append(Judgement(at_ms, whose, raw.kind, data, channel_of(data)))
            known.add(name)
        judged.places[raw.kind, outcome, reason] += 1
        judged.arrivals.append((site, raw.kind, raw.timestamp_ms, outcome == "counted"))
    return judged


def channel_of(data: dict[str, Any]) -> str:
    """Tell where a visit came from, by medium, else by referrer; test traffic has no others."""
    medium = data.get("campaign", {}).get("medium")
    if medium:
        return CHANNEL_OF_MEDIUM[medium]
    domain = data.get("referrer", {}).get("domain")
    return CHANNEL_OF_REFERRER.get(domain, "referral") if domain else "direct"


def _filtered(kind: str, data: dict[str, Any]) -> str:
    given = data.get("traffic", {}).get("class")
    if given:
        return "" if given == "human" else str(given)
    is_visit = kind in ("page_view", "chatbot") or (kind == "form" and data.get("platform", "site") == "site")
    return "bot" if is_visit and "bot" in data.get("user_agent", "").lower() else ""


def _parse(raw: Raw) -> dict[str, Any]:
    if not raw.value:
        raise Dead("not_json")
    if len(raw.value) > 256 * 1024:
        raise Dead("too_large")
    if _depth(raw.value) > 32:
        raise Dead("too_deep")
    try:
        parsed = json.loads(raw.value.decode("utf-8"))
    except ValueError:
        raise Dead("not_json") from None
    if not isinstance(parsed, dict):
        raise Dead("wrong_type")
    return parsed


def _depth(value: bytes) -> int:
    if value.count(b"[") + value.count(b"{") <= 32:
        return 0  # cannot be deeper than it has brackets
    depth = deepest = 0
    quoted = escaped = False
    for byte in value:
        if quoted:
            quoted, escaped = byte != 0x22 or escaped, byte == 0x5C and not escaped
        elif byte == 0x22:
            quoted = True
        elif byte in b"[{":
            depth += 1
            deepest = max(depth, deepest)
        elif byte in b"]}":
            depth -= 1
    return deepest


def _site(envelope: dict[str, Any]) -> str:
    data = envelope.get("data")
    site = data.get("site_id") if isinstance(data, dict) else None
    return site if isinstance(site, str) and 0 < len(site) <= 64 else "unknown"


def _check(raw: Raw, envelope: dict[str, Any], lateness_ms: int) -> int:
    """Give the event's time, or say why it is refused."""
    for name in ("specversion", "id", "source", "type", "time", "data"):
        if name not in envelope:
            raise Dead("missing_field")
    if envelope["type"] != raw.kind:
        raise Dead("unknown_kind")
    data = envelope["data"]
    for name in ("id", "source"):
        if not isinstance(envelope[name], str | int):
            raise Dead("wrong_type")
        if len(str(envelope[name])) > 256:
            raise Dead("out_of_range")
    if not isinstance(data, dict):
        raise Dead("wrong_type")
    for name in ("site_id", *REQUIRED[raw.kind]):
        if name not in data:
            raise Dead("missing_field")
    if raw.kind == "form" and data.get("platform", "site") == "site" and "visitor_id" not in data:
        raise Dead("missing_field")
    if raw.kind == "email" and "lead_id" not in data and "email_hash" not in data:
        raise Dead("missing_field")
    for name, value in data.items():
        wanted = int if name in ("count", "revision", "cost_micros") else str
        if name in ("site_id", "count", "email_hash") and not isinstance(value, wanted):
            raise Dead("wrong_type")
    if raw.kind in ACTIONS and data["action"] not in ACTIONS[raw.kind]:
        raise Dead("out_of_range")
    if "@" in data.get("email_hash", ""):
        raise Dead("personal_data")
    return _time(raw, envelope["time"], lateness_ms)


def moment_ms(written: str) -> int:
    """Read an RFC 3339 time."""
    return round(datetime.fromisoformat(written.upper()).timestamp() * 1000)


def _time(raw: Raw, written: Any, lateness_ms: int) -> int:
    if not isinstance(written, str) or not TIME.fullmatch(written):
        raise Dead("bad_time")
    try:
        at_ms = moment_ms(written)
    except ValueError:
        raise Dead("bad_time") from None
    if at_ms < 946_684_800_000 or at_ms > raw.timestamp_ms + DAY_MS:
        raise Dead("bad_time")
    if raw.timestamp_ms - at_ms > lateness_ms:
        raise Dead("too_late")
    return min(at_ms, raw.timestamp_ms)
