"""Facts: what the fold needs of a visitor's event, prepared once, with labels made safe.

In:  decoded page_view, form and chatbot events with their times and touches.
Out: plain tuples (time, id, code, touch, country, …), gathered by person.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from stream.stages.stage import Batch
from stream.state.labels import Labels

VIEW: Final = 0
FORM: Final = 1
CHAT: Final = 2

#: Form types whose submit makes a lead.
KEY_FORMS: Final = frozenset({"contact", "newsletter", "demo", "trial", "quote", "download", "webinar", "checkout"})
#: Chatbot actions that make a lead.
KEY_CHATS: Final = frozenset({"lead_captured", "appointment_set", "order_completed"})

#: Channel of a lead from a form on an ad platform.
PLATFORM_CHANNELS: Final = {"meta": "paid_social", "linkedin": "paid_social", "google": "paid_search"}


class FactFields(NamedTuple):
    """What the places of a fact are; facts themselves are plain tuples, which cost a fifth."""

    time_ms: int
    event_id: str
    code: int
    touch: tuple[str, str, str | None, str | None] | None
    country: str | None
    group: Any  # of a form or chatbot event: its data
    content: str | None
    offer: str | None
    arrival_ms: int
    site_id: str


Fact = tuple[Any, ...]
#: Site and visitor → their facts.
People = defaultdict[str, list[Fact]]


class Touches(dict[tuple[str, str, str | None, str | None], tuple[str, str, str | None, str | None] | None]):
    """Touch of an event → the touch with safe labels, None where it is direct."""

    def __init__(self, campaigns: Labels, engines: Labels, domains: Labels) -> None:
        super().__init__()
        self._campaigns, self._engines, self._domains = campaigns, engines, domains

    def __missing__(
        self, touch: tuple[str, str, str | None, str | None]
    ) -> tuple[str, str, str | None, str | None] | None:
        channel, campaign, engine, domain = touch
        safe = None
        if channel != "direct":
            safe = (
                channel,
                self._campaigns[campaign],
                self._engines[engine] if channel == "organic_search" else None,
                self._domains[domain] if channel == "referral" else None,
            )
        if len(self) < 16_384:
            self[touch] = safe
        return safe


class Facts:
    """Prepares the events of one shard."""

    def __init__(self, admit: Callable[[str, str | None], str], sites: Labels) -> None:
        self.sites = sites  # the shard's: asked twice, the guard would count a value over its limit twice
        self.groups = Labels("page_group", admit)
        self.contents = Labels("content", admit)
        self.offers = Labels("offer", admit)
        self.forms = Labels("form", admit)
        self.bots = Labels("bot", admit)
        self.countries = Labels("country", admit)
        self.touches = Touches(Labels("campaign", admit), Labels("engine", admit), Labels("domain", admit))

    def views(self, people: People, columns: Batch, touches: list[Any]) -> None:
        """Add page views to the facts gathered by person."""
        groups, contents, countries, safe, offers = (
            self.groups,
            self.contents,
            self.countries,
            self.touches,
            self.offers,
        )
        rows = zip(
            columns.events, columns.keys, columns.times.tolist(), columns.arrivals.tolist(), touches, strict=True
        )
        for event, key, time_ms, arrival_ms, touch in rows:
            data = event.data
            page = data.page
            geo = data.geo
            country = geo.country if geo is not None else None
            offer = page.offer_id
            people[key].append((
                time_ms,
                event.id,
                VIEW,
                safe[touch],
                None if country is None else countries[country],
                groups[page.group],
                contents[page.content_id],
                None if offer is None else offers[offer],
                arrival_ms,
                data.site_id,
            ))  # fmt: skip

    def others(self, people: People, code: int, columns: Batch, touches: list[Any]) -> None:
        """Add form or chatbot events to the facts gathered by person."""
        countries, safe = self.countries, self.touches
        rows = zip(
            columns.events, columns.keys, columns.times.tolist(), columns.arrivals.tolist(), touches, strict=True
        )
        for event, key, time_ms, arrival_ms, touch in rows:
            data = event.data
            geo = data.geo
            country = geo.country if geo is not None else None
            people[key].append((
                time_ms, event.id, code, safe[touch], None if country is None else countries[country], data, None,
                None, arrival_ms, data.site_id,
            ))  # fmt: skip
