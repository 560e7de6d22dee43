"""Incremental deeds: the difference that a form or chat makes where it is a common case.

In:  the open session of a person and the event, which comes after everything that the row knows.
Out: the row changed as the rules of `forms` and `chats` come to where nothing is out of order; the difference in cells.

Each method notes what matters before, changes the facts, and writes what follows for the cells.
"""

from __future__ import annotations

from typing import Any, Final

from stream.changes.accumulator import Accumulator
from stream.changes.cells import PAID
from stream.changes.durations import bucket_of
from stream.contract.records import UNIT
from stream.stages.visitors import chats, forms, row
from stream.stages.visitors.admissible import Open
from stream.stages.visitors.bounds import Bounds
from stream.stages.visitors.contribution import Contributions
from stream.stages.visitors.facts import Facts
from stream.stages.visitors.names import short
from stream.stages.visitors.numbers import Numbers, SiteNumbers, Step, visit
from stream.stages.visitors.people import step_of_landing
from stream.stages.visitors.row import UNKNOWN, Extra, KeyEvent
from stream.stages.visitors.sessions import convert
from stream.stages.visitors.steps import HORIZON_MS
from stream.stages.visitors.talks import Conversation

_BEGIN_FORM: Final = ("first_view", "form_start")
_SEND_FORM: Final = ("form_start", "form_submit")
_BECOME_LEAD: Final = ("first_view", "lead")
_LEAVE_ADDRESS: Final = ("conversation_started", "chat_lead")


