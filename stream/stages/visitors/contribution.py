"""Contribution: what a person's row counts for, as a pure function of the row.

In:  a row of facts, and +1 or −1.
Out: changes of cells in an accumulator. A change of a row is the contribution after less the contribution before.

Only what can move is here: sessions and chats contribute one by one (so that what an event does not touch is not
taken back and given again), people and first steps as a whole.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from stream.changes.accumulator import Accumulator
from stream.changes.cells import Cell
from stream.changes.durations import bucket_of
from stream.changes.panes import DAY_MS, Grid
from stream.contract.records import UNIT
from stream.stages.visitors.row import UNKNOWN, Conversation, Deal, Packed, Row

HORIZON_MS: Final = 30 * DAY_MS
#: What is said to last longer is a mistake; a few of those must not overflow a sum.
_LONGEST_CHAT_MS: Final = 3_650 * DAY_MS

SOCIAL: Final = frozenset({"organic_social", "paid_social"})
PAID: Final = frozenset(
    {
        "paid_search", "paid_social", "paid_shopping", "paid_video", "paid_other", "display", "cross_network",
        "audio",
    }
)  # fmt: skip

#: (time, event id, capture method, channel) of the key event that made a lead.
Lead = tuple[int, str, str, str]
#: Sessions as (end, last key event, *dimensions, viewed), and what was folded together.
People = tuple[tuple[Any, ...], tuple[Any, ...]]
#: (first submit, last submit, last chat, offers).
Seldom = tuple[int, int, int, tuple[Any, ...]]
#: (first event, people, lead, times of first steps, what few people have).
Person = tuple[int, People, Lead | None, tuple[int, ...], Seldom | None]

_WAYS: Final = ("channel", "campaign", "country", "landing", "social", "content")
PERSON: Final = {"person": "person", **{way: f"{way}_person" for way in _WAYS}}
CONVERTED: Final = {"person": "converted", **{way: f"{way}_converted" for way in _WAYS if way != "country"}}


def step_of_landing(channel: str) -> str | None:
    """Name the funnel step that a landing opens by its session's channel: by an ad, by an e-mail, or none."""
    if channel in PAID:
        return "ad_landing"
    return "email_landing" if channel == "email" else None


#: (cell, pane, amount): what something counts for.
Cells = list[tuple[Cell, int, int]]


