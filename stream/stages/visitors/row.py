"""The row of a person: facts only, encoded while it is not in use.

In:  nothing.  Out: the structs that are stored, and their encoding.

What a row keeps is commutative over the topics it comes from (sums, minima, maxima, unions), so that the order
in which page views, forms and chats are read changes nothing. Times are milliseconds; 0 stands for never.
Fields are stored by position: append new ones at the end.

A name of an event is its source and id, between them a separator that neither can hold. Nearly all events of a person
come from one source, which stands in the row once: a stored name without a separator is an id of that source.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from stream.identity.ids import Id
from stream.stages.visitors.details import Details, Sight, pruned
from stream.stages.visitors.names import short, whole

UNKNOWN: Final = "unknown"
MARK: Final = "\x1e"
NEVER: Final = (0, "")

#: (time, name, channel, campaign, engine, domain) of the event that gives a session its channel.
Touch = tuple[int, str, str, str, str | None, str | None]
#: (time, name, country).
Country = tuple[int, str, str]
#: (time, name, page group, content).
Landing = tuple[int, str, str, str]
#: (time, name, capture method, action, stage of the offer, webinar or conference).
KeyEvent = tuple[int, str, str, str, str, str | None]
#: (channel, campaign, country, page group, content): what a session's person is counted by; None: no page view.
Dimensions = tuple[str, str, str, str | None, str | None]

#: (channel, campaign, engine, domain): where a session came from; all None where that is not known.
Origin = tuple[str | None, str | None, str | None, str | None]

#: (time, name) of the events that gave touch, country and landing; time 0 where there is none.
Said = tuple[int, str, int, str, int, str]


class Deeds(msgspec.Struct, array_like=True, gc=False):
    """What only some sessions have: key events, forms, and facts that came from different events."""

    first_key: KeyEvent | None = None
    last_key: int = 0
    #: Key events after the first, as far as they may be the first behind the landing.
    more_keys: list[int] = []
    #: Starts and submits of forms, as far as they may be the first behind the landing.
    starts: list[int] = []
    #: form → [first view, first start, submits as far as they may be the first behind the start].
    forms: dict[str, list[int]] = {}
    #: Events that nobody caused.
    idle: int = 0
    said: Said | None = None
    #: What only those who follow people need; None where nobody does, or nothing was told.
    details: Details | None = None


class Packed(msgspec.Struct, array_like=True, gc=False):
    """A session as it is stored: flat, since half of the cost of an event is reading and writing its row.

    It begins and ends with a presence. Mostly one event gives touch, country and landing: the one that opened the
    session. Then its name stands in `opened_by`; else `deeds.said` has it all. `viewed` is each "group\x1fcontent"
    between marks.
    """

    start: int
    end: int
    events: int
    views: int
    #: Time in the foreground of its page views, up to where it makes no difference any more.
    engaged: int
    #: 2 · (time − start) + (1 for a page view), one an event, as 32-bit integers.
    ticks: bytes
    opened_by: str
    channel: str | None
    campaign: str | None
    engine: str | None
    domain: str | None
    country: str | None
    group: str | None
    content: str | None
    viewed: str
    deeds: Deeds | None = None

    @property
    def dimensions(self) -> Dimensions:
        """Give channel, campaign, country, page group and content of the landing."""
        return self.channel or "direct", self.campaign or UNKNOWN, self.country or UNKNOWN, self.group, self.content

    @property
    def origin(self) -> Origin:
        """Give channel, campaign, engine and domain, as they are."""
        return self.channel, self.campaign, self.engine, self.domain

    @property
    def is_bounce(self) -> bool:
        """Tell whether it is one presence, a page view."""
        return self.views == 1 and (self.events == 1 or self.events - (self.deeds.idle if self.deeds else 0) == 1)

    @property
    def last_key(self) -> int:
        """Give the time of the last key event; 0 is never."""
        return self.deeds.last_key if self.deeds is not None else 0

    @property
    def first_key(self) -> KeyEvent | None:
        """Give the first key event."""
        return self.deeds.first_key if self.deeds is not None else None

    @property
    def keys(self) -> list[int]:
        """Give the times of the key events that are remembered, the first of them being the first of all."""
        deeds = self.deeds
        return [] if deeds is None or deeds.first_key is None else [deeds.first_key[0], *deeds.more_keys]

    @property
    def landed(self) -> int:
        """Give the time of the landing; 0 where there is none."""
        if self.group is None:
            return 0
        said = self.deeds.said if self.deeds is not None else None
        return self.start if said is None else said[4]

    @property
    def sights(self) -> list[Sight]:
        """Give under which ids the visitor was seen in it."""
        deeds = self.deeds
        return [] if deeds is None or deeds.details is None else deeds.details.sights

    @property
    def campaign_id(self) -> str:
        """Give the campaign.id of its touch, as far as that is kept; "" without one."""
        deeds = self.deeds
        if self.channel is None or deeds is None or deeds.details is None or deeds.details.campaign is None:
            return ""
        touched = (self.start, self.opened_by) if deeds.said is None else deeds.said[:2]
        return deeds.details.campaign[2] if deeds.details.campaign[:2] == touched else ""

    @property
    def names(self) -> tuple[str, ...]:
        """Give what was viewed."""
        return tuple(self.viewed[1:-1].split(MARK)) if self.viewed else ()


@dataclass(slots=True)
class Session:
    """A session that is worked on: every fact beside the event that gave it, by its whole name; details as stored."""

    start: int
    end: int
    events: int = 0
    views: int = 0
    engaged: int = 0
    idle: int = 0
    ticks: list[int] = field(default_factory=list)
    touch: Touch | None = None
    country: Country | None = None
    landing: Landing | None = None
    first_key: KeyEvent | None = None
    last_key: int = 0
    more_keys: list[int] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    viewed: set[str] = field(default_factory=set)
    forms: dict[str, list[int]] = field(default_factory=dict)
    details: Details | None = None

    def pack(self, source: str) -> Packed:
        """Make what is stored."""
        touch, country, landing = self.touch, self.country, self.landing
        given = [fact for fact in (touch, country, landing) if fact is not None]
        opened_by = ""
        said: Said | None = None
        if given:
            opened_by = given[0][1]
            if any(fact[0] != self.start or fact[1] != opened_by for fact in given):
                by, at, on = touch or NEVER, country or NEVER, landing or NEVER
                said = by[0], short(by[1], source), at[0], short(at[1], source), on[0], short(on[1], source)
                opened_by = ""
        key, details, deeds = self.first_key, self.details, None
        if key is not None:
            key = (key[0], short(key[1], source), *key[2:])
        if details is not None:
            touched = None if touch is None else (touch[0], short(touch[1], source))
            details = pruned(details, touched, None if key is None else key[:2])
        if said is not None or key is not None or self.forms or self.idle or details is not None:
            deeds = Deeds(key, self.last_key, self.more_keys, self.starts, self.forms, self.idle, said, details)
        viewed = f"{MARK}{MARK.join(sorted(self.viewed))}{MARK}" if self.viewed else ""
        return Packed(
            self.start, self.end, self.events, self.views, self.engaged, array("I", self.ticks).tobytes(),
            short(opened_by, source),
            touch[2] if touch is not None else None,
            touch[3] if touch is not None else None,
            touch[4] if touch is not None else None,
            touch[5] if touch is not None else None,
            country[2] if country is not None else None,
            landing[2] if landing is not None else None,
            landing[3] if landing is not None else None,
            viewed, deeds,
        )  # fmt: skip


def unpack(packed: Packed, source: str) -> Session:
    """Make a stored session ready to be worked on; the inverse of `pack`."""
    deeds = packed.deeds
    said = deeds.said if deeds is not None else None
    if said is None:
        opened = packed.start, packed.opened_by
        said = (*opened, *opened, *opened)
    touch: Touch | None = None
    if packed.channel is not None and packed.campaign is not None:
        touch = (said[0], whole(said[1], source), packed.channel, packed.campaign, packed.engine, packed.domain)
    country = None if packed.country is None else (said[2], whole(said[3], source), packed.country)
    landing: Landing | None = None
    if packed.group is not None and packed.content is not None:
        landing = (said[4], whole(said[5], source), packed.group, packed.content)
    session = Session(
        packed.start, packed.end, packed.events, packed.views, packed.engaged, 0, list(ticks_of(packed)), touch,
        country, landing, viewed=set(packed.names),
    )  # fmt: skip
    if deeds is not None:
        key = deeds.first_key
        session.first_key = None if key is None else (key[0], whole(key[1], source), *key[2:])
        session.last_key, session.idle = deeds.last_key, deeds.idle
        session.more_keys, session.starts = list(deeds.more_keys), list(deeds.starts)
        session.forms = {form: list(times) for form, times in deeds.forms.items()}
        session.details = deeds.details
    return session


def ticks_of(packed: Packed) -> array[int]:
    """Give the ticks of a stored session as integers."""
    ticks = array("I")
    ticks.frombytes(packed.ticks)
    return ticks


class Submission(msgspec.Struct, array_like=True, gc=False):
    """What was sent by a form, however often the button was pressed: (person, form, id)."""

    form: str
    id: str
    first: tuple[int, str]
    last: tuple[int, str]
    #: Fields asked, and of those the present ones, by the last event.
    asked: int
    known: int
    #: (time, name, form type) of the first event that is a key event.
    key: tuple[int, str, str] | None = None
    #: (time, name, millionths, currency) that were told last.
    value: tuple[int, str, int, str] | None = None
    #: (time, name, content) of the first event that is a download.
    download: tuple[int, str, str] | None = None


class Loose(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Something that nobody caused and that found no session; one may still come that it joins."""

    time_ms: int
    name: str
    form: str | None
    touch: tuple[str, str, str | None, str | None] | None
    country: str | None
    #: Of the touch, where people are followed.
    campaign_id: str = ""


