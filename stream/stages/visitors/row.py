"""The row of a person: facts only, encoded while it is not in use.

In:  nothing.  Out: the structs that are stored, and their encoding.

What a row keeps is commutative over the topics it comes from (sums, minima, maxima, unions), so that the order
in which page views, forms and chats are read changes nothing. Times are milliseconds; 0 stands for never.
Fields are stored by position: append new ones at the end.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import Final

import msgspec

UNKNOWN: Final = "unknown"
MARK: Final = "\x1e"
NEVER: Final = (0, "")

#: (time, event id, channel, campaign, engine, domain) of the event that gives a session its channel.
Touch = tuple[int, str, str, str, str | None, str | None]
#: (time, event id, country).
Country = tuple[int, str, str]
#: (time, event id, page group, content).
Landing = tuple[int, str, str, str]
#: (time, event id, capture method).
KeyEvent = tuple[int, str, str]
#: (channel, campaign, country, page group, content): what a session's person is counted by; None: no page view.
Dimensions = tuple[str, str, str, str | None, str | None]
#: (time, event id, bot).
Bot = tuple[int, str, str]


#: (time, id) of the events that gave touch, country and landing; time 0 where there is none.
Said = tuple[int, str, int, str, int, str]


class Deeds(msgspec.Struct, array_like=True, gc=False):
    """What only some sessions have: key events, forms, and facts that came from different events."""

    first_key: KeyEvent | None = None
    last_key: int = 0
    #: form → [first view, first start, first submit].
    forms: dict[str, list[int]] = {}
    said: Said | None = None


class Packed(msgspec.Struct, array_like=True, gc=False):
    """A session as it is stored: flat, since half of the cost of an event is reading and writing its row.

    Mostly one event gives touch, country and landing: the one that opened the session. Then its id stands in
    `opened_by`; else `deeds.said` has it all. `viewed` is each "group\x1fcontent" between marks.
    """

    start: int
    end: int
    events: int
    views: int
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
    def last_key(self) -> int:
        """Give the time of the last key event; 0 is never."""
        return self.deeds.last_key if self.deeds is not None else 0

    @property
    def first_key(self) -> KeyEvent | None:
        """Give the first key event."""
        return self.deeds.first_key if self.deeds is not None else None

    @property
    def landed(self) -> int:
        """Give the time of the landing; 0 where there is none."""
        if self.group is None:
            return 0
        said = self.deeds.said if self.deeds is not None else None
        return self.start if said is None else said[4]

    @property
    def names(self) -> tuple[str, ...]:
        """Give what was viewed."""
        return tuple(self.viewed[1:-1].split(MARK)) if self.viewed else ()


@dataclass(slots=True)
class Session:
    """A session that is worked on: every fact beside the event that gave it."""

    start: int
    end: int
    events: int = 0
    views: int = 0
    ticks: list[int] = field(default_factory=list)
    touch: Touch | None = None
    country: Country | None = None
    landing: Landing | None = None
    first_key: KeyEvent | None = None
    last_key: int = 0
    viewed: set[str] = field(default_factory=set)
    forms: dict[str, list[int]] = field(default_factory=dict)

    def pack(self) -> Packed:
        """Make what is stored."""
        touch, country, landing = self.touch, self.country, self.landing
        given = [fact for fact in (touch, country, landing) if fact is not None]
        opened_by = ""
        said: Said | None = None
        if given:
            opened_by = given[0][1]
            if any(fact[0] != self.start or fact[1] != opened_by for fact in given):
                by, at, on = touch or NEVER, country or NEVER, landing or NEVER
                said = (by[0], by[1], at[0], at[1], on[0], on[1])
                opened_by = ""
        deeds = None
        if said is not None or self.first_key is not None or self.forms:
            deeds = Deeds(self.first_key, self.last_key, self.forms, said)
        viewed = f"{MARK}{MARK.join(sorted(self.viewed))}{MARK}" if self.viewed else ""
        return Packed(
            self.start, self.end, self.events, self.views, array("I", self.ticks).tobytes(), opened_by,
            touch[2] if touch is not None else None,
            touch[3] if touch is not None else None,
            touch[4] if touch is not None else None,
            touch[5] if touch is not None else None,
            country[2] if country is not None else None,
            landing[2] if landing is not None else None,
            landing[3] if landing is not None else None,
            viewed, deeds,
        )  # fmt: skip


def unpack(packed: Packed) -> Session:
    """Make a stored session ready to be worked on; the inverse of `pack`."""
    deeds = packed.deeds
    said = deeds.said if deeds is not None else None
    if said is None:
        opened = packed.start, packed.opened_by
        said = (*opened, *opened, *opened)
    touch: Touch | None = None
    if packed.channel is not None and packed.campaign is not None:
        touch = (said[0], said[1], packed.channel, packed.campaign, packed.engine, packed.domain)
    country = None if packed.country is None else (said[2], said[3], packed.country)
    landing: Landing | None = None
    if packed.group is not None and packed.content is not None:
        landing = (said[4], said[5], packed.group, packed.content)
    return Session(
        packed.start, packed.end, packed.events, packed.views, list(ticks_of(packed)), touch, country, landing,
        packed.first_key, packed.last_key, set(packed.names),
        {form: list(times) for form, times in deeds.forms.items()} if deeds is not None else {},
    )  # fmt: skip


def ticks_of(packed: Packed) -> array[int]:
    """Give the ticks of a stored session as integers."""
    ticks = array("I")
    ticks.frombytes(packed.ticks)
    return ticks


class Conversation(msgspec.Struct, array_like=True, gc=False):
    """A chat; `started` is 0 where its start was not seen."""

    first: int
    last: int
    started: int = 0
    lead: int = 0
    handoff: bool = False
    resolved: bool = False
    duration_s: float = -1.0
    bot: Bot | None = None


class Deal(msgspec.Struct, array_like=True, gc=False):
    """An order or an appointment made in a chat: when each of its steps was first seen."""

    opened: int = 0
    done: int = 0
    cancelled: int = 0
    bot: Bot | None = None


class Extra(msgspec.Struct, array_like=True, gc=False):
    """What only few people have: forms, chats, offers, and sessions folded together."""

    first_form: int = 0
    first_submit: int = 0
    last_submit: int = 0
    last_chat: int = 0
    #: offer → [last seen, last taken].
    offers: dict[str, list[int]] = {}
    conversations: dict[str, Conversation] = {}
    orders: dict[str, Deal] = {}
    appointments: dict[str, Deal] = {}
    #: dimension + value → [last event, last key event] of sessions folded together.
    folded: dict[str, list[int]] = {}
    #: (time, event id, capture method, channel) of the first key event in a session folded together.
    folded_lead: tuple[int, str, str, str] | None = None
    folded_ad_landing: int = 0
    folded_email_landing: int = 0


class Row(msgspec.Struct, array_like=True, gc=False):
    """A person: first and last event, the sessions remembered, and what few people have."""

    last: int
    first: int
    first_view: int
    sessions: list[Packed]
    extra: Extra | None = None


class AdLead(msgspec.Struct, array_like=True, gc=False):
    """A lead known from a form on an ad platform: its first submit, and when it was last heard of."""

    last: int
    time: int
    event_id: str
    channel: str


encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(Row).decode
decode_ad_lead = msgspec.msgpack.Decoder(AdLead).decode
decode_last = msgspec.msgpack.Decoder(list[object]).decode
