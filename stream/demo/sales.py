"""Sales: what a sales team does about one lead, from the first call to the last refund, as its crm tells it.

In:  a lead, the moment in which it came, a seeded source of chance.
Out: happenings in order of time; most leads go nowhere, as in life.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any, Final

from stream.demo.visits import Happening, pick, token
from stream.demo.world import Touch

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS

REPS: Final = (("rep-ann", 4), ("rep-bob", 3), ("rep-cho", 2))
REASONS: Final = (("price", 4), ("no_budget", 3), ("timing", 3), ("competitor", 2), ("", 1))
EVENT: Final = "webinar-may"


@dataclass(frozen=True, slots=True)
class Prospect:
    """A lead as the crm knows it: by its id, and by what else it was told."""

    site: str
    lead_id: str
    email_hash: str = ""
    visitor_id: str = ""
    method: str = ""  # how it was captured, where no form or chat did it
    fields: tuple[tuple[str, Any], ...] = ()  # what a record says of how the lead came
    touch: Touch | None = None
    attends: bool = False


class Course:
    """Script of one lead; `happenings` holds it when `play` is done."""

    def __init__(self, rng: Random, who: Prospect, at_ms: int) -> None:
        self._rng, self._who, self._clock_ms = rng, who, at_ms
        self._stage = "lead"
        self.happenings: list[Happening] = []

    def play(self) -> list[Happening]:
        """Follow the lead as far as it goes."""
        rng = self._rng
        if rng.random() < 0.85 or self._who.method:
            self._wait(2_000, 2 * MINUTE_MS)
            self._create()
        self._attend()
        if rng.random() < 0.9:
            self._wait(MINUTE_MS, 2 * HOUR_MS)
            self._say("assigned", rep_id=pick(rng, REPS), assignment=rng.choice(("round_robin", "rule")))
        if rng.random() < 0.8:
            self._wait(2 * MINUTE_MS, 2 * DAY_MS)
            self._say("first_response")
        if rng.random() < 0.5:
            self._wait(10 * MINUTE_MS, 3 * DAY_MS)
            self._say("call_completed")
        if rng.random() < 0.35:
            self._move("mql")
        if rng.random() < 0.3:
            self._lose("disqualified")
            return self.happenings
        if rng.random() < 0.5:
            self._qualify()
            self._close()
        return self.happenings

    def _create(self) -> None:
        rng, who = self._rng, self._who
        told: dict[str, Any] = {"capture_method": who.method} if who.method else {}
        if who.email_hash and rng.random() < 0.7:
            told["email_hash"] = who.email_hash
        if who.visitor_id and rng.random() < 0.6:
            told["visitor_id"] = who.visitor_id
        self._say("lead_created", touch=who.touch, **told, **dict(who.fields))

    def _attend(self) -> None:
        if self._who.attends and self._rng.random() < 0.5:
            self._wait(10 * MINUTE_MS, 2 * DAY_MS)
            self._say("attended", event_id=EVENT)

    def _qualify(self) -> None:
        """Take the lead up: a word of sales, an appointment, a trial."""
        rng = self._rng
        self._wait(10 * MINUTE_MS, 5 * DAY_MS)
        if rng.random() < 0.6:
            self._say("qualified")
            self._stage = "sql"
        else:
            appointment = token(rng, "a")
            self._say("appointment_booked", appointment_id=appointment)
            self._stage = "sql"
            if rng.random() < 0.15:
                self._wait(MINUTE_MS, DAY_MS)
                self._say("appointment_cancelled", appointment_id=appointment)
        if rng.random() < 0.1:
            self._move("mql")  # too early, after all
        if rng.random() < 0.3:
            self._wait(10 * MINUTE_MS, 5 * DAY_MS)
            self._say("trial_started")
            self._stage = "trial"
        if rng.random() < 0.1:
            self._say("assigned", rep_id=pick(rng, REPS))

    def _close(self) -> None:
        rng = self._rng
        if rng.random() < 0.15:
            self._lose("deal_lost", deal_id=token(rng, "d"))
            if rng.random() < 0.7:
                return
            self._move("sql")
        if rng.random() < 0.5:
            self._lose("deal_lost")
            return
        self._win()
        if rng.random() < 0.2:
            self._win()

    def _win(self) -> None:
        """Win a deal; now and then it is told again with another value, or without any, and some money goes back."""
        rng = self._rng
        self._wait(HOUR_MS, 40 * DAY_MS)
        deal: dict[str, Any] = {"deal_id": token(rng, "d")} if rng.random() < 0.97 else {}
        value, currency = rng.randrange(50_000, 2_000_000) / 100, rng.choice(("EUR", "USD"))
        told: dict[str, Any] = {"value": value, "currency": currency} if rng.random() < 0.95 else {}
        new: dict[str, Any] = {"new_customer": rng.random() < 0.9} if rng.random() < 0.3 else {}
        self._say("deal_won", **deal, **told, **new)
        if deal and rng.random() < 0.06:
            self._wait(MINUTE_MS, 3 * DAY_MS)
            self._say("deal_won", **deal, value=value + 100, currency=currency)
        if deal and told and rng.random() < 0.1:
            self._wait(DAY_MS, 20 * DAY_MS)
            back = value if rng.random() < 0.9 else value * 2  # somebody slipped
            self._say("refund", named=rng.random() < 0.5, **deal, value=back, currency=currency)

    def _lose(self, action: str, **more: Any) -> None:
        self._wait(HOUR_MS, 10 * DAY_MS)
        reason = pick(self._rng, REASONS)
        told: dict[str, Any] = {"reason": reason} if reason else {}
        self._say(action, **told, **more)

    def _move(self, to: str) -> None:
        self._wait(10 * MINUTE_MS, 10 * DAY_MS)
        came: dict[str, Any] = {"from": self._stage} if self._rng.random() < 0.7 else {}
        self._say("stage_changed", to=to, **came)
        self._stage = to

    def _wait(self, least_ms: int, most_ms: int) -> None:
        """Let time go by; much is done soon and some of it much later."""
        self._clock_ms += int(least_ms * (most_ms / least_ms) ** self._rng.random())

    def _say(self, action: str, touch: Touch | None = None, named: bool = True, **data: Any) -> None:
        who = {"lead_id": self._who.lead_id} if named else {}
        key = self._who.lead_id if named else str(data["deal_id"])
        self.happenings.append(
            Happening(self._clock_ms, "crm", key, {"site_id": self._who.site, "action": action} | who | data, touch)
        )
