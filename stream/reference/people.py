"""People's page of the books: what one person's events amount to, from scratch.

In:  all counted events of one person on one site.
Out: marks: (series, moment, n). A window's count is the sum of n over the marks inside it.

Nothing is updated here: sort, cut into sessions, look. Series whose name begins with `_` only serve ratios.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

MINUTE_MS = 60_000
SESSION_GAP_MS = 30 * MINUTE_MS
STEP_HORIZON_MS = 30 * 24 * 60 * MINUTE_MS
#: Steps are counted as in time up to the first edge at or after these; edges rise by this factor from 1 ms on.
STEP_TARGETS_MS = {
    ("first_view", "form_start"): 30 * MINUTE_MS,
    ("form_start", "form_submit"): 5 * MINUTE_MS,
    ("first_view", "lead"): 60 * MINUTE_MS,
    ("conversation_started", "chat_lead"): 10 * MINUTE_MS,
    ("ad_landing", "lead"): 60 * MINUTE_MS,
    ("email_landing", "lead"): 60 * MINUTE_MS,
}
EDGE_FACTOR = 1.02 / 0.98
UNKNOWN = "unknown"

KEY_FORMS = {"contact", "newsletter", "demo", "trial", "quote", "download", "webinar", "checkout"}
KEY_CHATS = {"lead_captured", "appointment_set", "order_completed"}
SOCIAL = {"organic_social", "paid_social"}
PAID = {
    "paid_search",
    "paid_social",
    "paid_shopping",
    "paid_video",
    "paid_other",
    "display",
    "cross_network",
    "audio",
}
ORDERS = {"order_started", "order_completed"}
APPOINTMENTS = {"appointment_set", "appointment_confirmed", "appointment_cancelled"}

Labels = tuple[tuple[str, str], ...]
Series = tuple[str, Labels]


class Mark(NamedTuple):
    """`n` for one series at one moment."""

    series: Series
    at_ms: int
    n: int = 1


class Source(NamedTuple):
    """Where an event says its visit came from."""

    channel: str
    campaign: str
    engine: str
    domain: str


class Event(NamedTuple):
    """A counted event; sorts by time, then id."""

    at_ms: int
    event_id: str
    kind: str
    data: dict[str, Any]
    source: Source | None = None

    @property
    def action(self) -> str:
        return str(self.data.get("action", ""))


def series(name: str, **labels: str) -> Series:
    """Name a series; an absent or empty label value is `unknown`.

    >>> series("visitors", site="acme")
    ('visitors', (('site', 'acme'),))
    """
    return name, tuple(sorted((label, value or UNKNOWN) for label, value in labels.items()))


def is_key(event: Event) -> bool:
    """Tell whether this is a desired action."""
    if event.kind == "form":
        return event.action == "submit" and event.data.get("form_type") in KEY_FORMS
    return event.kind == "chatbot" and event.action in KEY_CHATS


def content_of(event: Event) -> tuple[str, str]:
    """Give the page group and content id of a page view."""
    page = event.data["page"]
    return page.get("group") or UNKNOWN, page.get("content_id") or UNKNOWN


class Session:
    """A stretch of events without a gap of more than 30 minutes, in order of time."""

    def __init__(self, events: list[Event]) -> None:
        self.events = events
        self.start_ms, self.end_ms = events[0].at_ms, events[-1].at_ms
        told = next((event.source for event in events if event.source is not None), None)
        self.source = told or Source("direct", "", "", "")
        self.channel = self.source.channel
        countries = (event.data.get("geo", {}).get("country") for event in events)
        self.country = next((country for country in countries if country), UNKNOWN)
        self.views = [event for event in events if event.kind == "page_view"]
        self.landing = content_of(self.views[0]) if self.views else None
        self.keys = [event for event in events if is_key(event)]


def sessions_of(events: list[Event]) -> list[Session]:
    """Cut a person's events, in order of time, into sessions."""
    cut: list[list[Event]] = [[events[0]]]
    for before, event in pairwise(events):
        if event.at_ms - before.at_ms > SESSION_GAP_MS:
            cut.append([])
        cut[-1].append(event)
    return [Session(part) for part in cut]


def marks_of(site: str, events: list[Event]) -> Iterator[Mark]:
    """Work out all marks of one person."""
    events = sorted(events, key=lambda event: (event.at_ms, event.event_id))
    sessions = sessions_of(events)
    yield from _presence(site, events, sessions)
    yield from _visits(site, sessions)
    yield from _forms(site, events, sessions)
    yield from _offers(site, events)
    yield from _chats(site, [event for event in events if event.kind == "chatbot"])
    yield from _steps(site, events, sessions)


