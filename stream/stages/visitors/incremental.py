"""In order: the common cases, where the difference an event makes can be written without looking at the whole row.

In:  a row and a person's facts, by time.
Out: the row changed, the difference in the accumulator, and how many facts were dealt with; the first one that is not
     a common case, and all behind it, are left to the general way.

A common case comes later than everything the row knows and moves nothing but the end of the open session; or
it is a page view that opens a session, or one that comes late into the newest session and changes nothing that was
said about it.
"""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Callable
from struct import Struct
from typing import Final

from stream.changes.accumulator import Accumulator
from stream.changes.cells import Cell
from stream.changes.panes import Grid
from stream.contract.records import UNIT
from stream.stages.visitors import chats, deals
from stream.stages.visitors.bounds import Bounds
from stream.stages.visitors.contribution import (
    PERSON,
    Cells,
    Contributions,
    step_of_landing,
    ways,
)
from stream.stages.visitors.facts import FORM, KEY_CHATS, KEY_FORMS, VIEW, Fact, Facts
from stream.stages.visitors.numbers import BOUNCE, LANDED, SEEN, VIEWS, Numbers, visit
from stream.stages.visitors.row import MARK, UNKNOWN, Conversation, Deeds, Extra, Packed, Row
from stream.stages.visitors.sessions import GAP_MS

_tick: Final = Struct("=I").pack
_LONGEST_MS: Final = 20 * 86_400_000  # ticks hold 24 days
_FIRST_TICK: Final = _tick(1)
_DIRECT: Final = (None, None, None, None)


