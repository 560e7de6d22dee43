"""Incremental deeds: the difference that a form or chat makes where it is a common case.

In:  the open session of a person and the event, which comes after everything that the row knows.
Out: the row changed as the rules of `forms` and `chats` come to where nothing is out of order; the difference in cells.

Each method notes what matters before, changes the facts, and writes what follows for the cells.
"""

from __future__ import annotations

from typing import Any

from stream.changes.cells import Cell
from stream.contract.records import UNIT
from stream.stages.visitors import chats, forms, row
from stream.stages.visitors.admissible import Open
from stream.stages.visitors.bounds import Bounds
from stream.stages.visitors.contribution import Contributions
from stream.stages.visitors.facts import Facts
from stream.stages.visitors.numbers import visit
from stream.stages.visitors.people import PAID, step_of_landing
from stream.stages.visitors.row import Extra, KeyEvent, short
from stream.stages.visitors.sessions import convert
from stream.stages.visitors.steps import HORIZON_MS, Cells, reached


class Deeds:
    """Writes the differences of forms and chats."""

    def __init__(self, labels: Facts, contributions: Contributions, bounds: Bounds) -> None:
        self._labels = labels
        self._contributions = contributions
        self._pane = contributions.pane
        self._bounds = bounds
        self._talked: dict[str, Cells] = {}  # conversation → what it counted for before

    def form(self, here: Open, fact: Any) -> None:
        """Fold a form event."""
        time_ms, data, session, person = fact.time_ms, fact.data, here.session, here.row
        action = data.action
        if action == "view":
            deeds = session.deeds = session.deeds or row.Deeds()
            deeds.idle += 1
        elif action in ("start", "submit"):
            deeds = session.deeds = session.deeds or row.Deeds()
        else:
            return
        form = self._labels.forms[data.form_id]
        times = deeds.forms.setdefault(form, [0, 0])
        viewed, started = times[0], times[1]
        add, at, site = self._contributions.add, self._pane(time_ms), here.site
        if action == "view":
            if not viewed:
                times[0] = time_ms
                add(("form_view", site, form), at, 1)
            return
        if not deeds.starts:  # the first behind the landing; those behind it will never be that
            self._reached(site, "first_view", "form_start", session.landed, time_ms)
            deeds.starts.append(time_ms)
        if action == "start":
            if not started:
                times[1] = time_ms
                add(("form_start", site, form), at, 1)
                add(("step_from", site, "form_start", "form_submit"), at, 1)
            return
        times.append(time_ms)
        if not started:
            add(("form_start", site, form), at, 1)
        add(("form_submit", site, form), self._pane(started or time_ms), 1)
        if started:
            self._reached(site, "form_start", "form_submit", started, time_ms)
        extra = person.extra = person.extra or Extra()
        self._submit(here, fact, form, extra)

    def _submit(self, here: Open, fact: Any, form: str, extra: Extra) -> None:
        """Count the first submit of a person."""
        time_ms, data, site, at = fact.time_ms, fact.data, here.site, self._pane(fact.time_ms)
        content = self._labels.contents[data.content_id]
        forms.submit(extra.submissions, time_ms, fact.name, form, content, data)
        self._contributions.put(forms.cells(site, extra.submissions, self._pane), 1)
        add = self._contributions.add
        if extra.last_submit:
            add(("form_person", site), self._pane(extra.last_submit), -1)
        add(("form_person", site), at, 1)
        if extra.last_chat:
            if extra.last_submit:
                add(("chat_form_person", site), self._pane(min(extra.last_chat, extra.last_submit)), -1)
            add(("chat_form_person", site), self._pane(extra.last_chat), 1)
        extra.last_submit = time_ms
        if forms.makes_lead(data):
            event = self._labels.events[data.event_id] if data.event_id else None
            self._key_event(here, forms.key_event(fact, event))

    def _key_event(self, here: Open, key: KeyEvent) -> None:
        """Convert a person with one session, once more or for the first time."""
        time_ms, name, method, action, stage, event = key
        site, session, add = here.site, here.session, self._contributions.add
        deeds = session.deeds = session.deeds or row.Deeds()
        first, last, landed = deeds.first_key, deeds.last_key, session.landed
        convert(deeds, (time_ms, short(name, here.row.source), method, action, stage, event), landed, self._bounds)
        self._converted(here, last, time_ms)
        if first is not None:
            return
        channel, at = session.channel or "direct", self._pane(time_ms)
        add(("lead", site, method, channel, "on_site", "paid" if channel in PAID else None), at, 1)
        add(("lead_deed", site, action, stage, event), at, 1)
        self._reached(site, "first_view", "lead", landed, time_ms)
        if (opened := step_of_landing(channel)) is not None:
            self._reached(site, opened, "key_event", landed, time_ms)

    def _reached(self, site: str, start: str, end: str, start_ms: int, end_ms: int) -> None:
        """Contribute that a step begun earlier was now taken; without a beginning there is none."""
        if start_ms and 0 <= end_ms - start_ms <= HORIZON_MS:
            out: Cells = []
            reached(out, self._pane, site, start, end, start_ms, end_ms)
            self._contributions.put(out, 1)

    def _converted(self, here: Open, last: int, time_ms: int) -> None:
        """Move a converted person, in every way their session counts them, from the last key event to this one."""
        site, session, add = here.site, here.session, self._contributions.add
        old, new = self._pane(last), self._pane(time_ms)
        if last and old == new:
            return
        cells: list[Cell] = [("convert", *visit(site, session.channel, session.campaign, None)[1:-1])]
        if session.group is not None:
            cells.append(("landing_converted", site, session.group, session.content))
        cells += [("content_converted", site, *name.split(UNIT)) for name in session.names]
        for cell in cells:
            add(cell, new, 1)
            if last:
                add(cell, old, -1)

    def chat(self, here: Open, fact: Any) -> None:
        """Fold a chatbot event."""
        time_ms, data, person, session = fact.time_ms, fact.data, here.row, here.session
        extra = person.extra = person.extra or Extra()
        name = data.conversation_id
        if name not in self._talked:
            self._talked[name] = self._cells(here, name) if extra.talks else []
        bot = self._labels.bots[data.bot_id] if data.bot_id else None
        extra.talks.append(chats.packed(time_ms, fact.name, bot, data, person.source))
        if not chats.is_presence(data):
            deeds = session.deeds = session.deeds or row.Deeds()
            deeds.idle += 1
            return
        last, extra.last_chat = extra.last_chat, time_ms
        self._chatted(here.site, last, time_ms, extra.last_submit)
        if chats.makes_lead(data):
            self._key_event(here, (time_ms, fact.name, "chatbot", data.action, "unknown", None))

    def _cells(self, here: Open, conversation: str) -> Cells:
        """List what the talks of one id count for; there are no orders and appointments among them."""
        extra, source = here.row.extra, here.row.source
        if extra is None or not extra.talks:
            return []
        said = [chats.unpacked(one, source) for one in extra.talks if one[2] == conversation]
        return chats.conversations(here.site, said, self._pane)

    def _chatted(self, site: str, last: int, time_ms: int, submit: int) -> None:
        """Move who chats from their last chat to this one; `submit` is when they last submitted a form."""
        add, old, new = self._contributions.add, self._pane(last), self._pane(time_ms)
        if not last or old != new:
            add(("chat_person", site), new, 1)
            if last:
                add(("chat_person", site), old, -1)
        if submit and last < submit:
            if last:
                add(("chat_form_person", site), old, -1)
            add(("chat_form_person", site), self._pane(min(time_ms, submit)), 1)

    def settle(self, here: Open) -> None:
        """Contribute the conversations that events were added to, once for all events of the batch."""
        if not self._talked:
            return
        for conversation, before in self._talked.items():
            self._contributions.change(before, self._cells(here, conversation))
        self._talked.clear()
