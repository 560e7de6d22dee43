"""Records: what a record of the crm says, in the words of homes.

In:  an event of the kind crm with its time.
Out: messages for homes of ids and of deals, and claims for the readers of visitors.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from stream.contract.records import CLAIM, KIND_HEADER, UNIT
from stream.identity import orders
from stream.identity.facts import Recorded, Refund
from stream.identity.ids import DEAL, FIELDS, LEAD, STRONG, VISITOR, Id, Namer, links
from stream.identity.messages import Link, Name, Put
from stream.stages.leads.messages import DealTold
from stream.stages.leads.post import Post
from stream.stages.stage import HandOver

#: What is told of a deal.
_OF_DEALS: Final = frozenset({"deal_won", "deal_lost", "refund"})
_OFFLINE: Final = "offline"
_VISITORS: Final = "visitors"

#: Where a record says that its lead came from: channel and campaign.
Source = Callable[[Any], tuple[str, str]]


class Records:
    """Reads records of the crm."""

    def __init__(self, namer: Namer, source: Source, post: Post) -> None:
        self._namer, self._source, self._post = namer, source, post
        self.orders: list[HandOver] = []
        self.noted: Counter[str] = Counter()

    def take(self, event: Any, time_ms: int) -> Id | None:
        """Send what a record says; give the id of its lead, None where it names nobody."""
        data = event.data
        name, site = event.source + UNIT + event.id, data.site_id
        ids = self._ids(data)
        for id, text in ids:
            self._post.send(Name(id, id, site, text, time_ms, name))
        named = [id for id, _ in ids]
        lead = next((id for id in named if id.type == LEAD), named[0] if named else None)
        if lead is not None:
            self._post.send(Put(lead, lead, self._fact(event, time_ms, name)))
        for larger, smaller in links(named):
            self._post.send(Link(larger, smaller))
        visitor = data.visitor_id
        if visitor is not None and named and not self._ignored(VISITOR, visitor):
            claim = orders.Claim(site, visitor, named[0], time_ms, name)
            self.orders.append(
                HandOver(_VISITORS, visitor.encode(), orders.encode(claim), None, ((KIND_HEADER, CLAIM),))
            )
        if data.action in _OF_DEALS:
            self._deal(data, time_ms, name, lead)
        return lead

    def deal(self, data: Any) -> Id | None:
        """Give the id of the deal that a record is about."""
        if data.action not in _OF_DEALS or data.deal_id is None or self._namer.ignored(DEAL, data.deal_id):
            return None
        return self._namer.id(DEAL, data.site_id, data.deal_id)

    def _ids(self, data: Any) -> list[tuple[Id, str]]:
        """List the ids that join, smallest first, with their texts; what is ignored is counted."""
        told = zip(STRONG, (data.email_hash, data.lead_id, data.user_id), strict=True)
        return [
            (self._namer.id(type, data.site_id, text), text)
            for type, text in told
            if text is not None and not self._ignored(type, text)
        ]

    def _ignored(self, type: int, text: str) -> bool:
        if not self._namer.ignored(type, text):
            return False
        self.noted[f"crm/ignored_id/{FIELDS[type]}"] += 1
        return True

    def _fact(self, event: Any, time_ms: int, name: str) -> Recorded:
        data, geo = event.data, event.data.geo
        channel, campaign = self._source(event)
        return Recorded(
            name, time_ms, data.action, data.from_ or "", data.to or "", data.reason or "", data.rep_id or "",
            data.assignment or "", data.capture_method or "", data.event_id or "", data.appointment_id or "",
            data.deal_id or "", channel if channel != "direct" else _OFFLINE, campaign,
            (data.campaign.id if data.campaign is not None else "") or "",
            (geo.country if geo is not None else "") or "", (geo.region if geo is not None else "") or "",
            data.product or "", data.new_customer,
        )  # fmt: skip

    def _deal(self, data: Any, time_ms: int, name: str, lead: Id | None) -> None:
        deal = self.deal(data)
        if deal is not None:
            money = data.value, data.currency or "", data.new_customer
            named = lead if lead is not None and lead.type == LEAD else None  # of a lead, whoever else is named
            self._post.send(DealTold(deal, data.site_id, data.deal_id, data.action, time_ms, name, named, *money))
        elif data.action == "refund" and lead is not None:
            self._post.send(Put(lead, lead, Refund(name, "", time_ms, data.value, data.currency)))