class Contributions:
    """Writes contributions into an accumulator.

    `add(cell, pane, n)` is bound anew for each fold: the accumulator changes between commits.
    """

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        self.pane = grid.pane
        self.add: Callable[[Cell, int, int], None]

    def into(self, accumulator: Accumulator) -> None:
        """Write to `accumulator` from now on."""
        counts, ids, up, down = accumulator.counts, accumulator.ids, accumulator.up, accumulator.down

        def add(cell: Cell, pane: int, n: int) -> None:
            if n == 1:
                up(ids[cell] + pane)
            elif n == -1:
                down(ids[cell] + pane)
            else:
                counts[ids[cell] + pane] += n

        self.add = add

    # sessions ---------------------------------------------------------------------------------------------

    def session(self, site: str, session: Packed) -> Cells:
        """List what belongs to a session alone: itself, its bounce and its forms."""
        pane = self.pane
        start, channel = pane(session.start), session.channel or "direct"
        out: Cells = [(("session", site, channel, session.engine, session.domain), start, 1)]
        if session.events == 1 and session.views == 1:
            out.append((("bounce", site, channel), start, 1))
        if session.deeds is None:
            return out
        for form, (viewed, started, submitted) in session.deeds.forms.items():
            if viewed:
                out.append((("form_view", site, form), pane(viewed), 1))
            cohort = started or submitted
            if cohort:
                out.append((("form_start", site, form), pane(cohort), 1))
                if submitted:
                    out.append((("form_submit", site, form), pane(cohort), 1))
                if started:
                    self._step(out, site, "form_start", "form_submit", started, submitted)
        return out

    def put(self, cells: Cells, sign: int) -> None:
        """Contribute what the other methods list."""
        add = self.add
        for cell, pane, n in cells:
            add(cell, pane, sign * n)

    # people -----------------------------------------------------------------------------------------------

    def person(self, site: str, parts: Person, sign: int, less: Person | None = None) -> None:
        """Contribute a person as summed up by `person`, except for what is the same in `less`.

        That is what belongs to the person as a whole: distinct people, the lead, first steps.
        """
        add, pane = self.add, self.pane
        first, people, lead, steps, extra = parts
        if less is None or first != less[0]:
            add(("newcomer", site), pane(first), sign)
        if less is None or people != less[1]:
            self._people(site, people, sign)
        if lead is not None and (less is None or lead != less[2]):
            add(("lead", site, lead[2], lead[3], "on_site"), pane(lead[0]), sign)
        if less is None or steps != less[3]:
            first_view, first_form, lead_time, ad, email = steps
            taken: Cells = []
            if first_view:
                self._step(taken, site, "first_view", "form_start", first_view, first_form)
                self._step(taken, site, "first_view", "lead", first_view, lead_time)
            if ad:
                self._step(taken, site, "ad_landing", "lead", ad, lead_time)
            if email:
                self._step(taken, site, "email_landing", "lead", email, lead_time)
            self.put(taken, sign)
        if extra is not None and (less is None or extra != less[4]):
            self._extra(site, extra, sign)

    def _people(self, site: str, people: People, sign: int) -> None:
        """Contribute distinct people: in each way that they are counted one, in the pane of the latest."""
        add, pane = self.add, self.pane
        sessions, folded = people
        if len(sessions) == 1 and not folded:
            (end, key, channel, campaign, country, group, content, viewed) = sessions[0]
            social = "social" if channel in SOCIAL else None
            end_pane = pane(end)
            add(("visit", site, channel, campaign, social), end_pane, sign)
            add(("country_person", site, country), end_pane, sign)
            landed = group is not None and content is not None
            if landed:
                add(("landing_person", site, group, content), end_pane, sign)
            if key:
                key_pane = pane(key)
                add(("convert", site, channel, campaign, social), key_pane, sign)
                if landed:
                    add(("landing_converted", site, group, content), key_pane, sign)
                for name in viewed:
                    add(("content_converted", site, *name.split(UNIT)), key_pane, sign)
            return
        latest: dict[tuple[str, ...], list[int]] = {}
        for name, end, key in folded:
            latest[tuple(name.split(UNIT))] = [end, key]
        for end, key, channel, campaign, country, group, content, viewed in sessions:
            for way in ways(channel, campaign, country, group, content):
                seen = latest.get(way)
                if seen is None:
                    latest[way] = [end, key]
                else:
                    if end > seen[0]:
                        seen[0] = end
                    if key > seen[1]:
                        seen[1] = key
            if key:
                for name in viewed:
                    seen = latest.setdefault(("content", *name.split(UNIT)), [0, 0])
                    seen[1] = max(seen[1], key)
        for (kind, *labels), (end, key) in latest.items():
            if end and kind != "content":
                add((PERSON[kind], site, *labels), pane(end), sign)
            if key and kind != "country":
                add((CONVERTED[kind], site, *labels), pane(key), sign)

    def _extra(self, site: str, extra: Seldom, sign: int) -> None:
        add, pane = self.add, self.pane
        first_submit, last_submit, last_chat, offers = extra
        if first_submit:
            add(("first_submitter", site), pane(first_submit), sign)
            add(("form_person", site), pane(last_submit), sign)
        if last_chat:
            add(("chat_person", site), pane(last_chat), sign)
            if last_submit:
                add(("chat_form_person", site), pane(min(last_chat, last_submit)), sign)
        for offer, seen, taken in offers:
            add(("offer_person", site, offer), pane(seen), sign)
            if taken:
                add(("offer_taker", site, offer), pane(taken), sign)

    # chats ------------------------------------------------------------------------------------------------

    def conversation(self, site: str, chat: Conversation) -> Cells:
        """List a conversation, all in the pane of its start (its first event, if the start was not seen)."""
        bot, took_ms = bot_of(chat), lasted_ms(chat)
        pane = self.pane(chat.started or chat.first)
        out: Cells = [
            (("conversation", site, bot), pane, 1),
            (("chat_seconds", site, bot, bucket_of(took_ms)), pane, 1),
            (("chat_ms", site, bot), pane, took_ms),
        ]
        if chat.lead:
            out.append((("chat_lead", site, bot), pane, 1))
        if chat.handoff:
            out.append((("chat_handoff", site, bot), pane, 1))
        if chat.resolved:
            out.append((("chat_resolved", site, bot), pane, 1))
        if chat.started:
            self._step(out, site, "conversation_started", "chat_lead", chat.started, chat.lead)
        return out

    def order(self, site: str, order: Deal) -> Cells:
        """List an order of a chat: completed implies started; cohort of the start."""
        bot = bot_of(order)
        pane = self.pane(order.opened or order.done)
        out: Cells = [(("order_started", site, bot), pane, 1)]
        if order.done:
            out.append((("order_completed", site, bot), pane, 1))
        return out

    def appointment(self, site: str, deal: Deal) -> Cells:
        """List an appointment of a chat: confirmed or cancelled implies set; cohort of the setting."""
        bot = bot_of(deal)
        pane = self.pane(deal.opened or min(t for t in (deal.done, deal.cancelled) if t))
        out: Cells = [(("appointment_set", site, bot), pane, 1)]
        if deal.done:
            out.append((("appointment_confirmed", site, bot), pane, 1))
        if deal.cancelled:
            out.append((("appointment_cancelled", site, bot), pane, 1))
        return out

    def reached(self, site: str, start: str, end: str, start_ms: int, end_ms: int) -> None:
        """Contribute that a step begun earlier was now taken."""
        if start_ms and 0 <= end_ms - start_ms <= HORIZON_MS:
            took_ms, reached = end_ms - start_ms, self.pane(end_ms)
            self.add(("step_reached", site, start, end), self.pane(start_ms), 1)
            self.add(("step_seconds", site, start, end, bucket_of(took_ms)), reached, 1)
            self.add(("step_ms", site, start, end), reached, took_ms)

    def _step(self, out: Cells, site: str, start: str, end: str, start_ms: int, end_ms: int) -> None:
        """List one step of a funnel: its cohort, whether `to` was reached, and the time that it took."""
        cohort = self.pane(start_ms)
        out.append((("step_from", site, start, end), cohort, 1))
        if end_ms and 0 <= end_ms - start_ms <= HORIZON_MS:
            took_ms, reached = end_ms - start_ms, self.pane(end_ms)
            out.append((("step_reached", site, start, end), cohort, 1))
            out.append((("step_seconds", site, start, end, bucket_of(took_ms)), reached, 1))
            out.append((("step_ms", site, start, end), reached, took_ms))


