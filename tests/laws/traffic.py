"""Traffic: random events of few people and few names, so that what is rare in life is common here.

In:  hypothesis.
Out: lists of envelopes, as small as they can be; and what is needed to fold them.

All events happen within a day and arrive at its end: none is late, so any order is a legal one. Times lie around
multiples of half an hour, where sessions begin, end and merge.
"""

from __future__ import annotations

from typing import Any, Final

import orjson
from hypothesis import strategies as st

from stream.changes.panes import DAY_MS, HOUR_MS, MINUTE_MS, Grid
from stream.contract.records import Record
from stream.contract.times import format_ms, parse_ms
from stream.engine.commit import ShardReport
from stream.engine.groups import GROUPS
from stream.engine.options import FoldOptions
from stream.engine.shard import ShardFold

START_MS: Final = parse_ms("2025-06-15T00:00:00Z") or 0
ARRIVAL_MS: Final = START_MS + DAY_MS
REPORT: Final = ShardReport(caught_up=True, now_ms=ARRIVAL_MS)

Envelope = dict[str, Any]

_PEOPLE: Final = ("ann", "bob", "cat")
_UTM: Final = (
    None, None, None, ("google", "cpc", "spring"), ("news", "email", "june"), ("facebook", "social", None),
    ("google", "organic", None), ("partner.example", "referral", None), ("facebook", "cpc", "spring"),
)  # fmt: skip
_PAGES: Final = (("blog", "a"), ("blog", "b"), ("pricing", "p"), (None, None))
_COUNTRIES: Final = (None, None, "DE", "FR")
_FORM_ACTIONS: Final = ("view", "start", "start", "submit", "submit", "submit", "error", "abandon")
_CHAT_ACTIONS: Final = (
    "conversation_started", "message", "message", "lead_captured", "handoff", "conversation_ended",
    "order_started", "order_completed", "appointment_set", "appointment_confirmed", "appointment_cancelled",
)  # fmt: skip
_RECIPIENTS: Final = (
    {"lead_id": "L1"}, {"lead_id": "L1"}, {"lead_id": "L2"}, {"email_hash": "a" * 64}, {"email_hash": "b" * 64},
    {"lead_id": "L2", "email_hash": "b" * 64},
)  # fmt: skip
_EMAIL_ACTIONS: Final = (
    "sent", "deferred", "delivered", "bounced", "dropped", "opened", "clicked", "replied", "unsubscribed",
    "resubscribed", "spam_complaint",
)  # fmt: skip