class Folded(msgspec.Struct, array_like=True, gc=False):
    """What is kept of sessions folded together: how those behind them go on counting."""

    #: dimension + value → [last presence, last key event].
    ways: dict[str, list[int]] = {}
    end: int = 0
    #: Last presence while unknown, where nothing came of it.
    stranger: int = 0
    #: [first view of the life, 1 if unknown then, first start of a form behind it, first key event behind it].
    view: list[int] = []
    #: Landings by an ad or e-mail that no key event followed.
    landings: list[tuple[str, int]] = []
    #: The last sight of somebody, where people are followed, and since when they are known in this life.
    sight: Sight | None = None
    since: int = 0
    #: Of the touch that those behind go by.
    campaign_id: str = ""


class Extra(msgspec.Struct, array_like=True, gc=False):
    """What only few people have: forms, chats, offers, and sessions folded together."""

    last_submit: int = 0
    last_chat: int = 0
    #: The last key event before the sessions that are remembered.
    known: int = 0
    #: offer → [last seen, last taken].
    offers: dict[str, list[int]] = {}
    #: Chatbot events, as `chats` packs them.
    talks: list[list[Any]] = []
    submissions: list[Submission] = []
    loose: list[Loose] = []
    folded: Folded | None = None
    #: What is known of the person was told to those who follow people.
    followed: bool = False


class Row(msgspec.Struct, array_like=True, gc=False):
    """A person: newest event, the sessions remembered, the source of most events, and what few people have."""

    last: int
    sessions: list[Packed]
    source: str = ""
    extra: Extra | None = None


class AdDetails(msgspec.Struct, array_like=True, gc=False):
    """What is told of the first submit of an ad lead beside what is counted, and whose it is; None: nobody's."""

    id: Id | None
    campaign: str = ""
    offer: str = ""
    offer_type: str = ""
    country: str = ""
    region: str = ""
    product: str = ""
    campaign_id: str = ""


class AdLead(msgspec.Struct, array_like=True, gc=False):
    """A lead known from a form on an ad platform: its first submit, when it was last heard of, and what it sent."""

    last: int
    time: int
    name: str
    channel: str
    action: str = UNKNOWN
    stage: str = UNKNOWN
    event: str | None = None
    submissions: list[Submission] = []
    details: AdDetails | None = None
    #: All that its events named, where people are followed.
    ids: list[Id] = []


encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(Row).decode
decode_ad_lead = msgspec.msgpack.Decoder(AdLead).decode
