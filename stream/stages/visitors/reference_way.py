"""Reference way: events of any kind and in any order into a row. What it says is right.

In:  a row, facts by time.
Out: the row changed, the difference in the accumulator, and the events that were flood.

Lists what the row counts for, changes the row, and lists it again. Of sessions only those are listed that changed; of
chats and submissions only where such events came.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from typing import Final

from stream.changes.panes import DAY_MS, HOUR_MS
from stream.contract.kinds import KindName
from stream.contract.records import UNIT
from stream.stages.visitors import chats, details, forms, sessions
from stream.stages.visitors.bounds import Bounds
from stream.stages.visitors.contribution import Contributions, counted, of_forms, of_person, of_session, of_talks
from stream.stages.visitors.facts import Chat, Fact, Facts, Form, View, is_presence
from stream.stages.visitors.look_back import is_touch
from stream.stages.visitors.loose import attached, joined
from stream.stages.visitors.people import LIFE_MS, fold_away
from stream.stages.visitors.row import UNKNOWN, Extra, KeyEvent, Loose, Packed, Row, Session, ticks_of, unpack
from stream.stages.visitors.steps import Cells

#: What is still without a session after that long will get none: a session may begin late by a day, not by more.
_LOOSE_MS = 3 * DAY_MS

_NOTHING: Final = Extra()
#: Where an event says what was offered.
_OFFER: Final[dict[KindName, str]] = {"page_view": "page.offer_id", "form": "offer_id"}


def fold_by_reference(
    contributions: Contributions, labels: Facts, bounds: Bounds, row: Row, site: str, facts: list[Fact],
    noted: Counter[str],
) -> list[Fact]:  # fmt: skip
    """Fold facts into a row, which may then be larger than it should be (`forget`).

    Gives the facts of events that were flood, and notes what found no room.
    """
    if not row.source:
        row.source = facts[0].source
    listed = _Listed(contributions, row, site, facts)
    work = _Work(contributions, labels, bounds, row, site, noted)
    for fact in facts:
        work.fold(fact)
    row.sessions = work.sessions()
    listed.change(work.views)
    return work.flood


class _Listed:
    """What a row counted for before its events, and what it counts for after them."""

    def __init__(self, contributions: Contributions, row: Row, site: str, facts: list[Fact]) -> None:
        self._contributions, self._row, self._site = contributions, row, site
        self._with_talks = any(isinstance(fact, Chat) for fact in facts)
        self._with_forms = any(isinstance(fact, Form) for fact in facts)
        self._sessions, self._cells = self._list()

    def _list(self) -> tuple[list[Packed], Cells]:
        site, row, pane = self._site, self._row, self._contributions.pane
        held, alone = counted(row, self._contributions.look_back_ms)
        out = of_person(site, row, held, alone, pane) if held or row.extra is not None else []
        if self._with_talks:
            out += of_talks(site, row, pane)
        if self._with_forms:
            out += of_forms(site, row, pane)
        return list(held), out

    def change(self, views: list[View]) -> None:
        """Write the difference, page views included."""
        contributions, site, pane = self._contributions, self._site, self._contributions.pane
        before, cells = self._sessions, self._cells
        after, new_cells = self._list()
        known, now = {id(session) for session in before}, {id(session) for session in after}
        for session in before:
            if id(session) not in now:
                cells += of_session(site, session, pane)
        for session in after:
            if id(session) not in known:
                new_cells += of_session(site, session, pane)
        contributions.change(cells, new_cells)
        add = contributions.add
        starts = [session.start for session in after]
        for view in views:
            channel = after[bisect_right(starts, view.time_ms) - 1].channel or "direct"
            at = pane(view.time_ms)
            add(("view", site, channel), at, 1)
            add(("content_view", site, view.group, view.content), at, 1)
            if view.is_download:
                add(("content_download", site, view.group, view.content), at, 1)
        for old in before:
            was, is_now = old.channel or "direct", after[bisect_right(starts, old.start) - 1].channel or "direct"
            if is_now != was:
                for tick in ticks_of(old):
                    if tick & 1 and tick < sessions.LARGEST_TICK:
                        at = pane(old.start + (tick >> 1))
                        add(("channel_view", site, was), at, -1)
                        add(("channel_view", site, is_now), at, 1)


class _Work:
    """One person's fold: sessions become workable as they are touched."""

    def __init__(
        self, contributions: Contributions, labels: Facts, bounds: Bounds, row: Row, site: str, noted: Counter[str]
    ) -> None:
        self.contributions, self.labels, self.row, self.site = contributions, labels, row, site
        self._noted = noted
        self._bounds = bounds
        self.flood: list[Fact] = []
        self.views: list[View] = []
        self._held: list[Packed | Session] = list(row.sessions)  # a session that is touched becomes a Session
        self._by_hour: dict[int, int] = {}
        self._full: set[int] = set()

    @property
    def _extra(self) -> Extra:
        extra = self.row.extra = self.row.extra or Extra()
        return extra

    def sessions(self) -> list[Packed]:
        """Give the sessions as they are stored."""
        source = self.row.source
        return [session.pack(source) if isinstance(session, Session) else session for session in self._held]

    def fold(self, fact: Fact) -> None:
        """Fold one event."""
        if self._is_flood(fact):
            self.flood.append(fact)
            return
        self.row.last = max(self.row.last, fact.time_ms)
        if is_presence(fact):
            session = self._session(fact)
        else:
            found = self._idle(fact)
            if found is None:
                self._alone(fact)
                return
            session = found
        self._says(session, fact)
        if isinstance(fact, View):
            self._view(session, fact)
        elif isinstance(fact, Form):
            self._form(session, fact)
        elif isinstance(fact, Chat):
            self._chat(session, fact)

    @staticmethod
    def _says(session: Session, fact: Fact) -> None:
        if fact.touch is not None:
            session.touch = sessions.earlier(session.touch, (fact.time_ms, fact.name, *fact.touch))
        if fact.country is not None:
            session.country = sessions.earlier(session.country, (fact.time_ms, fact.name, fact.country))

    def _is_flood(self, fact: Fact) -> bool:
        """Tell whether a person's hour is full already; which events those are depends on their order alone."""
        hour = fact.time_ms // HOUR_MS
        extra = self.row.extra
        if isinstance(fact, Chat) and extra is not None:
            if chats.is_flood(extra, fact.data.conversation_id, fact.time_ms, self._bounds.flood_chats):
                return True
        if hour in self._full:
            return True
        alone = extra.loose if extra is not None else ()
        bound = self._by_hour.get(hour)
        if bound is None:  # all events of the sessions that touch the hour: never too few, and cheap
            start, end = hour * HOUR_MS, (hour + 1) * HOUR_MS
            bound = sum(s.events for s in self._held if s.start < end and s.end + sessions.GAP_MS >= start) + len(alone)
        if bound >= self._bounds.flood_events:
            bound = sessions.events_in_hour(self._held, hour) + sum(one.time_ms // HOUR_MS == hour for one in alone)
            if bound >= self._bounds.flood_events:
                self._full.add(hour)
                return True
        self._by_hour[hour] = bound + 1
        return False

    def _session(self, fact: Fact) -> Session:
        """Find or make the session of a presence; what it joins becomes one, and what was loose may join it."""
        held, time_ms = self._held, fact.time_ms
        low, high = sessions.reach(held, time_ms)
        if low == high:
            session = Session(time_ms, time_ms)
            held.insert(low, session)
        else:
            near = [self._touched(other) for other in held[low:high]]
            session = near[0]
            for other in near[1:]:
                self._no_room("page.content_id", len(session.viewed | other.viewed) - self._bounds.viewed)
                both = details.joined(session.details, other.details, self.row.source)
                session = sessions.join(session, other, self._bounds)
                session.details = both
            held[low:high] = [session]
        sessions.extend(session, time_ms, isinstance(fact, View))
        extra = self.row.extra
        if extra is not None and extra.loose:
            reached = [one for one in extra.loose if session.start <= one.time_ms <= session.end + sessions.GAP_MS]
            if reached:
                extra.loose = [one for one in extra.loose if one not in reached]
                for one in reached:
                    joined(session, one, self.row.source)
                    self._count_idle(session, one.time_ms)
        return session

    def _idle(self, fact: Fact) -> Session | None:
        """Find the session that runs when something happens that nobody caused."""
        place = sessions.running(self._held, fact.time_ms)
        if place < 0:
            return None
        session = self._held[place] = self._touched(self._held[place])
        self._count_idle(session, fact.time_ms)
        return session

    def _count_idle(self, session: Session, time_ms: int) -> None:
        session.events += 1
        session.idle += 1
        session.ticks.append(sessions.tick(session.start, time_ms, False))
        sessions.trim(session, self._bounds)

    def _alone(self, fact: Fact) -> None:
        form = None
        if isinstance(fact, Form):
            form = self.labels.forms[fact.data.form_id]
            self._offered(fact)
        elif isinstance(fact, Chat):
            self._talk(fact)
        self._extra.loose.append(Loose(fact.time_ms, fact.name, form, fact.touch, fact.country))

    def _touched(self, session: Packed | Session) -> Session:
        return session if isinstance(session, Session) else unpack(session, self.row.source)

    def _view(self, session: Session, fact: View) -> None:
        time_ms, group, content = fact.time_ms, fact.group, fact.content
        session.landing = sessions.earlier(session.landing, (time_ms, fact.name, group, content))
        session.engaged = min(session.engaged + fact.engagement_ms, sessions.ENGAGED_MS)
        session.viewed.add(group + UNIT + content)
        path = "page.group" if content == UNKNOWN else "page.content_id"
        self._no_room(path, len(session.viewed) - self._bounds.viewed)
        sessions.trim(session, self._bounds)
        self.views.append(fact)
        if fact.offer is not None:
            self._offer(fact, fact.offer, False)

    def _no_room(self, path: str, n: int) -> None:
        """Count what a session forgets that somebody saw in it."""
        if n > 0:
            self._noted[f"page_view/ignored/{path}"] += n

    def _offer(self, fact: Fact, offer: str, taken: bool) -> None:
        time_ms = fact.time_ms
        extra = self._extra
        times = extra.offers.get(offer)
        if times is None:
            if len(extra.offers) >= self._bounds.offers:
                self._noted[f"{fact.kind}/ignored/{_OFFER[fact.kind]}"] += 1
                return
            times = extra.offers[offer] = [0, 0]
        times[0] = max(times[0], time_ms)
        if taken:
            times[1] = max(times[1], time_ms)

    def _offered(self, fact: Form) -> None:
        if fact.data.offer_id:
            self._offer(fact, self.labels.offers[fact.data.offer_id], fact.data.action == "submit")

    def _form(self, session: Session, fact: Form) -> None:
        time_ms, data = fact.time_ms, fact.data
        action, landed = data.action, _landed(session)
        self._offered(fact)
        if action not in ("view", "start", "submit"):
            return
        form = self.labels.forms[data.form_id]
        forms.take_step(session.forms.setdefault(form, [0, 0]), action, time_ms, self._bounds)
        if action == "view":
            return
        sessions.note(session.starts, time_ms, landed, self._bounds)
        if action == "submit":
            extra = self._extra
            extra.last_submit = max(extra.last_submit, time_ms)
            content = self.labels.contents[data.content_id]
            forms.submit(extra.submissions, time_ms, fact.name, form, content, data)
            if forms.makes_lead(data):
                event = self.labels.events[data.event_id] if data.event_id else None
                self._convert(session, forms.key_event(fact, event))

    def _chat(self, session: Session, fact: Chat) -> None:
        self._talk(fact)
        if chats.makes_lead(fact.data):
            self._convert(session, (fact.time_ms, fact.name, "chatbot", fact.data.action, "unknown", None))

    def _talk(self, fact: Chat) -> None:
        extra, data = self._extra, fact.data
        bot = self.labels.bots[data.bot_id] if data.bot_id else None
        extra.talks.append(chats.packed(fact.time_ms, fact.name, bot, data, self.row.source))
        if chats.is_presence(data):
            extra.last_chat = max(extra.last_chat, fact.time_ms)

    def _convert(self, session: Session, key: KeyEvent) -> None:
        sessions.convert(session, key, _landed(session), self._bounds)


def _landed(session: Session) -> int:
    return session.landing[0] if session.landing is not None else 0


def forget(row: Row, memory_ms: int, bounds: Bounds, look_back_ms: int = 0) -> None:
    """Forget what can change no more, over the bounds or older than the memory; it stays counted as it was."""
    oldest = row.last - memory_ms
    kept = row.sessions
    while len(kept) > bounds.sessions or (len(kept) > 1 and kept[0].end < oldest):
        fold_away(row, kept.pop(0), look_back_ms, memory_ms)
    extra = row.extra
    if extra is None:
        return
    if extra.folded is not None:
        ways = extra.folded.ways
        for name in [n for n, times in ways.items() if max(times) < oldest and not is_touch(n)]:
            del ways[name]
    chats.forget(extra, oldest, bounds.chats, row.source)
    forms.forget(extra.submissions, oldest, bounds.submissions)
    _forget_loose(row, extra, memory_ms, bounds)
    if extra == _NOTHING:  # what was alone found its session
        row.extra = None


def _forget_loose(row: Row, extra: Extra, memory_ms: int, bounds: Bounds) -> None:
    """Forget what nobody caused and is old; what it said of a session that it came before, that session has now."""
    held = [one for one in extra.loose if one.time_ms >= row.last - _LOOSE_MS]
    if len(held) == len(extra.loose) <= bounds.submissions:
        return
    if memory_ms > LIFE_MS:
        held = [one for one in extra.loose if one in held or _is_a_bridge(row, one.time_ms)]
    held = held[-bounds.submissions :]
    gone = Row(row.last, row.sessions, row.source, Extra(loose=[one for one in extra.loose if one not in held]))
    row.sessions, extra.loose = attached(gone)[0], held


def _is_a_bridge(row: Row, at_ms: int) -> bool:
    """Tell whether a life would be two without what happened at a moment."""
    extra = row.extra
    others = [one.time_ms for one in extra.loose] if extra is not None else []
    if extra is not None and extra.folded is not None:
        others.append(extra.folded.end)
    before = [one for one in [*others, *(session.end for session in row.sessions)] if one < at_ms]
    after = [one for one in [*others, *(session.start for session in row.sessions)] if one > at_ms]
    return min(after, default=row.last) - max(before, default=at_ms) > LIFE_MS
