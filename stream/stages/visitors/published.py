"""Published: what is known of a visitor and whose it is, as a pure function of the row.

In:  a row of facts, and who the visitor was seen as outside of sessions.
Out: facts, each with the id that it is about. A change of a row is told as the difference of before and after.

A session belongs to the last id that was seen with the visitor no later than half an hour after its end, else to the
first one seen later, if that is no more than 35 days after its start, else to the visitor. A visitor is known since the
first sight or key event of a life, and a life ends where nothing is heard for 35 days; sessions that began more than 35
days before are not told.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from stream.identity.facts import Booked, Cancelled, Counted, Evidence, Fact, Submitted, Told, Visit
from stream.identity.ids import VISITOR, Id
from stream.stages.visitors import chats, talks
from stream.stages.visitors.details import Sight
from stream.stages.visitors.facts import CART, PRICING
from stream.stages.visitors.look_back import looking_back
from stream.stages.visitors.loose import attached
from stream.stages.visitors.names import whole
from stream.stages.visitors.people import KNOWN_MS, LIFE_MS
from stream.stages.visitors.row import MARK, UNKNOWN, Packed, Row, ticks_of
from stream.stages.visitors.sessions import GAP_MS
from stream.stages.visitors.sightings import Moment

#: Stands for the visitor's own id, whose name costs something and which most facts are not about.
ME: Final = Id(VISITOR, b"", 0)
#: Facts with the ids that they are about.
Known = set[tuple[Id, Fact]]


class Terms(NamedTuple):
    """What of the settings decides what is published."""

    #: How far direct sessions look back for a touch.
    look_back_ms: int = 0


@dataclass(slots=True)
class Life:
    """A stretch of time in which a visitor was never silent for 35 days, and who they were."""

    start_ms: int
    end_ms: int
    sights: list[Moment] = field(default_factory=list)
    #: When the visitor was known first; None: never.
    since_ms: int | None = None

    def owner(self, start_ms: int, end_ms: int) -> Id:
        """Give whose something is that went on from one moment to another."""
        if not self.sights:
            return ME
        place = bisect_right(self.sights, end_ms + GAP_MS, key=_time)
        if place:
            return self.sights[place - 1][2]
        first_ms, _, id = self.sights[0]
        return id if start_ms >= first_ms - LIFE_MS else ME

    def tells(self, start_ms: int) -> bool:
        """Say whether something is told that began at a moment."""
        return self.since_ms is not None and start_ms >= self.since_ms - LIFE_MS


def is_known(row: Row, outside: Sequence[Moment]) -> bool:
    """Tell whether there may be something to tell of a visitor; one look where a visitor is anonymous."""
    if outside:
        return True
    for session in row.sessions:
        deeds = session.deeds
        if deeds is not None and (deeds.first_key is not None or (deeds.details is not None and deeds.details.sights)):
            return True
    return False


def published(visitor: str, row: Row, outside: Sequence[Moment] = (), terms: Terms = Terms()) -> Known:
    """Give what is known of a visitor, each fact beside whom it is about; `ME` is the visitor."""
    extra = row.extra
    held, _ = attached(row)
    sessions = looking_back(held, extra.folded if extra is not None else None, terms.look_back_ms)
    lives = lives_of(row, sessions, outside)
    campaigns = _campaigns(row, held, sessions)
    out: Known = set()
    key_ms = extra.known if extra is not None else 0
    for session, campaign_id in zip(sessions, campaigns, strict=True):
        life, first = life_at(lives, session.start), session.first_key
        is_counted = first is not None and (not key_ms or first[0] - key_ms > KNOWN_MS)
        key_ms = max(key_ms, session.last_key)
        if life.tells(session.start):
            who = life.owner(session.start, session.end)
            out |= {(who, fact) for fact in _of_session(visitor, session, row.source, campaign_id, is_counted)}
    if extra is not None and extra.talks:
        folded_ms = extra.folded.end if extra.folded is not None else 0
        for at_ms, fact in _appointments(visitor, row):
            found = session_at(sessions, at_ms)
            if found is None and at_ms <= folded_ms:
                continue  # its session is forgotten
            start_ms, end_ms = (at_ms, at_ms) if found is None else (found.start, found.end)
            life = life_at(lives, start_ms)
            if life.tells(start_ms):
                out.add((life.owner(start_ms, end_ms), fact))
    return out


def session_at(sessions: Sequence[Packed], at_ms: int) -> Packed | None:
    """Give the session that something belongs to: the one that runs, or that begins within half an hour."""
    place = bisect_right(sessions, at_ms, key=lambda session: session.start)
    if place and at_ms - sessions[place - 1].end <= GAP_MS:
        return sessions[place - 1]
    if place < len(sessions) and sessions[place].start - at_ms <= GAP_MS:
        return sessions[place]
    return None


# whose it is, and since when ----------------------------------------------------------------------------------


def lives_of(row: Row, sessions: Sequence[Packed], outside: Sequence[Moment]) -> list[Life]:
    """Part all that is known of a visitor into lives, in order; mostly there is one."""
    if (only := _only(row, sessions, outside)) is not None:
        return [only]
    parts = list(_parts(row, sessions))
    parts += [Life(moment[0], moment[0], [moment], moment[0]) for moment in outside]
    parts.sort(key=lambda part: (part.start_ms, part.end_ms))
    lives: list[list[Life]] = []
    end_ms = 0
    for part in parts:
        if lives and part.start_ms - end_ms <= LIFE_MS:
            lives[-1].append(part)
            end_ms = max(end_ms, part.end_ms)
        else:
            lives.append([part])
            end_ms = part.end_ms
    return [_one(some) for some in lives]


def _only(row: Row, sessions: Sequence[Packed], outside: Sequence[Moment]) -> Life | None:
    """Give the only life, where all that is known lies within what a life may be silent for; None: look closer."""
    extra, source = row.extra, row.source
    times = [moment[0] for moment in outside]
    if extra is not None:
        if extra.folded is not None and extra.folded.end:
            return None
        times += [loose.time_ms for loose in extra.loose]
        times += [talk[0] for talk in extra.talks]
    sights, since = [*outside], [moment[0] for moment in outside]
    for session in sessions:
        times.append(session.start)
        times.append(_last_ms(session))
        if session.deeds is not None:
            for sight in session.sights:
                sights += _moments(sight, source)
            if (first := session.first_key) is not None:
                since.append(first[0])
    if not times or max(times) - min(times) > LIFE_MS:
        return None
    if len(sights) > 1:
        sights.sort()
    if sights:
        since.append(sights[0][0])
    return Life(min(times), max(times), sights, min(since, default=None))


def _one(parts: Sequence[Life]) -> Life:
    """Make one life of its parts, the first of which begins it."""
    since = [part.since_ms for part in parts if part.since_ms is not None]
    sights = sorted(moment for part in parts for moment in part.sights)
    return Life(parts[0].start_ms, max(part.end_ms for part in parts), sights, min(since, default=None))


def life_at(lives: Sequence[Life], at_ms: int) -> Life:
    """Give the life that a moment is in; that of something known is always there."""
    if len(lives) == 1:
        return lives[0]
    return lives[max(bisect_right(lives, at_ms, key=lambda life: life.start_ms) - 1, 0)]


def _parts(row: Row, sessions: Sequence[Packed]) -> Iterator[Life]:
    source, extra = row.source, row.extra
    for session in sessions:
        sights = [one for sight in session.sights for one in _moments(sight, source)]
        since = [moment[0] for moment in sights]
        if (first := session.first_key) is not None:
            since.append(first[0])
        yield Life(session.start, _last_ms(session), sights, min(since, default=None))
    if extra is None:
        return
    if extra.folded is not None and extra.folded.end:
        folded, start_ms = extra.folded, min([extra.folded.end, *(session.start for session in sessions)])
        sights = [] if folded.sight is None else _moments(folded.sight, source)
        yield Life(start_ms, folded.end, sights, folded.since or None)
    for at_ms in [loose.time_ms for loose in extra.loose] + [talk[0] for talk in extra.talks]:
        yield Life(at_ms, at_ms)


def _moments(sight: Sight, source: str) -> list[Moment]:
    id, (first_ms, first), (last_ms, last) = sight.id, sight.first, sight.last
    return [(first_ms, whole(first, source), id), (last_ms, whole(last, source), id)]


def _time(moment: Moment) -> int:
    return moment[0]


def _last_ms(session: Packed) -> int:
    """Give when something last happened in a session, be it by itself."""
    if session.deeds is None or not session.deeds.idle:
        return session.end
    return max(session.end, session.start + (max(ticks_of(session), default=0) >> 1))


# what a session tells -----------------------------------------------------------------------------------------


def _of_session(visitor: str, session: Packed, source: str, campaign_id: str, is_counted: bool) -> Iterator[Fact]:
    channel, campaign = session.channel or "direct", _said(session.campaign)
    country, start_ms = _said(session.country), session.start
    yield Visit(
        visitor, start_ms, channel, campaign, campaign_id, session.engine or "", country, _said(session.group),
        _said(session.content), start_ms if _saw(session, PRICING) else 0, start_ms if _saw(session, CART) else 0,
    )  # fmt: skip
    deeds = session.deeds
    details = None if deeds is None else deeds.details
    if details is not None:
        for ask in details.asks:
            yield Submitted(
                visitor, ask.first[0], ask.form_type, ask.offer_stage, ask.offer_type, ask.offer, ask.event
            )  # fmt: skip
        for one in details.sayings:
            yield Told(
                visitor, one.at[0], whole(one.at[1], source), one.framework, one.known, one.industry, one.size_band,
                one.revenue_band,
            )  # fmt: skip
    if (first := session.first_key) is not None:
        at_ms, name, method, action, stage, event = first
        more = details.key if details is not None else None
        offer, offer_type, region, product = "", "", "", ""
        if more is not None and tuple(more.at) == (at_ms, name):
            offer, offer_type, region, product = more.offer, more.offer_type, more.region, more.product
        key = (
            visitor, at_ms, whole(name, source), method, channel, campaign, action, stage, offer, offer_type,
            event or "", country, region, product, campaign_id,
        )  # fmt: skip
        yield Evidence(*key)
        if is_counted:
            yield Counted(*key)


def _appointments(visitor: str, row: Row) -> Iterator[tuple[int, Fact]]:
    extra = row.extra
    if extra is None or not any(len(talk) > chats.DEAL and talk[chats.DEAL] is not None for talk in extra.talks):
        return
    for deal in talks.appointments([chats.unpacked(talk, row.source) for talk in extra.talks]):
        if deal.opened_ms:
            yield deal.opened_ms, Booked(visitor, deal.opened_ms, deal.id)
        if deal.cancelled_ms:
            yield deal.cancelled_ms, Cancelled(visitor, deal.cancelled_ms, deal.id)


def _campaigns(row: Row, held: Sequence[Packed], sessions: Sequence[Packed]) -> list[str]:
    """Give the campaign.id of each session's touch; of one that looks back that of the touch that it goes by."""
    extra = row.extra
    before = extra.folded.campaign_id if extra is not None and extra.folded is not None else ""
    out: list[str] = []
    for own, session in zip(held, sessions, strict=True):
        if own.channel is not None:
            before = own.campaign_id
        out.append(before if session.channel is not None else "")
    return out


def _saw(session: Packed, group: str) -> bool:
    return f"{MARK}{group}\x1f" in session.viewed


def _said(label: str | None) -> str:
    return "" if label is None or label == UNKNOWN else label
