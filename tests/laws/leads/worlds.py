"""Worlds: random events of people with several devices, addresses, accounts and crm records; and of junk.

In:  a random number generator.
Out: events as plain dictionaries.
"""

from __future__ import annotations

from random import Random
from typing import Any

from stream.changes.panes import DAY_MS, HOUR_MS, MINUTE_MS
from stream.contract.records import UNIT

Event = dict[str, Any]

CHANNELS = (
    ("direct", ""),
    ("paid_search", "brand"),
    ("organic_search", ""),
    ("email", "news"),
    ("paid_social", "spring"),
)
FORMS = ("contact", "newsletter", "demo", "trial", "download", "survey")
T0 = 1_790_000_000_000
#: By then everything of a world that happens by itself has happened, but nobody is forgotten yet.
END = T0 + 130 * DAY_MS

_MAILED = ("sent", "delivered", "delivered", "opened", "clicked", "replied", "unsubscribed")
_TALKED = ("lead_captured", "appointment_set", "appointment_cancelled", "message")
_RECORDED = (
    "lead_created", "stage_changed", "stage_changed", "qualified", "disqualified", "trial_started", "deal_won",
    "deal_won", "deal_lost", "first_response", "refund", "assigned",
)  # fmt: skip


def world(rng: Random, people: int = 6, events: int = 120, junk: float = 0.1, days: int = 50) -> list[Event]:
    """Make events of some people; `junk` is the share of ids that are shared or senseless."""
    out: list[Event] = []
    persons = [
        {
            "visitor": [f"v{i}{c}" for c in "ab"[: rng.randint(1, 2)]],
            "email": [f"e{i}{c}" for c in "ab"[: rng.randint(1, 2)]],
            "lead": [f"l{i}{c}" for c in "ab"[: rng.choice((1, 1, 2))]],
            "user": [f"u{i}"],
        }
        for i in range(people)
    ]
    odd = {
        "visitor": ["kiosk", "0"],
        "email": ["info", "none", "e0a"],
        "lead": ["l0a", "unknown"],
        "user": ["u0", "guest"],
    }

    def pick(person: dict[str, list[str]], field: str) -> str:
        return rng.choice(odd[field]) if rng.random() < junk else rng.choice(person[field])

    def maybe(event: Event, person: dict[str, list[str]], field: str, share: float) -> None:
        if rng.random() < share:
            event[field] = pick(person, field)

    for n in range(events):
        person = rng.choice(persons)
        time = T0 + rng.randrange(days) * DAY_MS + rng.choice((0, rng.randrange(3 * HOUR_MS)))
        event: Event = {"id": f"s{UNIT}x{n}", "time": time + rng.randrange(40) * MINUTE_MS}
        kind = rng.random()
        if kind < 0.55:
            _web(rng, event, person, pick, maybe)
        elif kind < 0.75:
            event |= {"kind": "email", "message": f"m{rng.randrange(events // 6 + 1)}", "action": rng.choice(_MAILED)}
            event |= {"machine": rng.random() < 0.2, "nurtures": rng.random() < 0.5}
            field = rng.choice(("email", "email", "lead"))
            event[field] = pick(person, field)
            maybe(event, person, "lead", 0.2)
        elif kind < 0.8:
            event |= {"kind": "web", "platform": "meta", "channel": "paid_social", "action": "submit"}
            event["email"] = pick(person, "email")
            maybe(event, person, "lead", 0.3)
        else:
            _crm(rng, event, person, pick, maybe)
        out.append(event)
        if rng.random() < 0.05:
            out.append(dict(event))  # a repeat
    return out


def _web(rng: Random, event: Event, person: Any, pick: Any, maybe: Any) -> None:
    channel, campaign = rng.choice(CHANNELS)
    event |= {"kind": "web", "visitor": pick(person, "visitor"), "channel": channel, "campaign": campaign}
    what = rng.random()
    if what < 0.5:
        event["group"] = rng.choice(("blog", "pricing", "product"))
        maybe(event, person, "user", 0.15)
    elif what < 0.85:
        event |= {"action": rng.choice(("view", "submit", "submit")), "form_type": rng.choice(FORMS)}
        event["stage"] = rng.choice(("", "top", "bottom"))
        if event["action"] == "submit":
            maybe(event, person, "email", 0.6)
            maybe(event, person, "lead", 0.2)
            maybe(event, person, "user", 0.1)
    else:
        event |= {"action": rng.choice(_TALKED), "appointment": f"a{rng.randrange(5)}"}
        maybe(event, person, "email", 0.3)


def _crm(rng: Random, event: Event, person: Any, pick: Any, maybe: Any) -> None:
    event |= {"kind": "crm", "lead": pick(person, "lead"), "action": rng.choice(_RECORDED)}
    if event["action"] == "stage_changed":
        event["to"] = rng.choice(("iql", "mql", "sql", "customer", "lead"))
    if event["action"] in ("deal_won", "deal_lost", "refund"):
        if rng.random() < 0.85:
            event["deal"] = f"d{rng.randrange(4)}"
            if rng.random() < 0.2:
                del event["lead"]
        event |= {"value": rng.randrange(1, 10**9), "currency": rng.choice(("EUR", "USD"))}
        event["new"] = rng.choice((True, False, None))
    if "lead" in event:
        maybe(event, person, "email", 0.5)
        maybe(event, person, "user", 0.1)
        maybe(event, person, "visitor", 0.3)
