"""Reference way: events of any kind and in any order into a row. What it says is right.

In:  a row, facts by time.
Out: the row changed, the difference in the accumulator, and the events that were flood.

Sums up what the person counts for before and after; sessions and chats that an event touches are listed before
their first change and after the last one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable

from stream.changes.panes import HOUR_MS
from stream.contract.records import UNIT
from stream.stages.visitors import chats, deals, forms, sessions
from stream.stages.visitors.bounds import Bounds
from stream.stages.visitors.contribution import (
    Cells,
    Contributions,
    person,
    step_of_landing,
    ways,
)
from stream.stages.visitors.facts import Chat, Fact, Facts, Form, View
from stream.stages.visitors.row import Conversation, Deal, Extra, Packed, Row, Session, ticks_of, unpack


def fold_by_reference(
    contributions: Contributions, labels: Facts, memory_ms: int, bounds: Bounds, row: Row, site: str, facts: list[Fact]
) -> list[Fact]:
    """Fold facts into a row; give those of events that were flood."""
    before = person(row) if row.sessions else None
    work = _Work(contributions, labels, bounds, row, site)
    for fact in facts:
        work.fold(fact)
    work.settle()
    forget(row, memory_ms, bounds)
    if row.sessions:
        after = person(row)
        if before is not None:
            contributions.person(site, before, -1, less=after)
        contributions.person(site, after, 1, less=before)
    return work.flood


class _Work:
    """One person's fold: what was touched, and what it counted for before."""

    def __init__(self, contributions: Contributions, labels: Facts, bounds: Bounds, row: Row, site: str) -> None:
        self.contributions, self.labels, self.row, self.site = contributions, labels, row, site
        self.pane = contributions.pane
        self._bounds = bounds
        self.flood: list[Fact] = []
        self._held: list[Packed | Session] = list(row.sessions)  # a session that is touched becomes a Session
        self._before: Cells = []
        self._old: list[Packed] = []
        self._views: list[tuple[int, str, str]] = []
        self._chats: dict[str, Conversation] = {}
        self._orders: dict[str, Deal] = {}
        self._appointments: dict[str, Deal] = {}
        self._by_hour: dict[int, int] = {}
        self._full: set[int] = set()

    def fold(self, fact: Fact) -> None:
        """Fold one event."""
        if self._is_flood(fact):
            self.flood.append(fact)
            return
        time_ms = fact.time_ms
        row, session = self.row, self._session(fact)
        row.first = min(row.first, time_ms) if row.first else time_ms
        row.last = max(row.last, time_ms)
        if fact.touch is not None:
            session.touch = sessions.earlier(session.touch, (time_ms, fact.event_id, *fact.touch))
        if fact.country is not None:
            session.country = sessions.earlier(session.country, (time_ms, fact.event_id, fact.country))
        if isinstance(fact, View):
            self._view(session, fact)
        elif isinstance(fact, Form):
            self._form(session, fact)
        elif isinstance(fact, Chat):
            self._chat(session, fact)

    def settle(self) -> None:
        """Store the sessions again and contribute what all that was touched counts for now."""
        contributions, site, add = self.contributions, self.site, self.contributions.add
        after: Cells = []
        stored: list[Packed] = []
        for session in self._held:
            if isinstance(session, Session):
                packed = session.pack()
                after += contributions.session(site, packed)
                stored.append(packed)
            else:
                stored.append(session)
        self.row.sessions = stored
        for chat in self._chats.values():
            after += contributions.conversation(site, chat)
        for order in self._orders.values():
            after += contributions.order(site, order)
        for appointment in self._appointments.values():
            after += contributions.appointment(site, appointment)
        contributions.put(self._before, -1)
        contributions.put(after, 1)
        starts = [session.start for session in stored]
        for time_ms, group, content in self._views:
            channel = stored[bisect_right(starts, time_ms) - 1].channel or "direct"
            pane = self.pane(time_ms)
            add(("view", site, channel), pane, 1)
            add(("content_view", site, group, content), pane, 1)
        for old in self._old:
            was, now = old.channel or "direct", stored[bisect_right(starts, old.start) - 1].channel or "direct"
            if now != was:
                for tick in ticks_of(old):
                    if tick & 1 and tick < sessions.LARGEST_TICK:
                        pane = self.pane(old.start + (tick >> 1))
                        add(("channel_view", site, was), pane, -1)
                        add(("channel_view", site, now), pane, 1)

    def _is_flood(self, fact: Fact) -> bool:
        """Tell whether a person's hour is full already; which events those are depends on their order alone."""
        hour = fact.time_ms // HOUR_MS
        extra = self.row.extra
        if isinstance(fact, Chat) and extra is not None:
            if chats.is_flood(extra, fact.data.conversation_id, fact.time_ms, self._bounds.flood_chats):
                return True
        if hour in self._full:
            return True
        bound = self._by_hour.get(hour)
        if bound is None:  # all events of the sessions that touch the hour: never too few, and cheap
            end = (hour + 1) * HOUR_MS
            bound = sum(s.events for s in self._held if s.start < end and s.end >= hour * HOUR_MS)
        if bound >= self._bounds.flood_events:
            bound = sessions.events_in_hour(self._held, hour)
            if bound >= self._bounds.flood_events:
                self._full.add(hour)
                return True
        self._by_hour[hour] = bound + 1
        return False

    def _session(self, fact: Fact) -> Session:
        """Find or make the session of an event; what it joins becomes one."""
        held, time_ms = self._held, fact.time_ms
        low, high = sessions.reach(held, time_ms)
        if low == high:
            session = Session(time_ms, time_ms)
            held.insert(low, session)
        else:
            near = [self._touched(other) for other in held[low:high]]
            session = near[0]
            for other in near[1:]:
                session = sessions.join(session, other, self._bounds)
            held[low:high] = [session]
        sessions.extend(session, time_ms, isinstance(fact, View))
        return session

    def _touched(self, session: Packed | Session) -> Session:
        if isinstance(session, Session):
            return session
        self._old.append(session)
        self._before += self.contributions.session(self.site, session)
        return unpack(session)

    def _view(self, session: Session, fact: View) -> None:
        time_ms, group, content = fact.time_ms, fact.group, fact.content
        self.row.first_view = sessions.least(self.row.first_view, time_ms)
        session.landing = sessions.earlier(session.landing, (time_ms, fact.event_id, group, content))
        session.viewed.add(group + UNIT + content)
        sessions.trim(session, self._bounds)
        self._views.append((time_ms, group, content))
        if fact.offer is not None:
            self._offer(fact.offer, time_ms, False)

    def _offer(self, offer: str, time_ms: int, taken: bool) -> None:
        extra = self.row.extra = self.row.extra or Extra()
        times = extra.offers.get(offer)
        if times is None:
            if len(extra.offers) >= self._bounds.offers:
                return
            times = extra.offers[offer] = [0, 0]
        times[0] = max(times[0], time_ms)
        if taken:
            times[1] = max(times[1], time_ms)

    def _form(self, session: Session, fact: Form) -> None:
        time_ms, data = fact.time_ms, fact.data
        action = data.action
        if data.offer_id is not None:
            self._offer(self.labels.offers[data.offer_id], time_ms, action == "submit")
        if action not in forms.STEPS:
            return
        forms.take_step(session.forms.setdefault(self.labels.forms[data.form_id], [0, 0, 0]), action, time_ms)
        if action == "view":
            return
        extra = self.row.extra = self.row.extra or Extra()
        forms.remember(extra, action, time_ms)
        if action == "submit":
            for kind, amount in forms.counts_of_submit(data):
                self.contributions.add((kind, self.site), self.pane(time_ms), amount)
        if forms.makes_lead(data):
            sessions.convert(session, time_ms, fact.event_id, "form")

    def _chat(self, session: Session, fact: Chat) -> None:
        time_ms, event_id, data = fact.time_ms, fact.event_id, fact.data
        extra = self.row.extra = self.row.extra or Extra()
        bot = None if data.bot_id is None else (time_ms, event_id, self.labels.bots[data.bot_id])
        name, action = data.conversation_id, data.action
        known = extra.conversations.get(name)
        if known is not None and name not in self._chats:
            self._before += self.contributions.conversation(self.site, known)
        self._chats[name] = chats.talk(extra, time_ms, bot, data)
        if chats.makes_lead(data):
            sessions.convert(session, time_ms, event_id, "chatbot")
        if action in deals.ORDERS:
            order = self._deal(extra.orders, self._orders, data.order_id, self.contributions.order)
            deals.order(order, time_ms, bot, action)
        elif action in deals.APPOINTMENTS:
            appointment = self._deal(
                extra.appointments, self._appointments, data.appointment_id, self.contributions.appointment
            )
            deals.appointment(appointment, time_ms, bot, action)

    def _deal(
        self, known: dict[str, Deal], touched: dict[str, Deal], name: str, listed: Callable[[str, Deal], Cells]
    ) -> Deal:
        deal = known.get(name)
        if deal is None:
            deal = known[name] = Deal()
        elif name not in touched:
            self._before += listed(self.site, deal)
        touched[name] = deal
        return deal


