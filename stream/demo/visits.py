"""Visits: what one person does on one site, from the first page to the last click.

In:  a visitor, a way of arriving, a moment, a seeded source of chance.
Out: happenings in order of time: page views, form steps, chatbot turns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple, TypeVar

from stream.demo.world import CHATBOTS, FORMS, MANY_FORMS, PAGES, Arrival, Company, Page, Touch

T = TypeVar("T")

SESSION_GAP_MS = 1_800_000


class Happening(NamedTuple):
    """Something that happened: it becomes one event, whatever the network then does to it."""

    at_ms: int
    kind: str
    key: str
    data: dict[str, Any]
    touch: Touch | None = None  # what this one event says about where the visit came from
    traffic: str = "human"  # human, bot, internal or test


class Outage(NamedTuple):
    """A form that nobody can send from one moment on until another; by the clock of the traffic."""

    form: str
    from_ms: int
    to_ms: int


@dataclass(slots=True)
class Visitor:
    """A person on a site (or a machine) and what stays the same over its visits."""

    site: str
    visitor_id: str
    traits: dict[str, Any]  # geo, device, user_agent, consent, traffic: as they stand in every event
    traffic: str = "human"
    lead_id: str = ""
    email_hash: str = ""
    user_id: str = ""
    mail_domain: str = ""
    forms_done: set[str] = field(default_factory=set)

    @property
    def known(self) -> bool:
        """Whether we have the address of this person."""
        return bool(self.email_hash)


def pick(rng: Random, choices: Sequence[tuple[T, float]]) -> T:
    """Draw one of (choice, weight) pairs."""
    return rng.choices([choice for choice, _ in choices], [weight for _, weight in choices])[0]


def token(rng: Random, letter: str) -> str:
    """Draw an id such as `v-8f3a21c0de11`."""
    return f"{letter}-{rng.getrandbits(48):012x}"


class Visit:
    """Script of one visit; `happenings` holds it when `play` is done."""

    def __init__(
        self,
        rng: Random,
        who: Visitor,
        arrival: Arrival,
        start_ms: int,
        company: Company = MANY_FORMS,
        outage: Outage | None = None,
    ) -> None:
        self._rng = rng
        self._company, self._outage = company, outage
        self._who = who
        self._arrival = arrival
        self._clock_ms = start_ms
        self._session = token(rng, "s")
        self._touches = 2 if rng.random() < 0.15 else 1  # a shared link keeps its parameters on the second page too
        self.happenings: list[Happening] = []
        self.became_lead = False

    def play(self) -> list[Happening]:
        """Walk through the site."""
        rng = self._rng
        if rng.random() < 0.06:  # the landing page had no tag: the visit's source comes with its second event
            self._say("page_view", page=self._page(self._landing()), touched=False)
            self._wait(4, 30)
        else:
            self._view(self._landing())
        if rng.random() < 0.42:
            return self.happenings
        pages = 1 + min(int(rng.expovariate(0.45)), 12)
        for _ in range(pages):
            if rng.random() < 0.012:  # lunch, then back to the same tab: a second session
                self._clock_ms += SESSION_GAP_MS + rng.choice((0, 1, rng.randrange(60_000, 1_200_000)))
            else:
                self._wait(4, 90)
            page = pick(rng, [(page, self._company.seen(page)) for page in PAGES])
            self._view(page)
            if page.form and rng.random() < 0.6:
                self._fill(page, page.form, self._arrival.appetite)
            elif rng.random() < 0.05:
                self._fill(page, rng.choice(("feedback-form", "search-box")), 1.0)
            if rng.random() < 0.05:
                self._chat()
        return self.happenings

    def _landing(self) -> Page:
        return pick(self._rng, [(page, self._company.seen(page)) for page in PAGES[:9]])

    def _wait(self, least_s: float, most_s: float) -> None:
        self._clock_ms += int(self._rng.uniform(least_s, most_s) * 1000)

    def _say(self, kind: str, touched: bool = True, **data: Any) -> None:
        touch = None
        common: dict[str, Any] = {
            "site_id": self._who.site,
            "visitor_id": self._who.visitor_id,
            "session_id": self._session,
        }
        common |= self._who.traits
        if touched and self._touches > 0:
            self._touches -= 1
            common |= self._arrival.fields
            touch = self._arrival.touch if self._arrival.touch.channel != "direct" else None
        if self._who.known and kind == "form":
            common |= {"lead_id": self._who.lead_id, "email_hash": self._who.email_hash}
        self.happenings.append(
            Happening(self._clock_ms, kind, self._who.visitor_id, common | data, touch, self._who.traffic)
        )

    def _page(self, page: Page) -> dict[str, Any]:
        fields = {
            "path": page.path,
            "url": f"https://{self._who.site}.example{page.path}",
        }
        more = {"group": page.group, "content_id": page.content, "offer_id": page.offer}
        return fields | {name: value for name, value in more.items() if value}

    def _view(self, page: Page) -> None:
        self._say(
            "page_view",
            page=self._page(page),
            engagement_ms=self._rng.randrange(500, 90_000),
        )

    def _fill(self, page: Page, form_id: str, appetite: float) -> None:
        rng, sheet = self._rng, FORMS[form_id]
        base: dict[str, Any] = {"form_id": form_id, "page_path": page.path}
        more = {
            "form_type": sheet.form_type,
            "content_id": page.content,
            "offer_id": sheet.offer,
            "offer_type": sheet.offer_type,
            "offer_stage": sheet.offer_stage,
        }
        base |= {name: value for name, value in more.items() if value}
        if rng.random() < 0.9:
            self._say("form", action="view", **base)
            self._wait(1, 15)
        if rng.random() > min(0.15 * appetite * self._company.wanted(form_id), 0.95):
            return
        if rng.random() < 0.92:  # else a sender that reports the submit only
            self._say("form", action="start", **base)
            self._wait(3, 60)
        if rng.random() < 0.08:
            self._say("form", action="error", **base)
            self._wait(2, 20)
        if self._is_out(form_id):  # it takes all that was written, and says that something went wrong
            self._say("form", action="error", **base)
            return
        if rng.random() > 0.6:
            if rng.random() < 0.5:
                self._say("form", action="abandon", **base)
            return
        for _ in range(2 if rng.random() < 0.05 else 1):  # an impatient second click is a second submit
            present = [name for name in sheet.asks if rng.random() < 0.85]
            fields: dict[str, Any] = {"fields_asked": list(sheet.asks), "fields_present": present} if sheet.asks else {}
            self._become_known("email" in sheet.asks)
            self._say("form", action="submit", submission_id=token(rng, "u"), **base, **fields)
            self._wait(1, 4)
        self._who.forms_done.add(form_id)

    def _is_out(self, form_id: str) -> bool:
        out = self._outage
        return out is not None and form_id == out.form and out.from_ms <= self._clock_ms < out.to_ms

    def _become_known(self, gave_address: bool) -> None:
        if gave_address and not self._who.known:
            self._who.lead_id = token(self._rng, "l")
            self._who.email_hash = f"{self._rng.getrandbits(256):064x}"
            self.became_lead = True

    def _chat(self) -> None:
        rng = self._rng
        bot = pick(rng, CHATBOTS)
        base: dict[str, Any] = {"conversation_id": token(rng, "c")} | ({"bot_id": bot} if bot else {})
        began_ms = self._clock_ms
        if rng.random() < 0.95:  # else the start was lost on the way
            self._say("chatbot", action="conversation_started", **base)
        for turn in range(1 + int(rng.expovariate(0.6))):
            self._wait(2, 25)
            actor = ("visitor", "bot")[turn % 2]
            self._say(
                "chatbot",
                action="message",
                actor=actor,
                **base,
            )
        if rng.random() < 0.12:
            self._say("chatbot", action="handoff", **base)
            self._wait(5, 60)
            self._say("chatbot", action="message", actor="agent", **base)
        if rng.random() < 0.2 * self._arrival.appetite:
            self._become_known(True)
            self._say("chatbot", action="lead_captured", **base)
            self._wait(2, 10)
        if rng.random() < 0.12:
            self._deal("order", ("started", 1.0), ("completed", 0.55), base)
        if rng.random() < 0.15:
            self._deal("appointment", ("set", 0.95), ("confirmed", 0.7), base)
        if rng.random() < 0.8:
            ended: dict[str, Any] = {"resolved": rng.random() < 0.7} if rng.random() < 0.9 else {}
            if rng.random() < 0.7:
                ended["duration_s"] = (self._clock_ms - began_ms) // 1000
            self._say("chatbot", action="conversation_ended", **base, **ended)

    def _deal(self, noun: str, first: tuple[str, float], second: tuple[str, float], base: dict[str, Any]) -> None:
        rng = self._rng
        unit: dict[str, Any] = {f"{noun}_id": token(rng, noun[0])}
        money: dict[str, Any] = {"value": rng.randrange(20, 900), "currency": "EUR"} if noun == "order" else {}
        for action, chance in (first, second):
            if rng.random() < chance:
                self._say("chatbot", action=f"{noun}_{action}", **base, **unit, **money)
                self._wait(3, 40)
        if noun == "appointment" and rng.random() < 0.1:
            self._say("chatbot", action="appointment_cancelled", **base, **unit)
