"""Ad telling: what is told of forms on ad platforms to the shards of leads.

In:  submits, and the ad lead as it was before each.
Out: facts; the details of the submit by which the lead is counted, which an earlier one may take over.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from stream.identity.consent import of_platform
from stream.identity.facts import PlatformForm, Told
from stream.identity.ids import LEAD, Id, Namer
from stream.identity.telling import Named, Teller
from stream.stages.visitors.facts import Facts
from stream.stages.visitors.following import saying_of
from stream.stages.visitors.published import Known
from stream.stages.visitors.row import AdDetails, AdLead
from stream.state.labels import UNKNOWN, clean

_MOST_IDS: Final = 8


class AdTelling:
    """What is told of the ad leads of one shard."""

    def __init__(self, namer: Namer, teller: Teller, labels: Facts, campaign: Callable[[Any], tuple[str, str]]) -> None:
        """Take `campaign`, which gives name and id of an event's campaign."""
        self._namer, self._teller, self._labels, self._campaign = namer, teller, labels, campaign
        self._ids: dict[str, list[Id]] = {}

    def name(self, events: Sequence[tuple[int, str, Any]]) -> None:
        """Tell the names in some events, given as (time, name, data); what is told of submits follows."""
        named = [self._named(*event) for event in events]
        for one, ids in zip(named, self._teller.people(named), strict=True):
            self._teller.tell("form", one, ids)
            self._ids[one.event] = ids

    def end(self) -> None:
        """Forget the names of a batch, which is folded."""
        self._ids = {}

    def tell(self, known: AdLead | None, lead: AdLead, data: Any) -> None:
        """Tell of a submit, of which `lead` is made; it gets its ids, and `known` what it may lack."""
        ids = self._ids.get(lead.name, [])
        lead.ids = ids if known is None else sorted({*known.ids, *ids})[:_MOST_IDS]
        campaign, campaign_id = self._campaign(data)
        lead.details = AdDetails(
            ids[0] if ids else None, campaign, self._labels.offers[data.offer_id] if data.offer_id else "",
            _cleaned(data.offer_type),
            self._labels.countries[data.geo.country] if data.geo is not None and data.geo.country is not None else "",
            _cleaned(data.geo.region) if data.geo is not None else "", _cleaned(data.product), campaign_id,
        )  # fmt: skip
        before: Known = set()
        after: Known = set()
        is_first = known is None or (lead.time, lead.name) < (known.time, known.name)
        if known is not None:
            before = _facts(known, True)
            if known.details is None and ids:  # it was counted when nobody was followed yet
                known.details = AdDetails(ids[0])
            after = _facts(known, not is_first)
        after |= _facts(lead, is_first)
        if ids and (saying := saying_of(data)) is not None:
            told = Told(
                "", lead.time, lead.name, saying.framework, saying.known, saying.industry, saying.size_band,
                saying.revenue_band,
            )  # fmt: skip
            after.add((ids[0], told))
        self._teller.change(before, after)

    def erased(self, lead: AdLead) -> None:
        """Tell that a lead is not known any more."""
        self._teller.change(_facts(lead, True), ())

    def _named(self, time_ms: int, name: str, data: Any) -> Named:
        lead = data.lead_id
        if lead is not None and not self._namer.ignored(LEAD, lead):
            lead = of_platform(data.platform, lead)
        return Named(data.site_id, data.email_hash, lead, data.user_id, time_ms, name)


def _facts(lead: AdLead, is_counted: bool) -> Known:
    """Give what is known by the first submit of a lead, if it named anybody."""
    details = lead.details
    if details is None or details.id is None:
        return set()
    fact = PlatformForm(
        lead.name, lead.time, lead.channel, details.campaign, lead.action, lead.stage, details.offer,
        details.offer_type, lead.event or "", details.country, details.region, details.product, details.campaign_id,
        is_counted,
    )  # fmt: skip
    return {(details.id, fact)}


def _cleaned(value: str | None) -> str:
    return clean(value) if value and value != UNKNOWN else ""