def bot_of(made: Conversation | Deal) -> str:
    """Name the bot of a conversation, or of what was agreed in one."""
    return made.bot[2] if made.bot is not None else UNKNOWN


def lasted_ms(chat: Conversation) -> int:
    """Give how long a conversation lasted: as its events say, else from the first to the last."""
    if chat.duration_s >= 0:
        return min(round(chat.duration_s * 1000), _LONGEST_CHAT_MS)
    return chat.last - chat.first


def ways(channel: str, campaign: str, country: str, group: str | None, content: str | None) -> list[tuple[str, ...]]:
    """Name the ways in which a session's person is counted, without the site."""
    out: list[tuple[str, ...]] = [
        ("person",), ("channel", channel), ("campaign", campaign), ("country", country),
    ]  # fmt: skip
    if group is not None and content is not None:
        out.append(("landing", group, content))
    if channel in SOCIAL:
        out.append(("social",))
    return out


def person(row: Row) -> Person:
    """Sum up what a person counts for as plain values, cheap to make and to compare."""
    extra = row.extra
    lead = first_lead(row)
    ad, email = landings(row)
    sessions = tuple([(s.end, s.last_key, *s.dimensions, s.names if s.last_key else ()) for s in row.sessions])
    if extra is None:
        return row.first, (sessions, ()), lead, (row.first_view, 0, lead[0] if lead else 0, ad, email), None
    folded = tuple([(name, end, key) for name, (end, key) in extra.folded.items()])
    steps = row.first_view, extra.first_form, lead[0] if lead else 0, ad, email
    offers = tuple([(offer, seen, taken) for offer, (seen, taken) in extra.offers.items()])
    seldom = extra.first_submit, extra.last_submit, extra.last_chat, offers
    return row.first, (sessions, folded), lead, steps, seldom


def first_lead(row: Row) -> Lead | None:
    """Give (time, event id, capture method, channel) of a person's first key event."""
    first = row.extra.folded_lead if row.extra is not None else None
    for session in row.sessions:
        key = session.first_key
        if key is not None and (first is None or key[:2] < first[:2]):
            first = (*key, session.channel or "direct")
    return first


def landings(row: Row) -> tuple[int, int]:
    """Give the first landings by an ad and by an e-mail; 0 is never."""
    ad = email = 0
    if row.extra is not None:
        ad, email = row.extra.folded_ad_landing, row.extra.folded_email_landing
    for session in row.sessions:
        step = step_of_landing(session.channel) if session.channel is not None else None
        if step is not None and (landed := session.landed):
            if step == "ad_landing":
                ad = min(ad, landed) if ad else landed
            else:
                email = min(email, landed) if email else landed
    return ad, email
