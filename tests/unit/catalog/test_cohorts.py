"""Cohorts: each count stands where the catalog says, seen in what the engine reads.

        14 June 10:00 ──────────────── 12:00 ───────────────────────── 15 June 11:40 ─ 12:00
        everything begins                [                the last 24 hours                 )
                                                                       everything goes on

What counts at its beginning, or when it was first, is not in the last day; what counts when it happens, or was last, is.
"""

from __future__ import annotations

from collections import Counter

import pytest

from stream import catalog
from stream.catalog import counts_of_leads
from tests.unit.golden.events import ad, chat, form, mail, view
from tests.unit.golden.story import Story, replayed

FIRST, LAST = "06-14 10:0", "11:4"
INSIDE = frozenset({"event", "arrival", "latest", "session end", "step taken"})
#: Counts that only stand in sums with others: nothing shows them alone.
IN_SUMS = frozenset({"form_people", "emails_undeliverable", "domain_emails_undeliverable"})
#: Counts of leads are not of this story.
HERE = frozenset(catalog.COUNTS) - {count.name for count in counts_of_leads.COUNTS}
PURPOSES = {"purpose": "welcome", "variant": "a", "domain": "example.com"}


def long_visit(who: str, **came: str) -> list[dict[str, object]]:
    """Give a visit of 26 hours with a page view every 20 minutes: one session."""
    times = [(day, hour, minute) for day in (14, 15) for hour in range(24) for minute in (0, 20, 40)]
    shown = [f"06-{day} {hour:02}:{minute:02}" for day, hour, minute in times if (day, hour) >= (14, 10)]
    until = [time for time in shown if time < "06-15 12"]
    return [view(time, who, "pricing/plans", offer="o1", **came) for time in until]


EVENTS = [
    *long_visit("ann", utm="facebook/paid_social/spring", country="NL"),
    *long_visit("bob", referrer="google.com", country="NL"),
    *long_visit("cat", referrer="blog.example.org", country="NL"),
    view(f"{FIRST}0", "ivy"),
    form(f"{FIRST}1", "dan", "submit", "webinar", form="f3", event_id="fair"),
    # two key events: known since the first, converted by the last; the form that began is sent a day later
    form(f"{FIRST}5", "ann", "submit", form="f2", asked="email", present="email"),
    form(f"{FIRST}6", "ann", "start"),
    form(f"{LAST}1", "ann", "view", offer="o1"),
    form(f"{LAST}2", "ann", "submit", offer="o1", asked="email name", present="email", value=5, currency="EUR"),
    form(f"{LAST}3", "ann", "submit", offer="o1"),
    view(f"{LAST}1", "ann", {"path": "/paper", "content_id": "paper", "content_type": "download"}),
    form(f"{FIRST}5", "hal", "submit", "webinar", event_id="june"),
    # a form left unsent, in a session that was over within the last day but half an hour
    form("06-14 11:10", "fay", "start"),
    view("06-14 11:35", "fay"),
    # a step within its target of five minutes, over the edge of the last day but five minutes; a survey makes nobody known
    form("06-14 11:54", "eve", "start", "survey"),
    form("06-14 11:57", "eve", "submit", "survey"),
    chat(f"{FIRST}1", "ann", "conversation_started", bot="sally"),
    chat(f"{FIRST}2", "ann", "order_started", bot="sally", order="o1"),
    chat(f"{FIRST}3", "ann", "appointment_set", bot="sally", appointment="a1"),
    chat(f"{FIRST}4", "ann", "appointment_set", bot="sally", appointment="a2"),
    chat(f"{LAST}0", "ann", "lead_captured", bot="sally"),
    chat(f"{LAST}1", "ann", "handoff", bot="sally"),
    chat(f"{LAST}2", "ann", "order_completed", bot="sally", order="o1", value=9, currency="EUR"),
    chat(f"{LAST}3", "ann", "appointment_confirmed", bot="sally", appointment="a1"),
    chat(f"{LAST}4", "ann", "appointment_cancelled", bot="sally", appointment="a2"),
    chat(f"{LAST}5", "ann", "conversation_ended", bot="sally", resolved=True),
    # in time, over the edge of the last day before it could be said: two days for an appointment, six hours for an
    # opening or a click, three days for a reply
    chat("06-12 11:58", "gus", "appointment_set", "c2", bot="sally", appointment="a3"),
    chat("06-12 12:10", "gus", "appointment_confirmed", "c2", bot="sally", appointment="a3"),
    mail("06-14 05:58", "m5", "sent", "spring", **PURPOSES),
    *(mail("06-14 06:10", "m5", action, "spring", **PURPOSES) for action in ("opened", "clicked")),
    mail("06-11 11:58", "m6", "sent", "spring", **PURPOSES),
    mail("06-11 12:10", "m6", "replied", "spring", **PURPOSES),
    *(mail(f"{FIRST}0", name, "sent", "spring", **PURPOSES) for name in ("m1", "m2", "m3", "m4")),
    *(
        mail(f"{LAST}0", "m1", action, "spring", **PURPOSES)
        for action in ("delivered", "opened", "clicked", "replied", "unsubscribed", "spam_complaint")
    ),
    mail(f"{LAST}0", "m2", "bounced hard", "spring", **PURPOSES),
    mail(f"{LAST}0", "m3", "dropped", "spring", **PURPOSES),
    mail(f"{LAST}0", "m4", "opened", "spring", machine=True, **PURPOSES),
    mail(f"{LAST}0", "m4", "clicked", "spring", machine=True, **PURPOSES),
    *(ad(f"{LAST}0", action, count=3, variant="a", audience_type="new") for action in ("impression", "click", "conversion")),
    ad(f"{LAST}1", "conversion", conversion_value=8, currency="EUR", variant="a", audience_type="new"),
    # a cost ends at the newest spend and does not hold it
    *(
        ad(f"{LAST}{minute}", "spend", cost=5_000_000, currency="EUR", variant="a", audience_type="new")
        for minute in (0, 1)
    ),
]  # fmt: skip


