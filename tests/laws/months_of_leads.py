"""Months with leads: the random streams of months, told by more ids, with a crm, costs and signals.

In:  a seed.
Out: envelopes; rules as a file that shares ids early, fades points, or has a ladder of its own.

Names are few, so that people meet, ids are of everybody, and records contradict each other.
"""

from __future__ import annotations

from typing import Any, Final

from stream.changes.panes import DAY_MS
from stream.contract.times import format_ms
from tests.laws.months import Envelope, Months

_ACTIONS: Final = (
    "lead_created", "lead_created", "stage_changed", "stage_changed", "stage_changed", "qualified", "disqualified",
    "assigned", "first_response", "appointment_booked", "appointment_cancelled", "trial_started", "deal_won",
    "deal_won", "deal_lost", "refund", "attended", "call_completed",
)  # fmt: skip
_OF_DEALS: Final = frozenset({"deal_won", "deal_lost", "refund"})
HASHES: Final = ("ab" * 32, "cd" * 32, "ef" * 32)

DEFAULT: Final = ""
RULES: Final = (
    DEFAULT,
    DEFAULT,
    # ids are of everybody sooner, points fade, thresholds are low
    """
    [identity]
    ignore = ["lead_id:k"]
    shared = { e = { l = 1, u = 1, v = 1 }, l = { e = 1, u = 1, v = 1 }, u = { e = 1, l = 1, v = 1 } }
    [lead]
    answer_within = "12h"
    stale_after = "7d"
    [score]
    threshold = 12
    what_if = [5, 30]
    half_life = "5d"
    bands = { high = 12, some = 1 }
    """,
    # a ladder of one's own, without stages of the default's names but one
    """
    [[stage]]
    name = "new"
    evidence = ["lead"]
    [[stage]]
    name = "asked"
    implied = true
    evidence = ["form:demo", "mail:replied & form_stage:top", "crm_action:qualified"]
    [[stage]]
    name = "sql"
    evidence = ["score"]
    [[stage]]
    name = "paid"
    evidence = ["won"]
    [score]
    threshold = 20
    what_if = []
    [[score.rule]]
    name = "fits"
    fact = "company:industry=steel"
    points = 8
    [[score.rule]]
    name = "read"
    fact = "mail:opened"
    points = 7
    a_day = 1
    [[score.rule]]
    name = "quiet"
    fact = "mail:none_opened_in"
    within = "10d"
    points = -9
    """,
)  # fmt: skip
_LADDERS: Final = {RULES[3]: ("new", "asked", "sql", "paid")}
_LADDER: Final = ("lead", "iql", "mql", "sql", "trial", "customer")


