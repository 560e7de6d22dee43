"""Admissible: which events are common cases, whose difference can be written without looking at the whole row.

In:  the open session of a person and the next event.
Out: why it is no common case; None where it is one.

Declining is never wrong, only slower: the reference way takes the event and all behind it in the batch. Nothing is
changed here, and each reason stands for something that the incremental way does not look at.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from stream.stages.visitors import chats
from stream.stages.visitors.bounds import Bounds
from stream.stages.visitors.contribution import is_engaged
from stream.stages.visitors.facts import Fact, Facts, Form, View
from stream.stages.visitors.people import KNOWN_MS, LIFE_MS
from stream.stages.visitors.row import MARK, Packed, Row
from stream.stages.visitors.sessions import GAP_MS

LONGEST_MS: Final = 20 * 86_400_000  # ticks hold 24 days

Reason = Literal[
    "late deed", "before the opening", "facts from several events", "opened by a deed", "offer", "many sessions",
    "seldom facts", "flood", "channel", "country", "many ticks", "long session", "no landing", "much viewed",
    "several sessions", "start again", "submit", "deal", "many chats", "loose", "new life", "long known",
    "look back",
]  # fmt: skip

#: Forms of a session that were begun, and whether they were left.
Begun = tuple[tuple[str, bool], ...]

#: Why a case is not common.
REASONS: Final[dict[Reason, str]] = {
    "late deed": "a form or chat that is not the newest event may be the first of its kind, or move an earlier end",
    "before the opening": "the session would begin earlier, or be joined with another",
    "facts from several events": "a late page view may come before what gave touch, country or landing",
    "opened by a deed": "a session that no page view opened has no landing",
    "offer": "an offer counts its people by when they last saw it",
    "many sessions": "the oldest would have to be folded together with others",
    "seldom facts": "a person with forms, chats or folded sessions counts in more ways than the sessions tell",
    "flood": "the hour may be full; how full it is, only the ticks know",
    "channel": "it gives the session a channel, and people, leads and steps of several sessions move there",
    "country": "it gives the session a country",
    "many ticks": "the oldest tick would have to be forgotten",
    "long session": "ticks could no longer tell events apart",
    "no landing": "it gives the session, or the person's life, a landing, or what it does may lie before one",
    "much viewed": "what was viewed is bounded by name, not by time",
    "several sessions": "a deed, or what was viewed before a key event, may take a step that began in any of them",
    "start again": "a start behind others, or behind a submit, may move what those counted for",
    "submit": "the oldest submission would have to be forgotten",
    "deal": "orders and appointments have cohorts of their own",
    "many chats": "the hour may be full, or the oldest conversation would have to be forgotten",
    "loose": "what nobody caused may join the session",
    "new life": "the person is new again",
    "long known": "the person may be a stranger again",
    "look back": "a direct session, of this or of a later visit, may go by the touch of another",
}


class Open:
    """The newest session of a person while facts are added to it.

    `before` is its end as it was counted, beside what kind of session it was; `most_events` how many it can have before
    an hour can be full. A `fresh` one has not been counted at all beside its opening: that is done once it is known
    what it is at the end of the batch.

    Page views that bring nothing but themselves are common cases where they are later than `after_ms`, not later than
    `latest_ms`, and leave the session at no more than `most` events; 0 where each must be looked at.
    """

    __slots__ = (
        "after_ms", "before", "forms", "fresh", "key", "last", "latest_ms", "most", "most_events", "row", "session",
        "site", "ticks", "views", "was_bounce", "was_engaged",
    )  # fmt: skip

    def __init__(self, site: str, row: Row, bounds: Bounds, fresh: bool = False) -> None:
        sessions, extra = row.sessions, row.extra
        self.site, self.row, self.fresh = site, row, fresh
        self.session = session = sessions[-1]
        self.before = session.end
        self.last = self.after_ms = row.last
        self.ticks: list[int] = []
        self.forms: Begun = ()
        deeds = session.deeds
        if fresh:
            self.views, self.was_bounce, self.was_engaged = 0, False, False
        else:
            self.views, self.was_bounce, self.was_engaged = session.views, session.is_bounce, is_engaged(session)
        if deeds is not None and deeds.forms:
            self.forms = begun(session)
        if deeds is None or deeds.said is None:
            self.after_ms = session.start
        # an hour can hold events of two sessions at most, since half an hour lies between them
        self.most_events = bounds.flood_events - (sessions[-2].events if len(sessions) > 1 else 0)
        self.most = min(self.most_events, bounds.ticks) if session.group is not None else 0
        self.latest_ms = session.start + LONGEST_MS
        #: When the person last had a key event; 0 is never.
        self.key = 0
        if extra is not None:
            self.key = max(extra.known, max([other.last_key for other in sessions]))
            if self.key:
                self.latest_ms = min(self.latest_ms, self.key + KNOWN_MS)
            if extra.loose or session.end > self.latest_ms:
                self.most = 0


def begun(session: Packed) -> Begun:
    """List the forms of a session that were begun, and whether they were left."""
    deeds = session.deeds
    if deeds is None or not deeds.forms:
        return ()
    return tuple([(form, len(times) == 2) for form, times in deeds.forms.items() if len(times) > 2 or times[1]])


class Admissible:
    """Knows the common cases within some bounds."""

    def __init__(self, bounds: Bounds, labels: Facts) -> None:
        self._bounds = bounds
        self._form_of = labels.forms

    def why_not(self, here: Open, fact: Fact) -> Reason | None:
        """Say why an event is no common case for a person who has a session."""
        session, time_ms, bounds = here.session, fact.time_ms, self._bounds
        deeds, extra = session.deeds, here.row.extra
        if time_ms <= here.last:
            if type(fact) is not View:
                return "late deed"
            if time_ms <= session.start:
                return "before the opening"
            if deeds is not None and deeds.said is not None:
                return "facts from several events"
        if time_ms - session.end > GAP_MS:
            return self._why_not_opening(here.row, fact)
        if session.channel is None and fact.touch is not None and not self._may_move(here):
            return "channel"
        if session.country is None and fact.country is not None:
            return "country"
        events = session.events
        if events >= here.most_events:
            return "flood"
        if events >= bounds.ticks:
            return "many ticks"
        if time_ms - session.start > LONGEST_MS:
            return "long session"
        if extra is not None:
            if extra.loose and any(loose.time_ms >= session.start - GAP_MS for loose in extra.loose):
                return "loose"
            if here.key and max(time_ms, session.end) - here.key > KNOWN_MS:
                return "long known"
        if type(fact) is not View:
            return self.why_not_deed(here, fact)
        if fact.offer is not None:
            return "offer"
        if session.group is None:
            return "no landing"
        if fact.viewed in session.viewed:
            return None
        # n names stand between n + 1 marks; the length is asked first, since it costs nothing
        if len(session.viewed) > bounds.viewed and session.viewed.count(MARK) > bounds.viewed:
            return "much viewed"
        return "several sessions" if session.last_key and not is_alone(here.row) else None

    def why_not_first(self, fact: Fact) -> Reason | None:
        """Say why the first event of a new person is no common case."""
        if not isinstance(fact, View):
            return "opened by a deed"
        return "offer" if fact.offer is not None else None

    def _why_not_opening(self, row: Row, fact: Fact) -> Reason | None:
        if (reason := self.why_not_first(fact)) is not None:
            return reason
        if row.extra is not None:
            return "seldom facts"
        if len(row.sessions) >= self._bounds.sessions:
            return "many sessions"
        last = row.sessions[-1]
        if last.group is None:
            return "no landing"
        if fact.time_ms - last.end > LIFE_MS:
            return "new life"
        return "flood" if last.events >= self._bounds.flood_events else None

    def _may_move(self, here: Open) -> bool:
        """Tell whether a direct session alone tells where its person, who is not known, came from."""
        session = here.session
        if here.key or session.last_key or session.group is None or not is_alone(here.row):
            return False
        if (extra := here.row.extra) is not None and extra.followed:
            return False
        return session.deeds is None or session.deeds.said is None

    def why_not_deed(self, here: Open, fact: Fact) -> Reason | None:
        """Say why a form or chat is no common case, whose time and place in the session are."""
        return self._why_not_form(here, fact) if type(fact) is Form else self._why_not_chat(here, fact)

    def _why_not_form(self, here: Open, fact: Any) -> Reason | None:
        data, row, session = fact.data, here.row, here.session
        if data.offer_id:
            return "offer"
        action, deeds = data.action, session.deeds
        if action not in ("start", "submit"):
            return None
        if not is_alone(row):
            return "several sessions"
        if session.landed != session.start:
            return "no landing"
        if deeds is not None and deeds.forms:
            times = deeds.forms.get(self._form_of[data.form_id])
            if times is not None and len(times) > 2:
                return "start again"
        if action == "submit" and row.extra is not None:
            if len(row.extra.submissions) >= self._bounds.submissions:
                return "submit"
        return None

    def _why_not_chat(self, here: Open, fact: Any) -> Reason | None:
        data, extra, bounds = fact.data, here.row.extra, self._bounds
        if data.order_id or data.appointment_id:
            return "deal"
        if chats.makes_lead(data) and not is_alone(here.row):
            return "several sessions"
        if extra is None:
            return None
        if len(extra.talks) >= min(bounds.flood_chats, bounds.chats):
            return "many chats"
        return "deal" if any(len(talk) > chats.DEAL and talk[chats.DEAL] is not None for talk in extra.talks) else None


class LookingBack(Admissible):
    """Knows the common cases where direct sessions look back: those that no other session has a say in."""

    def why_not(self, here: Open, fact: Fact) -> Reason | None:
        """Say why an event is no common case for a person who has a session."""
        row = here.row
        if here.session.channel is None and (len(row.sessions) > 1 or (row.extra and row.extra.folded) is not None):
            return "look back"
        return super().why_not(here, fact)

    def _why_not_opening(self, row: Row, fact: Fact) -> Reason | None:
        if fact.touch is None or any(session.channel is None for session in row.sessions[1:]):
            return "look back"
        return super()._why_not_opening(row, fact)


def is_alone(row: Row) -> bool:
    """Tell whether a row has one session and nothing before it, so that a deed moves nothing else."""
    extra = row.extra
    return len(row.sessions) == 1 and (extra is None or (extra.folded is None and not extra.known))