def times(span_ms: int = DAY_MS) -> st.SearchStrategy[int]:
    """Draw a time near a multiple of ten minutes."""
    steps = st.integers(0, span_ms // (10 * MINUTE_MS) - 1)
    return st.builds(
        lambda step, jitter: START_MS + 10 * MINUTE_MS * step + jitter,
        steps,
        st.sampled_from((0, 0, 0, 1, 999, 59_999)),
    )


def _came(utm: tuple[str | None, ...] | None, country: str | None) -> Envelope:
    out: Envelope = {}
    if utm is not None:
        out["campaign"] = {k: v for k, v in zip(("source", "medium", "name"), utm, strict=True) if v}
    if country is not None:
        out["geo"] = {"country": country}
    return out


def _envelope(kind: str, time_ms: int, data: Envelope) -> Envelope:
    data = {"site_id": "s1", **{name: value for name, value in data.items() if value is not None}}
    return {"specversion": "1.0", "source": "test", "type": kind, "time": format_ms(time_ms), "data": data}


@st.composite
def views(draw: st.DrawFn, span_ms: int = DAY_MS) -> Envelope:
    """Draw a page view."""
    group, content = draw(st.sampled_from(_PAGES))
    page = {"path": "/", "group": group, "content_id": content}
    page["content_type"] = draw(st.sampled_from((None, None, None, "download")))
    page["offer_id"] = draw(st.sampled_from((None, None, None, None, "ebook", "course")))
    return _envelope("page_view", draw(times(span_ms)), {
        "visitor_id": draw(st.sampled_from(_PEOPLE)),
        "engagement_ms": draw(st.sampled_from((None, None, 4_000, 20_000))),
        "page": {name: value for name, value in page.items() if value is not None},
        **_came(draw(st.sampled_from(_UTM)), draw(st.sampled_from(_COUNTRIES))),
    })  # fmt: skip


@st.composite
def forms(draw: st.DrawFn, span_ms: int = DAY_MS) -> Envelope:
    """Draw a form event, now and then of an ad platform."""
    platform = draw(st.sampled_from((None, None, None, None, None, "meta", "google")))
    action = draw(st.sampled_from(_FORM_ACTIONS))
    return _envelope("form", draw(times(span_ms)), {
        "visitor_id": draw(st.sampled_from(_PEOPLE)) if platform is None else None,
        "lead_id": draw(st.sampled_from(("L1", "L2"))) if platform is not None else None,
        "platform": platform,
        "action": action,
        "form_id": draw(st.sampled_from(("f1", "f2"))),
        "form_type": draw(st.sampled_from(("contact", "demo", "survey", None))),
        "submission_id": draw(st.sampled_from(("1", "2", "3"))) if action == "submit" else None,
        "value": draw(st.sampled_from((None, None, 10, 19.99))),
        "currency": draw(st.sampled_from((None, "EUR", "EUR", "USD"))),
        "offer_stage": draw(st.sampled_from((None, None, "top"))),
        "event_id": draw(st.sampled_from((None, None, None, "fair"))),
        "offer_id": draw(st.sampled_from((None, None, None, "ebook"))),
        "fields_asked": draw(st.sampled_from((None, ["name", "mail"]))),
        "fields_present": draw(st.sampled_from((None, ["name"]))),
        **_came(draw(st.sampled_from(_UTM)), draw(st.sampled_from(_COUNTRIES))),
    })  # fmt: skip


@st.composite
def chats(draw: st.DrawFn, span_ms: int = DAY_MS) -> Envelope:
    """Draw an event of the chatbot."""
    action = draw(st.sampled_from(_CHAT_ACTIONS))
    return _envelope("chatbot", draw(times(span_ms)), {
        "visitor_id": draw(st.sampled_from(_PEOPLE)),
        "action": action,
        "conversation_id": draw(st.sampled_from(("c1", "c2"))),
        "bot_id": draw(st.sampled_from((None, "sally", "max"))),
        "actor": draw(st.sampled_from(("visitor", "visitor", "bot", "agent"))),
        "value": draw(st.sampled_from((None, None, 10, 19.99))),
        "currency": draw(st.sampled_from((None, "EUR", "EUR"))),
        "resolved": draw(st.sampled_from((None, None, True, False))),
        "duration_s": draw(st.sampled_from((None, None, 12.5, 90))),
        "order_id": draw(st.sampled_from(("o1", "o2"))) if action.startswith("order") else None,
        "appointment_id": draw(st.sampled_from(("a1", "a2"))) if action.startswith("app") else None,
        **_came(draw(st.sampled_from(_UTM)), None),
    })  # fmt: skip


@st.composite
def emails(draw: st.DrawFn, span_ms: int = DAY_MS) -> Envelope:
    """Draw an event of one of few messages."""
    action = draw(st.sampled_from(_EMAIL_ACTIONS))
    return _envelope("email", draw(times(span_ms)), {
        "message_id": draw(st.sampled_from(("m1", "m2", "m3", "m4"))),
        **draw(st.sampled_from(_RECIPIENTS)),
        "action": action,
        "link_path": draw(st.sampled_from((None, "/a"))) if action == "clicked" else None,
        "bounce_type": draw(st.sampled_from(("hard", "soft", "block"))) if action == "bounced" else None,
        "campaign_id": draw(st.sampled_from((None, "june", "july"))),
        "email_purpose": draw(st.sampled_from((None, "welcome"))),
        "variant": draw(st.sampled_from((None, "A", "B"))),
        "recipient_domain": draw(st.sampled_from((None, "example.com", "example.org"))),
        "machine": draw(st.sampled_from((None, None, True))),
    })  # fmt: skip


@st.composite
def ads(draw: st.DrawFn, span_ms: int = DAY_MS) -> Envelope:
    """Draw an ad event or a total."""
    action = draw(st.sampled_from(("impression", "click", "conversion", "spend")))
    data: Envelope = {
        "action": action,
        "platform": draw(st.sampled_from(("google", "meta"))),
        "campaign_id": draw(st.sampled_from(("brand", "sale"))),
        "channel_type": draw(st.sampled_from((None, "search"))),
        "count": draw(st.integers(0, 1_000)),
        "cost_micros": draw(st.integers(0, 10**9)),
        "currency": draw(st.sampled_from(("EUR", "USD"))),
    }
    if draw(st.booleans()):
        start = START_MS - DAY_MS + HOUR_MS * draw(st.integers(0, 30))
        end = start + HOUR_MS * draw(st.sampled_from((1, 7, 24)))
        data |= {"period_start": format_ms(start), "period_end": format_ms(end)}
        data["revision"] = draw(st.integers(0, 2))
    at_ms = draw(times(span_ms))
    if "period_start" in data:
        at_ms = max(at_ms, start + 1)  # nobody reports a day before it began
    return _envelope("ad", at_ms, data)


def named(events: list[Envelope]) -> list[Envelope]:
    """Give each event an id that says nothing about its place."""
    return [{**event, "id": f"{number * 7919 % 1_000:03d}-{number}"} for number, event in enumerate(events)]


def people(span_ms: int = DAY_MS, max_size: int = 24) -> st.SearchStrategy[list[Envelope]]:
    """Draw what visitors do, mostly page views."""
    one = st.one_of(views(span_ms), views(span_ms), forms(span_ms), chats(span_ms))
    return st.lists(one, min_size=1, max_size=max_size).map(named)


def returning(span_ms: int = DAY_MS, max_size: int = 40) -> st.SearchStrategy[list[Envelope]]:
    """Draw page views and forms of people who come back, in order; nothing is offered and nobody chats."""
    one = st.one_of(views(span_ms), forms(span_ms)).map(_offering_nothing)
    drawn = st.lists(one, min_size=1, max_size=max_size, unique_by=lambda event: event["time"])
    return drawn.map(named).map(lambda events: sorted(events, key=lambda event: str(event["time"])))


def _offering_nothing(event: Envelope) -> Envelope:
    data = {name: value for name, value in event["data"].items() if name != "offer_id"}
    if "page" in data:
        data["page"] = {name: value for name, value in data["page"].items() if name != "offer_id"}
    return {**event, "data": data}


def of_group(group: str, max_size: int = 24) -> st.SearchStrategy[list[Envelope]]:
    """Draw events of a shard group."""
    if group == "visitors":
        return people(max_size=max_size)
    return st.lists(emails() if group == "emails" else ads(), min_size=1, max_size=max_size).map(named)


def record(event: Envelope, arrival_ms: int = ARRIVAL_MS) -> tuple[str, Record]:
    """Make what a fetch gives: source and record."""
    return event["type"], (0, arrival_ms, None, orjson.dumps(event), ())


def batch(events: list[Envelope], arrival_ms: int = ARRIVAL_MS) -> list[tuple[str, list[Record]]]:
    """Make a batch of each source, in the order of the events."""
    by_source: dict[str, list[Record]] = {}
    for event in events:
        source, made = record(event, arrival_ms)
        by_source.setdefault(source, []).append(made)
    return list(by_source.items())


def shard(group: str, *, general: bool = False, **options: Any) -> ShardFold:
    """Make a shard; with `general` visitors never go by the fast way."""
    fold = ShardFold(group, 0, 1, FoldOptions(**{"grid": Grid(), **options}))
    if general:
        fold.stage.people._always_reference = True  # type: ignore[attr-defined]
    return fold


GROUP_NAMES: Final = tuple(GROUPS)