def forget(row: Row, memory_ms: int, bounds: Bounds) -> None:
    """Fold the oldest sessions together, changing no count: over the bound, or older than the memory."""
    oldest = row.last - memory_ms
    kept = row.sessions
    while len(kept) > bounds.sessions or (len(kept) > 1 and kept[0].end < oldest):
        fold_away(row, kept.pop(0))
    extra = row.extra
    if extra is None:
        return
    for name in [n for n, (end, key_ms) in extra.folded.items() if max(end, key_ms) < oldest]:
        del extra.folded[name]
    if len(extra.conversations) > bounds.chats:
        newest = sorted(extra.conversations.items(), key=lambda item: item[1].last)[-bounds.chats :]
        extra.conversations = dict(newest)
    for made in (extra.orders, extra.appointments):
        while len(made) > bounds.chats:
            del made[next(iter(made))]


def fold_away(row: Row, session: Packed) -> None:
    """Keep of a session only when it last counted its person, in each way."""
    extra = row.extra = row.extra or Extra()
    for way in ways(*session.dimensions):
        _note(extra, UNIT.join(way), session.end, session.last_key)
    if session.last_key:
        for viewed in session.names:
            _note(extra, f"content{UNIT}{viewed}", 0, session.last_key)
    key = session.first_key
    if key is not None and (extra.folded_lead is None or key[:2] < extra.folded_lead[:2]):
        extra.folded_lead = (*key, session.channel or "direct")
    step = step_of_landing(session.channel) if session.channel is not None else None
    if step is not None and session.landed:
        if step == "ad_landing":
            extra.folded_ad_landing = sessions.least(extra.folded_ad_landing, session.landed)
        else:
            extra.folded_email_landing = sessions.least(extra.folded_email_landing, session.landed)


def _note(extra: Extra, name: str, end: int, key: int) -> None:
    times = extra.folded.get(name)
    if times is None:
        extra.folded[name] = [end, key]
    else:
        times[0] = max(times[0], end)
        times[1] = max(times[1], key)
