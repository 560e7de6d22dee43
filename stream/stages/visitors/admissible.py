"""Admissible: which events are common cases, whose difference can be written without looking at the whole row.

In:  the open session of a person and the next event.
Out: why it is no common case; None where it is one.

Declining is never wrong, only slower: the reference way takes the event and all behind it in the batch. Nothing is
changed here, and each reason stands for something that the incremental way does not look at.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from stream.stages.visitors import chats, deals, forms
from stream.stages.visitors.bounds import Bounds
from stream.stages.visitors.facts import Fact, Facts, Form, View
from stream.stages.visitors.row import MARK, Packed, Row
from stream.stages.visitors.sessions import GAP_MS

_LONGEST_MS: Final = 20 * 86_400_000  # ticks hold 24 days

Reason = Literal[
    "late deed", "before the opening", "facts from several events", "opened by a deed", "offer", "many sessions",
    "seldom facts", "flood", "channel", "country", "many ticks", "long session", "no landing", "much viewed",
    "key event elsewhere", "start after submit", "deal", "many chats",
]  # fmt: skip

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
    "channel": "it gives the session a channel, and all page views before it move there",
    "country": "it gives the session a country",
    "many ticks": "the oldest tick would have to be forgotten",
    "long session": "ticks could no longer tell events apart",
    "no landing": "it gives the session a landing",
    "much viewed": "what was viewed is bounded by name, not by time",
    "key event elsewhere": "with several sessions a key event, or what was viewed before one, may count in any",
    "start after submit": "the submit counted as the start, and moves to the cohort of this one",
    "deal": "orders and appointments have cohorts of their own",
    "many chats": "the hour may be full, or the oldest conversation would have to be forgotten",
}


class Open:
    """The newest session of a person while facts are added to it: what changes is held here, and stored when it closes.

    `before` is its end as it was counted; `most_events` how many it can have before an hour can be full, or a tick be
    forgotten. A `fresh` one is of a new person who has not been counted yet: that is done once it is known what it is
    at the end of the batch.
    """

    __slots__ = (
        "before", "end", "events", "fresh", "most_events", "row", "session", "site", "start", "ticks", "viewed",
        "views",
    )  # fmt: skip

    def __init__(self, site: str, row: Row, bounds: Bounds, fresh: bool = False) -> None:
        sessions = row.sessions
        self.site, self.row, self.fresh = site, row, fresh
        self.session = session = sessions[-1]
        self.start, self.events, self.views, self.viewed = session.start, session.events, session.views, session.viewed
        self.before = self.end = session.end
        self.ticks: list[int] = []
        # an hour can hold events of two sessions at most, since half an hour lies between them
        most = bounds.flood_events - sessions[-2].events if len(sessions) > 1 else bounds.flood_events
        self.most_events = most if most < bounds.ticks else bounds.ticks


class Admissible:
    """Knows the common cases within some bounds."""

    def __init__(self, bounds: Bounds, labels: Facts) -> None:
        self._bounds = bounds
        self._form_of = labels.forms
        self._most_chats = min(bounds.flood_chats, bounds.chats)

    def why_not(self, here: Open, fact: Fact) -> Reason | None:
        """Say why an event is no common case for a person who has a session."""
        time_ms = fact.time_ms
        if time_ms <= here.end:
            if type(fact) is not View:
                return "late deed"
            if time_ms <= here.start:
                return "before the opening"
            if here.session.deeds is not None and here.session.deeds.said is not None:
                return "facts from several events"
        elif time_ms - here.end > GAP_MS:
            return self._why_not_opening(here, fact)
        if fact.touch is not None and here.session.channel is None:
            return "channel"
        if fact.country is not None and here.session.country is None:
            return "country"
        if here.events >= here.most_events:
            return "many ticks" if here.events >= self._bounds.ticks else "flood"
        if time_ms - here.start > _LONGEST_MS:
            return "long session"
        if type(fact) is View:
            if fact.offer is not None:
                return "offer"
            return None if fact.name in here.viewed else self._why_not_new(here)
        return self._why_not_form(here, fact) if type(fact) is Form else self._why_not_chat(here, fact)

    def _why_not_new(self, here: Open) -> Reason | None:
        """Say why what was not viewed before in the session is no common case."""
        session, viewed, most = here.session, here.viewed, self._bounds.viewed
        if session.group is None:
            return "no landing"
        # n names stand between n + 1 marks; the length is asked first, since it costs nothing
        if len(viewed) > most and viewed.count(MARK) > most:
            return "much viewed"
        return "key event elsewhere" if session.deeds and session.deeds.last_key and not is_alone(here.row) else None

    def why_not_first(self, fact: Fact) -> Reason | None:
        """Say why the first event of a new person is no common case."""
        if not isinstance(fact, View):
            return "opened by a deed"
        return "offer" if fact.offer is not None else None

    def _why_not_opening(self, here: Open, fact: Fact) -> Reason | None:
        if (reason := self.why_not_first(fact)) is not None:
            return reason
        if here.row.extra is not None:
            return "seldom facts"
        if len(here.row.sessions) >= self._bounds.sessions:
            return "many sessions"
        return "flood" if here.events >= self._bounds.flood_events else None

    def _why_not_form(self, here: Open, fact: Any) -> Reason | None:
        data = fact.data
        if data.offer_id is not None:
            return "offer"
        if data.action == "start" and self._has_submitted(here.session, data.form_id):
            return "start after submit"
        return "key event elsewhere" if forms.makes_lead(data) and not is_alone(here.row) else None

    def _why_not_chat(self, here: Open, fact: Any) -> Reason | None:
        data, extra = fact.data, here.row.extra
        if data.action in deals.ACTIONS:
            return "deal"
        if chats.makes_lead(data) and not is_alone(here.row):
            return "key event elsewhere"
        if extra is None or len(extra.conversations) < self._most_chats or data.conversation_id in extra.conversations:
            return None
        return "many chats"

    def _has_submitted(self, session: Packed, form_id: str | None) -> bool:
        deeds = session.deeds
        if deeds is None or not any(submitted for _, _, submitted in deeds.forms.values()):
            return False
        times = deeds.forms.get(self._form_of[form_id])
        return times is not None and bool(times[forms.STEPS["submit"]])


def is_alone(row: Row) -> bool:
    """Tell whether a row has one session and nothing folded together, so that a key event moves nothing else."""
    extra = row.extra
    return len(row.sessions) == 1 and (
        extra is None
        or not (extra.folded or extra.folded_lead or extra.folded_ad_landing or extra.folded_email_landing)
    )
