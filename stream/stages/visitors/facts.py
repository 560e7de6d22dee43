"""Facts: what the fold needs of a visitor's event, prepared once, with labels made safe.

In:  decoded page_view, form and chatbot events with their times and touches.
Out: a fact an event, gathered by person.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any, ClassVar, Final

import msgspec

from stream.contract.kinds import KindName
from stream.contract.records import UNIT
from stream.stages.stage import Batch
from stream.stages.visitors import chats
from stream.stages.visitors.row import MARK
from stream.state.labels import Labels

#: (channel, campaign, engine, domain) of an event that did not come directly, with labels made safe.
Touch = tuple[str, str, str | None, str | None]
#: Type of content, and of forms, that is taken home.
DOWNLOAD: Final = "download"
#: Groups of pages that count for whoever is known to have seen them.
PRICING, CART = TELLING = "pricing", "cart"
#: Channel of a lead from a form on an ad platform; those of others are `paid_other`.
PLATFORM_CHANNELS: Final = {"meta": "paid_social", "linkedin": "paid_social", "google": "paid_search"}


class Fact(msgspec.Struct, gc=False):
    """What every visitor's event says; as quick to make and to read as a tuple, to some hundredths of a µs."""

    kind: ClassVar[KindName]

    time_ms: int
    source: str
    id: str
    touch: Touch | None
    country: str | None
    arrival_ms: int
    site_id: str

    @property
    def name(self) -> str:
        """Name the event by source and id."""
        return self.source + UNIT + self.id


class View(Fact, gc=False):
    """A page view: what was seen, for how long, and what it offered."""

    kind: ClassVar[KindName] = "page_view"

    group: str
    content: str
    offer: str | None
    #: Group and content as they stand in what a session viewed.
    viewed: str
    engagement_ms: int
    is_download: bool


class Form(Fact, gc=False):
    """An event of a form on the site."""

    kind: ClassVar[KindName] = "form"

    data: Any


class Chat(Fact, gc=False):
    """An event of the chatbot."""

    kind: ClassVar[KindName] = "chatbot"

    data: Any


def is_presence(fact: Fact) -> bool:
    """Tell whether a person caused an event; what happens by itself joins a session and opens or prolongs none."""
    if isinstance(fact, Form):
        return bool(fact.data.action != "view")
    return not isinstance(fact, Chat) or chats.is_presence(fact.data)


#: Site and visitor → their facts.
People = defaultdict[str, list[Fact]]


class Touches(dict[Touch, Touch | None]):
    """Touch of an event → the touch with safe labels, None where it is direct."""

    def __init__(self, campaigns: Labels, engines: Labels, domains: Labels) -> None:
        super().__init__()
        self._campaigns, self._engines, self._domains = campaigns, engines, domains

    def __missing__(self, touch: Touch) -> Touch | None:
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


class Pages(dict[tuple[str | None, str | None], tuple[str, str, str]]):
    """Group and content of a page → both with safe labels, and as they stand in what a session viewed."""

    def __init__(self, groups: Labels, contents: Labels) -> None:
        super().__init__()
        self._groups, self._contents = groups, contents

    def __missing__(self, page: tuple[str | None, str | None]) -> tuple[str, str, str]:
        group, content = self._groups[page[0]], self._contents[page[1]]
        found = group, content, f"{MARK}{group}{UNIT}{content}{MARK}"
        # only what both labels remember by themselves: else the guard would be asked less often than it is otherwise
        if page[0] in self._groups and page[1] in self._contents and len(self) < 16_384:
            self[page] = found
        return found


class Facts:
    """Prepares the events of one shard."""

    def __init__(self, admit: Callable[[str, str | None], str], sites: Labels) -> None:
        self.sites = sites  # the shard's: asked twice, the guard would count a value over its limit twice
        self.groups = Labels("page_group", admit)
        self.contents = Labels("content", admit)
        self.pages = Pages(self.groups, self.contents)
        self.offers = Labels("offer", admit)
        self.forms = Labels("form", admit)
        self.bots = Labels("bot", admit)
        self.events = Labels("event", admit)
        self.countries = Labels("country", admit)
        self.campaigns = Labels("campaign", admit)
        self.touches = Touches(self.campaigns, Labels("engine", admit), Labels("domain", admit))

    def reserve(self) -> None:
        """Let the groups that tell something of leads be themselves, however many groups there are."""
        for group in TELLING:
            self.groups[group] = group

    def views(self, people: People, columns: Batch, touches: list[Any]) -> None:
        """Add page views to the facts gathered by person."""
        pages, countries, safe, offers = self.pages, self.countries, self.touches, self.offers
        rows = zip(
            columns.events, columns.keys, columns.times.tolist(), columns.arrivals.tolist(), touches, strict=True
        )
        for event, key, time_ms, arrival_ms, touch in rows:
            data = event.data
            page = data.page
            geo = data.geo
            country = geo.country if geo is not None else None
            offer, kind = page.offer_id, page.content_type
            group, content, viewed = pages[page.group, page.content_id]
            people[key].append(View(
                time_ms, event.source, event.id, safe[touch], None if country is None else countries[country],
                arrival_ms, data.site_id, group, content, offers[offer] if offer else None,
                viewed, data.engagement_ms or 0,
                kind is not None and kind.strip().lower() == DOWNLOAD,
            ))  # fmt: skip

    def others(self, people: People, make: type[Form] | type[Chat], columns: Batch, touches: list[Any]) -> None:
        """Add form or chatbot events to the facts gathered by person."""
        countries, safe = self.countries, self.touches
        rows = zip(
            columns.events, columns.keys, columns.times.tolist(), columns.arrivals.tolist(), touches, strict=True
        )
        for event, key, time_ms, arrival_ms, touch in rows:
            data = event.data
            geo = data.geo
            country = geo.country if geo is not None else None
            people[key].append(make(
                time_ms, event.source, event.id, safe[touch], None if country is None else countries[country],
                arrival_ms, data.site_id, data,
            ))  # fmt: skip
