"""Details: what is kept of a session for those who follow people; counts of visitors need none of it.

In:  what single events say: who it was, what was asked for, what was told of a company.
Out: the structs that are stored in a session's deeds; what two sessions that join come to.

All of it is minima, maxima and unions, so that the order of events changes nothing. Names of events are as they are
stored, without the source of the row, which is passed in wherever two events of one moment are compared.
"""

from __future__ import annotations

from typing import Final

import msgspec

from stream.identity.ids import Id
from stream.stages.visitors.names import whole

#: Ids of one session, or of a visitor outside of sessions, that are told apart.
MOST_SIGHTS: Final = 16
#: Kinds of forms that are told apart in a session, and submits of it that told of a company.
MOST_ASKS: Final = 32
MOST_SAYINGS: Final = 16

#: (time, stored name) of an event.
Mark = tuple[int, str]


class Sight(msgspec.Struct, array_like=True, gc=False):
    """An id under which somebody was seen: by which event first, and by which last."""

    id: Id
    first: Mark
    last: Mark


class Ask(msgspec.Struct, array_like=True, gc=False):
    """The first submit of its kind: of a form of that type, stage and event."""

    form_type: str
    offer_stage: str
    event: str
    first: Mark
    offer_type: str = ""
    offer: str = ""

    @property
    def kind(self) -> tuple[str, str, str]:
        """Give what tells it from others."""
        return self.form_type, self.offer_stage, self.event


class Saying(msgspec.Struct, array_like=True, gc=False):
    """What a submit told of the company, and of how ready the lead is."""

    at: Mark
    framework: str = ""
    known: tuple[str, ...] = ()
    industry: str = ""
    size_band: str = ""
    revenue_band: str = ""


class KeyDetails(msgspec.Struct, array_like=True, gc=False):
    """What the first key event says beside what is counted; of no use once another is the first."""

    at: Mark
    offer: str = ""
    offer_type: str = ""
    region: str = ""
    product: str = ""


class Details(msgspec.Struct, array_like=True, gc=False):
    """What is kept of a session beside what it counts for, each list in an order of its own."""

    sights: list[Sight] = []
    asks: list[Ask] = []
    sayings: list[Saying] = []
    key: KeyDetails | None = None
    #: (time, name) of the touch and its campaign.id; of no use once another event is the touch.
    campaign: tuple[int, str, str] | None = None


_NOTHING: Final = Details()


def is_before(a: Mark, b: Mark, source: str) -> bool:
    """Tell whether one event is before another."""
    return a[0] < b[0] or (a[0] == b[0] and whole(a[1], source) < whole(b[1], source))


def see(sights: list[Sight], one: Sight, source: str) -> list[Sight]:
    """Add a sight to others, ordered by id; of too many the first and those seen last are kept."""
    for known in sights:
        if known.id == one.id:
            if is_before(one.first, known.first, source):
                known.first = one.first
            if is_before(known.last, one.last, source):
                known.last = one.last
            return sights
    out = sorted([*sights, one], key=_by_id)
    if len(out) > MOST_SIGHTS:
        first = min(out, key=lambda sight: (sight.first[0], whole(sight.first[1], source)))
        out.remove(min((sight for sight in out if sight is not first), key=lambda sight: _last(sight, source)))
    return out


def ask(asks: list[Ask], one: Ask, source: str) -> list[Ask]:
    """Add a submit to others, ordered by kind; of too many kinds the first ones are kept."""
    for at, known in enumerate(asks):
        if known.kind == one.kind:
            return [*asks[:at], one, *asks[at + 1 :]] if is_before(one.first, known.first, source) else asks
    out = sorted([*asks, one], key=lambda held: held.kind)
    if len(out) > MOST_ASKS:
        out.remove(max(out, key=lambda held: (held.first[0], whole(held.first[1], source))))
    return out


def say(sayings: list[Saying], one: Saying, source: str) -> list[Saying]:
    """Add what a submit told to others, ordered by events; of too many the last ones are kept."""
    if any(known.at == one.at for known in sayings):
        return sayings
    return sorted([*sayings, one], key=lambda held: (held.at[0], whole(held.at[1], source)))[-MOST_SAYINGS:]


def joined(a: Details | None, b: Details | None, source: str) -> Details | None:
    """Give the details of a session that two became; they are free to be changed."""
    if a is None or b is None:
        return a or b
    for sight in b.sights:
        a.sights = see(a.sights, sight, source)
    for one in b.asks:
        a.asks = ask(a.asks, one, source)
    for saying in b.sayings:
        a.sayings = say(a.sayings, saying, source)
    if a.key is None or (b.key is not None and is_before(b.key.at, a.key.at, source)):
        a.key = b.key
    if a.campaign is None or (b.campaign is not None and is_before(b.campaign[:2], a.campaign[:2], source)):
        a.campaign = b.campaign
    return a


def pruned(details: Details | None, touch: Mark | None, key: Mark | None) -> Details | None:
    """Leave out what is of no use, by the events that are touch and first key event of the session."""
    if details is None:
        return None
    if details.campaign is not None and details.campaign[:2] != touch:
        details = msgspec.structs.replace(details, campaign=None)
    if details.key is not None and details.key.at != key:
        details = msgspec.structs.replace(details, key=None)
    return None if details == _NOTHING else details


def with_campaign(details: Details | None, campaign: tuple[int, str, str], source: str) -> Details:
    """Give details that have the campaign.id of a touch, unless they have that of an earlier one."""
    if details is None:
        return Details(campaign=campaign)
    if details.campaign is not None and not is_before(campaign[:2], details.campaign[:2], source):
        return details
    return msgspec.structs.replace(details, campaign=campaign)


def _by_id(sight: Sight) -> Id:
    return sight.id


def _last(sight: Sight, source: str) -> tuple[int, str]:
    return sight.last[0], whole(sight.last[1], source)