def _presence(site: str, events: list[Event], sessions: list[Session]) -> Iterator[Mark]:
    """Distinct people: one mark each, at the latest event (key event) of that sort."""
    yield Mark(series("new_visitors", site=site), events[0].at_ms)
    latest: dict[Series, int] = {}

    def seen(which: Series, at_ms: int) -> None:
        latest[which] = max(at_ms, latest.get(which, at_ms))

    for session in sessions:
        ways: list[tuple[str, str, dict[str, str]]] = [("visitors", "converted_visitors", {})]
        ways.append(("channel_visitors", "channel_converted_visitors", {"channel": session.channel}))
        ways.append(("campaign_visitors", "_campaign_converted", {"campaign": session.source.campaign}))
        ways.append(("country_visitors", "_country_converted", {"country": session.country}))
        if session.channel in SOCIAL:
            ways.append(("_social_visitors", "_social_converted", {}))
        if session.landing is not None:
            group, content = session.landing
            ways.append(("landing_visitors", "_landing_converted", {"page_group": group, "content": content}))
        for present, converted, labels in ways:
            seen(series(present, site=site, **labels), session.end_ms)
            if session.keys:
                seen(series(converted, site=site, **labels), session.keys[-1].at_ms)
        if session.keys:
            for group, content in {content_of(view) for view in session.views}:
                seen(
                    series("content_leads", site=site, page_group=group, content=content),
                    session.keys[-1].at_ms,
                )
    yield from (Mark(which, at_ms) for which, at_ms in latest.items())

    key = next((event for event in events if is_key(event)), None)
    if key is not None:
        method = "form" if key.kind == "form" else "chatbot"
        channel = next(session.channel for session in sessions if key in session.keys)
        yield from lead(site, key.at_ms, method, channel)
        yield Mark(series("_site_leads", site=site), key.at_ms)


def lead(site: str, at_ms: int, method: str, channel: str) -> Iterator[Mark]:
    """Mark a person who becomes known."""
    yield Mark(series("leads", site=site, capture_method=method), at_ms)
    yield Mark(series("channel_leads", site=site, channel=channel), at_ms)
    yield Mark(series("_all_leads", site=site), at_ms)


def _visits(site: str, sessions: list[Session]) -> Iterator[Mark]:
    for session in sessions:
        channel, start_ms = session.channel, session.start_ms
        yield Mark(series("sessions", site=site), start_ms)
        yield Mark(series("channel_sessions", site=site, channel=channel), start_ms)
        if channel == "organic_search":
            yield Mark(series("organic_sessions", site=site, engine=session.source.engine), start_ms)
        if channel == "referral":
            yield Mark(series("referral_sessions", site=site, domain=session.source.domain), start_ms)
        if len(session.events) == 1 and session.views:
            yield Mark(series("_bounces", site=site, channel=channel), start_ms)
        for view in session.views:
            group, content = content_of(view)
            yield Mark(series("page_views", site=site), view.at_ms)
            yield Mark(series("channel_page_views", site=site, channel=channel), view.at_ms)
            yield Mark(series("content_views", site=site, page_group=group, content=content), view.at_ms)


def _step(site: str, start: str, end: str, from_ms: int | None, to_ms: int | None) -> Iterator[Mark]:
    """Mark a funnel step: the cohort at its beginning, and the time it took where it was reached."""
    if from_ms is None:
        return
    labels = {"site": site, "from": start, "to": end}
    yield Mark(series("_step_from", **labels), from_ms)
    if to_ms is not None and 0 <= to_ms - from_ms <= STEP_HORIZON_MS:
        yield Mark(series("_step_reached", **labels), from_ms)
        yield Mark(series("_step_ms", **labels), to_ms, to_ms - from_ms)
        yield Mark(series("_step_done", **labels), to_ms)
        edge_ms = 1.0
        while edge_ms < STEP_TARGETS_MS[start, end]:
            edge_ms *= EDGE_FACTOR
        if to_ms - from_ms <= edge_ms:
            yield Mark(series("_step_in_time", **labels), to_ms)


def _first(events: list[Event]) -> int | None:
    return min((event.at_ms for event in events), default=None)


def _forms(site: str, events: list[Event], sessions: list[Session]) -> Iterator[Mark]:
    """Forms: a unit is a person, a session and a form."""
    for session in sessions:
        units: dict[str, list[Event]] = defaultdict(list)
        for event in session.events:
            if event.kind == "form":
                units[event.data["form_id"]].append(event)
        for form, steps in units.items():
            view_ms = _first([step for step in steps if step.action == "view"])
            start_ms = _first([step for step in steps if step.action == "start"])
            submit_ms = _first([step for step in steps if step.action == "submit"])
            cohort_ms = start_ms if start_ms is not None else submit_ms
            if view_ms is not None:
                yield Mark(series("form_views", site=site, form=form), view_ms)
            if cohort_ms is not None:
                yield Mark(series("form_starts", site=site, form=form), cohort_ms)
                # who starts may abandon: the series is there, and says 0, from the first start on
                abandoned = int(submit_ms is None)
                yield Mark(series("form_abandons", site=site, form=form), cohort_ms, abandoned)
                if submit_ms is not None:
                    yield Mark(series("form_submits", site=site, form=form), cohort_ms)
            yield from _step(site, "form_start", "form_submit", start_ms, submit_ms)

    submits = [event for event in events if event.kind == "form" and event.action == "submit"]
    for repeat, submit in enumerate(submits):
        yield Mark(series("_submits", site=site), submit.at_ms)
        if repeat:
            yield Mark(series("_repeat_submits", site=site), submit.at_ms)
        asked = set(submit.data.get("fields_asked", ()))
        if asked:
            yield Mark(series("_fields_asked", site=site), submit.at_ms, len(asked))
            known = asked & set(submit.data.get("fields_present", ()))
            yield Mark(series("_fields_known", site=site), submit.at_ms, len(known))

    chats = [event for event in events if event.kind == "chatbot"]
    if submits:
        yield Mark(series("_form_people", site=site), submits[-1].at_ms)
    if chats:
        yield Mark(series("_chat_people", site=site), chats[-1].at_ms)
    if submits and chats:
        yield Mark(series("_chat_form_people", site=site), min(submits[-1].at_ms, chats[-1].at_ms))