def alone() -> dict[str, tuple[str, str]]:
    """Give for each count the entry and the part of it that shows the count and nothing else."""
    out: dict[str, tuple[str, str]] = {}
    for metric in catalog.METRICS:
        parts = {"numerator": metric.numerator, "denominator": metric.denominator}
        for part, terms in parts.items():
            if len(terms) == 1 and metric.kind == "summary":
                # of a summary the numerator is the sum of durations, the denominator their number
                other = "denominator" if part == "numerator" else "numerator"
                out.setdefault(terms[0][1], (metric.name, other))
            elif len(terms) == 1:
                out.setdefault(terms[0][1], (metric.name, "value" if metric.kind in ("count", "amount") else part))
    return out


@pytest.fixture(scope="module")
def sums() -> Counter[tuple[str, str, str | None]]:
    """Give the sums over all labels, by entry, part and window."""
    out: Counter[tuple[str, str, str | None]] = Counter()
    story = Story("everything begins a day ago and goes on today", EVENTS, [], options={"most_readings": 100_000})
    for reading in replayed(story):
        for part in ("value", "numerator", "denominator"):
            out[reading.metric, part, reading.window] += getattr(reading, part) or 0
    return out


def test_all_counts_but_those_in_sums_are_shown_alone() -> None:
    assert HERE - set(alone()) == IN_SUMS


@pytest.mark.parametrize("name", sorted(HERE - IN_SUMS))
def test_a_count_stands_where_the_catalog_says(name: str, sums: Counter[tuple[str, str, str | None]]) -> None:
    entry, part = alone()[name]
    assert sums[entry, part, "7d"] > 0, f"nothing of {name} happens in this story"
    assert (sums[entry, part, "24h"] > 0) == (catalog.COUNTS[name].at in INSIDE), f"{name} by {entry}"