class LeadMonths(Months):
    """Draws events of people who may become leads."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.rules = self._of(*RULES)
        self.ladder = _LADDERS.get(self.rules, _LADDER)

    def stream(self) -> list[Envelope]:
        """Draw events of some kinds, most of them of people."""
        some = self._of(
            (self.view, self.form, self.chat, self.mail, self.crm, self.crm),
            (self.crm,),
            (self.form, self.crm),
            (self.mail, self.mail, self.form),
            (self.view, self.form, self.form, self.chat),
            (self.form, self.crm, self.crm, self.cost, self.ad, self.signal),
        )
        return [self._of(*some)() for _ in range(self._of(2, 4, 8, 15, 30, 50))]

    def view(self) -> Envelope:
        """Draw a page view, now and then of somebody with an account."""
        drawn = super().view()
        drawn["data"]["page"]["group"] = self._of("blog", "pricing", "cart")
        return self._known(drawn, 0.15)

    def form(self) -> Envelope:
        """Draw an event of a form with what it tells of people and companies."""
        drawn = super().form()
        data = drawn["data"]
        if data["action"] == "submit":
            told = {
                "company": self._of(None, None, {"industry": "steel"}, {"size_band": "1-49", "revenue_band": "0-1m"}),
                "qualification": self._of(None, None, *({"framework": "bant", "known": some} for some in ([], ["need"]))),
                "offer_type": self._of(None, "ebook"), "product": self._of(None, None, "crm"),
            }  # fmt: skip
            data |= {name: one for name, one in told.items() if one is not None}
        return self._known(drawn, 0.5)

    def chat(self) -> Envelope:
        """Draw an event of the chatbot."""
        return self._known(super().chat(), 0.2)

    def mail(self) -> Envelope:
        """Draw an event of an email."""
        return self._known(super().mail(), 0.1)

    def crm(self) -> Envelope:
        """Draw a record of the crm; what it says need not fit what others say."""
        action = self._of(*_ACTIONS)
        of_deal = action in _OF_DEALS
        deal = self._of("d1", "d2", "d3", None) if of_deal else None
        money = action == "refund" or (action == "deal_won" and self.random.random() < 0.8)
        moved = action == "stage_changed"
        data: dict[str, Any] = {
            "action": action,
            "lead_id": self._of("l", "l", "k", "j", "meta:l", *((None, "null") if deal else ())),
            "email_hash": self._of(None, None, *HASHES), "user_id": self._of(None, None, None, "u", "w", "guest"),
            "visitor_id": self._of(None, None, "v", "w", "x"),
            "to": self._of(*self.ladder) if moved else None, "from": self._of(None, *self.ladder) if moved else None,
            "reason": self._of(None, "price") if action in ("deal_lost", "disqualified") else None,
            "rep_id": self._of(None, "ann", "bob"), "assignment": self._of(None, "rule", "round_robin"),
            "capture_method": self._of(None, "phone", "event"), "event_id": self._of(None, "fair"),
            "deal_id": deal, "appointment_id": self._of(None, "7", "p"),
            "value": self._of(0, 100, 19.99, 7_000) if money else None, "currency": self._of("EUR", "USD") if money else None,
            "new_customer": self._of(None, True, False) if action == "deal_won" else None,
            "campaign": self._campaign(), "geo": self._of(None, None, {"country": "DE", "region": "BE"}),
        }  # fmt: skip
        return self._event("crm", self._time(), data)

    def cost(self) -> Envelope:
        """Draw a cost of a period that is over or not."""
        time_ms = self._time()
        day = time_ms // DAY_MS * DAY_MS
        start_ms, end_ms = self._of(
            (day - 30 * DAY_MS, day), (day - DAY_MS, day), (day, day + 30 * DAY_MS), (day - 3 * DAY_MS, day + DAY_MS)
        )
        return self._event("cost", time_ms, {
            "category": self._of("tools", "salaries"), "amount_micros": self._of(0, 7, 30_000_000, 10**9),
            "currency": self._of("EUR", "USD"), "period_start": format_ms(start_ms), "period_end": format_ms(end_ms),
            "revision": self._of(0, 1, 2),
        })  # fmt: skip

    def signal(self) -> Envelope:
        """Draw a measurement."""
        time_ms = self._time()
        return self._event("signal", time_ms, {
            "name": self._of("keyword_rank", "social_followers", "social_followers", "press_mentions"),
            "provider": self._of("p", "q"), "entity": self._of("a", "b"), "value": self._of(0, 3, 2.5, 1_000),
            "observed_at": format_ms(time_ms - self._of(0, 1, DAY_MS)), "revision": self._of(0, 1),
        })  # fmt: skip

    def _known(self, drawn: Envelope, share: float) -> Envelope:
        """Add ids to an event; now and then what a bug writes."""
        data = drawn["data"]
        for name, values in (
            ("email_hash", HASHES),
            ("user_id", ("u", "w", "guest")),
            ("lead_id", ("l", "k", "undefined")),
        ):
            if name not in data and self.random.random() < share * (0.7 if name == "email_hash" else 0.3):
                data[name] = self._of(*values)
        if data.get("visitor_id") is not None and self.random.random() < 0.15:
            data["visitor_id"] = self._of("x", "anonymous")
        campaign = data.get("campaign")
        if campaign and self.random.random() < 0.3:
            campaign["id"] = self._of("k", "23")
        return drawn