def _offers(site: str, events: list[Event]) -> Iterator[Mark]:
    seen: dict[str, int] = {}
    taken: dict[str, int] = {}
    for event in events:  # in order of time: the last one stays
        holder = event.data["page"] if event.kind == "page_view" else event.data
        offer = holder.get("offer_id") if event.kind != "chatbot" else None
        if offer:
            seen[offer] = event.at_ms
            if event.action == "submit":
                taken[offer] = event.at_ms
    for offer, at_ms in seen.items():
        yield Mark(series("offer_visitors", site=site, offer=offer), at_ms)
    for offer, at_ms in taken.items():
        yield Mark(series("offer_converters", site=site, offer=offer), at_ms)


def _bot(events: list[Event]) -> str:
    return next((event.data["bot_id"] for event in events if event.data.get("bot_id")), UNKNOWN)


def _units(chats: list[Event], name: str, actions: set[str] | None = None) -> Iterator[tuple[str, list[Event]]]:
    """Group chat events by an id; give the bot and the events of each unit."""
    units: dict[str, list[Event]] = defaultdict(list)
    for event in chats:
        if actions is None or event.action in actions:
            units[event.data[name]].append(event)
    yield from ((_bot(unit), unit) for unit in units.values())


def _chats(site: str, chats: list[Event]) -> Iterator[Mark]:
    for bot, unit in _units(chats, "conversation_id"):
        labels = {"site": site, "bot": bot}
        actions = {event.action for event in unit}
        started_ms = _first([event for event in unit if event.action == "conversation_started"])
        lead_ms = _first([event for event in unit if event.action == "lead_captured"])
        at_ms = started_ms if started_ms is not None else unit[0].at_ms
        yield Mark(series("conversations", **labels), at_ms)
        if lead_ms is not None:
            yield Mark(series("chat_leads", **labels), at_ms)
        if "handoff" in actions:
            yield Mark(series("_handoffs", **labels), at_ms)
        if any(event.data.get("resolved") for event in unit):
            yield Mark(series("_resolved", **labels), at_ms)
        told = [event.data["duration_s"] for event in unit if event.data.get("duration_s") is not None]
        lasted_ms = round(max(told) * 1000) if told else unit[-1].at_ms - unit[0].at_ms
        yield Mark(series("_chat_ms", **labels), at_ms, lasted_ms)
        yield from _step(site, "conversation_started", "chat_lead", started_ms, lead_ms)
    for bot, unit in _units(chats, "order_id", ORDERS):
        labels = {"site": site, "bot": bot}
        at_ms = next((event.at_ms for event in unit if event.action == "order_started"), unit[0].at_ms)
        yield Mark(series("chat_orders_started", **labels), at_ms)
        if any(event.action == "order_completed" for event in unit):
            yield Mark(series("chat_orders_completed", **labels), at_ms)
    for bot, unit in _units(chats, "appointment_id", APPOINTMENTS):
        labels = {"site": site, "bot": bot}
        actions = {event.action for event in unit}
        at_ms = next((event.at_ms for event in unit if event.action == "appointment_set"), unit[0].at_ms)
        yield Mark(series("chat_appointments_set", **labels), at_ms)
        for action in ("confirmed", "cancelled"):
            if f"appointment_{action}" in actions:
                yield Mark(series(f"chat_appointments_{action}", **labels), at_ms)


def _steps(site: str, events: list[Event], sessions: list[Session]) -> Iterator[Mark]:
    first_view_ms = _first([event for event in events if event.kind == "page_view"])
    first_form_ms = _first([event for event in events if event.kind == "form" and event.action in ("start", "submit")])
    first_key_ms = _first([event for event in events if is_key(event)])
    yield from _step(site, "first_view", "form_start", first_view_ms, first_form_ms)
    yield from _step(site, "first_view", "lead", first_view_ms, first_key_ms)
    for start, channels in (("ad_landing", PAID), ("email_landing", {"email"})):
        landings = [session.views[0] for session in sessions if session.views and session.channel in channels]
        yield from _step(site, start, "lead", _first(landings), first_key_ms)
