"""Oracle: what the readings of visitors must be, by plain lists over all events; shares nothing with the stages.

In:  envelopes, as `traffic` draws them; the moment and the length of a window.
Out: {(metric, labels): value or (numerator, denominator)}, without what is 0.

It keeps every event, sorts, groups and counts. A person who was away for more than 35 days is a new one.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from stream.contract.times import parse_ms

MINUTE, DAY = 60_000, 86_400_000
GAP, MEMORY, HORIZON = 30 * MINUTE, 35 * DAY, 30 * DAY

CHANNELS = {
    ("google", "cpc"): "paid_search",
    ("news", "email"): "email",
    ("facebook", "social"): "organic_social",
    ("google", "organic"): "organic_search",
    ("partner.example", "referral"): "referral",
    ("facebook", "cpc"): "paid_social",
}
GROWTH = 1.02 / 0.98
TARGETS_MIN = {
    ("first_view", "form_start"): 30, ("form_start", "form_submit"): 5, ("first_view", "lead"): 60,
    ("conversation_started", "chat_lead"): 10, ("ad_landing", "lead"): 60, ("email_landing", "lead"): 60,
}  # fmt: skip
SOCIAL = {"organic_social", "paid_social"}
LANDINGS = {"paid_search": "ad_landing", "paid_social": "ad_landing", "email": "email_landing"}
KEY_FORMS = {"contact", "demo"}
KEY_CHATS = {"lead_captured", "appointment_set", "order_completed"}

#: ratio → (numerator, denominator, how long before now its windows end)
RATIOS = {
    "bounce_ratio": ("bounces", "channel_sessions", GAP),
    "landing_page_visit_to_lead_ratio": ("landing_converted", "landing_visitors", 0),
    "visit_to_lead_ratio": ("converted_visitors", "visitors", 0),
    "channel_visit_to_lead_ratio": ("channel_converted_visitors", "channel_visitors", 0),
    "campaign_visit_to_lead_ratio": ("campaign_converted", "campaign_visitors", 0),
    "social_visit_to_lead_ratio": ("social_converted", "social_visitors", 0),
    "opt_in_ratio": ("site_leads", "visitors", 0),
    "form_completion_ratio": ("form_submits", "form_starts", 0),
    "form_abandonment_ratio": ("form_abandons", "form_starts", GAP),
    "content_offer_ratio": ("offer_converters", "offer_visitors", 0),
    "form_completeness_ratio": ("fields_known", "fields_asked", 0),
    "duplicate_lead_ratio": ("repeats", "submits", 0),
    "chat_conversion_ratio": ("chat_leads", "conversations", 0),
    "chat_handoff_ratio": ("handoffs", "conversations", 0),
    "chat_resolved_ratio": ("resolved", "conversations", 0),
    "chat_order_completion_ratio": ("chat_orders_completed", "chat_orders_started", 0),
    "chat_appointment_confirmation_ratio": ("chat_appointments_confirmed", "chat_appointments_set", 0),
    "form_with_chat_ratio": ("both", "chatters", 0),
    "form_without_chat_ratio": ("form_only", "not_chatting", 0),
    "funnel_step_ratio": ("reached", "from", 0),
    "funnel_step_mean_seconds": ("step_s", "steps", 0),
    "funnel_step_in_time_ratio": ("in_time", "steps", 0),
}
COUNTS = (
    "visitors", "new_visitors", "page_views", "sessions", "channel_visitors", "campaign_visitors",
    "country_visitors", "channel_sessions", "channel_page_views", "organic_sessions", "referral_sessions",
    "content_views", "content_leads", "landing_visitors", "converted_visitors", "channel_converted_visitors",
    "leads", "channel_leads", "form_views", "form_starts", "form_submits", "offer_visitors", "offer_converters",
    "conversations", "chat_leads", "chat_orders_started", "chat_orders_completed", "chat_appointments_set",
    "chat_appointments_confirmed", "chat_appointments_cancelled",
)  # fmt: skip

Fact = tuple[int, str, str, dict[str, Any]]  # time, id, kind, data
Told = dict[tuple[str, tuple[Any, ...]], Any]


def expected(events: list[dict[str, Any]], now_ms: int, length_ms: int) -> Told:
    """Give every reading of visitors in the window [now - length, now)."""
    plain, shifted = _count(events, now_ms, length_ms), _count(events, now_ms - GAP, length_ms)
    told: Told = {name: n for name, n in plain.items() if name[0] in COUNTS}
    told |= {name: n for name, n in shifted.items() if name[0] == "form_abandons"}
    for ratio, (top, bottom, shift) in RATIOS.items():
        counts = shifted if shift else plain
        for (name, labels), n in counts.items():
            if name == bottom:
                told[ratio, labels] = (counts[top, labels], n)
    return {name: n for name, n in told.items() if n and n != (0, 0)}


def _count(events: list[dict[str, Any]], end_ms: int, length_ms: int) -> Counter[Any]:
    out: Counter[Any] = Counter()
    for name, labels, time_ms, n in _moments(events):
        if end_ms - length_ms <= time_ms < end_ms:
            out[name, labels] += n
    return out


def _moments(events: list[dict[str, Any]]) -> Iterator[tuple[str, tuple[Any, ...], int, float]]:
    """Give (count, labels, when, how many): everything that is counted, each where it counts."""
    people: dict[str, list[Fact]] = defaultdict(list)
    ad_leads: dict[str, tuple[int, str, str]] = {}
    for event in events:
        data, time_ms = event["data"], parse_ms(event["time"]) or 0
        if data.get("platform", "site") == "site":
            people[data["visitor_id"]].append((time_ms, event["id"], event["type"], data))
        elif data["action"] == "submit":
            channel = "paid_search" if data["platform"] == "google" else "paid_social"
            lead = (time_ms, event["id"], channel)
            ad_leads[data["lead_id"]] = min(lead, ad_leads.get(data["lead_id"], lead))
    for time_ms, _, channel in ad_leads.values():
        yield "leads", ("ad_platform",), time_ms, 1
        yield "channel_leads", (channel,), time_ms, 1
    for facts in people.values():
        facts.sort(key=lambda fact: fact[:2])
        for one in _split(facts, MEMORY):
            yield from _person(one)


def _split(facts: list[Fact], gap_ms: int) -> list[list[Fact]]:
    out: list[list[Fact]] = []
    for fact in facts:
        if not out or fact[0] - out[-1][-1][0] > gap_ms:
            out.append([])
        out[-1].append(fact)
    return out


def _is_key(fact: Fact) -> bool:
    data = fact[3]
    if fact[2] == "form":
        return data["action"] == "submit" and data.get("form_type") in KEY_FORMS
    return fact[2] == "chatbot" and data["action"] in KEY_CHATS


def _person(facts: list[Fact]) -> Iterator[tuple[str, tuple[Any, ...], int, float]]:
    latest: dict[tuple[str, tuple[Any, ...]], int] = defaultdict(int)
    steps: list[tuple[str, str, int, int]] = []
    landings: dict[str, int] = {}
    keys = [fact for fact in facts if _is_key(fact)]
    yield "new_visitors", (), facts[0][0], 1
    for session in _split(facts, GAP):
        touch = next((fact for fact in session if "campaign" in fact[3]), None)
        came = touch[3]["campaign"] if touch is not None else {}
        channel = CHANNELS[came["source"], came["medium"]] if came else "direct"
        campaign = came.get("name", "unknown")
        country = next((fact[3]["geo"]["country"] for fact in session if "geo" in fact[3]), "unknown")
        views = [fact for fact in session if fact[2] == "page_view"]
        pages = [(f[3]["page"].get("group", "unknown"), f[3]["page"].get("content_id", "unknown")) for f in views]
        start, end = session[0][0], session[-1][0]
        key = max((fact[0] for fact in session if _is_key(fact)), default=0)
        yield "sessions", (), start, 1
        yield "channel_sessions", (channel,), start, 1
        if channel == "organic_search":
            yield "organic_sessions", ("google",), start, 1
        if channel == "referral":
            yield "referral_sessions", ("partner.example",), start, 1
        if len(session) == 1 and views:
            yield "bounces", (channel,), start, 1
        for view, page in zip(views, pages, strict=True):
            yield "page_views", (), view[0], 1
            yield "channel_page_views", (channel,), view[0], 1
            yield "content_views", page, view[0], 1
        ways: list[tuple[str, str, tuple[Any, ...]]] = [
            ("visitors", "converted_visitors", ()),
            ("channel_visitors", "channel_converted_visitors", (channel,)),
            ("campaign_visitors", "campaign_converted", (campaign,)),
            ("country_visitors", "", (country,)),
        ]
        if pages:
            ways.append(("landing_visitors", "landing_converted", pages[0]))
            if (step := LANDINGS.get(channel)) is not None:
                landings[step] = min(views[0][0], landings.get(step, views[0][0]))
        if channel in SOCIAL:
            ways.append(("social_visitors", "social_converted", ()))
        for seen, converted, labels in ways:
            latest[seen, labels] = max(latest[seen, labels], end)
            if key and converted:
                latest[converted, labels] = max(latest[converted, labels], key)
        for page in set(pages):
            if key:
                latest["content_leads", page] = max(latest["content_leads", page], key)
        if keys and keys[0] in session:
            yield "channel_leads", (channel,), keys[0][0], 1
        for form in {fact[3]["form_id"] for fact in session if fact[2] == "form"}:
            first: dict[str, int] = {}
            for fact in session:
                if fact[2] == "form" and fact[3]["form_id"] == form:
                    first.setdefault(fact[3]["action"], fact[0])
            cohort = first.get("start", first.get("submit", 0))
            if "view" in first:
                yield "form_views", (form,), first["view"], 1
            if cohort:
                yield "form_starts", (form,), cohort, 1
                yield "form_submits" if "submit" in first else "form_abandons", (form,), cohort, 1
            if "start" in first:
                steps.append(("form_start", "form_submit", first["start"], first.get("submit", 0)))
    lead = keys[0] if keys else None
    if lead is not None:
        yield "leads", ("form" if lead[2] == "form" else "chatbot",), lead[0], 1
        yield "site_leads", (), lead[0], 1
    yield from _forms_and_offers(facts, latest)
    yield from _chats(facts, steps)
    views = [fact[0] for fact in facts if fact[2] == "page_view"]
    started = [f[0] for f in facts if f[2] == "form" and f[3]["action"] in ("start", "submit")]
    lead_ms = lead[0] if lead is not None else 0
    if views:
        steps.append(("first_view", "form_start", views[0], started[0] if started else 0))
        steps.append(("first_view", "lead", views[0], lead_ms))
    steps += [(step, "lead", landed, lead_ms) for step, landed in landings.items()]
    for start, to, from_ms, to_ms in steps:
        yield "from", (start, to), from_ms, 1
        if to_ms and 0 <= to_ms - from_ms <= HORIZON:
            yield "reached", (start, to), from_ms, 1
            yield "steps", (start, to), to_ms, 1
            # up to the edge of a bucket: a power of 1.02 / 0.98 ms
            if to_ms - from_ms <= GROWTH ** math.ceil(math.log(TARGETS_MIN[start, to] * MINUTE, GROWTH)):
                yield "in_time", (start, to), to_ms, 1
            yield "step_s", (start, to), to_ms, (to_ms - from_ms)
    for (name, labels), time_ms in latest.items():
        yield name, labels, time_ms, 1


def _forms_and_offers(
    facts: list[Fact], latest: dict[tuple[str, tuple[Any, ...]], int]
) -> Iterator[tuple[str, tuple[Any, ...], int, float]]:
    submits = [fact for fact in facts if fact[2] == "form" and fact[3]["action"] == "submit"]
    for fact in submits:
        asked, present = fact[3].get("fields_asked", ()), fact[3].get("fields_present", ())
        yield "submits", (), fact[0], 1
        yield "fields_asked", (), fact[0], len(asked)
        yield "fields_known", (), fact[0], len(set(asked) & set(present))
    for fact in submits[1:]:
        yield "repeats", (), fact[0], 1
    chats = [fact[0] for fact in facts if fact[2] == "chatbot"]
    seen_ms, submit_ms = facts[-1][0], submits[-1][0] if submits else 0
    yield "not_chatting", (), seen_ms, 1
    if submit_ms:
        yield "form_only", (), submit_ms, 1
    if chats:
        yield "chatters", (), chats[-1], 1
        yield "not_chatting", (), chats[-1], -1
    if chats and submit_ms:
        yield "both", (), min(chats[-1], submit_ms), 1
        yield "form_only", (), min(chats[-1], submit_ms), -1
    for fact in facts:
        offer = fact[3].get("offer_id") or fact[3].get("page", {}).get("offer_id")
        if offer is not None:
            latest["offer_visitors", (offer,)] = fact[0]
            if fact in submits:
                latest["offer_converters", (offer,)] = fact[0]


def _chats(
    facts: list[Fact], steps: list[tuple[str, str, int, int]]
) -> Iterator[tuple[str, tuple[Any, ...], int, float]]:
    chats = [fact for fact in facts if fact[2] == "chatbot"]

    def units(name: str) -> Iterator[tuple[tuple[str], dict[str, int], list[Fact]]]:
        for one in {fact[3][name] for fact in chats if name in fact[3]}:
            of_it = [fact for fact in chats if fact[3].get(name) == one]
            first: dict[str, int] = {}
            for fact in of_it:
                first.setdefault(fact[3]["action"], fact[0])
            yield (next((f[3]["bot_id"] for f in of_it if "bot_id" in f[3]), "unknown"),), first, of_it

    for bot, first, of_it in units("conversation_id"):
        cohort = first.get("conversation_started", of_it[0][0])
        yield "conversations", bot, cohort, 1
        yield "chat_leads", bot, cohort, "lead_captured" in first
        yield "handoffs", bot, cohort, "handoff" in first
        yield "resolved", bot, cohort, any(fact[3].get("resolved") for fact in of_it)
        if "conversation_started" in first:
            lead_ms = first.get("lead_captured", 0)
            steps.append(("conversation_started", "chat_lead", first["conversation_started"], lead_ms))
    for bot, first, of_it in units("order_id"):
        cohort = first.get("order_started", of_it[0][0])
        yield "chat_orders_started", bot, cohort, 1
        yield "chat_orders_completed", bot, cohort, "order_completed" in first
    for bot, first, of_it in units("appointment_id"):
        cohort = first.get("appointment_set", of_it[0][0])
        yield "chat_appointments_set", bot, cohort, 1
        yield "chat_appointments_confirmed", bot, cohort, "appointment_confirmed" in first
        yield "chat_appointments_cancelled", bot, cohort, "appointment_cancelled" in first
