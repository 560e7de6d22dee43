"""Incremental deeds: the difference that a form or chat makes where it is a common case.

In:  the open session of a person and the event, which comes after everything that the row knows.
Out: the row changed by the rules of `forms` and `chats`, and the difference in cells.

Each method notes what matters before, lets the rule change the facts, and writes what follows for the cells.
"""

from __future__ import annotations

from typing import Any

from stream.changes.cells import Cell
from stream.contract.records import UNIT
from stream.stages.visitors import chats, forms, row
from stream.stages.visitors.admissible import Open
from stream.stages.visitors.contribution import Cells, Contributions, step_of_landing
from stream.stages.visitors.facts import Facts
from stream.stages.visitors.numbers import visit
from stream.stages.visitors.row import Conversation, Extra
from stream.stages.visitors.sessions import convert


class IncrementalDeeds:
    """Writes the differences of forms and chats."""

    def __init__(self, labels: Facts, contributions: Contributions) -> None:
        self._labels = labels
        self._contributions = contributions
        self._pane = contributions.pane
        self.talked: dict[str, tuple[Conversation, Cells]] = {}  # conversation → what it counted for before

    def form(self, here: Open, fact: Any) -> None:
        """Fold a form event."""
        time_ms, data, session, person = fact.time_ms, fact.data, here.session, here.row
        action = data.action
        if action not in forms.STEPS:
            return
        deeds = session.deeds = session.deeds or row.Deeds()
        form = self._labels.forms[data.form_id]
        times = deeds.forms.setdefault(form, [0, 0, 0])
        before = tuple(times)
        forms.take_step(times, action, time_ms)
        self._step(here.site, form, before, action, time_ms)
        if action == "view":
            return
        extra = person.extra = person.extra or Extra()
        first_form, first, last = extra.first_form, extra.first_submit, extra.last_submit
        forms.remember(extra, action, time_ms)
        if not first_form:
            self._contributions.reached(here.site, "first_view", "form_start", person.first_view, time_ms)
        if action == "submit":
            self._submit(here.site, data, time_ms, first, last, extra.last_chat)
            if forms.makes_lead(data):
                self._key_event(here, fact, "form")

    def _step(self, site: str, form: str, before: tuple[int, ...], action: str, time_ms: int) -> None:
        """Count a step of a form if it is the first of its kind in the session; a submit implies a start."""
        viewed, started, submitted = before
        add, pane = self._contributions.add, self._pane(time_ms)
        if action == "view":
            if not viewed:
                add(("form_view", site, form), pane, 1)
        elif action == "start":
            if not started:
                add(("form_start", site, form), pane, 1)
                add(("step_from", site, "form_start", "form_submit"), pane, 1)
        elif not submitted:
            if not started:
                add(("form_start", site, form), pane, 1)
            add(("form_submit", site, form), self._pane(started or time_ms), 1)
            if started:
                self._contributions.reached(site, "form_start", "form_submit", started, time_ms)

    def _submit(self, site: str, data: Any, time_ms: int, first: int, last: int, chat: int) -> None:
        """Count a submit, and move who submitted (before: first and last) to it; `chat` is when they last chatted."""
        add, pane = self._contributions.add, self._pane(time_ms)
        for kind, amount in forms.counts_of_submit(data):
            add((kind, site), pane, amount)
        if first:
            add(("form_person", site), self._pane(last), -1)
        else:
            add(("first_submitter", site), pane, 1)
        add(("form_person", site), pane, 1)
        if chat and last < chat:
            if last:
                add(("chat_form_person", site), self._pane(last), -1)
            add(("chat_form_person", site), self._pane(chat), 1)

    def _key_event(self, here: Open, fact: Any, method: str) -> None:
        """Convert a person with one session, once more or for the first time."""
        time_ms, site, session = fact.time_ms, here.site, here.session
        deeds = session.deeds = session.deeds or row.Deeds()
        first, last = deeds.first_key, deeds.last_key
        convert(deeds, time_ms, fact.event_id, method)
        self._converted(here, last, time_ms)
        if first is None:
            channel = session.channel or "direct"
            self._contributions.add(("lead", site, method, channel, "on_site"), self._pane(time_ms), 1)
            self._contributions.reached(site, "first_view", "lead", here.row.first_view, time_ms)
            step = step_of_landing(channel)
            if step is not None:
                self._contributions.reached(site, step, "lead", session.landed, time_ms)

    def _converted(self, here: Open, last: int, time_ms: int) -> None:
        """Move a converted person, in every way their session counts them, from the last key event to this one."""
        site, session, add = here.site, here.session, self._contributions.add
        old, new = self._pane(last), self._pane(time_ms)
        if last and old == new:
            return
        cells: list[Cell] = [("convert", *visit(site, session.channel, session.campaign)[1:])]
        if session.group is not None:
            cells.append(("landing_converted", site, session.group, session.content))
        cells += [("content_converted", site, *name.split(UNIT)) for name in session.names]
        for cell in cells:
            add(cell, new, 1)
            if last:
                add(cell, old, -1)

    def chat(self, here: Open, fact: Any) -> None:
        """Fold a chatbot event."""
        time_ms, data, person = fact.time_ms, fact.data, here.row
        extra = person.extra = person.extra or Extra()
        name = data.conversation_id
        known = extra.conversations.get(name)
        if name not in self.talked:
            counted = [] if known is None else self._contributions.conversation(here.site, known)
        last = extra.last_chat
        bot = None if data.bot_id is None else (time_ms, fact.event_id, self._labels.bots[data.bot_id])
        chat = chats.talk(extra, time_ms, bot, data)
        if name not in self.talked:
            self.talked[name] = chat, counted
        self._chatted(here.site, last, time_ms, extra.last_submit)
        if chats.makes_lead(data):
            self._key_event(here, fact, "chatbot")

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

    def settle(self, site: str) -> None:
        """Contribute the conversations that events were added to, once for all events of the batch."""
        contributions = self._contributions
        for chat, before in self.talked.values():
            contributions.put(before, -1)
            contributions.put(contributions.conversation(site, chat), 1)
        self.talked.clear()
