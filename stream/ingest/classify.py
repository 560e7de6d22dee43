"""Classify: who made an event, and whether it counts.

In:  valid events of one kind.
Out: per event None, if it counts, or the reason why it is filtered: bot, internal, test, no_consent.
     (`flood`, the one other reason, needs a person's earlier events and is decided where those are.)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from stream.contract.kinds import KINDS, KindName
from stream.ingest.bots import MAX_CHARACTERS, is_listed

#: Classes of traffic; all but the first are reasons to filter by the same name.
CLASSES: Final = ("human", "bot", "internal", "test")
#: Reasons decided here.
REASONS: Final = (*CLASSES[1:], "no_consent")


def classify(kind: KindName, events: Sequence[Any], *, require_consent: bool = False) -> list[str | None]:
    """Give the reason why each event is filtered, or None.

    A class that the producer gave stands; else the user agent decides. Where a kind does not filter bots, a
    bot's user agent sets `machine` and filters nothing.
    """
    filters_bots = KINDS[kind].filters_bots
    reasons: list[str | None] = []
    add = reasons.append
    for event in events:
        data = event.data
        traffic = data.traffic
        agent = data.user_agent
        if traffic is not None and traffic.class_ is not None:
            if traffic.class_ != "human":
                add(traffic.class_)
                continue
        elif agent and is_listed(agent[:MAX_CHARACTERS]):
            if filters_bots:
                add("bot")
                continue
            data.machine = True
        if require_consent:
            consent = data.consent
            add("no_consent" if consent is not None and consent.analytics is False else None)
        else:
            add(None)
    return reasons


def traffic_class(reason: str | None) -> str:
    """Give the class of traffic of an event that was filtered for `reason`, or not at all.

    >>> traffic_class("bot"), traffic_class(None), traffic_class("no_consent")
    ('bot', 'human', 'human')
    """
    return reason if reason in CLASSES else CLASSES[0]
