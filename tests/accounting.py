"""Accounting: records and envelopes as the reference is told of them.

In:  records as they lie on a broker, or envelopes as tests draw them.
Out: a reference that knows every event that counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from stream.reference.account import Reference
from stream.reference.events import Event, Source, moment_ms
from stream.reference.leads.rules import Rules
from tests.oracle import Judged

#: Figures that say by which engine or domain a visit came: the short tables of the oracle do not tell these.
BY_ORIGIN = frozenset({"organic_sessions", "referral_sessions"})


def told_of(judged: Judged) -> Reference:
    """Tell a reference of all events that an oracle found to count."""
    reference = Reference()
    for event in judged.events:
        campaign = event.data.get("campaign") or {}
        label = campaign.get("name") or campaign.get("id") or ""
        source = None if event.channel == "direct" else Source(event.channel, label, "", "")
        reference.count(Event(event.at_ms, event.name, event.kind, event.data, source))
    return reference


def reference_of(
    envelopes: Iterable[dict[str, Any]],
    came: Callable[[dict[str, Any]], Source | None],
    look_back_ms: int = 0,
    rules: Rules | None = None,
) -> Reference:
    """Tell a reference of envelopes, all of which count; `came` says where a visit came from by its data.

    With `rules` people are followed as leads.
    """
    reference = Reference(look_back_ms, rules)
    for one in envelopes:
        name = f"{one['source']}\x1f{one['id']}"
        reference.count(Event(moment_ms(one["time"]), name, one["type"], one["data"], came(one["data"])))
    return reference
