"""One lead: its facts, at random, and rules that make much of them."""

from __future__ import annotations

import random
from typing import Any, Final

import msgspec

from stream.identity.facts import (
    Booked,
    Cancelled,
    Deal,
    Evidence,
    Fact,
    Mailed,
    PlatformForm,
    Recorded,
    Refund,
    Submitted,
    Told,
    Visit,
)
from stream.lifecycle.read import made, shipped
from stream.lifecycle.rules import Rules

HOUR, DAY = 3_600_000, 86_400_000
BEGIN: Final = 1_790_035_200_000  # a midnight

_WHERE: Final = (
    ("direct", "", ""),
    ("direct", "", ""),
    ("paid_search", "brand", "77"),
    ("paid_search", "brand", ""),
    ("email", "news", ""),
    ("organic_social", "", ""),
)
_FORMS: Final = ("newsletter", "demo", "trial", "contact", "download", "survey")
_MAILS: Final = ("delivered",) * 5 + ("opened", "opened", "clicked", "replied", "unsubscribed")
_ACTIONS: Final = (
    "lead_created", "qualified", "disqualified", "deal_lost", "deal_won", "trial_started", "first_response", "assigned",
    "call_completed", "attended", "appointment_booked", "appointment_cancelled",
)  # fmt: skip
_KINDS: Final = "sssssffbxmmmmmmmmccccepdrq"


def rules_of(half_life: int = 0, own: bool = False) -> Rules:
    """Give the shipped rules with points that fade; or rules of one's own, with a ladder of one's own."""
    if not own:
        return made({"score": {"half_life": f"{half_life}d"}}, "test") if half_life else shipped()
    rule: list[dict[str, Any]] = [
        {"name": "top", "fact": "form_stage:top", "points": 7, "a_day": 1},
        {"name": "opened", "fact": "mail:opened", "points": 9, "a_day": 2},
        {"name": "delivered", "fact": "mail:delivered", "points": -1, "a_day": 3},
        {"name": "fit", "fact": "company:industry=software", "points": 12},
        {"name": "wants", "fact": "pricing & form:contact", "points": 15},
        {"name": "cart", "fact": "page:cart", "points": 4, "once": True},
        {"name": "won", "fact": "won", "points": 20},
        {"name": "called", "fact": "crm_action:call_completed", "points": -6},
        {"name": "moved", "fact": "crm:offer", "points": 8},
        {"name": "tried", "fact": "trial", "points": 11, "a_day": 1},
        {"name": "silent", "fact": "mail:none_opened_in", "within": "12d", "points": -5},
        {"name": "dead", "fact": "mail:none_opened_in", "within": "40d", "points": -9, "once": True},
        {"name": "is", "fact": "lead", "points": 3},
    ]
    stage: list[dict[str, Any]] = [
        {"name": "A_SUBMITTED"},
        {"name": "talk", "implied": True, "evidence": ["score & company:industry=software", "booked & form:contact"]},
        {"name": "offer", "implied": True, "evidence": ["score", "crm_action:qualified"]},
        {"name": "tried", "evidence": ["trial"]},
        {"name": "A_APPROVED"},
    ]
    score = {"threshold": 30, "what_if": [10, 20, 45], "half_life": f"{half_life}d", "rule": rule}
    return made({"stage": stage, "score": score}, "test")


def some(rng: random.Random, n: int, days: int = 120, rules: Rules | None = None) -> list[Fact]:
    """Make facts of one lead, no two alike; often at the same moment."""
    ladder = (shipped() if rules is None else rules).ladder
    out: dict[Fact, None] = {}
    deals = 0
    for at in range(n):
        fact = _some(rng, at, days, ladder)
        if isinstance(fact, Deal):  # each deal has one fact
            fact = msgspec.structs.replace(fact, deal=f"d{deals}")
            deals += 1
        out[fact] = None
    return list(out)


def time_of(fact: Fact) -> int:
    """Give when a fact happened."""
    match fact:
        case Visit():
            return fact.start_ms
        case Deal():
            return max(fact.won_ms, fact.lost_ms)
        case _:
            return fact.time_ms  # type: ignore[union-attr]


def _some(rng: random.Random, at: int, days: int, ladder: tuple[str, ...]) -> Fact:
    time_ms = BEGIN + rng.randrange(days) * DAY + rng.randrange(6) * 4 * HOUR + rng.randrange(3)
    who, kind = f"v{rng.randrange(2)}", rng.choice(_KINDS)
    where = rng.choice(_WHERE)
    event = rng.choice(("", "", "webinar"))
    match kind:
        case "s":
            return Visit(who, time_ms, *where, pricing_ms=rng.choice((0, 0, time_ms)), cart_ms=rng.choice((0, time_ms)))
        case "f":
            return Submitted(who, time_ms, rng.choice(_FORMS), rng.choice(("", "top")), event=event)
        case "b":
            return Booked(who, time_ms, f"a{rng.randrange(9)}")
        case "x":
            return Cancelled(who, time_ms, f"a{rng.randrange(9)}")
        case "m":
            return Mailed(f"m{rng.randrange(99)}", rng.choice(_MAILS), time_ms, rng.random() < 0.5)
        case "c":
            return _record(rng, at, time_ms, ladder)
        case "e":
            return Evidence(who, time_ms, f"e{at}", "form", where[0], where[1], "demo", campaign_id=where[2])
        case "p":
            return PlatformForm(
                f"p{at}", time_ms, "paid_social", where[1], rng.choice(_FORMS), rng.choice(("", "top")), event=event,
                campaign_id=where[2], counted=rng.random() < 0.5,
            )  # fmt: skip
        case "d":
            return _deal(rng, at, time_ms)
        case "r":
            return Refund(
                f"r{at}", f"d{rng.randrange(3)}", time_ms, rng.randrange(1, 10**9), rng.choice(("EUR", "USD"))
            )
        case _:
            framework, known = rng.choice(
                (("", ()), ("bant", ("budget",)), ("bant", ("need", "timing")), ("champ", ("money",)))
            )
            return Told(
                who,
                time_ms,
                f"q{at}",
                framework,
                known,
                rng.choice(("", "software", "retail")),
                rng.choice(("", "11-50")),
            )


def _record(rng: random.Random, at: int, time_ms: int, ladder: tuple[str, ...]) -> Recorded:
    if rng.random() < 0.35:
        from_, to = rng.choice(("", *ladder)), rng.choice(ladder)
        return Recorded(f"c{at}", time_ms, "stage_changed", from_, to)
    action = rng.choice(_ACTIONS)
    return Recorded(
        f"c{at}", time_ms, action,
        reason=rng.choice(("", "price")),
        rep=rng.choice(("", "ann", "bob")) if action == "assigned" else "",
        assignment="rule" if action == "assigned" else "",
        method="phone" if action == "lead_created" else "",
        event=rng.choice(("", "webinar")) if action == "attended" else "",
        appointment=rng.choice(("", f"a{rng.randrange(9)}")) if action.startswith("appointment") else "",
        deal=rng.choice(("", f"d{rng.randrange(3)}")) if action.startswith("deal") else "",
    )  # fmt: skip


def _deal(rng: random.Random, at: int, time_ms: int) -> Deal:
    won_ms = rng.choice((0, time_ms))
    lost_ms = rng.choice((0, time_ms + rng.randrange(3) - 1)) if won_ms else time_ms
    value, currency = rng.choice(((rng.randrange(1, 10**9), "EUR"), (None, "")))
    return Deal(
        f"d{at}", won_ms or lost_ms, f"w{at}", value, currency, rng.choice((None, None, True, False)), won_ms, lost_ms
    )
