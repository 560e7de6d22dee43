"""People's page of the reference: what one person's events amount to, from scratch.

In:  all counted events of one person on one site.
Out: marks. Series whose name begins with `_` only serve ratios.

Nothing is updated here: sort, cut into sessions, look.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from stream.reference.chats import marks_of_chats
from stream.reference.events import (
    KNOWN_MS,
    MEMORY_MS,
    MINUTE_MS,
    UNKNOWN,
    Event,
    Mark,
    Series,
    Source,
    first_ms,
    in_order,
    series,
    spells,
)
from stream.reference.forms import marks_of_forms, step

SESSION_GAP_MS: Final = 30 * MINUTE_MS
ENGAGED_MS: Final = 10_000
#: Contents of a session, and offers of a person, that are remembered.
MOST_SEEN: Final = 64

KEY_FORMS: Final = {"contact", "newsletter", "demo", "trial", "quote", "download", "webinar", "checkout"}
KEY_CHATS: Final = {"lead_captured", "appointment_set", "order_completed"}
SOCIAL: Final = {"organic_social", "paid_social"}
PAID: Final = {"paid_search", "paid_social", "paid_shopping", "paid_video", "paid_other", "display", "cross_network"}


def is_key(event: Event) -> bool:
    """Tell whether this is a desired action."""
    if event.kind == "form":
        return event.action == "submit" and event.data.get("form_type") in KEY_FORMS
    return event.kind == "chatbot" and event.action in KEY_CHATS


def is_presence(event: Event) -> bool:
    """Tell whether a person caused this, and not a page, a bot, an agent or a timer."""
    actor = event.data.get("actor")
    if event.kind == "page_view":
        return True
    if event.kind == "form":
        return event.action != "view"
    if event.action == "message":
        return bool(actor == "visitor")
    if event.action == "conversation_started":
        return actor not in ("bot", "agent")
    return event.action in ("lead_captured", "order_started", "order_completed", "appointment_set")


def content_of(event: Event) -> tuple[str, str]:
    """Give the page group and content id of a page view."""
    page = event.data["page"]
    return page.get("group") or UNKNOWN, page.get("content_id") or UNKNOWN


class Session:
    """Presences without a gap of more than 30 minutes, and what happened by itself within reach of them."""

    def __init__(self, presences: list[Event]) -> None:
        self.presences = presences
        self.start_ms, self.end_ms = presences[0].at_ms, presences[-1].at_ms
        self.views = [event for event in presences if event.kind == "page_view"]
        self.landing = content_of(self.views[0]) if self.views else None
        self.keys = [event for event in presences if is_key(event)]
        self.events: list[Event] = list(presences)

    def reaches(self, event: Event) -> bool:
        """Tell whether an event lies in the session, or up to 30 minutes after its last presence."""
        return self.start_ms <= event.at_ms <= self.end_ms + SESSION_GAP_MS

    def settle(self) -> None:
        """Say where the visit came from, once all that belongs to it is there."""
        self.events = in_order(self.events)
        told = next((event for event in self.events if event.source is not None), None)
        self.source = (told.source if told is not None else None) or Source("direct", "", "", "")
        self.channel = self.source.channel
        # advertisements know a campaign by its id
        self.campaign_id = ((told.data.get("campaign") or {}).get("id") or "") if told is not None else ""
        countries = ((event.data.get("geo") or {}).get("country") for event in self.events)
        self.country = next((country for country in countries if country), UNKNOWN)

    @property
    def engaged(self) -> bool:
        """Tell whether somebody stayed: ten seconds, a key event, or a second page view."""
        foreground_ms = sum(view.data.get("engagement_ms") or 0 for view in self.views)
        stayed = self.end_ms - self.start_ms >= ENGAGED_MS or foreground_ms >= ENGAGED_MS
        return stayed or bool(self.keys) or len(self.views) > 1


def sessions_of(events: list[Event]) -> tuple[list[Session], list[Event]]:
    """Cut a person's presences into sessions, and give what belongs to none.

    What is no presence joins the session that it lies in or whose last presence is at most 30 minutes before it, else
    the one whose first presence follows within 30 minutes.
    """
    sessions = [Session(part) for part in spells([event for event in events if is_presence(event)], SESSION_GAP_MS)]
    alone: list[Event] = []
    for event in events:
        if is_presence(event):
            continue
        near = [session for session in sessions if session.reaches(event)]
        near += [one for one in sessions if 0 < one.start_ms - event.at_ms <= SESSION_GAP_MS]
        (near[0].events if near else alone).append(event)
    for session in sessions:
        session.settle()
    return sessions, alone


def look_back(sessions: list[Session], look_back_ms: int) -> None:
    """Let a direct session have the source of the last one that was not, if that began within the look-back."""
    last: Session | None = None
    for session in sessions:
        if session.channel != "direct":
            last = session
        elif last is not None and session.start_ms - last.start_ms <= look_back_ms:
            session.source, session.channel, session.campaign_id = last.source, last.channel, last.campaign_id


def marks_of(site: str, events: list[Event], look_back_ms: int = 0, followed: bool = False) -> Iterator[Mark]:
    """Work out all marks of one person; with 0 ms a direct session looks back at nothing.

    Of somebody who is followed as a lead, leads/ says when that was.
    """
    events = in_order(events)
    sessions, alone = sessions_of(events)
    look_back(sessions, look_back_ms)
    keys = [event for event in events if is_key(event)]
    yield from _presence(site, events, sessions, keys)
    if not followed:
        yield from _leads(site, sessions, keys)
    yield from _visits(site, sessions)
    yield from marks_of_forms(site, events, [(one.end_ms, one.events) for one in sessions], alone)
    yield from _offers(site, events)
    yield from _beside(site, events)
    yield from marks_of_chats(site, [event for event in events if event.kind == "chatbot"])
    yield from _steps(site, events, sessions, keys)


def _presence(site: str, events: list[Event], sessions: list[Session], keys: list[Event]) -> Iterator[Mark]:
    """Distinct people: one mark each, at the latest presence (key event) of that sort."""
    presences = [event for event in events if is_presence(event)]
    for life in spells(presences, MEMORY_MS):
        yield Mark(series("new_visitors", site=site), life[0].at_ms)
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
            # so many contents a session remembers, by name
            for group, content in sorted({content_of(view) for view in session.views})[:MOST_SEEN]:
                seen(series("content_leads", site=site, page_group=group, content=content), session.keys[-1].at_ms)
    for event in presences:
        if not known_before(event, keys):
            seen(series("_strangers", site=site), event.at_ms)
    yield from (Mark(which, at_ms) for which, at_ms in latest.items())


def known_before(event: Event, keys: list[Event]) -> bool:
    """Tell whether a person was known when something happened: by a key event in the 400 days before it."""
    return any(key.order < event.order and event.at_ms - key.at_ms <= KNOWN_MS for key in keys)


def _leads(site: str, sessions: list[Session], keys: list[Event]) -> Iterator[Mark]:
    for key in keys:
        if known_before(key, keys):
            continue
        channel = next(session.channel for session in sessions if key in session.keys)
        method = "form" if key.kind == "form" else "chatbot"
        action = key.data["form_type"] if key.kind == "form" else key.action
        stage, event = (key.data.get("offer_stage"), key.data.get("event_id")) if key.kind == "form" else (None, None)
        yield from lead(site, key.at_ms, method, channel, action, stage or "", event or "")
        yield Mark(series("_site_leads", site=site), key.at_ms)


def lead(site: str, at_ms: int, method: str, channel: str, action: str, stage: str, event: str) -> Iterator[Mark]:
    """Mark a person who becomes known."""
    yield Mark(series("leads", site=site, capture_method=method), at_ms)
    yield Mark(series("channel_leads", site=site, channel=channel), at_ms)
    yield Mark(series("leads_by_action", site=site, action=action), at_ms)
    yield Mark(series("leads_by_offer_stage", site=site, offer_stage=stage), at_ms)
    if event:
        yield Mark(series("event_leads", site=site, event=event), at_ms)
    yield Mark(series("_all_leads", site=site), at_ms)
    if channel in PAID or method == "ad_platform":
        yield Mark(series("_paid_leads", site=site), at_ms)


def _visits(site: str, sessions: list[Session]) -> Iterator[Mark]:
    for session in sessions:
        channel, start_ms = session.channel, session.start_ms
        yield Mark(series("sessions", site=site), start_ms)
        yield Mark(series("channel_sessions", site=site, channel=channel), start_ms)
        if channel == "organic_search":
            yield Mark(series("organic_sessions", site=site, engine=session.source.engine), start_ms)
        if channel == "referral":
            yield Mark(series("referral_sessions", site=site, domain=session.source.domain), start_ms)
        if len(session.presences) == 1 and session.views:
            yield Mark(series("_bounces", site=site, channel=channel), start_ms)
        yield Mark(series("engaged_sessions", site=site, channel=channel), start_ms, int(session.engaged))
        yield Mark(series("session_page_views", site=site, channel=channel), start_ms, len(session.views))
        for view in session.views:
            group, content = content_of(view)
            labels = {"site": site, "page_group": group, "content": content}
            yield Mark(series("page_views", site=site), view.at_ms)
            yield Mark(series("channel_page_views", site=site, channel=channel), view.at_ms)
            yield Mark(series("content_views", **labels), view.at_ms)
            if (view.data["page"].get("content_type") or "").strip().lower() == "download":
                yield Mark(series("content_downloads", **labels), view.at_ms)


def _offers(site: str, events: list[Event]) -> Iterator[Mark]:
    """Offers: who saw a page or any form of one, and who submitted a form of it."""
    seen: dict[str, int] = {}
    taken: dict[str, int] = {}
    for event in events:  # in order of time: the last one stays
        holder = event.data["page"] if event.kind == "page_view" else event.data
        offer = holder.get("offer_id") if event.kind != "chatbot" else None
        if offer and (offer in seen or len(seen) < MOST_SEEN):
            seen[offer] = event.at_ms
            if event.action == "submit":
                taken[offer] = event.at_ms
    for offer, at_ms in seen.items():
        yield Mark(series("offer_visitors", site=site, offer=offer), at_ms)
    for offer, at_ms in taken.items():
        yield Mark(series("offer_converters", site=site, offer=offer), at_ms)


def _beside(site: str, events: list[Event]) -> Iterator[Mark]:
    """People who submitted a form, who talked, and who did both."""
    submits = [event.at_ms for event in events if event.kind == "form" and event.action == "submit"]
    talks = [event.at_ms for event in events if event.kind == "chatbot" and is_presence(event)]
    if submits:
        yield Mark(series("_form_people", site=site), submits[-1])
    if talks:
        yield Mark(series("_chat_people", site=site), talks[-1])
    if submits and talks:
        yield Mark(series("_chat_form_people", site=site), min(submits[-1], talks[-1]))


def _steps(site: str, events: list[Event], sessions: list[Session], keys: list[Event]) -> Iterator[Mark]:
    forms = [event for event in events if event.kind == "form" and event.action in ("start", "submit")]
    for life in spells([event for event in events if is_presence(event)], MEMORY_MS):
        view = next((event for event in life if event.kind == "page_view"), None)
        if view is None:
            continue
        yield from step(site, "first_view", "form_start", view.at_ms, _next(forms, view.at_ms))
        # a key event of the same moment is no earlier one
        if not known_before(view, [key for key in keys if key.at_ms < view.at_ms]):
            yield from step(site, "first_view", "lead", view.at_ms, _next(keys, view.at_ms))
    for start, channels in (("ad_landing", PAID), ("email_landing", {"email"})):
        for session in sessions:
            if session.views and session.channel in channels:
                landed_ms = session.views[0].at_ms
                yield from step(site, start, "key_event", landed_ms, _next(keys, landed_ms))


def _next(events: list[Event], from_ms: int) -> int | None:
    """Give the first moment at or after another."""
    return first_ms(event for event in events if event.at_ms >= from_ms)


def marks_of_stranger(site: str, channel_of: dict[str, str], events: list[Event]) -> Iterator[Mark]:
    """Work out the marks of somebody known from forms on ad platforms, who has no visit."""
    submits = [event for event in in_order(events) if event.action == "submit"]
    before: Event | None = None
    for event in submits:
        if before is None or event.at_ms - before.at_ms > KNOWN_MS:
            data = event.data
            channel = channel_of.get(data["platform"], "paid_other")
            stage, about = data.get("offer_stage") or "", data.get("event_id") or ""
            yield from lead(site, event.at_ms, "ad_platform", channel, data.get("form_type") or "", stage, about)
        before = event