class InOrder:
    """Writes the differences of common cases into an accumulator."""

    def __init__(self, grid: Grid, facts: Facts, contributions: Contributions, bounds: Bounds) -> None:
        self.grid = grid
        self.facts = facts
        self._contributions = contributions
        self._bounds = bounds
        self._accumulator = Accumulator()
        self._numbers: Numbers | None = None
        self._talked: dict[str, tuple[Conversation, Cells]] = {}  # conversation → what it counted for before
        self._newcomers: defaultdict[str, list[int]] = defaultdict(list)  # site → panes
        self._add: Callable[[Cell, int, int], None] = self._accumulator.add

    def into(self, accumulator: Accumulator) -> None:
        """Write to `accumulator` from now on."""
        if self._numbers is None or self._numbers.ids is not accumulator.ids:
            self._numbers = Numbers(accumulator.ids)
        self._accumulator = accumulator
        self._add = self._contributions.add

    def flush(self) -> None:
        """Count the new people since the last call, by what everybody's first page view counts for."""
        for site, panes in self._newcomers.items():
            for pane, n in Counter(panes).items():
                self._add(("newcomer", site), pane, n)
                self._add(("step_from", site, "first_view", "form_start"), pane, n)
                self._add(("step_from", site, "first_view", "lead"), pane, n)
        self._newcomers.clear()

    def begin(self, site: str, facts: list[Fact]) -> tuple[Row, int]:
        """Make the row of a new person; give it and how many facts it holds."""
        time_ms, _, code, _, _, group, content, offer, _, _ = facts[0]
        if code != VIEW or offer is not None:
            return Row(0, 0, 0, []), 0
        session = opened(facts[0])
        row = Row(time_ms, time_ms, time_ms, [session])
        up, ids = self._accumulator.up, self._accumulator.ids
        pane = (time_ms - self.grid.origin_ms) // self.grid.pane_ms
        self._newcomers[site].append(pane)
        up(ids["session", site, session.channel or "direct", session.engine, session.domain] + pane)
        up(ids["content_view", site, group, content] + pane)
        numbers = self._of(site, session)
        up(numbers[VIEWS] + pane)
        if numbers[LANDED] >= 0:
            up(numbers[LANDED] + pane)
        if len(facts) > 1:
            return row, self.extend(site, row, facts, 1, fresh=True)
        self._close(site, row, session, time_ms, time_ms, [], numbers, True)
        return row, 1

    def _of(self, site: str, session: Packed) -> tuple[int, ...]:
        """Give the numbers of the cells that a session adds to by where it came from."""
        assert self._numbers is not None
        return self._numbers[site, session.channel, session.campaign]

    def extend(self, site: str, row: Row, facts: list[Fact], at: int = 0, fresh: bool = False) -> int:
        """Fold facts from `at` on into a row that has a session; give the place of the first one left over.

        A fresh session has not been counted yet as a visit and a bounce: that is done once it is known what it is
        at the end of the batch.
        """
        sessions = row.sessions
        session = sessions[-1]
        before = end = session.end
        numbers = self._of(site, session)
        start, events, views, channel = session.start, session.events, session.views, session.channel
        viewed = session.viewed
        up, ids = self._accumulator.up, self._accumulator.ids
        pane_ms, origin = self.grid.pane_ms, self.grid.origin_ms
        ticks: list[int] = []
        # an hour can hold events of two sessions at most, since half an hour lies between them
        bounds = self._bounds
        most = min(bounds.flood_events - (sessions[-2].events if len(sessions) > 1 else 0), bounds.ticks)
        for fact in facts[at:] if at else facts:
            time_ms, _, code, touch, country, group, content, offer, _, _ = fact
            if time_ms <= end:
                # a page view that comes late: nothing of the session comes from a later event than its opening
                if code != VIEW or time_ms <= start or (session.deeds is not None and session.deeds.said is not None):
                    break
            elif time_ms - end > GAP_MS:
                if code != VIEW or offer is not None or len(sessions) >= bounds.sessions or row.extra is not None:
                    break
                if events >= bounds.flood_events:
                    break
                most = min(bounds.flood_events - events, bounds.ticks)
                session.events, session.views, session.viewed = events, views, viewed
                self._close(site, row, session, before, end, ticks, numbers, fresh)
                ticks, fresh = [], False
                session = self._reopen(site, row, fact)
                before = end = start = time_ms
                events, views, channel, viewed = 1, 1, session.channel, session.viewed
                numbers = self._of(site, session)
                at += 1
                continue
            if (
                (channel is None and touch is not None)
                or (country is not None and session.country is None)
                or events >= most
                or time_ms - start > _LONGEST_MS
            ):
                break
            if code == VIEW:
                if offer is not None or session.group is None:
                    break
                name = f"{MARK}{group}{UNIT}{content}{MARK}"
                if name not in viewed:
                    if len(viewed) > bounds.viewed and viewed.count(MARK) > bounds.viewed:
                        break
                    if session.deeds is not None and (key_ms := session.deeds.last_key):
                        if not _alone(row):
                            break
                        self._add(("content_converted", site, group, content), self.grid.pane(key_ms), 1)
                    viewed = viewed[:-1] + name
                pane = (time_ms - origin) // pane_ms
                up(numbers[VIEWS] + pane)
                up(ids["content_view", site, group, content] + pane)
                ticks.append(2 * (time_ms - start) + 1)
            else:
                session.viewed = viewed
                if not (self._form if code == FORM else self._chat)(site, row, session, fact):
                    break
                ticks.append(2 * (time_ms - start))
            if events == 1 == views and not fresh:
                self._accumulator.down(numbers[BOUNCE] + (start - origin) // pane_ms)
            views += code == VIEW
            events += 1
            if time_ms > end:
                end = time_ms
            at += 1
        session.events, session.views, session.viewed = events, views, viewed
        self._close(site, row, session, before, end, ticks, numbers, fresh)
        if self._talked:
            self._settle(site)
        return at

    def _close(
        self,
        site: str,
        row: Row,
        session: Packed,
        before: int,
        end: int,
        ticks: list[int],
        numbers: tuple[int, ...],
        fresh: bool,
    ) -> None:
        """Move the person, in every way the newest session counts them, from one pane to a later one."""
        if ticks:
            session.ticks += _tick(ticks[0]) if len(ticks) == 1 else array("I", ticks).tobytes()
            row.last = session.end = end
        pane_ms, origin = self.grid.pane_ms, self.grid.origin_ms
        old, new = (before - origin) // pane_ms, (end - origin) // pane_ms
        if old == new and not fresh:
            return
        ids, up, down = self._accumulator.ids, self._accumulator.up, self._accumulator.down
        seen, country = numbers[SEEN], ids["country_person", site, session.country or UNKNOWN]
        up(seen + new)
        up(country + new)
        if not fresh:
            down(seen + old)
            down(country + old)
        elif session.events == 1:
            up(numbers[BOUNCE] + new)
        if session.group is not None:
            landing = ids["landing_person", site, session.group, session.content]
            up(landing + new)
            if not fresh:
                down(landing + old)

    def _open(self, site: str, session: Packed, pane: int) -> None:
        """Contribute a session of one page view."""
        add, channel = self._add, session.channel or "direct"
        add(("session", site, channel, session.engine, session.domain), pane, 1)
        add(("bounce", site, channel), pane, 1)
        add(("view", site, channel), pane, 1)
        add(("content_view", site, session.group, session.content), pane, 1)

    def _reopen(self, site: str, row: Row, fact: Fact) -> Packed:
        """Open a later session of a known person, and contribute the difference."""
        add, pane = self._add, self.grid.pane
        session = opened(fact)
        here = pane(session.start)
        before = [(other.end, ways(*other.dimensions)) for other in row.sessions]
        for way in ways(*session.dimensions):
            latest = max([end for end, others in before if way in others], default=0)
            cell = (PERSON[way[0]], site, *way[1:])
            if latest:
                add(cell, pane(latest), -1)
            add(cell, here, 1)
        if session.channel is not None and (step := step_of_landing(session.channel)) is not None:
            if all(
                other.channel is None or other.group is None or step_of_landing(other.channel) != step
                for other in row.sessions
            ):
                add(("step_from", site, step, "lead"), here, 1)
        if not row.first_view:
            row.first_view = session.start
            add(("step_from", site, "first_view", "form_start"), here, 1)
            add(("step_from", site, "first_view", "lead"), here, 1)
        row.sessions.append(session)
        row.last = session.start
        self._open(site, session, here)
        return session

    def _form(self, site: str, row: Row, session: Packed, fact: Fact) -> bool:
        """Fold a form event; False where it is no common case."""
        time_ms, data = fact[0], fact[5]
        action = data.action
        if data.offer_id is not None:
            return False
        if action == "submit":
            return self._submit(site, row, session, fact)
        if action != "view" and action != "start":
            return True
        form = self.facts.forms[data.form_id]
        deeds = session.deeds
        times = deeds.forms.get(form) if deeds is not None else None
        if action == "start" and times is not None and times[2]:
            return False
        if deeds is None:
            deeds = session.deeds = Deeds()
        if times is None:
            times = deeds.forms[form] = [0, 0, 0]
        add, pane = self._add, self.grid.pane(time_ms)
        if action == "view":
            if not times[0]:
                times[0] = time_ms
                add(("form_view", site, form), pane, 1)
            return True
        if not times[1]:
            times[1] = time_ms
            add(("form_start", site, form), pane, 1)
            add(("step_from", site, "form_start", "form_submit"), pane, 1)
        extra = row.extra = row.extra or Extra()
        if not extra.first_form:
            extra.first_form = time_ms
            self._contributions.reached(site, "first_view", "form_start", row.first_view, time_ms)
        return True

    def _submit(self, site: str, row: Row, session: Packed, fact: Fact) -> bool:
        """Fold the submit of a form by a person with one session."""
        time_ms, data = fact[0], fact[5]
        makes_lead = data.form_type in KEY_FORMS
        if makes_lead and not _alone(row):
            return False
        deeds = session.deeds = session.deeds or Deeds()
        contributions, add, pane = self._contributions, self._add, self.grid.pane(time_ms)
        form = self.facts.forms[data.form_id]
        times = deeds.forms.get(form)
        if times is None:
            times = deeds.forms[form] = [0, 0, 0]
        if not times[2]:
            times[2] = time_ms
            started = times[1]
            if not started:
                add(("form_start", site, form), pane, 1)
            add(("form_submit", site, form), self.grid.pane(started or time_ms), 1)
            if started:
                contributions.reached(site, "form_start", "form_submit", started, time_ms)
        extra = row.extra = row.extra or Extra()
        if not extra.first_form:
            extra.first_form = time_ms
            contributions.reached(site, "first_view", "form_start", row.first_view, time_ms)
        last, extra.last_submit = extra.last_submit, time_ms
        if not extra.first_submit:
            extra.first_submit = time_ms
            add(("first_submitter", site), pane, 1)
        else:
            add(("form_person", site), self.grid.pane(last), -1)
        add(("form_person", site), pane, 1)
        chat = extra.last_chat
        if chat and last < chat:
            if last:
                add(("chat_form_person", site), self.grid.pane(last), -1)
            add(("chat_form_person", site), self.grid.pane(chat), 1)
        add(("submit", site), pane, 1)
        if data.fields_asked:
            asked = set(data.fields_asked)
            add(("field_asked", site), pane, len(asked))
            add(("field_known", site), pane, len(asked.intersection(data.fields_present or ())))
        if makes_lead:
            self._key_event(site, row, session, deeds, fact, "form")
        return True

    def _key_event(self, site: str, row: Row, session: Packed, deeds: Deeds, fact: Fact, method: str) -> None:
        """Convert a person with one session, once more or for the first time."""
        time_ms, add, pane = fact[0], self._add, self.grid.pane
        last, deeds.last_key = deeds.last_key, time_ms
        new, old = pane(time_ms), pane(last)
        if not last or old != new:
            cells: list[Cell] = [("convert", *visit(site, session.channel, session.campaign)[1:])]
            if session.group is not None:
                cells.append(("landing_converted", site, session.group, session.content))
            cells += [("content_converted", site, *name.split(UNIT)) for name in session.names]
            for cell in cells:
                add(cell, new, 1)
                if last:
                    add(cell, old, -1)
        if deeds.first_key is None:
            deeds.first_key = (time_ms, fact[1], method)
            channel = session.channel or "direct"
            add(("lead", site, method, channel, "on_site"), new, 1)
            self._contributions.reached(site, "first_view", "lead", row.first_view, time_ms)
            step = step_of_landing(channel)
            if step is not None:
                self._contributions.reached(site, step, "lead", session.landed, time_ms)

    def _chat(self, site: str, row: Row, session: Packed, fact: Fact) -> bool:
        """Fold a chatbot event; False where it is no common case."""
        time_ms, event_id, data = fact[0], fact[1], fact[5]
        action = data.action
        makes_lead = action in KEY_CHATS
        if action in deals.ACTIONS or (makes_lead and not _alone(row)):
            return False
        extra = row.extra = row.extra or Extra()
        name = data.conversation_id
        chat = extra.conversations.get(name)
        if chat is None and len(extra.conversations) >= min(self._bounds.flood_chats, self._bounds.chats):
            return False
        pane, add = self.grid.pane, self._add
        bot = None if data.bot_id is None else (time_ms, event_id, self.facts.bots[data.bot_id])
        if chat is None:
            chat = extra.conversations[name] = Conversation(time_ms, time_ms)
            self._talked[name] = chat, []
        elif name not in self._talked:
            self._talked[name] = chat, self._contributions.conversation(site, chat)
        chats.converse(chat, time_ms, bot, data)
        last = extra.last_chat
        extra.last_chat = time_ms
        old, new = pane(last), pane(time_ms)
        if not last or old != new:
            add(("chat_person", site), new, 1)
            if last:
                add(("chat_person", site), old, -1)
        if extra.last_submit and last < extra.last_submit:
            if last:
                add(("chat_form_person", site), old, -1)
            add(("chat_form_person", site), pane(min(time_ms, extra.last_submit)), 1)
        if makes_lead:
            deeds = session.deeds = session.deeds or Deeds()
            self._key_event(site, row, session, deeds, fact, "chatbot")
        return True

    def _settle(self, site: str) -> None:
        """Contribute the conversations that events were added to, once for all events of the batch."""
        contributions = self._contributions
        for chat, before in self._talked.values():
            contributions.put(before, -1)
            contributions.put(contributions.conversation(site, chat), 1)
        self._talked.clear()


def _alone(row: Row) -> bool:
    """Tell whether a row has one session and nothing folded together, so that a key event moves nothing else."""
    extra = row.extra
    return len(row.sessions) == 1 and (
        extra is None
        or not (extra.folded or extra.folded_lead or extra.folded_ad_landing or extra.folded_email_landing)
    )


def opened(fact: Fact) -> Packed:
    """Make a session of one page view."""
    time_ms, event_id, _, touch, country, group, content, _, _, _ = fact
    channel, campaign, engine, domain = touch or _DIRECT
    return Packed(
        time_ms, time_ms, 1, 1, _FIRST_TICK, event_id, channel, campaign, engine, domain,
        country, group, content, f"{MARK}{group}{UNIT}{content}{MARK}",
    )  # fmt: skip