class Deeds:
    """Writes the differences of forms and chats."""

    def __init__(self, labels: Facts, contributions: Contributions, bounds: Bounds) -> None:
        self._labels = labels
        self._contributions = contributions
        self._pane = contributions.pane
        self._pane_ms, self._origin_ms = contributions.grid.pane_ms, contributions.grid.origin_ms
        self._bounds = bounds
        self._accumulator: Accumulator
        self._numbers: Numbers
        self._talked: dict[str, list[Conversation]] = {}  # id → what it came to before

    def into(self, accumulator: Accumulator, numbers: Numbers) -> None:
        """Write to `accumulator` from now on."""
        self._accumulator, self._numbers = accumulator, numbers

    def form(self, here: Open, fact: Any) -> bool:
        """Fold a form event; tell whether it was a presence."""
        time_ms, data, session, person = fact.time_ms, fact.data, here.session, here.row
        action = data.action
        if action not in ("view", "start", "submit"):
            return True
        deeds = session.deeds
        if deeds is None:
            deeds = session.deeds = row.Deeds()
        form = self._labels.forms[data.form_id]
        times = deeds.forms.get(form)
        if times is None:
            times = deeds.forms[form] = [0, 0]
        viewed, started = times[0], times[1]
        numbers, up, at = self._numbers[here.site], self._accumulator.up, self._pane(time_ms)
        cells = numbers.forms[form]
        if action == "view":
            deeds.idle += 1
            if not viewed:
                times[0] = time_ms
                up(cells.view + at)
            return False
        if not deeds.starts:  # the first behind the landing; those behind it will never be that
            self._reached(numbers, _BEGIN_FORM, session.landed, time_ms)
            deeds.starts.append(time_ms)
        if action == "start":
            if not started:
                times[1] = time_ms
                up(cells.start + at)
                up(numbers.steps[_SEND_FORM].begun + at)
            return True
        times.append(time_ms)
        if started:
            up(cells.submit + self._pane(started))
            self._reached(numbers, _SEND_FORM, started, time_ms)
        else:
            up(cells.start + at)
            up(cells.submit + at)
        extra = person.extra = person.extra or Extra()
        self._submit(here, numbers, fact, form, extra)
        return True

    def _submit(self, here: Open, numbers: SiteNumbers, fact: Any, form: str, extra: Extra) -> None:
        """Count a submit."""
        time_ms, data, site, at = fact.time_ms, fact.data, here.site, self._pane(fact.time_ms)
        content = self._labels.contents[data.content_id]
        before = forms.cells(site, extra.submissions, self._pane) if extra.submissions else []
        forms.submit(extra.submissions, time_ms, fact.name, form, content, data)
        self._contributions.change(before, forms.cells(site, extra.submissions, self._pane))
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
            self._key_event(here, numbers, forms.key_event(fact, event))

    def _key_event(self, here: Open, numbers: SiteNumbers, key: KeyEvent) -> None:
        """Convert a person with one session, once more or for the first time."""
        time_ms, name, method, action, stage, event = key
        site, session = here.site, here.session
        deeds = session.deeds = session.deeds or row.Deeds()
        first, last, landed = deeds.first_key, deeds.last_key, session.landed
        convert(deeds, (time_ms, short(name, here.row.source), method, action, stage, event), landed, self._bounds)
        self._converted(here, last, time_ms)
        if first is not None:
            return
        up, ids = self._accumulator.up, self._accumulator.ids
        channel, at = session.channel or "direct", self._pane(time_ms)
        up(ids["lead", site, method, channel, "on_site", "paid" if channel in PAID else None] + at)
        up(ids["lead_deed", site, action, stage, event] + at)
        self._reached(numbers, _BECOME_LEAD, landed, time_ms)
        if (opened := step_of_landing(channel)) is not None:
            self._reached(numbers, (opened, "key_event"), landed, time_ms)

    def _reached(self, numbers: SiteNumbers, name: Step, start_ms: int, end_ms: int, sign: int = 1) -> None:
        """Count that a step was taken, as `steps.reached` has it, or take it back; none was where nothing began."""
        took_ms = end_ms - start_ms
        if not start_ms or not 0 <= took_ms <= HORIZON_MS:
            return
        step, pane_ms, origin_ms = numbers.steps[name], self._pane_ms, self._origin_ms
        cohort, taken = (start_ms - origin_ms) // pane_ms, (end_ms - origin_ms) // pane_ms
        move = self._accumulator.up if sign == 1 else self._accumulator.down
        move(step.reached + cohort)
        move(step.seconds[bucket_of(took_ms)] + taken)
        self._accumulator.counts[step.ms + taken] += sign * took_ms
        if took_ms <= step.target_ms:
            move(step.in_time + cohort)

    def _converted(self, here: Open, last: int, time_ms: int) -> None:
        """Move a converted person, in every way their session counts them, from the last key event to this one."""
        site, session, ids = here.site, here.session, self._accumulator.ids
        old, new = self._pane(last), self._pane(time_ms)
        if last and old == new:
            return
        cells = [ids["convert", *visit(site, session.channel, session.campaign, None)[1:-1]]]
        if session.group is not None:
            cells.append(ids["landing_converted", site, session.group, session.content])
        cells += [ids["content_converted", site, *name.split(UNIT)] for name in session.names]
        up, down = self._accumulator.up, self._accumulator.down
        for cell in cells:
            up(cell + new)
            if last:
                down(cell + old)

    def chat(self, here: Open, fact: Any) -> bool:
        """Fold a chatbot event; tell whether it was a presence."""
        time_ms, data, person, session = fact.time_ms, fact.data, here.row, here.session
        extra = person.extra = person.extra or Extra()
        thread = data.conversation_id
        if thread not in self._talked:
            self._talked[thread] = chats.of_thread(extra.talks, thread, person.source)
        bot = self._labels.bots[data.bot_id] if data.bot_id else None
        extra.talks.append(chats.packed(time_ms, fact.name, bot, data, person.source))
        if not chats.is_presence(data):
            deeds = session.deeds = session.deeds or row.Deeds()
            deeds.idle += 1
            return False
        last, extra.last_chat = extra.last_chat, time_ms
        self._chatted(here.site, last, time_ms, extra.last_submit)
        if chats.makes_lead(data):
            key = (time_ms, fact.name, "chatbot", data.action, UNKNOWN, None)
            self._key_event(here, self._numbers[here.site], key)
        return True

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
        """Count the conversations that events were added to, once for all events of the batch."""
        extra, talked = here.row.extra, self._talked
        if not talked or extra is None:
            return
        self._talked, numbers = {}, self._numbers[here.site]
        for thread, before in talked.items():
            after = chats.of_thread(extra.talks, thread, here.row.source)
            for one in before:
                if one not in after:
                    self._count(numbers, one, -1)
            for one in after:
                if one not in before:
                    self._count(numbers, one, 1)

    def _count(self, numbers: SiteNumbers, chat: Conversation, sign: int) -> None:
        """Count a conversation, or take it back, as `chats` has it where there are no orders and appointments."""
        cells, at, took_ms = numbers.chats[chat.bot], self._pane(chat.begun_ms), chat.took_ms
        accumulator = self._accumulator
        move = accumulator.up if sign == 1 else accumulator.down
        move(cells.conversation + at)
        move(cells.seconds[bucket_of(took_ms)] + at)
        accumulator.counts[cells.ms + at] += sign * took_ms
        if chat.engaged:
            move(cells.engaged + at)
        if chat.handoff:
            move(cells.handoff + at)
        if chat.resolved:
            move(cells.resolved + at)
        if chat.lead_ms:
            move(cells.lead + at)
            move(accumulator.ids["key_event", numbers.site, "lead_captured"] + self._pane(chat.lead_ms))
        if not chat.started_ms:
            return
        move(numbers.steps[_LEAVE_ADDRESS].begun + self._pane(chat.started_ms))
        if chat.answered_ms:
            self._reached(numbers, _LEAVE_ADDRESS, chat.started_ms, chat.answered_ms, sign)
