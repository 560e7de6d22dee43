"""Classify: who made an event, and whether it counts.

In:  valid events of one kind.
Out: per event None, if it counts, or the reason why it is filtered: bot, internal, test, no_consent.
     (`flood`, the one other reason, needs a person's earlier events and is decided where those are.)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from stream.contract.kinds import KINDS, KindName
from stream.ingest.bots import MAX_CHARACTERS, is_listed, is_machine

#: Classes of traffic; all but the first are reasons to filter by the same name.
CLASSES: Final = ("human", "bot", "internal", "test")
#: Reasons decided here.
REASONS: Final = (*CLASSES[1:], "no_consent")


def classify(kind: KindName, events: Sequence[Any], *, require_consent: bool = False) -> list[str | None]:
    """Give the reason why each event is filtered, or None.

    A class that the producer gave stands. Else the user agent decides where it is that of a visit: of page views,
    chats and forms on the site. An ad or a form on an ad platform is told by a program, whose user agent says
    nothing about who is behind it; on email it sets `machine` and filters nothing.
    """
    says = KINDS[kind].user_agent
    require_consent = require_consent and KINDS[kind].asks_consent
    reasons: list[str | None] = []
    add = reasons.append
    for event in events:
        data = event.data
        traffic = data.traffic
        agent = data.user_agent
        given = None if traffic is None else traffic.class_
        if given is not None and given != "human":
            add(given)
            continue
        if says == "machine":
            if data.machine is None and (agent or given is not None):
                data.machine = is_machine(None, agent, given)
        elif given is None and agent and says == "filters" and is_listed(agent[:MAX_CHARACTERS]):
            if getattr(data, "platform", "site") == "site":
                add("bot")
                continue
        if require_consent:
            consent = data.consent
            refused = consent is not None and consent.analytics is not None and consent.analytics is not True
            add("no_consent" if refused else None)
        else:
            add(None)
    return reasons


def traffic_class(reason: str | None) -> str:
    """Give the class of traffic of an event that was filtered for `reason`, or not at all.

    >>> traffic_class("bot"), traffic_class(None), traffic_class("no_consent")
    ('bot', 'human', 'human')
    """
    return reason if reason in CLASSES else CLASSES[0]
