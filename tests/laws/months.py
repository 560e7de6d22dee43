"""Months: random streams of every kind, over more than a year, with numbers and ids as tools write them.

In:  a seed.
Out: envelopes; the same written oddly, so that nothing of what they say is different.

Times lie a few minutes around few moments, many of which are as far apart as something is remembered: to the
millisecond, and one more. Names are few, so that everything meets.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any, Final

from stream.changes.panes import DAY_MS, HOUR_MS, MINUTE_MS
from stream.contract.times import format_ms, parse_ms
from stream.reference.events import Source

Envelope = dict[str, Any]

START_MS: Final = parse_ms("2025-01-10T00:00:00Z") or 0
#: Later than anything that is drawn.
NOW_MS: Final = START_MS + 1_000 * DAY_MS

_FAR: Final = (DAY_MS, 30 * DAY_MS, 35 * DAY_MS, 90 * DAY_MS, 400 * DAY_MS)
_NEAR: Final = (0, 0, 1, 2, 5, 29, 30, 31, 60, 90)
_CAME: Final = {
    ("google", "cpc"): "paid_search",
    ("news", "email"): "email",
    ("facebook", "social"): "organic_social",
    ("google", "organic"): "organic_search",
    ("partner.example", "referral"): "referral",
    ("x", "affiliate"): "affiliates",
}
_CHATS: Final = (
    "conversation_started", "message", "message", "lead_captured", "handoff", "conversation_ended", "order_started",
    "order_completed", "appointment_set", "appointment_confirmed", "appointment_cancelled",
)  # fmt: skip
_MAILS: Final = (
    "sent", "deferred", "delivered", "bounced", "dropped", "opened", "clicked", "replied", "unsubscribed",
    "resubscribed", "spam_complaint",
)  # fmt: skip
_RECIPIENTS: Final = (
    {"lead_id": "l"}, {"lead_id": "k"}, {"email_hash": "ab" * 32}, {"email_hash": "cd" * 32},
    {"lead_id": "l", "email_hash": "ab" * 32}, {"lead_id": "k", "email_hash": "ab" * 32},
)  # fmt: skip

_WORDS: Final = frozenset(
    ("form_type", "action", "bounce_type", "actor", "channel_type", "email_purpose", "offer_stage")
)
_IDS: Final = frozenset(
    ["submission_id", "conversation_id", "order_id", "appointment_id", "campaign_id", "form_id", "segment"]
)
_NUMBERS: Final = frozenset(["count", "cost_micros", "engagement_ms", "revision"])


def came(data: Envelope) -> Source | None:
    """Say where a visit of a drawn event came from."""
    campaign = data.get("campaign")
    if not campaign:
        return None
    channel = _CAME[campaign["source"], campaign["medium"]]
    engine = "google" if channel == "organic_search" else ""
    label = campaign.get("name") or campaign.get("id") or ""
    return Source(channel, label, engine, campaign["source"] if channel == "referral" else "")


class Months:
    """Draws events by a seed."""

    def __init__(self, seed: int) -> None:
        self.random = random = Random(seed)
        self._drawn = 0
        self._moments = [START_MS + random.randrange(430 * 24) * HOUR_MS for _ in range(random.choice((1, 2, 3, 5)))]
        if random.random() < 0.5:
            self._moments += [self._moments[0] + far + more for far in _FAR for more in (0, 1)]

    def stream(self) -> list[Envelope]:
        """Draw events of some kinds."""
        kinds: tuple[tuple[Callable[[], Envelope], ...], ...] = (
            (self.view,), (self.view, self.form), (self.view, self.view, self.form, self.chat), (self.chat,),
            (self.form,), (self.mail,), (self.ad,),
        )  # fmt: skip
        some = self.random.choice(kinds)
        return [self.random.choice(some)() for _ in range(self.random.choice((2, 4, 8, 15, 30)))]

    def view(self) -> Envelope:
        """Draw a page view."""
        page = {
            "path": "/", "group": self._of(None, "blog", "pricing"), "content_id": self._of(None, "a", "b"),
            "offer_id": self._of(None, None, "o"), "content_type": self._of(None, None, "download"),
        }  # fmt: skip
        return self._event("page_view", self._time(), {
            "visitor_id": self._of("v", "w"), "page": {name: one for name, one in page.items() if one is not None},
            "campaign": self._campaign(), "engagement_ms": self._of(None, None, 4_000, 9_999, 10_000),
            "geo": self._of(None, None, {"country": "DE"}, {"country": "FR"}),
        })  # fmt: skip

    def form(self) -> Envelope:
        """Draw an event of a form, now and then on an ad platform."""
        platform = self._of(*[None] * 6, "meta", "google", "tiktok")
        lead = None if platform is None else self._of("l", "k", None)
        return self._event("form", self._time(), {
            "action": self._of("view", "start", "submit", "submit", "submit", "error", "abandon"),
            "form_id": self._of("f", "g"), "platform": platform,
            "form_type": self._of("demo", "newsletter", "download", "survey", "checkout", None),
            "visitor_id": self._of("v", "w") if platform is None else None, "lead_id": lead,
            "email_hash": "ab" * 32 if platform is not None and lead is None else None,
            "submission_id": self._of("1", "2", None), "offer_id": self._of(None, None, "o", "q"),
            "offer_stage": self._of(None, "top"), "event_id": self._of(None, None, "fair"),
            "value": self._of(None, None, 10, -5, 19.99, 0.0000005), "currency": self._of(None, "EUR", "USD"),
            "content_id": self._of(None, "ebook"), "campaign": self._campaign(),
            "fields_asked": self._of(None, ["a", "b"], ["a", "a"]), "fields_present": self._of(None, ["a"], ["a", "c"]),
        })  # fmt: skip

    def chat(self) -> Envelope:
        """Draw an event of the chatbot; ids of conversations and of orders are used again."""
        action = self._of(*_CHATS)
        return self._event("chatbot", self._time(), {
            "visitor_id": self._of("v", "w"), "action": action, "conversation_id": self._of("1", "d"),
            "bot_id": self._of(None, "h", "i"),
            "actor": self._of("visitor", "bot", "agent") if action == "message" else self._of(None, "visitor", "bot"),
            "value": self._of(None, None, 90, 19.99), "currency": self._of(None, "EUR", "USD"),
            "resolved": self._of(None, None, True, False), "duration_s": self._of(None, None, None, 90, 12.5),
            "order_id": self._of("7", "p") if action.startswith("order") else None,
            "appointment_id": self._of("7", "p") if action.startswith("appointment") else None,
            "campaign": self._campaign(),
        })  # fmt: skip

    def mail(self) -> Envelope:
        """Draw an event of an email; a message id is that of a whole batch."""
        action = self._of(*_MAILS)
        return self._event("email", self._time(), {
            "action": action, "message_id": self._of("m", "n"), **self._of(*_RECIPIENTS),
            "bounce_type": self._of("hard", "soft", "block") if action == "bounced" else None,
            "machine": self._of(None, None, True, False), "recipient_domain": self._of(None, "x.example"),
            "link_path": self._of(None, "/a") if action == "clicked" else None,
            "campaign_id": self._of(None, "c1", "2"), "email_purpose": self._of(None, "welcome"),
            "variant": self._of(None, "A"),
        })  # fmt: skip

    def ad(self) -> Envelope:
        """Draw a single ad event or a total, in several grains, with and without a revision."""
        action, time_ms = self._of("impression", "click", "conversion", "spend"), self._time()
        data = {
            "action": action, "platform": self._of("google", "meta"), "campaign_id": self._of("k", "23"),
            "channel_type": self._of(None, None, "search"), "variant": self._of(None, None, "A"),
            "ad_group_id": self._of(None, None, "g1"), "segment": self._of(None, None, "mobile"),
            "count": self._of(None, 1, 5, -2, 0.5, 1 / 3, 12.0) if action != "spend" else None,
            "cost_micros": self._of(0, 1_000_000, 24_000_000, 7) if action == "spend" else None,
            "conversion_value": self._of(None, 90, -3, 0.1) if action == "conversion" else None,
            "currency": self._of("EUR", "USD") if action == "spend" else self._of(None, "EUR"),
        }  # fmt: skip
        if self.random.random() < 0.6:
            day = time_ms // DAY_MS * DAY_MS
            start_ms, end_ms = self._of(
                (day - DAY_MS, day), (day - DAY_MS, day - 1_000), (day - 2 * DAY_MS, day), (day, day + DAY_MS),
                (day - DAY_MS + 6 * HOUR_MS, day - DAY_MS + 7 * HOUR_MS),
            )  # fmt: skip
            time_ms = max(time_ms, start_ms + 1)
            data |= {"period_start": format_ms(start_ms), "period_end": format_ms(end_ms)}
            data["revision"] = self._of(None, 0, 1, 2)
        return self._event("ad", time_ms, data)

    def odd(self, envelope: Envelope) -> Envelope:
        """Write an event as some tool might, with decorations that cannot be used."""
        written = json.loads(json.dumps(envelope))
        data = written["data"]
        if self.random.random() < 0.3:
            written["type"] = self._of(f" {written['type']}", written["type"].upper())
        for name, one in list(data.items()):
            if self.random.random() < 0.5:
                data[name] = self._oddly(name, one)
        for name in ("product", "user_agent", "campaign", "session_id", "offer_id", "segment"):
            if name not in data and self.random.random() < 0.1:
                data[name] = self._of(None, "", " ")
        if self.random.random() < 0.2:
            data |= self._of(
                {"traffic": {"class": "crawler"}},
                {"consent": {"analytics": "denied"}},
                {"of_our_own": {"x": [{"y": 1}]}},
            )
        if "geo" not in data and self.random.random() < 0.2:
            data["geo"] = {"country": self._of("Germany", 7, "XX"), "region": 7}
        return written

    def _oddly(self, name: str, one: Any) -> Any:
        if name in ("platform", "recipient_domain"):  # ids: no control character is taken off
            return self._of(one.upper(), f" {one}", f"{one} ")
        if name in _WORDS:
            return self._of(one.upper(), one.title(), f" {one}", f"{one}\t")
        if name == "currency":
            return self._of(one.lower(), f" {one}")
        if name == "geo":
            return {"country": one["country"].lower()}
        if name in _NUMBERS and float(one).is_integer():
            return float(one)
        if name == "message_id":
            return f"<{one}>"
        if name == "email_hash":
            return one.upper()
        return int(one) if name in _IDS and one.isdigit() else one

    def _event(self, kind: str, time_ms: int, data: Envelope) -> Envelope:
        self._drawn += 1
        return {
            "specversion": "1.0", "id": f"{self.random.randrange(1_000):03}-{self._drawn}", "type": kind,
            "source": self._of("a", "b"), "time": format_ms(time_ms),
            "data": {"site_id": "s", **{name: one for name, one in data.items() if one is not None}},
        }  # fmt: skip

    def _campaign(self) -> Envelope | None:
        if self.random.random() < 0.6:
            return None
        source, medium = self._of(*_CAME)
        return {"source": source, "medium": medium, **self._of({}, {"name": "spring"}, {"name": "june"})}

    def _time(self) -> int:
        moment = self.random.choice(self._moments) + self.random.choice(_NEAR) * MINUTE_MS
        return moment + self.random.choice((0, 0, 0, 1, 999, 1_000, 1_001))

    def _of(self, *some: Any) -> Any:
        return self.random.choice(some)
